"""Attacks: perturbations of the examples of a batch that raise its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from isoglot.robustness.balls import Balls

Gradients = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Gradients of the loss with respect to perturbations, at some of them."""


def attack(gradients_at: Gradients, balls: Sequence[Balls], *, steps: int, step_share: float) -> list[Tensor]:
    """Perturbations found by projected gradient ascent, all columns of a batch at once.

    From the balls' centres, each step goes `step_share` of the radius in the steepest direction, and back to
    the ball. One step of the whole radius is the fast gradient method (Miyato et al. 2017, arXiv 1605.07725;
    in Linf its sign method, Goodfellow et al. 2015, arXiv 1412.6572), several are PGD (Madry et al. 2018,
    arXiv 1706.06083), here without a random start.

    Args:
        gradients_at: Gradients of the loss at perturbations of each column; asked once a step.
        balls: Where the perturbations of each column lie.
        steps: Number of steps, >= 1.
        step_share: Length of each as a share of the radius, > 0.

    Returns:
        The perturbations of each column, in its balls.
    """
    deltas = [column.centre() for column in balls]
    for _ in range(steps):
        gradients = gradients_at(deltas)
        deltas = [
            column.project(delta + step_share * column.steepest(gradient))
            for column, delta, gradient in zip(balls, deltas, gradients, strict=True)
        ]
    return deltas
