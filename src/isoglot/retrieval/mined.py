"""What a search for hard negatives found, and how much of it there is in each language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import ParallelCorpus

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class MinedShare:
    """The negatives in one medium and language.

    Attributes:
        modality: Medium of the documents.
        language: Their language; None for documents without.
        num_negatives: How many negatives there are.
        num_queries: Queries that have one or more of them.
        median_score: Median similarity to the query.
        median_margin: Median distance in score to the answer that a negative was held against.
    """

    modality: str
    language: str | None
    num_negatives: int
    num_queries: int
    median_score: float
    median_margin: float


@dataclass(frozen=True, eq=False)
class Mined:
    """Hard negatives of a split, and how far they lie below the answers.

    Attributes:
        split: The split.
        negatives: The negatives, those of a query by descending score.
        margins: (E,) score of the answer that a negative was held against, minus the negative's.
        query_rows: (Q,) rows of the queries of the split with an answer, which negatives were looked for.
    """

    split: str
    negatives: HardNegatives
    margins: Vectors
    query_rows: npt.NDArray[np.int32]

    @property
    def num_of_query(self) -> npt.NDArray[np.int64]:
        """(Q,) how many negatives each query has."""
        return np.diff(self.negatives.indptr)[self.query_rows]

    def by_language(self, corpus: ParallelCorpus) -> list[MinedShare]:
        """What there is in each medium and language of the documents.

        Args:
            corpus: The corpus that was searched.

        Returns:
            One entry for each medium and language with a negative, in the order of their names.
        """
        rows, queries = self.negatives.document_rows, self.negatives.pair_query_rows
        media, medium = corpus.document_modalities
        names, languages = corpus.document_languages
        keys = medium[rows].astype(np.int32) << 16 | (languages[rows].astype(np.int32) + 1)
        found = []
        for key in np.unique(keys).tolist():
            here = keys == key
            found.append(
                MinedShare(
                    media[key >> 16],
                    names[(key & 0xFFFF) - 1] if key & 0xFFFF else None,
                    int(here.sum()),
                    len(np.unique(queries[here])),
                    float(np.median(self.negatives.scores[here])),
                    float(np.median(self.margins[here])),
                )
            )
        return sorted(found, key=lambda share: (share.modality, share.language or ""))
