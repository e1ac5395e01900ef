"""The linear probe on vectors that can be told apart by eye."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from isoglot.evaluation.tagging.probe import fit_probe


def _vectors(n=80, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.random((n, 3)) < 0.4
    return (rng.standard_normal((n, 5)) + labels @ rng.standard_normal((3, 5))).astype(np.float32), labels


def test_each_tag_has_the_log_odds_of_its_own_regression():
    vectors, labels = _vectors()
    scale = 1 / np.sqrt(np.mean(vectors.astype(np.float64) ** 2))
    scores = fit_probe(vectors, labels).scores(vectors)
    for tag in range(3):
        fitted = LogisticRegression(max_iter=1_000).fit(vectors.astype(np.float64) * scale, labels[:, tag])
        expected = fitted.decision_function(vectors.astype(np.float64) * scale)
        np.testing.assert_allclose(scores[:, tag], expected, atol=1e-6)


def test_the_length_of_all_vectors_does_not_matter():
    vectors, labels = _vectors()
    short, long = (fit_probe(vectors * factor, labels).scores(vectors * factor) for factor in (0.01, 100))
    np.testing.assert_allclose(short, long, atol=1e-3)


def test_a_tag_that_all_or_none_have_gets_the_same_log_odds_everywhere():
    vectors, labels = _vectors()
    labels[:, 0], labels[:, 1] = True, False
    scores = fit_probe(vectors, labels).scores(vectors)
    assert np.ptp(scores[:, :2], axis=0).tolist() == [0, 0]
    assert scores[0, 0] == pytest.approx(np.log(80.5 / 0.5)) == -scores[0, 1]
    assert np.isfinite(fit_probe(np.zeros_like(vectors), labels).scores(vectors)).all()
