"""Class probabilities of pairs: of given texts, and of a corpus' pairs in every pair of languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.classification.classifier import Features, PairClassifier
from isoglot.corpora.labelled import CLASSES
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation.paired.scores import PairSentences
from isoglot.robustness.embeddings import taking_perturbations
from isoglot.robustness.input_noise import with_noise

Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Change = Callable[[Sequence[str], Sequence[str], int], Sequence[str]]
"""Texts, the language of each, and their side, 0 or 1 -> the texts that are read in their place."""

BATCH_SIZE = 128
_SIDES = 2


@dataclass(frozen=True)
class Noise:
    """Noise on input embeddings.

    Attributes:
        sigma: Standard deviation in each coordinate.
        key: Names the draw; each side of a pair has draws of its own.
    """

    sigma: float
    key: tuple[int, ...]

    def on(self, classifier: PairClassifier, column: Features, side: int) -> Features:
        """The column of a side under noise; of pairs in one sequence, side 0."""
        return with_noise(classifier.encoder, column, self.sigma, (*self.key, side))


_SILENCE = Noise(0.0, ())


def predict_texts(
    classifier: PairClassifier,
    first: Sequence[str],
    second: Sequence[str],
    *,
    noise: Noise | None = None,
    batch_size: int = BATCH_SIZE,
) -> Singles:
    """Class probabilities of pairs of texts.

    Args:
        classifier: The classifier; dropout rests.
        first: (P,) first sentences.
        second: (P,) second ones.
        noise: On the input embeddings; None for none.
        batch_size: Pairs at a time, those of like length together.

    Returns:
        (P, K) probabilities in the order of the pairs.
    """
    sizes = [len(one) + len(other) for one, other in zip(first, second, strict=True)]
    found = np.empty((len(sizes), len(CLASSES[classifier.task])), np.float32)
    for rows in _of_like_length(sizes, batch_size):
        texts = [[of_side[row] for row in rows] for of_side in (first, second)]
        found[rows] = _probabilities(classifier, _vectors(classifier, texts, noise or _SILENCE))
    return found


def predict_pairs(
    classifier: PairClassifier,
    corpus: ParallelCorpus,
    sentences: PairSentences,
    *,
    change: Change | None = None,
    noise: Noise | None = None,
    batch_size: int = BATCH_SIZE,
) -> Singles:
    """Class probabilities in every ordered pair of languages.

    Args:
        classifier: The classifier; dropout rests. One that reads sentences by themselves encodes each once,
            or once for each side under noise; a joint one encodes each pair in each pair of languages.
        corpus: The corpus.
        sentences: Pairs of the corpus.
        change: Perturbs the texts; None reads them as they are.
        noise: On the input embeddings; None for none.
        batch_size: Texts or pairs at a time.

    Returns:
        (P, L, L, K) by language of the first and of the second sentence; NaN where one is missing.
    """
    texts = _texts(corpus, sentences, change)
    tables = (sentences.first_rows, sentences.second_rows)
    places = [np.searchsorted(sentences.rows, table) for table in tables]

    def predict_jointly(rows: Sequence[Integers]) -> Singles:
        first, second = ([texts[side][row] for row in rows[side].tolist()] for side in range(_SIDES))
        return predict_texts(classifier, first, second, noise=noise, batch_size=batch_size)

    predict = predict_jointly
    if not classifier.joint:
        vectors = _encode_sides(classifier, texts, noise, batch_size)

        def predict_from_vectors(rows: Sequence[Integers]) -> Singles:
            columns = [each[torch.from_numpy(own)] for each, own in zip(vectors, rows, strict=True)]
            return _probabilities(classifier, columns)

        predict = predict_from_vectors
    present = sentences.present
    found = np.full((*present.shape, len(CLASSES[classifier.task])), np.nan, np.float32)
    for i, j in np.ndindex(*present.shape[1:]):
        numbers = np.flatnonzero(present[:, i, j])
        if len(numbers):
            found[numbers, i, j] = predict([places[0][numbers, i], places[1][numbers, j]])
    return found


def _texts(corpus: ParallelCorpus, sentences: PairSentences, change: Change | None) -> list[list[str]]:
    """Texts of all rows as they stand on each side."""
    texts = corpus.document_texts(sentences.rows)
    if change is None:
        return [texts, texts]
    names, codes = corpus.document_languages
    spoken = [names[code] for code in codes[sentences.rows].tolist()]
    return [list(change(texts, spoken, side)) for side in range(_SIDES)]


def _of_like_length(sizes: Sequence[int], batch_size: int) -> Iterator[Integers]:
    order = np.argsort(np.asarray(sizes), kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _encode_sides(
    classifier: PairClassifier, texts: Sequence[Sequence[str]], noise: Noise | None, batch_size: int
) -> list[Tensor]:
    """(N, D) vectors of the texts of each side."""
    if noise is None and texts[0] is texts[1]:
        return [_encode(classifier, texts[0], 0, _SILENCE, batch_size)] * _SIDES
    given = noise or _SILENCE
    return [_encode(classifier, of_side, side, given, batch_size) for side, of_side in enumerate(texts)]


def _encode(
    classifier: PairClassifier, texts: Sequence[str], side: int, noise: Noise, batch_size: int
) -> Tensor:
    batches = list(_of_like_length([len(text) for text in texts], batch_size))
    classifier.eval()
    with torch.inference_mode(), taking_perturbations(classifier.encoder):
        columns = (classifier.column([texts[row] for row in rows]) for rows in batches)
        found = torch.cat([classifier.encode(noise.on(classifier, column, side)) for column in columns])
        vectors = torch.empty_like(found)
        vectors[torch.from_numpy(np.concatenate(batches))] = found
    return vectors


def _vectors(classifier: PairClassifier, texts: Sequence[Sequence[str]], noise: Noise) -> list[Tensor]:
    """Vectors of a batch of pairs: of both sides, or of the pairs."""
    classifier.eval()
    with torch.inference_mode(), taking_perturbations(classifier.encoder):
        columns = enumerate(classifier.features(*texts))
        return [classifier.encode(noise.on(classifier, column, side)) for side, column in columns]


def _probabilities(classifier: PairClassifier, vectors: Sequence[Tensor]) -> Singles:
    with torch.inference_mode():
        logits = classifier.head(vectors)
    return np.asarray(logits.float().softmax(dim=1).cpu().numpy(), np.float32)
