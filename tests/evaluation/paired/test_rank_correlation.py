from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.paired import rank_correlation
from isoglot.evaluation.paired.rank_correlation import (
    average_precision,
    pearson,
    resampled_average_precision,
    resampled_pearson,
    resampled_spearman,
    spearman,
)


def sample(seed: int, num_pairs: int, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and graded labels; few decimals make many ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, num_pairs) / 2.0
    labels[:2] = 0, 1
    scores = np.round(labels + rng.normal(scale=2, size=num_pairs), decimals).astype(np.float32)
    scores[:2] = 0, 1
    return scores, labels


def draws_of(num_pairs: int, num_resamples: int = 40) -> np.ndarray:
    everyone = np.arange(num_pairs)
    return GroupBootstrap(everyone, seed=1, num_resamples=num_resamples).draws(everyone)


def test_by_hand() -> None:
    labels = np.array([0.0, 1.0, 2.0, 3.0])
    assert spearman(np.array([0.1, 0.2, 0.7, 9.0]), labels) == pytest.approx(1)
    assert spearman(np.array([4.0, 3.0, 2.0, 1.0]), labels) == pytest.approx(-1)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), labels) == pytest.approx(
        np.sqrt(0.9)
    )  # ranks 1, 2.5, 2.5, 4
    assert pearson(np.array([0.0, 0.0, 0.0, 4.0]), labels) == pytest.approx(np.sqrt(0.6))
    positive = np.array([False, True, True, False])
    assert average_precision(np.array([4.0, 3.0, 2.0, 1.0]), positive) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert average_precision(np.ones(4), positive) == pytest.approx(1 / 2)  # all are taken together


def test_scores_that_are_all_the_same_tell_nothing_and_labels_give_no_value() -> None:
    same, labels = np.ones(5), np.arange(5.0)
    assert (spearman(same, labels), pearson(same, labels)) == (0, 0)
    assert np.isnan([spearman(labels, same), pearson(labels, same)]).all()
    assert np.isnan(average_precision(labels, np.zeros(5, bool)))
    draws, pairs = draws_of(5), np.arange(5)
    alike = (np.minimum(draws, 1).sum(axis=1) == 1)[:, None]
    for resampled in (resampled_spearman, resampled_pearson):
        assert np.array_equal(np.isnan(resampled(same, labels, pairs, draws)), alike[:, 0])
        assert np.nanmax(np.abs(resampled(same, labels, pairs, draws))) == 0
        assert np.isnan(resampled(labels, same, pairs, draws)).all()
    assert np.isnan(resampled_average_precision(labels, np.zeros(5, bool), pairs, draws)).all()


@pytest.mark.parametrize("seed", range(20))
def test_like_scipy_and_scikit_learn(seed: int) -> None:
    scores, labels = sample(seed, 3 + 7 * seed, decimals=seed % 4)
    assert spearman(scores, labels) == pytest.approx(stats.spearmanr(scores, labels).statistic, abs=1e-12)
    assert pearson(scores, labels) == pytest.approx(stats.pearsonr(scores, labels).statistic, abs=1e-6)
    positive = labels > 0
    wanted = average_precision_score(positive, scores)
    assert average_precision(scores, positive) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("decimals", [0, 5])
def test_random_scores_have_no_correlation_in_expectation(decimals: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(30.0) % 6
    values = [spearman(np.round(rng.normal(size=30), decimals), labels) for _ in range(2_000)]
    assert np.mean(values) == pytest.approx(0, abs=4 / np.sqrt(2_000 * 29))
    assert np.var(values) == pytest.approx(1 / 29, rel=0.15)


def repeated(pairs: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Numbers of the scores as a resample holds them, each as often as its pair was drawn."""
    return np.repeat(np.arange(len(pairs)), drawn[pairs].astype(int))


@pytest.mark.parametrize("bin_above", [None, 20])
@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("languages", [1, 4])
def test_a_resample_is_the_measure_of_what_was_drawn(
    languages: int, decimals: int, bin_above: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bin_above is not None:
        monkeypatch.setattr(rank_correlation, "_BIN_ABOVE", bin_above)
    monkeypatch.setattr(rank_correlation, "_ELEMENTS_AT_ONCE", 1_000)
    num_pairs = 60
    _, labels = sample(3, num_pairs, decimals)
    pairs = np.repeat(np.arange(num_pairs), languages)[:-3]  # the last pair lacks some languages
    rng = np.random.default_rng(4)
    scores = np.round(labels[pairs] + rng.normal(size=len(pairs)), decimals).astype(np.float32)
    positive, draws = labels > 1, draws_of(num_pairs)
    found = {
        "spearman": resampled_spearman(scores, labels, pairs, draws),
        "pearson": resampled_pearson(scores, labels, pairs, draws),
        "AP": resampled_average_precision(scores, positive, pairs, draws),
    }
    for number, drawn in enumerate(draws):
        at = repeated(pairs, drawn)
        x, y = scores[at], labels[pairs[at]]
        assert found["spearman"][number] == pytest.approx(stats.spearmanr(x, y).statistic, abs=2e-5)
        assert found["pearson"][number] == pytest.approx(stats.pearsonr(x, y).statistic, abs=2e-5)
        wanted = average_precision_score(positive[pairs[at]], x)
        assert found["AP"][number] == pytest.approx(wanted, abs=2e-5)


def test_bins_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, labels = sample(5, 3_000, decimals=6)
    pairs, draws = np.arange(3_000), draws_of(3_000, 20)
    exact = resampled_spearman(scores, labels, pairs, draws)
    precise = resampled_average_precision(scores, labels > 1, pairs, draws)
    monkeypatch.setattr(rank_correlation, "_BIN_ABOVE", 100)
    monkeypatch.setattr(rank_correlation, "_NUM_BINS", 500)
    binned = resampled_spearman(scores, labels, pairs, draws)
    assert 0 < np.abs(binned - exact).max() < 5e-4
    assert np.abs(resampled_average_precision(scores, labels > 1, pairs, draws) - precise).max() < 2e-3


def test_the_interval_is_as_wide_as_theory_has_it() -> None:
    rng = np.random.default_rng(6)
    labels = rng.normal(size=800)
    scores = 0.6 * labels + 0.8 * rng.normal(size=800)
    resampled = resampled_spearman(scores, labels, np.arange(800), draws_of(800, 1_000))
    fisher = np.arctanh(np.clip(resampled, -0.999, 0.999)).std()
    assert fisher == pytest.approx(1.03 / np.sqrt(797), rel=0.15)
