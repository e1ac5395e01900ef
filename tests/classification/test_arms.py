from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isoglot.classification import PairClassifier, generalised_mean, pair_texts
from isoglot.classification.arms import (
    COLUMNS,
    Arms,
    accuracies,
    accuracy_table,
    difference_table,
    language_table,
)
from isoglot.classification.experiment import ClassificationConfig, run_classification
from isoglot.classification.measuring import ACCURACY
from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus
from isoglot.errors import ConfigError

Build = Callable[..., PairClassifier]


@pytest.fixture(scope="module")
def config(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose encoder lies beside it."""
    folder = tmp_path_factory.mktemp("experiment")
    build().encoder.save(str(folder / "encoder-0"), create_model_card=False)
    (folder / "neighbours.tsv").write_text("en1\ten2\nen2\ten1\n")
    path = folder / "classifier.toml"
    path.write_text(
        f'encoder = "{folder}/encoder-{{seed}}"\noutput = "{folder}/plain-{{seed}}"\ntask = "paraphrase"\n'
        "[training]\nepochs = 2\nbatch_size = 16\nlearning_rate = 0.01\nhead_learning_rate = 0.03\n"
    )
    return path


def test_arms_are_trained_and_measured_once(config: Path, paraphrases: ParallelCorpus) -> None:
    told: list[str] = []
    changes = {"plain": (), "RS-RP": ("robust.method=random", "robust.epsilon=0.2")}
    arms = Arms(config, config.parent / "arms", changes, smoothed={"RS-RP": 0.2})
    parts = arms.carry_out(paraphrases, [0], list(changes), told.append)
    assert list(parts) == ["plain", "RS-RP", "RS-RP, smoothed"]
    assert len(told) == 2
    record = json.loads((config.parent / "arms" / "RS-RP-0" / "isoglot.json").read_text())
    assert record["config"]["robust"]["method"] == "random"
    assert record["config"]["passes"] == {"forward": 2, "backward": 2}
    same = read_config(config, ClassificationConfig, (f"output={config.parent}/arms/plain-{{seed}}",))
    written = (config.parent / "arms" / "plain-0" / "isoglot.json").stat().st_mtime_ns
    model = run_classification(same, paraphrases)
    assert (model / "isoglot.json").stat().st_mtime_ns == written, "the file alone names the same training"
    folder = config.parent / "arms" / "results" / "plain-0"
    written = (folder / "results.json").stat().st_mtime_ns
    again = arms.carry_out(paraphrases, [0], ["plain"], told.append)
    assert (folder / "results.json").stat().st_mtime_ns == written
    assert set(again["plain"][0].records) == set(parts["plain"][0].records)

    source, others, crossed, every, _ = accuracies(parts["plain"][0])
    assert source > 0.9
    assert every == generalised_mean(parts["plain"][0])
    np.testing.assert_allclose(every, (source + 2 * others + 6 * crossed) / 9)
    table = accuracy_table(parts, "orders").split("\n")
    assert table[0] == f"| orders, 1 seeds | {' | '.join(COLUMNS)} |"
    assert table[2].startswith(f"| plain | {source:.3f} ± 0.000 |")
    assert len(table) == 5

    of_languages = language_table(parts, "orders").split("\n")
    assert of_languages[0] == "| orders | en | de | fr |"
    values = [
        parts["plain"][0].value("monolingual", ACCURACY, query_language=tag) for tag in ("en", "de", "fr")
    ]
    assert of_languages[2] == "| plain | " + " | ".join(f"{value:.3f}" for value in values) + " |"

    differences = difference_table(parts, "orders").split("\n")
    assert differences[0] == "| orders: minus plain | source | one language | two languages |"
    assert [line.split(" | ")[0] for line in differences[2:]] == ["| RS-RP", "| RS-RP, smoothed"]
    ours, theirs = (accuracies(parts[name][0]) for name in ("RS-RP", "plain"))
    assert f" | {ours[0] - theirs[0]:+.3f} (p " in differences[2]
    assert f" | {ours[2] - theirs[2]:+.3f} (p " in differences[2]
    alike = difference_table({"plain": parts["plain"], "again": parts["plain"] * 2}, "orders")
    assert alike.count("+0.000 (p 1.000)") == 3

    found = arms.certify("RS-RP", 0, paraphrases, "en")
    assert len(found.labels) == 40
    assert found.accuracy_at(0) > 0.5


def test_copies_with_other_words_take_the_place_of_pairs(config: Path, paraphrases: ParallelCorpus) -> None:
    changes = (
        f"augmentation.tables.en={config.parent}/neighbours.tsv",
        "augmentation.copies=3",
        f"output={config.parent}/rs-da",
        "training.epochs=1",
    )
    model = run_classification(read_config(config, ClassificationConfig, changes), paraphrases)
    record = json.loads((model / "isoglot.json").read_text())
    assert record["pairs"]["number"] == 3 * len(pair_texts(paraphrases, "train"))
    assert list(record["config"]["files"]) == ["tables.en"]


def test_what_cannot_be_is_told_at_once(config: Path) -> None:
    changes = (
        "robust.epsilon=-1",
        "training.epochs=0",
        "augmentation.subword_rate=0.5",
        f"augmentation.tables.en={config.parent}/neighbours.tsv",
    )
    rules = ("robust.epsilon", "augmentation.subword_rate", "augmentation.copies must be >= 1", "epochs")
    with pytest.raises(ConfigError, match="epsilon") as caught:
        read_config(config, ClassificationConfig, changes)
    text = str(caught.value)
    assert [rule for rule in rules if rule not in text] == []
