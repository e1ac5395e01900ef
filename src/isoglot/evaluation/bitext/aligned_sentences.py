"""Sentences and their translations, laid out by ordered pair of languages for bitext evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation.measures import Integers


@dataclass(frozen=True, eq=False)
class Bitext:
    """The sentences of two languages, and which translate each other.

    Attributes:
        query_rows: (n,) rows of the sentences that look for their translation, ascending.
        document_rows: (m,) rows of the candidates, ascending.
        pairs: Numbers of a sentence and of a translation of it, as `number * m + candidate`, ascending.
    """

    query_rows: Rows
    document_rows: Rows
    pairs: Integers

    def are_translations(self, columns: Integers) -> npt.NDArray[np.bool_]:
        """(n,) whether each sentence translates the candidate it is given; -1 is none."""
        keys = np.arange(len(columns)) * len(self.document_rows) + columns
        return np.isin(keys, self.pairs) & (columns >= 0)

    @property
    def has_translation(self) -> npt.NDArray[np.bool_]:
        """(n,) whether a sentence has a translation among the candidates."""
        found = np.zeros(len(self.query_rows), bool)
        found[self.pairs // max(1, len(self.document_rows))] = True
        return found

    def aligned(self) -> Bitext:
        """Only the sentences of both languages that have a translation in the other."""
        rows, columns = np.divmod(self.pairs, max(1, len(self.document_rows)))
        query_numbers, rows = np.unique(rows, return_inverse=True)
        document_numbers, columns = np.unique(columns, return_inverse=True)
        return Bitext(
            self.query_rows[query_numbers],
            self.document_rows[document_numbers],
            np.sort(rows * len(document_numbers) + columns).astype(np.int64),
        )


class AlignedSentences:
    """All sentences of a split, by language.

    Attributes:
        query_rows: Judged sentences.
        document_rows: Candidates: sentences that are judged in the split, and those of no group.
    """

    def __init__(self, corpus: ParallelCorpus, split: str) -> None:
        """Sorts the sentences of a split by language.

        Args:
            corpus: The corpus.
            split: Name of the split.

        Raises:
            CorpusError: If there is no such split.
        """
        judged = corpus.judgements(split)
        relevant = judged.relevant()
        self.query_rows = judged.query_rows
        ungrouped = np.flatnonzero(corpus.document_groups < 0).astype(np.int32)
        self.document_rows = np.union1d(judged.document_rows, ungrouped).astype(np.int32)
        self._query_names, self._query_codes = corpus.query_languages
        self._document_names, self._document_codes = corpus.document_languages
        pair_rows = relevant.pair_query_rows
        keys = self._key(self._query_codes[pair_rows], self._document_codes[relevant.document_rows])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._pair_query_rows, self._pair_document_rows = pair_rows[order], relevant.document_rows[order]

    def _key(
        self, query_codes: npt.NDArray[np.integer], document_codes: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.int64]:
        """A number for each ordered pair of languages; -1 for a document without language."""
        keys = query_codes.astype(np.int64) * len(self._document_names) + document_codes
        return np.where((query_codes < 0) | (document_codes < 0), -1, keys)

    def between(self, query_language: str, document_language: str) -> Bitext:
        """The sentences of two languages, those without translation among them.

        Args:
            query_language: Tag of the sentences that look for their translation.
            document_language: Tag of the candidates.

        Returns:
            The bitext; empty if there is no text in one of them.
        """
        if query_language not in self._query_names or document_language not in self._document_names:
            return Bitext(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))
        query_code = self._query_names.index(query_language)
        document_code = self._document_names.index(document_language)
        queries = self.query_rows[self._query_codes[self.query_rows] == query_code]
        documents = self.document_rows[self._document_codes[self.document_rows] == document_code]
        key = query_code * len(self._document_names) + document_code
        part = slice(*np.searchsorted(self._keys, [key, key + 1]))
        rows = np.searchsorted(queries, self._pair_query_rows[part])
        columns = np.searchsorted(documents, self._pair_document_rows[part])
        return Bitext(queries, documents, np.sort(rows * len(documents) + columns).astype(np.int64))
