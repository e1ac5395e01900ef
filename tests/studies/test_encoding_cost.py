"""Encoding: models take turns with the reference, and times are those of the clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.experiments.corpora import distinct_texts
from isoglot.studies.encoding_cost import compare_encoding, draw_contents, take_turns


class Clock:
    """Time passes only when someone works."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def __call__(self) -> float:
        return self.now

    def worker(self, name: str, seconds: float) -> Callable[[list[str]], None]:
        def work(batch: list[str]) -> None:
            self.log.append(name)
            self.now += seconds * len(batch)

        return work


def test_encoders_take_turns_and_change_who_begins() -> None:
    clock = Clock()
    encoders = [clock.worker("a", 1.0), clock.worker("b", 3.0)]
    timed = take_turns(encoders, [["x"], ["y", "z"]], seconds=0.0, clock=clock)
    assert clock.log[:4] == ["a", "a", "b", "b"]  # warming up
    assert clock.log[4:10] == ["a", "b", "b", "a", "a", "b"]
    np.testing.assert_array_equal(timed, [[1, 3], [2, 6], [1, 3], [2, 6], [1, 3]])


def test_timing_goes_on_until_time_is_up() -> None:
    clock = Clock()
    timed = take_turns([clock.worker("a", 1.0)], [["x"]], seconds=8.0, clock=clock)
    assert len(timed) == 8


@pytest.fixture(scope="module")
def models(toy_corpus: ParallelCorpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    tokenizer = train_subwords(distinct_texts([toy_corpus]), 300, model="bpe")
    for dimension in (8, 512):
        build_static_encoder(tokenizer, dimension).save_pretrained(str(root / str(dimension)))
    return {name: root / name for name in ("8", "512")}


def test_models_beside_a_reference(toy_corpus: ParallelCorpus, models: dict[str, Path]) -> None:
    costs = compare_encoding(models, toy_corpus, reference="8", num_contents=64, seconds=0.0)
    found = {(cost.model, cost.batch_size): cost for cost in costs}
    assert set(found) == {("8", 1), ("8", 64), ("512", 1), ("512", 64)}
    for cost in costs:
        assert cost.modality == "text"
        assert 0 < cost.p50_milliseconds <= cost.p95_milliseconds
        assert cost.items_per_second > 0
        assert cost.times_reference > 0
        assert cost.num_batches == 5
    assert found["512", 1].index_bytes_per_document == 2048
    assert found["512", 64].flops_per_item == 64 * found["8", 64].flops_per_item > 0
    with pytest.raises(ConfigError, match="reference must be one of 8, 512, got 'x'"):
        compare_encoding(models, toy_corpus, reference="x")


def test_contents_are_distinct_and_drawn_by_seed(toy_corpus: ParallelCorpus) -> None:
    side, texts = draw_contents(toy_corpus, 20, seed=0)["text"]
    assert side == "query"
    assert len(set(texts)) == 20
    assert draw_contents(toy_corpus, 20, seed=0)["text"][1] == texts
    assert draw_contents(toy_corpus, 20, seed=1)["text"][1] != texts
