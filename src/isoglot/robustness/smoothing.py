"""Smoothed prediction: a class by the vote of perturbed copies, and how far it is proved to hold.

Under Gaussian noise on the input embeddings the vote cannot change within an L2 ball around them (Cohen,
Rosenfeld and Kolter 2019, arXiv 1902.02918). That is a statement about the space of embeddings: a text with
another word in it is another point, and whether it lies in the ball is another question. Under noise of any
other kind, such as words replaced by synonyms, there is no radius; but where every word is drawn uniformly
from itself and its neighbours, a vote that is clear enough cannot be changed by such replacements (after
SAFER, Ye, Gong and Liu 2020, arXiv 2005.14424): `substitution_distance`, `certify_substitutions`.

The averaged probabilities are for prediction alone: what is proved is proved of the votes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Predict = Callable[[int], npt.NDArray[np.floating]]
"""Number of a copy, from 0 -> (P, K) class probabilities of P inputs that are perturbed anew for it."""

ABSTAINED = -1
"""In the place of a class where the vote is not clear enough."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What perturbed copies say of P inputs, K classes.

    Attributes:
        probabilities: (P, K) class probabilities, the mean over the copies; NaN where an input is missing.
        votes: (P, K) copies that hold each class for the most probable, ties to the first; 0 where missing.
        num_copies: n.
    """

    probabilities: Floats
    votes: Integers
    num_copies: int

    @property
    def classes(self) -> Integers:
        """(P,) the most probable class by the averaged probabilities; -1 where an input is missing."""
        missing = np.isnan(self.probabilities).any(axis=-1)
        return np.where(missing, ABSTAINED, np.nan_to_num(self.probabilities).argmax(axis=-1))


@dataclass(frozen=True, eq=False)
class Certified:
    """Classes that are certain with confidence 1 - alpha, input by input.

    Attributes:
        classes: (P,) the class; -1 where the smoothed classifier abstains.
        bounds: (P,) lower bound of the probability that a perturbed copy is put into that class.
        radii: (P,) L2 distance in the space of the noise below which the class stays; 0 with abstention.
    """

    classes: Integers
    bounds: Floats
    radii: Floats


def smooth(predict: Predict, num_copies: int) -> Smoothed:
    """Averages a classifier over perturbed copies of its inputs.

    Args:
        predict: Class probabilities of the inputs, perturbed for a copy. It must draw copies independently
            of each other, and always the same ones for a number.
        num_copies: How many; one without noise is plain prediction.

    Returns:
        The average, and the votes.

    Raises:
        ConfigError: If num_copies < 1.
    """
    if num_copies < 1:
        raise ConfigError(f"num_copies must be >= 1, got {num_copies}")
    total: Floats | None = None
    votes: Integers | None = None
    for copy in range(num_copies):
        found = np.asarray(predict(copy), np.float64)
        chosen = np.nan_to_num(found, nan=-np.inf).argmax(axis=-1)
        vote = (chosen[..., None] == np.arange(found.shape[-1])) & ~np.isnan(found)
        total = found if total is None else total + found
        votes = vote.astype(np.int64) if votes is None else votes + vote
    assert total is not None
    assert votes is not None
    return Smoothed(total / num_copies, votes, num_copies)


def certify(selecting: Smoothed, counting: Smoothed, *, sigma: float, alpha: float = 0.001) -> Certified:
    """Certified radii under Gaussian noise: Certify of arXiv 1902.02918, for many inputs at once.

    The radius is sigma times the normal quantile of a lower bound of the leading class' probability. It holds
    for an input that was fixed before noise was drawn, with probability 1 - alpha over that noise, for each
    input by itself.

    Args:
        selecting: Votes of the copies that the leading class is taken from, ties to the first.
        counting: Votes of other copies, independent of these, that its probability is bounded from.
        sigma: Standard deviation of the noise in each coordinate of the input embeddings, the same for all
            inputs.
        alpha: Probability that a bound is wrong.

    Returns:
        Classes with radii; abstention where the bound is not above one half.

    Raises:
        ConfigError: If sigma or alpha is out of range, or scipy is not installed.
    """
    if not sigma > 0:
        raise ConfigError(f"sigma must be > 0, got {sigma}; without noise there is no radius")
    leading, bounds = _leading(selecting, counting, alpha)
    quantile = NormalDist().inv_cdf
    radii = np.array([sigma * quantile(bound) if bound > 0.5 else 0.0 for bound in bounds.ravel()])
    return Certified(np.where(bounds > 0.5, leading, ABSTAINED), bounds, radii.reshape(bounds.shape))


def certify_substitutions(
    selecting: Smoothed, counting: Smoothed, distances: npt.ArrayLike, *, alpha: float = 0.001
) -> Certified:
    """Which votes no replacement of words by their neighbours can turn, after arXiv 2005.14424.

    A replacement moves the distribution of the perturbed copies by at most the given distance in total
    variation, and so the probability of each class. The class stays if its bound, less that, is above one
    half.

    Args:
        selecting: Votes of the copies that the leading class is taken from.
        counting: Votes of other copies that its probability is bounded from.
        distances: (P,) of each input, as `substitution_distance` gives it; of a pair of sentences, that of
            the words of both.
        alpha: Probability that a bound is wrong.

    Returns:
        Classes, -1 where nothing is certain; radii are 0, as there is no ball.

    Raises:
        ConfigError: If alpha is out of range, or scipy is not installed.
    """
    leading, bounds = _leading(selecting, counting, alpha)
    holds = bounds - np.asarray(distances, np.float64) > 0.5
    return Certified(np.where(holds, leading, ABSTAINED), bounds, np.zeros_like(bounds))


def substitution_distance(
    words: Sequence[str], neighbours: Mapping[str, Sequence[str]], *, num_replaced: int | None = None
) -> float:
    """How far replacing words by neighbours can move the distribution of a text's perturbed copies.

    Each word of a copy is drawn uniformly from itself and its neighbours. Total variation of two uniform
    draws is 1 less their overlap over the larger of the two sets, and that of independent draws is at most 1
    less the product of what each has in common. Sets need be neither of equal size nor symmetric, which
    SAFER assumes.

    Args:
        words: The words of the text.
        neighbours: Word -> its neighbours; words without any stay as they are.
        num_replaced: How many words may be replaced; None for all.

    Returns:
        The distance, 0 to 1: the largest over all replacements.
    """
    common = sorted(_least_common(word, neighbours) for word in words)
    return 1.0 - float(np.prod(common[:num_replaced]))


def clopper_pearson(votes: npt.ArrayLike, num_copies: int, alpha: float) -> Floats:
    """One-sided lower confidence bound of a probability (Clopper and Pearson 1934).

    Args:
        votes: Successes among the copies.
        num_copies: How many copies there were.
        alpha: Probability that the bound is above the truth.

    Returns:
        The bounds; 0 without a success.

    Raises:
        ConfigError: If alpha is not between 0 and 1, or scipy is not installed.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must be above 0 and below 1, got {alpha}")
    try:
        from scipy.special import betaincinv
    except ImportError:
        raise ConfigError("certified radii need scipy: pip install scipy, or leave them out") from None
    counts = np.asarray(votes, np.float64)
    bounds = betaincinv(np.maximum(counts, 1.0), num_copies - counts + 1.0, alpha)
    return np.where(counts > 0, bounds, 0.0)


def _leading(selecting: Smoothed, counting: Smoothed, alpha: float) -> tuple[Integers, Floats]:
    """The class that leads by the first votes, and the lower bound of its probability by the others."""
    leading = selecting.votes.argmax(axis=-1)
    votes = np.take_along_axis(counting.votes, leading[..., None], axis=-1)[..., 0]
    return leading, clopper_pearson(votes, counting.num_copies, alpha)


def _least_common(word: str, neighbours: Mapping[str, Sequence[str]]) -> float:
    """The least that draws for a word and for one of its neighbours have in common."""
    own = {word, *neighbours.get(word, ())}
    others = ({other, *neighbours.get(other, ())} for other in own)
    return min(len(own & other) / max(len(own), len(other)) for other in others)
