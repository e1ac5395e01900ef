"""Power laws with an offset, y = a + b (x / s)^-c: the curves that losses follow as models grow.

The form is that of Hestness et al. 2017 (arXiv 1712.00409) and Henighan et al. 2020 (arXiv 2010.14701): what
is out of reach (a), what size takes away (b), and how fast (c). For a given exponent the rest is a linear
problem with a known solution, so that only the exponent is searched for, everywhere on a grid first and then
around the best: no start to choose, no local optimum to fall into, and a thousand resamples at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.studies.series import Floats

LEAST_EXPONENT, GREATEST_EXPONENT = 0.01, 8.0
"""Below, a curve cannot be told from a logarithm; above, from a step."""
ANY_OFFSET = (-np.inf, np.inf)
NUM_PARAMETERS = 3
_GRID = np.geomspace(LEAST_EXPONENT, GREATEST_EXPONENT, 120)
_NUM_REFINEMENTS = 40
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class PowerLaws:
    """Curves y = offset + amplitude * (x / scale) ** -exponent.

    Attributes:
        offset: (m,) what y tends to as x grows.
        amplitude: (m,) y at the scale, over the offset; below 0 for a curve that rises.
        exponent: (m,) how fast it gets there, > 0.
        scale: Size in the middle of those measured (their geometric mean).
        squares: (m,) weighted sum of squared residuals.
    """

    offset: Floats
    amplitude: Floats
    exponent: Floats
    scale: float
    squares: Floats

    def values(self, x: npt.ArrayLike) -> Floats:
        """(m, n) the curves at (n,) sizes."""
        shape = (np.asarray(x, np.float64) / self.scale)[None, :] ** -self.exponent[:, None]
        return self.offset[:, None] + self.amplitude[:, None] * shape

    @property
    def at_bound(self) -> npt.NDArray[np.bool_]:
        """(m,) whether the exponent is as small or as large as it may be: the sizes do not determine it."""
        place = np.log(self.exponent)
        low, high = np.log(_GRID[1]), np.log(_GRID[-2])
        return np.asarray((place < low) | (place > high))


def fit_power_laws(
    x: Floats, y: Floats, weights: Floats, *, offset_range: tuple[float, float] = ANY_OFFSET
) -> PowerLaws:
    """Least squares, of many curves over the same sizes.

    Args:
        x: (n,) sizes, > 0, four distinct ones at least; three if the offset is given.
        y: (m, n) values of each curve.
        weights: (n,) of the squared residuals: how many values a mean is over.
        offset_range: Least and greatest offset; twice the same number gives it.

    Returns:
        The curves.

    Raises:
        ConfigError: If there are too few sizes for a curve.
    """
    _check(x, offset_range)
    problem = _Problem.of(x, [y], weights, offset_range)
    return problem.curves(problem.exponents())[0]


def fit_one_exponent(
    x: Floats, ys: list[Floats], weights: Floats, *, offset_range: tuple[float, float] = ANY_OFFSET
) -> list[PowerLaws]:
    """Least squares, of several curves that have their own offset and amplitude and share the exponent.

    Args:
        x: (n,) sizes, as for `fit_power_laws`.
        ys: Values (m, n) of each curve.
        weights: (n,) of the squared residuals.
        offset_range: Least and greatest offset.

    Returns:
        The curves, in the order of the values.

    Raises:
        ConfigError: If there are too few sizes for a curve.
    """
    _check(x, offset_range)
    problem = _Problem.of(x, ys, weights, offset_range)
    return problem.curves(problem.exponents())


def _check(x: Floats, offset_range: tuple[float, float]) -> None:
    free = NUM_PARAMETERS - (offset_range[0] == offset_range[1])
    distinct = len(np.unique(x))
    if distinct <= free:
        instead = ", or give the offset" if free == NUM_PARAMETERS else ""
        raise ConfigError(
            f"a power law of {free} numbers needs {free + 1} sizes or more, got {distinct}; add sizes to the "
            f"study{instead}"
        )


@dataclass(frozen=True, eq=False)
class _Problem:
    """Least squares as a function of the exponent.

    Attributes:
        logs: (n,) logarithm of x over the scale.
        ys: (curves, m, n) values.
        weights: (n,).
        offset_range: Bounds of the offset.
        scale: Geometric mean of the sizes.
    """

    logs: Floats
    ys: Floats
    weights: Floats
    offset_range: tuple[float, float]
    scale: float

    @staticmethod
    def of(x: Floats, ys: list[Floats], weights: Floats, offset_range: tuple[float, float]) -> _Problem:
        scale = float(np.exp(np.mean(np.log(np.unique(x)))))
        return _Problem(np.log(x / scale), np.stack(ys), weights, offset_range, scale)

    def solve(self, exponents: Floats) -> tuple[Floats, Floats, Floats]:
        """Offset, amplitude and sum of squares, each (curves, m), for (m,) exponents.

        A quadratic in two variables, one of them bounded: clipped to its bound where it falls outside, and
        the other solved for again, it is at the optimum.
        """
        shape = np.exp(-exponents[:, None] * self.logs)
        weighted, total = shape * self.weights, self.weights.sum()
        mean_shape, mean_y = weighted.sum(axis=1) / total, self.ys @ self.weights / total
        centred = shape - mean_shape[:, None]
        spread = (self.weights * centred * centred).sum(axis=1)
        amplitude = np.einsum("kmn,mn->km", self.ys, centred * self.weights) / spread
        offset = np.clip(mean_y - amplitude * mean_shape, *self.offset_range)
        rest = np.einsum("kmn,mn->km", self.ys - offset[..., None], weighted)
        amplitude = rest / (weighted * shape).sum(axis=1)
        residuals = self.ys - offset[..., None] - amplitude[..., None] * shape
        return offset, amplitude, residuals**2 @ self.weights

    def squares(self, log_exponents: Floats) -> Floats:
        """(m,) sum of squares of all curves that share an exponent."""
        summed: Floats = self.solve(np.exp(log_exponents))[2].sum(axis=0)
        return summed

    def exponents(self) -> Floats:
        """(m,) best exponents: the best of the grid, then golden section between its neighbours."""
        num_rows = self.ys.shape[1]
        grid = np.log(_GRID)
        found = np.stack([self.squares(np.full(num_rows, place)) for place in grid])
        best = found.argmin(axis=0)
        low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        at_left, at_right = self.squares(left), self.squares(right)
        for _ in range(_NUM_REFINEMENTS):
            keep_left = at_left < at_right
            low, high = np.where(keep_left, low, left), np.where(keep_left, right, high)
            new = np.where(keep_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
            at_new = self.squares(new)
            left, right = np.where(keep_left, new, right), np.where(keep_left, left, new)
            at_left, at_right = np.where(keep_left, at_new, at_right), np.where(keep_left, at_left, at_new)
        exponents: Floats = np.exp((low + high) / 2)
        return exponents

    def curves(self, exponents: Floats) -> list[PowerLaws]:
        offset, amplitude, squares = self.solve(exponents)
        return [
            PowerLaws(offset[k], amplitude[k], exponents, self.scale, squares[k]) for k in range(len(self.ys))
        ]
