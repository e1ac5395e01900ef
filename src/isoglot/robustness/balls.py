"""Balls around the examples of a batch, one for each, in which their perturbations lie.

An example is all that is perturbed of one text, picture, video or sound, as one vector of `d` numbers. The
radius is relative to it: epsilon * |x| in L2, epsilon * |x| / sqrt(d) in Linf. So it knows nothing of the
rest of the batch, of padding, or of how many processes share it; and the Linf ball lies within the L2 ball of
the same epsilon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from isoglot.robustness.settings import Noise, Norm

Draw = Callable[[Int[Tensor, " numbers"], Int[Tensor, " numbers"]], Float[Tensor, " numbers"]]
"""Random numbers from 0 to below 1, for rows and places in them; always the same for the same ones."""

_LENGTH_PLACE = -1
"""Place of the number that says how far from the centre a row's perturbation is."""


@dataclass(frozen=True, eq=False)
class Balls:
    """A ball around 0 for each row.

    Attributes:
        scales: (n,) epsilon times the root mean square of the row's own numbers.
        counts: (n,) how many own numbers the row has.
        own: (n, ...) which numbers are the row's own; elsewhere, as in padding, perturbations are 0.
        norm: What is bounded.
    """

    scales: Float[Tensor, " rows"]
    counts: Float[Tensor, " rows"]
    own: Bool[Tensor, "rows ..."]
    norm: Norm

    @classmethod
    def around(
        cls, points: Float[Tensor, "rows ..."], own: Bool[Tensor, "rows ..."], *, epsilon: float, norm: Norm
    ) -> Balls:
        """The balls of some examples.

        Args:
            points: (n, ...) their numbers.
            own: Which numbers are an example's own, in a shape that spreads to that of the points.
            epsilon: Radius, relative to the example: to its L2 norm, or to its root mean square.
            norm: What is bounded.

        Returns:
            The balls; radius 0 where an example is 0, or has no numbers of its own.
        """
        own = own.expand(points.shape)
        counts = own.flatten(1).sum(dim=1).to(torch.float32)
        lengths = _lengths(points.detach().to(torch.float32).masked_fill(~own, 0.0))
        return cls(epsilon * lengths / counts.clamp(min=1).sqrt(), counts, own, norm)

    @property
    def radii(self) -> Float[Tensor, " rows"]:
        """(n,) radius of each ball, in its norm."""
        return self.scales * self.counts.sqrt() if self.norm == "l2" else self.scales

    def centre(self) -> Float[Tensor, "rows ..."]:
        """(n, ...) zeros: no perturbation."""
        return torch.zeros(self.own.shape, device=self.own.device)

    def project(self, deltas: Float[Tensor, "rows ..."]) -> Float[Tensor, "rows ..."]:
        """The nearest perturbations that lie in the balls.

        Args:
            deltas: (n, ...) any perturbations.

        Returns:
            (n, ...) those in the balls, up to rounding; what lies in them is left as it is.
        """
        deltas = deltas.masked_fill(~self.own, 0.0)
        radii = _spread(self.radii, deltas)
        if self.norm == "linf":
            return torch.clamp(deltas, -radii, radii)
        lengths = _spread(_lengths(deltas), deltas)
        return torch.where(lengths > radii, deltas * (radii / lengths), deltas)

    def steepest(self, gradients: Float[Tensor, "rows ..."]) -> Float[Tensor, "rows ..."]:
        """The perturbations that raise a linear function most.

        Args:
            gradients: (n, ...) gradients of the function.

        Returns:
            (n, ...) radius * g / |g| in L2, radius * sign(g) in Linf; 0 where the gradient is.
        """
        gradients = gradients.to(torch.float32).masked_fill(~self.own, 0.0)
        directions = gradients.sign() if self.norm == "linf" else _unit(gradients)
        return directions * _spread(self.radii, directions)

    def random(self, noise: Noise, draw: Draw) -> Float[Tensor, "rows ..."]:
        """Random perturbations.

        Args:
            noise: `gaussian`: normal with standard deviation `scales` in each own number, whatever the norm,
                and so not bounded by the ball. `uniform`: all points of the ball alike.
            draw: Gives random numbers; a number's place is its index in the row.

        Returns:
            (n, ...) perturbations, 0 in what is not the row's own.
        """
        if noise == "uniform" and self.norm == "linf":
            numbers = 2 * _numbers(self.own, draw) - 1
        else:
            numbers = _normal(self.own, draw)
        numbers = numbers.masked_fill(~self.own, 0.0)
        if noise == "uniform" and self.norm == "l2":
            rows = torch.arange(len(self.own), device=self.own.device)
            shares = draw(rows, torch.full_like(rows, _LENGTH_PLACE)) ** (1 / self.counts.clamp(min=1))
            return _unit(numbers) * _spread(shares * self.radii, numbers)
        return numbers * _spread(self.scales, numbers)


def _spread(values: Float[Tensor, " rows"], like: Tensor) -> Float[Tensor, "rows ..."]:
    """A value of each row, in a shape that spreads to all of it."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def _lengths(vectors: Float[Tensor, "rows ..."]) -> Float[Tensor, " rows"]:
    lengths: Tensor = torch.linalg.vector_norm(vectors.flatten(1), dim=1)
    return lengths


def _unit(vectors: Float[Tensor, "rows ..."]) -> Float[Tensor, "rows ..."]:
    """The vectors in length 1, or 0; by their largest number first, as squares of small ones vanish."""
    largest = _spread(vectors.flatten(1).abs().amax(dim=1), vectors)
    scaled = torch.where(largest > 0, vectors / largest, 0.0)
    return torch.where(largest > 0, scaled / _spread(_lengths(scaled), scaled), 0.0)


def _numbers(own: Bool[Tensor, "rows ..."], draw: Draw) -> Float[Tensor, "rows ..."]:
    """Uniform random numbers from 0 to below 1, one for each place."""
    width = own[0].numel()
    rows = torch.arange(len(own), device=own.device).repeat_interleave(width)
    places = torch.arange(width, device=own.device).repeat(len(own))
    return draw(rows, places).reshape(own.shape)


def _normal(own: Bool[Tensor, "rows ..."], draw: Draw) -> Float[Tensor, "rows ..."]:
    """Normal random numbers: each two of a row from two uniform ones (Box and Muller 1958)."""
    num_rows, width = len(own), own[0].numel()
    pairs = own.new_ones(num_rows, (width + 1) // 2, 2)
    numbers = _numbers(pairs, draw)
    lengths, angles = torch.sqrt(-2 * torch.log1p(-numbers[..., 0])), 2 * torch.pi * numbers[..., 1]
    normal = torch.stack([lengths * angles.cos(), lengths * angles.sin()], dim=2)
    return normal.flatten(1)[:, :width].reshape(own.shape)
