from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from isoglot.errors import ConfigError
from isoglot.robustness.smoothing import (
    ABSTAINED,
    Smoothed,
    certify,
    certify_substitutions,
    clopper_pearson,
    smooth,
    substitution_distance,
)

TABLE = {"a": ("b", "c"), "b": ("a",), "c": (), "d": ("e",), "e": ("d",)}


def voted(votes: list[list[int]]) -> Smoothed:
    counts = np.array(votes, np.int64)
    total = int(counts[0].sum())
    return Smoothed(counts / total, counts, total)


def test_probabilities_are_averaged_and_votes_counted() -> None:
    copies = [[[0.9, 0.1], [0.4, 0.6]], [[0.4, 0.6], [0.2, 0.8]], [[0.5, 0.5], [np.nan, np.nan]]]
    found = smooth(lambda copy: np.array(copies[copy]), 3)
    np.testing.assert_allclose(found.probabilities[0], [0.6, 0.4])
    assert np.isnan(found.probabilities[1]).all()
    assert found.votes.tolist() == [[2, 1], [0, 2]]  # a tie goes to the first class
    assert found.classes.tolist() == [0, ABSTAINED]


def test_one_copy_at_least() -> None:
    with pytest.raises(ConfigError, match="num_copies must be >= 1, got 0"):
        smooth(lambda _: np.ones((1, 2)), 0)


@pytest.mark.parametrize(("votes", "copies"), [(0, 10), (1, 10), (7, 10), (10, 10), (998, 1000)])
def test_the_bound_is_the_exact_one(votes: int, copies: int) -> None:
    exact = stats.binomtest(votes, copies, alternative="greater").proportion_ci(0.99, "exact").low
    np.testing.assert_allclose(clopper_pearson(votes, copies, 0.01), exact, rtol=1e-9, atol=1e-12)


def test_all_votes_are_bounded_by_the_root_of_alpha() -> None:
    np.testing.assert_allclose(clopper_pearson([100], 100, 0.001), [0.001 ** (1 / 100)])


def test_the_bound_holds_as_often_as_it_says() -> None:
    votes = np.random.default_rng(0).binomial(50, 0.7, 4_000)
    assert np.mean(clopper_pearson(votes, 50, 0.05) > 0.7) <= 0.05


def test_the_radius_of_a_linear_classifier_is_the_distance_to_its_boundary() -> None:
    rng, sigma, copies = np.random.default_rng(0), 0.5, 100_000
    weight, bias = np.array([3.0, 4.0]), -1.0
    points = np.array([[1.0, 1.0], [0.2, 0.2], [0.5, 0.0], [-1.0, 0.3]])
    distances = np.abs(points @ weight + bias) / 5.0

    def votes(count: int) -> Smoothed:
        # w.x under noise is normal: one number a copy is the whole of it.
        margins = (points @ weight + bias)[:, None] + 5.0 * sigma * rng.standard_normal((4, count))
        ones = (margins > 0).sum(axis=1)
        return voted(np.stack([count - ones, ones], axis=1).tolist())

    found = certify(votes(10_000), votes(copies), sigma=sigma)
    assert found.classes.tolist() == (points @ weight + bias > 0).astype(int).tolist()
    assert (found.radii <= distances).all()
    np.testing.assert_allclose(found.radii, distances, atol=0.04)


def test_a_vote_that_is_not_clear_is_no_answer() -> None:
    found = certify(voted([[6, 4], [9, 1]]), voted([[52, 48], [99, 1]]), sigma=1.0)
    assert found.classes.tolist() == [ABSTAINED, 0]
    assert found.radii[0] == 0
    np.testing.assert_allclose(found.radii[1], NormalDist().inv_cdf(found.bounds[1]))


def test_the_class_is_chosen_by_other_copies_than_its_bound() -> None:
    found = certify(voted([[6, 4]]), voted([[1, 99]]), sigma=1.0)
    assert found.classes.tolist() == [ABSTAINED]
    assert found.bounds[0] < 0.5


def test_the_radius_is_proportional_to_sigma() -> None:
    votes = voted([[90, 10]])
    one, two = (certify(votes, votes, sigma=sigma).radii[0] for sigma in (0.3, 0.6))
    np.testing.assert_allclose(two, 2 * one)


@pytest.mark.parametrize(
    ("sigma", "alpha", "rule"), [(0.0, 0.1, "sigma must be > 0"), (1.0, 1.0, "alpha must")]
)
def test_numbers_out_of_range_are_refused(sigma: float, alpha: float, rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        certify(voted([[1, 0]]), voted([[1, 0]]), sigma=sigma, alpha=alpha)


def test_words_alike_in_their_neighbours_move_nothing() -> None:
    assert substitution_distance(["d", "x", "e"], TABLE) == 0
    assert substitution_distance([], TABLE) == 0


def test_fewer_replacements_move_less() -> None:
    distances = [substitution_distance(["a", "b", "a"], TABLE, num_replaced=count) for count in range(4)]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[3] == substitution_distance(["a", "b", "a"], TABLE)


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3))
def test_no_replacement_moves_copies_further_than_the_distance(words: list[str]) -> None:
    def copies(text: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        sets = [sorted({word, *TABLE[word]}) for word in text]
        drawn = list(product(*sets))
        return dict.fromkeys(drawn, 1 / len(drawn))

    own = copies(tuple(words))
    worst = 0.0
    for text in product(*[sorted({word, *TABLE[word]}) for word in words]):
        other = copies(text)
        worst = max(worst, sum(max(0.0, own.get(x, 0) - other.get(x, 0)) for x in {*own, *other}))
    assert worst <= substitution_distance(words, TABLE) + 1e-12
    if len(words) == 1:
        np.testing.assert_allclose(worst, substitution_distance(words, TABLE))


def test_what_replacements_cannot_turn_is_certain() -> None:
    votes = voted([[95, 5], [95, 5], [60, 40]])
    found = certify_substitutions(votes, votes, [0.0, 0.5, 0.0])
    assert found.classes.tolist() == [0, ABSTAINED, ABSTAINED]
    assert not found.radii.any()
