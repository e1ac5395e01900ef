"""The parts of an experiment: joined corpora, and those with a weight."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isoglot.batches import Hybrid, MixEntries, Pooled
from isoglot.config import read_config
from isoglot.corpora import write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.negatives import HardNegatives, add_negatives
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.config import CorpusConfig, SchemeConfig
from isoglot.experiments.corpora import read_configured
from isoglot.experiments.parts import training_parts

TOML = """
output = "{root}/model"
[[corpora]]
folder = "{root}/toy"
[[corpora]]
folder = "{root}/mined"
weight = 2.0
batch_size = 8
[corpora.scheme]
name = "pooled"
num_answers = 2
num_negatives = 1
[encoder]
dimension = 8
vocabulary_size = 300
[training]
steps = 30
batch_size = 16
learning_rate = 0.02
"""


@pytest.fixture
def toml(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "toy")
    write_corpus(mined(toy_corpus, "mined", "train", 10), tmp_path / "mined")
    path = tmp_path / "experiment.toml"
    path.write_text(TOML.format(root=tmp_path))
    return path


def mined(corpus: ParallelCorpus, name: str, split: str, num_queries: int) -> ParallelCorpus:
    """The corpus with the distractor as the negative of its first queries."""
    negatives = HardNegatives.from_pairs(
        corpus.queries.num_rows,
        np.arange(num_queries, dtype=np.int32),
        np.full(num_queries, corpus.documents.num_rows - 1, np.int32),
        np.ones(num_queries, np.float32),
    )
    return replace(add_negatives(corpus, split, negatives), info=CorpusInfo(name))


def test_a_corpus_with_a_weight_is_a_part_of_its_own(toml: Path) -> None:
    config = read_config(toml, ExperimentConfig)
    joined, alone = training_parts(config, [read_configured(each) for each in config.corpora])
    assert (joined.corpus.name, joined.scheme, joined.weight, joined.batch_size) == ("toy", Hybrid(), 1.0, 0)
    assert (alone.name, alone.scheme, alone.weight, alone.batch_size) == ("mined", Pooled(2), 2.0, 8)
    assert (joined.num_negatives, alone.num_negatives) == (0, 1)
    assert len(alone.corpus.negatives["train"]) == 10


def test_an_experiment_of_parts_is_trained_and_recorded(toml: Path) -> None:
    record = json.loads((run_experiment(read_config(toml, ExperimentConfig)) / "isoglot.json").read_text())
    assert [part["scheme"]["name"] for part in record["parts"]] == ["Hybrid", "Pooled"]
    assert record["provenance"]["num_batches"] == 30
    assert record["provenance"]["batches"]["pooled"] > 10


def test_negatives_follow_the_splits_that_are_trained_on(toy_corpus: ParallelCorpus) -> None:
    both = mined(mined(toy_corpus, "mined", "train", 4), "mined", "dev", 3)
    config = ExperimentConfig("out", (CorpusConfig(dataset="x", splits=("dev", "train")),))
    (part,) = training_parts(config, [both])
    assert np.diff(part.corpus.negatives["train"].indptr)[:5].tolist() == [2, 2, 2, 1, 0]
    (other,) = training_parts(ExperimentConfig("out", (CorpusConfig(dataset="x", splits=("dev",)),)), [both])
    assert len(other.corpus.negatives["train"]) == 3


def test_one_corpus_of_texts_and_pictures_is_several_parts() -> None:
    builder = CorpusBuilder(CorpusInfo("seen"))
    for group in range(6):
        for language in ("en", "de"):
            builder.add_query(f"{group}{language}", f"{group}", language, f"{language} {group}")
            builder.add_document(f"{group}{language}", f"{group}", language, f"{language} {group}!")
        builder.add_query(f"{group}", f"{group}", NO_LANGUAGE, None, modality="image", path=f"{group}.png")
        builder.add_document(f"{group}", f"{group}", None, None, modality="image", path=f"{group}.png")
        builder.judge_group("train", f"{group}")
    corpus = builder.build()
    config = ExperimentConfig(
        "out",
        (
            CorpusConfig(dataset="x", weight=1.0, query_modality="text", document_modality="image"),
            CorpusConfig(dataset="x", weight=3.0, query_modality="text", document_modality="text"),
        ),
    )
    pictures, captions = training_parts(config, [corpus, corpus])
    assert (pictures.name, captions.name) == ("seen text_to_image", "seen text_to_text")
    assert pictures.corpus.documents["modality"].unique().to_pylist() == ["image"]
    assert captions.corpus.modalities == ("text",)
    with pytest.raises(
        ConfigError, match="query_modality: corpus 'seen' has no query of medium 'audio'; it has"
    ):
        training_parts(
            ExperimentConfig("out", (CorpusConfig(dataset="x", query_modality="audio"),)), [corpus]
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("weight = 2.0\n", "", "batch_size and scheme are those of a part of its own; give it a weight"),
        ("weight = 2.0", "weight = 0", r"weight must be > 0, got 0\.0"),
        ("batch_size = 8", "batch_size = 1", "batch_size must be >= 2, got 1"),
        ("num_answers = 2", "num_answers = 0", "num_answers must be >= 1, got 0"),
        ("num_negatives = 1", "num_negatives = -1", "num_negatives must be >= 0, got -1"),
        (
            'name = "pooled"',
            'name = "pooled"\nfinal_alpha = 0.1\nalpha_steps = 9',
            "final_alpha goes with name",
        ),
        ('name = "pooled"', 'name = "pooled"\nalpha_steps = 9', "alpha_steps must be >= 1 with final_alpha"),
    ],
)
def test_rules_of_parts(toml: Path, old: str, new: str, message: str) -> None:
    toml.write_text(toml.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_config(toml, ExperimentConfig)


def test_every_scheme_can_be_configured() -> None:
    names = (
        "monolingual",
        "cross_lingual",
        "hybrid",
        "mixed",
        "pooled",
        "mix_passages",
        "mix_entries",
        "round_robin",
    )
    built = [SchemeConfig(name=name, size_exponent=0.5).build() for name in names]  # type: ignore[arg-type]
    assert len({type(scheme) for scheme in built}) == len(names)
    assert {scheme.size_exponent for scheme in built} == {0.5}  # type: ignore[attr-defined]
    assert SchemeConfig(name="mix_entries").build() == MixEntries()
    assert SchemeConfig(alpha=0.8, final_alpha=0.2, alpha_steps=7).build() == Hybrid(0.8, 0.0, 0.2, 7)
