"""Smoothed prediction of pairs: copies under noise or with other words, and certified radii."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.batches.augmented import Place
from isoglot.classification.classifier import PairClassifier
from isoglot.classification.examples import PairTexts
from isoglot.classification.predicting import BATCH_SIZE, Change, Noise, predict_pairs, predict_texts
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.evaluation.paired.scores import PairSentences
from isoglot.robustness.augmentation import WordChanges
from isoglot.robustness.input_noise import input_lengths
from isoglot.robustness.smoothing import ABSTAINED, Certified, Floats, Smoothed, certify, smooth

Perturb = Callable[[Sequence[str], Sequence[str], int], Sequence[str]]
"""Texts, the language of each, and a number -> the texts perturbed; always alike for the same number."""

_SELECTING, _COUNTING, _PREDICTING = range(3)
"""Draws of copies that are independent of each other."""
_SIDES = 2


@dataclass(frozen=True)
class Smoothing:
    """How copies of pairs are perturbed.

    Attributes:
        num_copies: n; the class probabilities of a pair are the mean over its copies.
        sigma: Standard deviation of Gaussian noise on the input embeddings (`noise_deviation` gives one); 0
            for none.
        perturb: Perturbs the texts of a copy, such as `word_copies` for RS-DA; None leaves texts as they are.
            It is given another number for each copy and side.
        seed: Seed of the noise.
    """

    num_copies: int = 10
    sigma: float = 0.0
    perturb: Perturb | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses what perturbs nothing.

        Raises:
            ConfigError: If a number is out of range, or copies would all be alike.
        """
        if self.num_copies < 1 or not self.sigma >= 0 or self.seed < 0:
            raise ConfigError(
                f"num_copies must be >= 1, sigma and seed >= 0, got {self.num_copies}, {self.sigma} "
                f"and {self.seed}"
            )
        if not self.sigma and self.perturb is None:
            raise ConfigError("smoothing needs sigma > 0 or perturb, as copies are alike without")

    def noise(self, draw: int, copy: int) -> Noise | None:
        """The noise of a copy."""
        return Noise(self.sigma, (self.seed, draw, copy)) if self.sigma else None

    def change(self, copy: int) -> Change | None:
        """What becomes of the texts of a copy."""
        perturb = self.perturb
        if perturb is None:
            return None
        return lambda texts, languages, side: perturb(texts, languages, _SIDES * copy + side)


@dataclass(frozen=True, eq=False)
class CertifiedPairs:
    """Certified classes of labelled pairs.

    Attributes:
        certified: Classes, bounds and radii.
        labels: (P,) the right classes.
        unit: Mean L2 norm of the pairs' input embeddings, both sentences together, to set radii against.
        sigma: Standard deviation of the noise in each coordinate.
        alpha: Probability that the bound of a pair is wrong.
        num_copies: Copies that probabilities were bounded from.
    """

    certified: Certified
    labels: npt.NDArray[np.int64]
    unit: float
    sigma: float
    alpha: float
    num_copies: int

    def accuracy_at(self, radius: float) -> float:
        """Share of the pairs that are right, and stay so under any change of their embeddings below a radius.

        Args:
            radius: L2, over both sentences together, as a share of `unit`.

        Returns:
            Certified accuracy; abstention counts as wrong.
        """
        right = self.certified.classes == self.labels
        return float(np.mean(right & (self.certified.radii >= radius * self.unit)))

    @property
    def abstention(self) -> float:
        """Share of the pairs without a certain class."""
        return float(np.mean(self.certified.classes == ABSTAINED))


def word_copies(changes: WordChanges, *, seed: int) -> Perturb:
    """Texts with other words, as RS-DA trains on, for `Smoothing`.

    Args:
        changes: What words may become, in each language.
        seed: Seed.

    Returns:
        What perturbs the texts of a copy.
    """
    return lambda texts, languages, number: changes(
        texts, languages, Place((seed, number), np.arange(len(texts)))
    )


def smooth_pairs(
    classifier: PairClassifier,
    corpus: ParallelCorpus,
    sentences: PairSentences,
    smoothing: Smoothing,
    *,
    batch_size: int = BATCH_SIZE,
) -> Smoothed:
    """Averaged class probabilities in every ordered pair of languages.

    Args:
        classifier: The classifier.
        corpus: The corpus.
        sentences: Pairs of the corpus.
        smoothing: How copies are perturbed.
        batch_size: Texts or pairs at a time.

    Returns:
        Probabilities and votes, (P, L, L, K); each copy costs a plain prediction, or two where sentences are
        encoded by themselves.
    """

    def predict(copy: int) -> npt.NDArray[np.floating]:
        return predict_pairs(
            classifier,
            corpus,
            sentences,
            change=smoothing.change(copy),
            noise=smoothing.noise(_PREDICTING, copy),
            batch_size=batch_size,
        )

    return smooth(predict, smoothing.num_copies)


def certify_pairs(
    classifier: PairClassifier,
    pairs: PairTexts,
    *,
    sigma: float,
    num_selecting: int = 20,
    num_counting: int = 200,
    alpha: float = 0.001,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> CertifiedPairs:
    """Classes and radii that hold under Gaussian noise on the input embeddings.

    Args:
        classifier: The classifier.
        pairs: Pairs with their right classes.
        sigma: Standard deviation of the noise, > 0.
        num_selecting: Copies that the leading class is taken from.
        num_counting: Other copies, that its probability is bounded from; the largest radius grows with them.
        alpha: Probability that the bound of a pair is wrong.
        seed: Seed of the noise.
        batch_size: Pairs at a time.

    Returns:
        Classes and radii.

    Raises:
        ConfigError: If a number is out of range, or scipy is not installed.
    """
    smoothing = Smoothing(num_counting, sigma, seed=seed)

    def votes(draw: int, num_copies: int) -> Smoothed:
        def predict(copy: int) -> npt.NDArray[np.floating]:
            noise = smoothing.noise(draw, copy)
            return predict_texts(classifier, pairs.first, pairs.second, noise=noise, batch_size=batch_size)

        return smooth(predict, num_copies)

    selecting, counting = votes(_SELECTING, num_selecting), votes(_COUNTING, num_counting)
    certified = certify(selecting, counting, sigma=sigma, alpha=alpha)
    lengths, _ = _input_lengths(classifier, pairs)
    return CertifiedPairs(certified, pairs.labels, float(lengths.mean()), sigma, alpha, num_counting)


def noise_deviation(classifier: PairClassifier, pairs: PairTexts, strength: float) -> float:
    """Standard deviation of noise that is a share of the input embeddings, the same for all pairs.

    What `epsilon` means to Gaussian noise in training (`isoglot.robustness.settings`), where it is a share of
    each example's own.

    Args:
        classifier: The classifier.
        pairs: Pairs whose input embeddings noise is set against, such as those that were trained on.
        strength: The share, > 0.

    Returns:
        strength times the root mean square of all their numbers.

    Raises:
        ConfigError: If strength <= 0, or texts do not enter the encoder by input embeddings.
    """
    if not strength > 0:
        raise ConfigError(f"strength must be > 0, got {strength}")
    lengths, counts = _input_lengths(classifier, pairs)
    return float(strength * np.sqrt(np.square(lengths).sum() / counts.sum()))


def _input_lengths(classifier: PairClassifier, pairs: PairTexts) -> tuple[Floats, Floats]:
    """(P,) L2 norm of the input embeddings of each pair, and how many numbers they are."""
    squares, counts = [], []
    for start in range(0, len(pairs), BATCH_SIZE):
        block = slice(start, start + BATCH_SIZE)
        columns = classifier.features(pairs.first[block], pairs.second[block])
        measured = [input_lengths(classifier.encoder, column) for column in columns]
        squares.append(sum(lengths.cpu().double().numpy() ** 2 for lengths, _ in measured))
        counts.append(sum(numbers.cpu().double().numpy() for _, numbers in measured))
    return np.sqrt(np.concatenate(squares)), np.concatenate(counts)
