"""Labelled pairs in every ordered pair of languages: their sentences, and how similar a model finds them.

A sentence is the first document of its group in a language. Both sentences of a pair are encoded as
documents, each distinct one once: the two are of one kind, so one prompt serves both, and ready vectors have
them under their document ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.components import connected_components
from isoglot.corpora.judgements import Rows
from isoglot.corpora.labelled import LabelledPairs
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError
from isoglot.evaluation.row_vectors import RowVectors

Integers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

_PAIRS_AT_ONCE = 128
_GRAIN = 2.0**-20
"""What similarities are rounded to, for vectors of length 1; below it is noise of single precision."""
_MISSING = -1


@dataclass(frozen=True, eq=False)
class PairSentences:
    """The sentences of labelled pairs in several languages.

    Attributes:
        languages: L tags.
        first_rows: (P, L) document row of the first sentence in each language; -1 where it has none.
        second_rows: (P, L) that of the second.
        labels: (P,) label of each pair.
    """

    languages: tuple[str, ...]
    first_rows: Rows
    second_rows: Rows
    labels: npt.NDArray[np.float64]

    @staticmethod
    def of(corpus: ParallelCorpus, pairs: LabelledPairs, languages: Sequence[str]) -> PairSentences:
        """The sentences of a corpus' pairs.

        Args:
            corpus: The corpus.
            pairs: Its pairs, or some of them.
            languages: Tags of the corpus.

        Returns:
            The sentences.
        """
        names, codes = corpus.document_languages
        column = np.full(len(names) + 1, _MISSING)
        column[[names.index(tag) for tag in languages if tag in names]] = [
            index for index, tag in enumerate(languages) if tag in names
        ]
        columns = column[codes]
        rows = np.flatnonzero((columns >= 0) & (corpus.document_groups >= 0))[::-1]  # the first row stays
        table = np.full((corpus.num_groups, len(languages)), _MISSING, np.int32)
        table[corpus.document_groups[rows], columns[rows]] = rows
        return PairSentences(
            tuple(languages), table[pairs.first_groups], table[pairs.second_groups], pairs.labels
        )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, numbers: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> PairSentences:
        """Some of the pairs, by number or by mask."""
        return PairSentences(
            self.languages, self.first_rows[numbers], self.second_rows[numbers], self.labels[numbers]
        )

    @cached_property
    def rows(self) -> Rows:
        """Rows of all sentences, each once."""
        every = np.union1d(self.first_rows, self.second_rows)
        return every[every >= 0].astype(np.int32)

    def similarities(self, vectors: RowVectors) -> Singles:
        """How similar the two sentences are, in every ordered pair of languages.

        Rounded a little, so that pairs that are equally similar are tied, and noise does not rank them.

        Args:
            vectors: Of all sentences, as documents.

        Returns:
            (P, L, L) by language of the first and of the second sentence; NaN where one is missing.
        """
        num_languages = len(self.languages)
        found = np.empty((len(self), num_languages, num_languages), np.float32)
        for start in range(0, len(self), _PAIRS_AT_ONCE):
            block = slice(start, start + _PAIRS_AT_ONCE)
            first, second = (vectors_of(vectors, rows[block]) for rows in (self.first_rows, self.second_rows))
            np.matmul(first, second.transpose(0, 2, 1), out=found[block])
        grain = _grain(vectors)
        np.rint(found / grain, out=found)
        found *= grain
        found[~self.present] = np.nan
        return found

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """(P, L, L) where both sentences are there."""
        both: npt.NDArray[np.bool_] = (self.first_rows >= 0)[:, :, None] & (self.second_rows >= 0)[:, None, :]
        return both


def _grain(vectors: RowVectors) -> np.float32:
    embeddings = vectors.embedded.document_embeddings
    longest = float(np.einsum("nd,nd->n", embeddings, embeddings).max())
    scale = 2.0 ** np.round(np.log2(longest)) if longest > 0 else 1.0
    return np.float32(_GRAIN * scale)


def vectors_of(vectors: RowVectors, rows: Rows) -> Singles:
    """(..., D) vectors of documents by row; zeros, without meaning, for the row -1."""
    found = vectors.of_documents(np.maximum(rows, vectors.document_rows[0]).ravel())
    return found.reshape(*rows.shape, -1)


def components(corpus: ParallelCorpus, sentences: PairSentences) -> Integers:
    """Number of the cluster that each pair belongs to: pairs that share a sentence are in one.

    Sentences are the same if their texts are, also where the corpus keeps them apart as groups.

    Args:
        corpus: The corpus.
        sentences: The pairs; the first of their languages decides, and the row where there is no text.

    Returns:
        (P,) numbers in order of first appearance.
    """
    rows = np.concatenate([sentences.first_rows[:, 0], sentences.second_rows[:, 0]])
    texts = corpus.documents["text"].take(pa.array(np.maximum(rows, 0))).combine_chunks()
    codes = pc.fill_null(texts.dictionary_encode().indices, _MISSING).to_numpy(zero_copy_only=False)
    lacking = (rows < 0) | (codes < 0)
    codes = np.where(lacking, np.arange(len(rows)) + len(rows), codes)
    first, second = (half.astype(str).tolist() for half in np.split(codes, 2))
    cluster = connected_components(zip(first, second, strict=True))
    _, numbers = np.unique([int(cluster[name]) for name in first], return_inverse=True)
    return numbers.astype(np.int64)


def halves(clusters: Integers, *, seed: int) -> npt.NDArray[np.bool_]:
    """Parts a split in two that share no sentence, each about half of the pairs.

    Args:
        clusters: (P,) cluster of each pair.
        seed: Seed of the order in which clusters are dealt.

    Returns:
        (P,) True for the half to calibrate on.

    Raises:
        CorpusError: If all pairs hang together.
    """
    sizes = np.bincount(clusters)
    if np.count_nonzero(sizes) < 2:
        raise CorpusError(
            "the pairs cannot be parted, as all share sentences; name another split to calibrate on"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = order[before < sizes.sum() / 2]
    chosen = chosen[:-1] if len(chosen) == len(order) else chosen
    return np.isin(clusters, chosen)
