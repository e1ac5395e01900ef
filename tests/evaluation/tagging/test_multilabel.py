"""Measures of tagging against scikit-learn, and their intervals against ranking every resample anew."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.tagging.multilabel import (
    average_precision,
    average_precision_influence,
    macro_f1,
    mean_average_precision,
    micro_f1,
)


def _tagged(n=150, num_tags=7, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.random((n, num_tags)) < 0.2
    return rng.standard_normal((n, num_tags)) + signal * labels, labels


def _weighted_map(scores, labels, weights):
    """The mean over the columns of average precision where items have weights."""
    values = []
    for column, right in zip(scores.T, labels.T, strict=True):
        order = np.argsort(-column, kind="stable")
        w, r = weights[order], right[order]
        if (w * r).sum() > 0:
            precision = np.cumsum(w * r) / np.maximum(np.cumsum(w), 1e-300)
            values.append((w * r * precision).sum() / (w * r).sum())
    return np.mean(values)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn_without_ties(seed):
    scores, labels = _tagged(seed=seed)
    found = average_precision(scores, labels, np.arange(len(scores)))
    expected = [average_precision_score(labels[:, tag], scores[:, tag]) for tag in range(labels.shape[1])]
    np.testing.assert_allclose(found, expected)
    by_item = average_precision(scores.T, labels.T, np.arange(labels.shape[1]))
    tagged = labels.any(axis=1)
    expected = [average_precision_score(labels[item], scores[item]) for item in np.flatnonzero(tagged)]
    np.testing.assert_allclose(by_item[tagged], expected)
    assert np.isnan(by_item[~tagged]).all()


def test_ties_go_by_their_given_place():
    scores, labels = np.zeros((3, 1)), np.array([[True], [False], [False]])
    places = [average_precision(scores, labels, np.array(ties))[0] for ties in ([0, 1, 2], [2, 0, 1])]
    assert places == [1, pytest.approx(1 / 3)]


def test_columns_in_chunks_have_the_values_of_all_at_once(monkeypatch):
    scores, labels = _tagged()
    ties, numbers = np.arange(len(scores)), np.arange(len(scores))
    bootstrap = GroupBootstrap(numbers, seed=0, num_resamples=20)

    def measure():
        return (
            average_precision(scores, labels, ties),
            average_precision_influence(scores, labels, ties),
            macro_f1(scores > 0.5, labels, numbers, bootstrap).resamples,
        )

    whole = measure()
    monkeypatch.setattr("isoglot.evaluation.tagging.multilabel._CHUNK_CELLS", 2 * len(scores))
    for part, expected in zip(measure(), whole, strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-6, atol=1e-12)


def test_random_scores_have_a_map_of_about_the_prevalence():
    rng = np.random.default_rng(0)
    labels = rng.random((4_000, 40)) < 0.1
    found = average_precision(rng.standard_normal(labels.shape), labels, np.arange(len(labels)))
    assert found.mean() == pytest.approx(0.1, abs=0.005)


def test_influence_is_the_derivative_by_an_item_s_weight():
    scores, labels = _tagged(60, 5)
    labels[:, 3] = False
    influence = average_precision_influence(scores, labels, np.arange(60))
    for item in range(60):
        up, down = np.ones(60), np.ones(60)
        up[item] += 1e-5
        down[item] -= 1e-5
        slope = (_weighted_map(scores, labels, up) - _weighted_map(scores, labels, down)) / 2e-5
        assert influence[item] == pytest.approx(slope, abs=1e-7)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


def test_resamples_of_map_spread_like_those_ranked_anew():
    scores, labels = _tagged(600, 10)
    groups = np.repeat(np.arange(200), 3)
    bootstrap = GroupBootstrap(groups, seed=0, num_resamples=1_000)
    value, resamples = mean_average_precision(scores, labels, np.arange(600), np.arange(600), bootstrap)
    rng = np.random.default_rng(1)
    anew = [
        _weighted_map(scores, labels, np.bincount(rng.integers(0, 200, 200), minlength=200)[groups])
        for _ in range(1_000)
    ]
    assert value == pytest.approx(_weighted_map(scores, labels, np.ones(600)))
    assert resamples.std() == pytest.approx(np.std(anew), rel=0.1)
    assert np.percentile(resamples, [2.5, 97.5]) == pytest.approx(
        np.percentile(anew, [2.5, 97.5]), abs=0.25 * np.std(anew) + abs(np.mean(anew) - value)
    )


def test_f1_is_that_of_scikit_learn():
    scores, labels = _tagged()
    numbers = np.arange(len(scores))
    bootstrap = GroupBootstrap(numbers, seed=0, num_resamples=10)
    taken = scores > 0.8
    micro, macro = (measure(taken, labels, numbers, bootstrap) for measure in (micro_f1, macro_f1))
    assert micro.value == pytest.approx(f1_score(labels, taken, average="micro"))
    assert macro.value == pytest.approx(f1_score(labels, taken, average="macro"))


def test_resamples_of_f1_are_those_of_repeated_items():
    scores, labels = _tagged(80)
    numbers, taken = np.arange(80), scores > 0.8
    bootstrap = GroupBootstrap(numbers, seed=3, num_resamples=25)
    drawn = np.random.default_rng(3)
    found = micro_f1(taken, labels, numbers, bootstrap), macro_f1(taken, labels, numbers, bootstrap)
    for resample in range(25):
        items = drawn.integers(0, 80, 80)
        micro, macro = (
            f1_score(labels[items], taken[items], average=average) for average in ("micro", "macro")
        )
        assert found[0].resamples[resample] == pytest.approx(micro, abs=1e-5)
        assert found[1].resamples[resample] == pytest.approx(macro, abs=1e-5)


def test_a_tag_without_items_is_left_out_of_macro_f1_and_hurts_micro_f1():
    labels = np.array([[True, False], [False, False]])
    taken = np.array([[True, True], [False, True]])
    bootstrap = GroupBootstrap(np.arange(2), seed=0, num_resamples=50)
    assert macro_f1(taken, labels, np.arange(2), bootstrap).value == 1
    assert micro_f1(taken, labels, np.arange(2), bootstrap).value == pytest.approx(2 / 4)
    resamples = macro_f1(taken, labels, np.arange(2), bootstrap).resamples
    assert set(resamples[~np.isnan(resamples)].tolist()) == {1.0}
    assert np.isnan(resamples).any()
