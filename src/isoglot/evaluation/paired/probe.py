"""A linear probe of sentence pairs: what a simple classifier reads off two vectors, learnt in one language.

Logistic regression on [u; v; |u - v|; u * v] (InferSent's features, arXiv 1705.02364). It learns from pairs
in the source language and is used unchanged on all pairs of languages, so that what it loses there was lost
in the space of the vectors.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.measures import Floats
from isoglot.evaluation.paired.scores import Integers, PairSentences, Singles, vectors_of
from isoglot.evaluation.row_vectors import RowVectors

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression as _Classifier

_STRENGTHS = (1e4, 1e3, 1e2, 1e1, 1.0)
"""L2 penalties to choose from, the strongest first."""
_NUM_FOLDS = 5
_MIN_PAIRS_OF_A_CLASS = 10
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class PairProbe:
    """A fitted probe.

    Attributes:
        weights: (4 D, K) for the features as they are.
        intercepts: (K,).
        l2: Strength of the penalty, for features of unit variance.
        accuracy: Mean accuracy over the folds that chose it.
        num_pairs: Pairs it was fitted on.
    """

    weights: Singles
    intercepts: Singles
    l2: float
    accuracy: float
    num_pairs: int

    def predict(self, first: Singles, second: Singles) -> npt.NDArray[np.int8]:
        """(n,) class of each pair, of (n, D) vectors of its two sentences."""
        logits = pair_features(first, second) @ self.weights + self.intercepts
        return np.asarray(logits.argmax(axis=1), np.int8)


def pair_features(first: Singles, second: Singles) -> Singles:
    """(n, 4 D) both vectors, their absolute difference, and their product."""
    return np.concatenate([first, second, np.abs(first - second), first * second], axis=1)


def fit_pair_probe(
    first: Singles, second: Singles, classes: Integers, clusters: Integers, *, num_classes: int, seed: int
) -> PairProbe:
    """Fits a probe; its penalty is chosen by cross-validation on the same pairs.

    Args:
        first: (n, D) vectors of the first sentences.
        second: (n, D) of the second ones.
        classes: (n,) class of each pair, from 0.
        clusters: (n,) pairs of one cluster are never on both sides of a fold.
        num_classes: K.
        seed: Seed of the folds.

    Returns:
        The probe; of penalties that do as well, the strongest.

    Raises:
        ConfigError: If scikit-learn is not installed.
        CorpusError: If a class has too few pairs, or there are too few clusters.
    """
    _check(classes, clusters, num_classes)
    features = pair_features(first, second)
    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    scaled = ((features - mean) * scale).astype(np.float32)
    folds = list(_folds(scaled, classes, clusters, seed))
    accuracies = [
        np.mean([_fit(scaled[own], classes[own], l2).score(scaled[out], classes[out]) for own, out in folds])
        for l2 in _STRENGTHS
    ]
    best = int(np.argmax(accuracies))
    model = _fit(scaled, classes, _STRENGTHS[best])
    coefficients, intercepts = _of_all_classes(model, num_classes)
    weights = coefficients.T * scale[:, None]
    return PairProbe(
        weights.astype(np.float32),
        (intercepts - mean @ weights).astype(np.float32),
        _STRENGTHS[best],
        float(accuracies[best]),
        len(classes),
    )


def predict_pairs(probe: PairProbe, sentences: PairSentences, vectors: RowVectors) -> npt.NDArray[np.int8]:
    """What a probe says of every pair in every ordered pair of languages.

    Args:
        probe: The probe.
        sentences: The pairs.
        vectors: Of all sentences, as documents.

    Returns:
        (P, L, L) classes by language of the first and of the second sentence; -1 where one is missing.
    """
    present = sentences.present
    found = np.full(present.shape, -1, np.int8)
    for i, j in np.ndindex(*present.shape[1:]):
        numbers = np.flatnonzero(present[:, i, j])
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            chosen = numbers[start : start + _ROWS_AT_ONCE]
            first = vectors_of(vectors, sentences.first_rows[chosen, i])
            second = vectors_of(vectors, sentences.second_rows[chosen, j])
            found[chosen, i, j] = probe.predict(first, second)
    return found


def _check(classes: Integers, clusters: Integers, num_classes: int) -> None:
    counts = np.bincount(classes, minlength=num_classes)
    if counts.min() < _MIN_PAIRS_OF_A_CLASS:
        raise CorpusError(
            f"a probe needs {_MIN_PAIRS_OF_A_CLASS} pairs of each class or more to learn from, got "
            f"{', '.join(map(str, counts))}; give a larger split, or probe=False"
        )
    if len(np.unique(clusters)) < 2 * _NUM_FOLDS:
        raise CorpusError(
            f"a probe needs {2 * _NUM_FOLDS} clusters of pairs that share no sentence, got "
            f"{len(np.unique(clusters))}; give a larger split, or probe=False"
        )


def _folds(
    features: Singles, classes: Integers, clusters: Integers, seed: int
) -> Iterator[tuple[Integers, Integers]]:
    """Rows to fit and rows to measure, the classes as even as clusters allow."""
    try:
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError:
        raise ConfigError(
            "the probe needs scikit-learn: pip install scikit-learn, or give probe=False"
        ) from None
    splitter = StratifiedGroupKFold(_NUM_FOLDS, shuffle=True, random_state=seed)
    for own, out in splitter.split(features, classes, clusters):
        if len(out) and len(np.unique(classes[own])) > 1:
            yield own, out


def _fit(features: Singles, classes: Integers, l2: float) -> _Classifier:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # A weak penalty on separable pairs never quite converges; the last step is as good a probe as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=1 / l2, max_iter=200, tol=1e-3).fit(features, classes)


def _of_all_classes(model: _Classifier, num_classes: int) -> tuple[Floats, Floats]:
    """(K, 4 D) coefficients and (K,) intercepts; scikit-learn has but one row for two classes."""
    if num_classes > 2:
        return model.coef_, model.intercept_
    zeros = np.zeros_like(model.coef_)
    return np.concatenate([zeros, model.coef_]), np.append(0.0, model.intercept_)
