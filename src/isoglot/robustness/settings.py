"""Settings of robust training: which perturbations of its input a model is trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Method = Literal["none", "adversarial", "random"]
"""Perturbations are not made, or sought where they raise the loss most, or drawn at random."""

Norm = Literal["l2", "linf"]
"""How long a perturbation is: the root of the sum of its squares, or its largest number."""

Noise = Literal["gaussian", "uniform"]
"""Random perturbations: normal in each number, or uniform in the ball."""

PerturbedSides = Literal["queries", "documents", "both"]
"""Which columns of a batch are perturbed."""

_CHOICES = {
    "method": get_args(Method),
    "norm": get_args(Norm),
    "noise": get_args(Noise),
    "sides": get_args(PerturbedSides),
}
_OVERSHOOT = 2.5
"""How far all steps of an attack reach together, in radii, so that they can go around within the ball."""


@dataclass(frozen=True)
class RobustSettings:
    """Which perturbations a model is trained on, beside its input as it is.

    Where a text, picture or sound is perturbed, and how large its ball is, stands in
    `isoglot.robustness.embeddings` and `isoglot.robustness.balls`. With `epsilon` or `weight` 0, training is
    bitwise what it is without.

    Attributes:
        method: `adversarial` (FGM, PGD) or `random` (randomised smoothing by random perturbation, RS-RP).
        norm: What the ball is a ball in; nothing to Gaussian noise.
        epsilon: Radius: of an `l2` ball as a share of the L2 norm of the example's own input, of an `linf`
            ball as a share of its root mean square; so the latter ball lies within the former.
        steps: Of an attack; 1 is FGM, more are PGD from the input itself.
        step_size: Length of each step as a share of the radius; 0 for 2.5 / steps, but at most 1.
        noise: `gaussian`, whose variance is (epsilon * root mean square)^2 in each number, so that its
            expected squared L2 norm is the square of the `l2` radius; or `uniform` in the ball.
        copies: Random perturbations of each example a step; the mean of their losses is taken.
        weight: Share of the loss that is taken on perturbed input, the input as it is having the rest.
        sides: Which columns of a batch are perturbed.
    """

    method: Method = "none"
    norm: Norm = "l2"
    epsilon: float = 0.1
    steps: int = 1
    step_size: float = 0.0
    noise: Noise = "gaussian"
    copies: int = 1
    weight: float = 0.5
    sides: PerturbedSides = "both"

    @property
    def active(self) -> bool:
        """Whether anything is perturbed."""
        return self.method != "none" and self.epsilon > 0 and self.weight > 0

    @property
    def step_share(self) -> float:
        """Length of each step of an attack, as a share of the radius."""
        return self.step_size or min(1.0, _OVERSHOOT / self.steps)

    @property
    def passes(self) -> dict[str, int]:
        """Passes through the encoder that a batch costs, `forward` and `backward`; 1 each in plain training.

        The first step of an attack starts from the pass of the input as it is.
        """
        if not self.active:
            return {"forward": 1, "backward": 1}
        plain = int(self.weight < 1)
        if self.method == "random":
            return {"forward": self.copies + plain, "backward": self.copies + plain}
        return {"forward": self.steps + 1, "backward": self.steps + 1 + plain}

    def broken_rules(self) -> list[str]:
        """What is out of range, one line each; `TrainingSettings.problems` tells it with its own."""
        rules = {
            **{
                f"{name} must be one of {', '.join(choices)}": getattr(self, name) in choices
                for name, choices in _CHOICES.items()
            },
            "epsilon must be >= 0 and finite": 0 <= self.epsilon < math.inf,
            "steps must be >= 1": self.steps >= 1,
            "step_size must be >= 0 and finite": 0 <= self.step_size < math.inf,
            "copies must be >= 1": self.copies >= 1,
            "weight must be between 0 and 1": 0 <= self.weight <= 1,
        }
        return [f"{rule}, got {getattr(self, rule.split()[0])}" for rule, holds in rules.items() if not holds]
