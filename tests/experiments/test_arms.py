"""Tables over arms and seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import Results
from isoglot.experiments.arms import Parts, differences, evaluate_once, means


class Axes:
    """Encodes each text as one of a few axes, by its length and a shift."""

    def __init__(self, shift: int) -> None:
        self.shift = shift

    def encode_query(self, texts: list[str], **_: object):  # type: ignore[no-untyped-def]
        import numpy as np

        rows = np.array([(len(text) * (1 + self.shift)) % 7 for text in texts])
        return np.eye(7, dtype=np.float32)[rows]

    encode_document = encode_query


@pytest.fixture
def parts(toy_corpus: ParallelCorpus, tmp_path: Path) -> Parts:
    def results(shift: int) -> Results:
        return evaluate_once(
            Axes(shift), toy_corpus, tmp_path / str(shift), name=f"model-{shift}", split="dev"
        )

    return {"base": [results(0), results(1)], "other": [results(2), results(3)]}


def test_what_was_evaluated_is_read_back(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    first = evaluate_once(Axes(0), toy_corpus, tmp_path / "results", name="axes", split="dev")
    again = evaluate_once("no such model", toy_corpus, tmp_path / "results", name="axes", split="dev")
    assert again.value("multilingual") == first.value("multilingual")


def test_means_and_deviations_over_seeds(parts: Parts) -> None:
    line = means(parts, "toy").splitlines()[2]
    values = [results.value("monolingual") for results in parts["base"]]
    spread = abs(values[0] - values[1]) / 2**0.5
    assert f"| {sum(values) / 2:.4f} ± {spread:.4f} |" in line
    assert "toy, 2 seeds" in means(parts, "toy")


def test_differences_are_seed_by_seed_and_signed(parts: Parts) -> None:
    line = differences(parts, "toy", "base", ["other"]).splitlines()[2]
    for ours, theirs in zip(parts["other"], parts["base"], strict=True):
        assert f"{ours.value('monolingual') - theirs.value('monolingual'):+.4f} (p " in line
