"""Margins against the formulae of arXiv 1811.01136 written out over whole matrices."""

import numpy as np
import pytest

from isoglot.evaluation.bitext.margins import Neighbours, best_by_margin, margin_scores, mine_pairs

MARGINS = ("ratio", "distance", "absolute")


def _similarities(n=40, m=35, seed=0):
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((n, 8)), rng.standard_normal((m, 8)) + 1
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return left @ right.T


def _neighbours(similarities, k):
    columns = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    return Neighbours(columns, np.take_along_axis(similarities, columns, 1))


def _written_out(similarities, k, margin):
    """Margins of all pairs, one by one."""
    scores = np.empty_like(similarities)
    for x, row in enumerate(similarities):
        for y, column in enumerate(similarities.T):
            near_x, near_y = np.sort(row)[::-1][:k], np.sort(column)[::-1][:k]
            mean = sum(near_x) / (2 * k) + sum(near_y) / (2 * k)
            scores[x, y] = {"ratio": row[y] / mean, "distance": row[y] - mean, "absolute": row[y]}[margin]
    return scores


@pytest.mark.parametrize("margin", MARGINS)
def test_the_best_neighbour_is_that_of_the_written_out_margins(margin):
    similarities = _similarities()
    forward, backward = _neighbours(similarities, 4), _neighbours(similarities.T, 4)
    found = best_by_margin(forward, backward.means, margin)
    scores = _written_out(similarities, 4, margin)
    among_nearest = np.full_like(scores, -np.inf)
    np.put_along_axis(among_nearest, forward.columns, np.take_along_axis(scores, forward.columns, 1), axis=1)
    assert found.columns.tolist() == among_nearest.argmax(axis=1).tolist()
    np.testing.assert_allclose(found.scores, among_nearest.max(axis=1))


def test_a_hub_wins_by_similarity_and_loses_by_margin():
    # Candidate 0 is near to everything; sentences 0 to 3 are translated by candidates 1 to 4.
    similarities = np.full((4, 5), 0.1)
    similarities[:, 0] = 0.8
    similarities[np.arange(4), np.arange(1, 5)] = 0.75
    forward, backward = _neighbours(similarities, 2), _neighbours(similarities.T, 2)
    assert best_by_margin(forward, backward.means, "absolute").columns.tolist() == [0, 0, 0, 0]
    assert best_by_margin(forward, backward.means, "ratio").columns.tolist() == [1, 2, 3, 4]
    assert best_by_margin(forward, backward.means, "distance").columns.tolist() == [1, 2, 3, 4]


def test_pairings_of_a_matrix_that_can_be_checked_by_eye():
    similarities = np.array([[0.9, 0.8, 0.1], [0.7, 0.2, 0.1], [0.3, 0.6, 0.1]])
    forward, backward = _neighbours(similarities, 3), _neighbours(similarities.T, 3)
    everyone = mine_pairs(forward, backward, "absolute", "forward")
    assert everyone.columns.tolist() == [0, 0, 1]
    mutual = mine_pairs(forward, backward, "absolute", "mutual")
    assert mutual.columns.tolist() == [0, -1, -1]
    assert mutual.scores.tolist() == [0.9, -np.inf, -np.inf]
    # 0-0 at 0.9 is taken first; 0-1 and 1-0 are gone; then 2-1 at 0.6; 0-2 is gone, and 1 stays alone.
    best = mine_pairs(forward, backward, "absolute", "max")
    assert best.columns.tolist() == [0, -1, 1]
    assert best.scores.tolist() == [0.9, -np.inf, 0.6]


@pytest.mark.parametrize("margin", MARGINS)
def test_mutual_pairs_are_among_the_forward_and_the_best_ones(margin):
    # With fewer neighbours, a pair may be far up in one direction and be no candidate in the other.
    similarities = _similarities(60, 50, 1)
    forward, backward = _neighbours(similarities, 50), _neighbours(similarities.T, 60)
    mutual, everyone, best = (
        mine_pairs(forward, backward, margin, pairing).columns for pairing in ("mutual", "forward", "max")
    )
    kept = mutual >= 0
    assert 0 < kept.sum() < len(kept)
    assert (mutual[kept] == everyone[kept]).all()
    assert (mutual[kept] == best[kept]).all()
    taken = best[best >= 0]
    assert len(set(taken.tolist())) == len(taken) > kept.sum()


def test_a_ratio_to_no_similarity_keeps_the_order():
    scores = margin_scores(np.array([0.2, 0.1, -0.1]), np.array([-0.5, 0.0, -0.5]), "ratio")
    assert scores[0] > scores[1] > 0 > scores[2]
    assert np.isfinite(scores).all()
