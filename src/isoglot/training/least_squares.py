"""Affine maps between two spaces by least squares, from sums over pairs of vectors that need not be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AffineMap:
    """What takes a vector x of one space to x @ weight + bias in another.

    Attributes:
        weight: (S, T), from the source's width to the target's.
        bias: (T,).
    """

    weight: Doubles
    bias: Doubles

    def apply(self, vectors: npt.NDArray[np.floating]) -> Doubles:
        """(n, T) images of (n, S) vectors."""
        return np.asarray(vectors, np.float64) @ self.weight + self.bias


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over pairs of vectors x, y, in double precision; those of two sets add up.

    Attributes:
        count: Pairs.
        source_sum: (S,) sum of x.
        target_sum: (T,) sum of y.
        source_gram: (S, S) sum of x x^T.
        cross_gram: (S, T) sum of x y^T.
        target_square: Sum of y^T y.
    """

    count: int
    source_sum: Doubles
    target_sum: Doubles
    source_gram: Doubles
    cross_gram: Doubles
    target_square: float

    @classmethod
    def of(cls, source: npt.NDArray[np.floating], target: npt.NDArray[np.floating]) -> Moments:
        """Those of (n, S) vectors with their (n, T) counterparts; n may be 0."""
        x, y = np.asarray(source, np.float64), np.asarray(target, np.float64)
        return cls(len(x), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, float((y * y).sum()))

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count,
            self.source_sum + other.source_sum,
            self.target_sum + other.target_sum,
            self.source_gram + other.source_gram,
            self.cross_gram + other.cross_gram,
            self.target_square + other.target_square,
        )

    @cached_property
    def source_mean(self) -> Doubles:
        """(S,) mean of x; of no pairs, zeros."""
        return self.source_sum / max(self.count, 1)

    @cached_property
    def target_mean(self) -> Doubles:
        """(T,) mean of y; of no pairs, zeros."""
        return self.target_sum / max(self.count, 1)

    @property
    def centred(self) -> Moments:
        """Those of the same vectors about their means."""
        return Moments(
            self.count,
            np.zeros_like(self.source_sum),
            np.zeros_like(self.target_sum),
            self.source_gram - np.outer(self.source_sum, self.source_mean),
            self.cross_gram - np.outer(self.source_sum, self.target_mean),
            self.target_square - float(self.target_sum @ self.target_mean),
        )

    def squared_error(self, fitted: AffineMap) -> float:
        """Sum over the pairs of the squared distance between y and what a map makes of x."""
        about, weight = self.centred, fitted.weight
        shift = self.target_mean - self.source_mean @ weight - fitted.bias
        spread = about.target_square + float(
            ((about.source_gram @ weight - 2 * about.cross_gram) * weight).sum()
        )
        return max(spread, 0.0) + self.count * float(shift @ shift)

    def explained_variance(self, fitted: AffineMap) -> float:
        """Share of the variance of y that a map explains: 1 for all of it, 0 for no more than the mean does.

        Args:
            fitted: A map, fitted to other pairs perhaps.

        Returns:
            1 - squared error / squared distance from the mean of y; below 0 for a map worse than the mean,
            NaN where y does not vary.
        """
        variance = self.centred.target_square
        return 1.0 - self.squared_error(fitted) / variance if variance > 0 else float("nan")


def ridge_maps(moments: Moments, ridges: Sequence[float], *, centre: bool = True) -> Iterator[AffineMap]:
    """Least squares with a penalty on the squared length of the weight (Hoerl and Kennard 1970).

    One decomposition serves all penalties. Directions in which the source does not vary get no weight.

    Args:
        moments: Of the pairs to fit.
        ridges: Penalties, >= 0, as shares of the mean eigenvalue of the source's Gram matrix
            (`ridge_penalty`), so that they mean the same for any number of pairs and any length of vectors.
        centre: Whether to fit a bias, which bears no penalty; without, the map is linear.

    Yields:
        The map of each.
    """
    about = moments.centred if centre else moments
    eigenvalues, axes = np.linalg.eigh(about.source_gram)
    projected = axes.T @ about.cross_gram
    least = len(eigenvalues) * np.finfo(np.float64).eps * max(float(eigenvalues[-1]), 0.0)
    known = eigenvalues > least
    for ridge in ridges:
        inverse = np.zeros_like(eigenvalues)
        inverse[known] = 1.0 / (eigenvalues[known] + ridge_penalty(moments, ridge, centre=centre))
        yield _with_bias(moments, axes @ (inverse[:, None] * projected), centre=centre)


def ridge_penalty(moments: Moments, ridge: float, *, centre: bool = True) -> float:
    """A ridge in units of squared error: what the squared length of the weight is multiplied by."""
    about = moments.centred if centre else moments
    return ridge * float(np.trace(about.source_gram)) / len(about.source_gram)


def orthogonal_map(moments: Moments, *, centre: bool = True) -> AffineMap:
    """The rotation, perhaps with a reflection, and the scale that bring x closest to y (Schoenemann 1966).

    Angles between vectors stay as they are, if the target is at least as wide as the source. If it is
    narrower, so many directions of the source are kept.

    Args:
        moments: Of the pairs to fit.
        centre: Whether to move the mean of x to that of y.

    Returns:
        The map; its weight is a matrix with orthonormal rows, or columns, times a scale.
    """
    about = moments.centred if centre else moments
    left, singular, right = np.linalg.svd(about.cross_gram, full_matrices=False)
    rotation = left @ right
    kept = float(((about.source_gram @ rotation) * rotation).sum())
    scale = float(singular.sum()) / kept if kept > 0 else 0.0
    return _with_bias(moments, scale * rotation, centre=centre)


def _with_bias(moments: Moments, weight: Doubles, *, centre: bool) -> AffineMap:
    """The map of a weight, with the bias that brings mean to mean, or none."""
    if not centre:
        return AffineMap(weight, np.zeros_like(moments.target_mean))
    return AffineMap(weight, moments.target_mean - moments.source_mean @ weight)
