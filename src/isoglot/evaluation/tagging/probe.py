"""The supervised counterpart of zero-shot tagging: a linear probe on the vectors of one language's items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.measures import Floats

_SHORTEST = 1e-30
"""Vectors of nothing but zeros are not scaled beyond what a number can hold."""


@dataclass(frozen=True, eq=False)
class TagProbe:
    """One logistic regression per tag.

    Attributes:
        weights: (D, T).
        intercepts: (T,).
    """

    weights: Floats
    intercepts: Floats

    def scores(self, embeddings: npt.NDArray[np.floating]) -> Floats:
        """(n, T) log odds of each item's having each tag; 0 is even."""
        return np.asarray(embeddings.astype(np.float64) @ self.weights + self.intercepts)


def fit_probe(embeddings: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_]) -> TagProbe:
    """Fits one-vs-rest logistic regression (scikit-learn's, with its default penalty).

    Vectors are scaled by one number, so that their components have a mean square of 1 and the penalty means
    the same for models with short and with long vectors. A tag that all or none of the items have cannot be
    learnt: its log odds are the same for every item.

    Args:
        embeddings: (n, D) vectors of the items.
        labels: (n, T) which tags they have.

    Returns:
        The probe, for vectors as they were given.
    """
    from sklearn.linear_model import LogisticRegression

    vectors = embeddings.astype(np.float64)
    scale = 1 / max(float(np.sqrt(np.mean(vectors**2))), _SHORTEST)
    with_tag = labels.sum(axis=0)
    weights = np.zeros((vectors.shape[1], labels.shape[1]))
    intercepts = np.log((with_tag + 0.5) / (len(labels) - with_tag + 0.5))
    for tag in np.flatnonzero((with_tag > 0) & (with_tag < len(labels))):
        fitted = LogisticRegression(max_iter=1_000).fit(vectors * scale, labels[:, tag])
        weights[:, tag] = fitted.coef_[0] * scale
        intercepts[tag] = fitted.intercept_[0]
    return TagProbe(weights, intercepts)
