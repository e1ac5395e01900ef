from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from isoglot.errors import CorpusError
from isoglot.evaluation.cells import Value
from isoglot.evaluation.paired.cells import ScoredPairs, calibrate, measure_pairs


def test_thresholds_lie_halfway_and_keep_ties_together() -> None:
    similarities = np.array([0.9, 0.7, 0.7, 0.3, 0.1], np.float32)
    found = calibrate(similarities, np.array([True, True, True, False, False]))
    assert found == {"accuracy": pytest.approx(0.5), "F1": pytest.approx(0.5)}
    tied = calibrate(similarities, np.array([True, True, False, False, False]))
    assert tied["accuracy"] == pytest.approx(0.8)  # of two that do as well, the higher


def test_accuracy_may_take_none_or_all() -> None:
    similarities = np.array([0.9, 0.7, 0.5])
    none = calibrate(similarities, np.array([False, True, False]))
    assert not (similarities >= none["accuracy"]).any()
    assert none["F1"] == pytest.approx(0.6)
    every = calibrate(similarities, np.array([True, False, True]))
    assert (similarities >= every["F1"]).all()


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_a_threshold_needs_both_labels(positive: list[bool]) -> None:
    with pytest.raises(CorpusError, match=f"got {len(positive)} pairs with all labels alike"):
        calibrate(np.ones(len(positive)), np.array(positive, bool))


def found(values: list[Value], setting: str, measure: str) -> list[float]:
    return [value.value for value in values if (value.setting, value.measure) == (setting, measure)]


def test_a_pair_at_the_threshold_is_taken() -> None:
    similarities = np.array([0.5, 0.25, 0.75, 0.5], np.float32).reshape(4, 1, 1)
    labels = np.array([1.0, 0.0, 1.0, 0.0])
    scored = ScoredPairs("paraphrase", ("en",), labels, similarities, {"accuracy": 0.5, "F1": 0.5})
    values = measure_pairs(scored, ("accuracy", "F1"), source="en", seed=0, num_resamples=10)
    assert found(values, "monolingual", "accuracy") == [0.75, 0.75]  # and its macro average
    assert found(values, "monolingual", "F1") == pytest.approx([0.8, 0.8])
    assert found(values, "multilingual", "F1") == pytest.approx([0.8])
    assert not [value for value in values if "transfer" in value.measure]  # there is but one language


def test_macro_f1_counts_each_class_alike_and_missing_pairs_not() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 50).astype(float)
    classes = np.where(rng.random((50, 2, 2)) < 0.6, labels[:, None, None], 1).astype(np.int8)
    similarities = np.zeros((50, 2, 2), np.float32)
    similarities[7, 1, 0], classes[7, 1, 0] = np.nan, -1
    scored = ScoredPairs("entailment", ("en", "de"), labels, similarities, classes=classes)
    values = measure_pairs(scored, ("macro_F1_probe",), source=None, seed=0, num_resamples=200)
    there = np.arange(50) != 7
    for first, second, rows in (("en", "en", slice(None)), ("en", "de", slice(None)), ("de", "en", there)):
        (value,) = (v for v in values if (v.query_language, v.document_language) == (first, second))
        said = classes[rows, int(first == "de"), int(second == "de")]
        assert value.value == pytest.approx(f1_score(labels[rows], said, average="macro"))
        assert value.num_queries == len(said)
        assert value.low < value.value < value.high
    pooled = classes.reshape(50, 4)[similarities.reshape(50, 4) == 0]
    truth = np.repeat(labels, 4)[similarities.ravel() == 0]
    assert found(values, "multilingual", "macro_F1_probe") == pytest.approx(
        [f1_score(truth, pooled, average="macro")]
    )


def test_a_pair_moves_in_all_its_languages_together() -> None:
    """With the same sentences in every language, the pool and the mean are as uncertain as one language."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300).astype(float)
    one = (labels + rng.normal(size=300)).astype(np.float32)
    similarities = np.broadcast_to(one[:, None, None], (300, 3, 3)).copy()
    scored = ScoredPairs("paraphrase", ("de", "en", "fr"), labels, similarities, {"accuracy": 0.5})
    values = measure_pairs(scored, ("AP", "accuracy"), source=None, seed=0, num_resamples=300)
    for measure in ("AP", "accuracy"):
        bounds = {(v.value, v.low, v.high) for v in values if v.measure == measure}
        assert np.ptp(np.array(list(bounds)), axis=0).max() < 1e-5
