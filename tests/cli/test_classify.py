"""`isoglot classify`: from a TOML file and labelled pairs to values in every pair of languages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from isoglot.cli import main
from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, write_corpus
from isoglot.corpora.labelled import label_pairs
from isoglot.encoders import build_static_encoder, train_subwords

LANGUAGES = ("de", "en")


def orders(splits: dict[str, int]) -> ParallelCorpus:
    """Pairs of three made-up words: the same in another order (1), or other words (0)."""
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("orders", symmetric=True))
    pairs: dict[str, list[tuple[str, str, float]]] = {}
    for split, count in splits.items():
        for number in range(count):
            words, others = rng.choice(24, 3, replace=False), rng.choice(24, 3, replace=False)
            names = f"{split}{number}a", f"{split}{number}b"
            for name, chosen in zip(names, (words, words[::-1] if number % 2 else others), strict=True):
                for language in LANGUAGES:
                    text = " ".join(f"{language}{word}" for word in chosen)
                    builder.add_sentence(f"{name}.{language}", name, language, text)
            pairs.setdefault(split, []).append((*names, float(number % 2)))
    corpus = builder.build()
    for split, lines in pairs.items():
        corpus = label_pairs(corpus, split, "paraphrase", lines)
    return corpus


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two corpora, `whole` with pairs to train on and `dev-only` without, an encoder and a configuration."""
    folder = tmp_path_factory.mktemp("classify")
    whole = orders({"train": 120, "dev": 20, "test": 40})
    write_corpus(whole, folder / "whole")
    write_corpus(orders({"dev": 150}), folder / "dev-only")
    tokenizer = train_subwords(whole.documents["text"].to_pylist(), 200, model="bpe")
    build_static_encoder(tokenizer, 16).save_pretrained(str(folder / "encoder-0"))
    (folder / "classifier.toml").write_text(
        f'encoder = "{folder}/encoder-{{seed}}"\noutput = "{folder}/plain-{{seed}}"\ntask = "paraphrase"\n'
        "[training]\nepochs = 3\nbatch_size = 16\nlearning_rate = 0.01\nhead_learning_rate = 0.03\n"
    )
    return folder


def command(root: Path, corpus: str, *more: str) -> list[str]:
    return ["classify", str(root / "classifier.toml"), str(root / corpus), "--out", str(root / "out"), *more]


def test_a_classifier_and_its_values_in_every_pair_of_languages(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(root, "whole", "--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["model"] == str(root / "plain-0")
    lines = {line["name"]: line for line in printed["results"]}
    assert list(lines) == [
        "en",
        "de",
        "mean of languages",
        "mean of the others",
        "two languages",
        "all pairs of languages",
        "one pool",
    ]
    assert lines["en"]["value"] > 0.8
    assert lines["en"]["low"] <= lines["en"]["value"] <= lines["en"]["high"]
    values = json.loads((root / "out" / "results.json").read_text())
    assert "head" in (root / "out" / "report.html").read_text()
    cells = {
        (row["query_language"], row["document_language"]): row["value"]
        for row in values
        if row["measure"] == "accuracy_head" and row["model"] == "plain-0"
    }
    of_pairs = [cells[first, second] for first in LANGUAGES for second in LANGUAGES]
    np.testing.assert_allclose(lines["all pairs of languages"]["value"], np.mean(of_pairs))

    written = (root / "plain-0" / "isoglot.json").stat().st_mtime_ns
    assert main(command(root, "whole")) == 0, "again: nothing is trained, the same is printed"
    assert (root / "plain-0" / "isoglot.json").stat().st_mtime_ns == written
    shown = capsys.readouterr().out
    assert "paraphrase on orders, learnt in en" in shown
    assert f"{lines['all pairs of languages']['value']:.3f}" in shown


def test_where_there_is_only_a_dev_split_it_is_parted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = ("--set", f"output={root}/parted", "--set", "training.epochs=1", "--languages", "en", "--json")
    assert main(command(root, "dev-only", *changes)) == 0
    lines = [line["name"] for line in json.loads(capsys.readouterr().out)["results"]]
    assert lines == ["en", "mean of languages", "all pairs of languages", "one pool"]
    record = json.loads((root / "parted" / "isoglot.json").read_text())
    evaluated = json.loads((root / "out" / "config.json").read_text())["evaluations"][0]
    assert evaluated["split"] == "test"
    assert record["pairs"]["number"] + record["chosen_on"]["number"] + evaluated["num_pairs"] == 150


@pytest.mark.parametrize(
    ("corpus", "changes", "message"),
    [
        ("whole", ("training.epochs=0",), "epochs must be >= 1, got 0"),
        ("whole", ("training.epoch=1",), "training.epoch: unknown key; did you mean epochs?"),
        ("whole", ("task=entailment",), "split 'dev' for entailment of 'orders' has no labelled pairs"),
        ("whole", ("language=fr",), "fr"),
        ("nothing", (), "there is no such corpus folder, data set or suite"),
        ("whole", ("encoder=no/where", "output=no/output"), "no/where"),
    ],
)
def test_mistakes_end_with_exit_code_2_before_any_work(
    root: Path, capsys: pytest.CaptureFixture[str], corpus: str, changes: tuple[str, ...], message: str
) -> None:
    given = [part for change in changes for part in ("--set", change)]
    assert main(command(root, corpus, "--set", f"output={root}/never", *given)) == 2
    assert message in capsys.readouterr().err
    assert not (root / "never").exists()


def test_a_suite_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(root / "classifier.toml"), "xmir"]) == 2
    assert "xmir is a suite; name one corpus" in capsys.readouterr().err
