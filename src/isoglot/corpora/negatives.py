"""Hard negatives: documents that look like answers to a query and are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.corpora.equivalents import Equivalents, expand, refusal
from isoglot.corpora.judgements import Rows
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus


@dataclass(frozen=True, eq=False)
class HardNegatives:
    """Hard negatives of the queries of a corpus, as row numbers (CSR).

    Those of the query in row q are `document_rows[indptr[q]:indptr[q + 1]]`, in the order of the miner: the
    hardest first, whatever their languages. A batch should take those in the language of the answer that it
    drew, so that a negative is never told by its language.

    Attributes:
        indptr: (queries + 1,) offsets, one for every row of the queries table.
        document_rows: (E,) rows of the documents table.
        scores: (E,) the miner's similarity of query and document.
    """

    indptr: npt.NDArray[np.int64]
    document_rows: Rows
    scores: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.document_rows)

    @property
    def pair_query_rows(self) -> Rows:
        """(E,) query row of each negative, parallel to `document_rows` and `scores`."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    @staticmethod
    def from_pairs(
        num_queries: int, query_rows: Rows, document_rows: Rows, scores: npt.NDArray[np.float32]
    ) -> HardNegatives:
        """Hard negatives from parallel arrays; those of one query stay in the order in which they come.

        Args:
            num_queries: Rows of the queries table.
            query_rows: (E,) query row of each negative, in any order.
            document_rows: (E,) its document row.
            scores: (E,) its score.

        Returns:
            The same by query row.
        """
        order = np.argsort(query_rows, kind="stable")
        counts = np.bincount(query_rows, minlength=num_queries)
        return HardNegatives(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            document_rows[order].astype(np.int32),
            scores[order].astype(np.float32),
        )

    def take(self, query_rows: Rows, new_document: Rows) -> HardNegatives:
        """Those of some queries, in new row numbers.

        Args:
            query_rows: (n,) rows of the queries that stay, in their new order.
            new_document: (documents,) new row of each old document row, -1 for one that goes.

        Returns:
            The negatives of which both sides stay.
        """
        owners, places = expand(self.indptr[query_rows], self.indptr[query_rows + 1])
        documents = new_document[self.document_rows[places]]
        stays = documents >= 0
        return HardNegatives.from_pairs(
            len(query_rows),
            owners[stays].astype(np.int32),
            documents[stays],
            self.scores[places[stays]],
        )


def add_negatives(corpus: ParallelCorpus, split: str, negatives: HardNegatives) -> ParallelCorpus:
    """A corpus with hard negatives for a split; those that it had are replaced.

    Args:
        corpus: The corpus.
        split: Name of one of its splits.
        negatives: The negatives.

    Returns:
        The same corpus with them. It has no checksums, as no folder holds it yet.

    Raises:
        CorpusError: If there is no such split or no negative, rows do not fit the corpus, or a document means
            the same as an answer to its query; the first `CorpusError.max_shown` are named.
    """
    corpus.split(split)
    if not len(negatives):
        raise CorpusError(f"no negative for split {split!r} of {corpus.name!r}; give one or leave it out")
    if len(negatives.indptr) != corpus.queries.num_rows + 1:
        raise CorpusError(
            f"negatives of {len(negatives.indptr) - 1:,} queries for the {corpus.queries.num_rows:,} of "
            f"{corpus.name!r}; there must be an offset for every query row"
        )
    if len(negatives) and not 0 <= negatives.document_rows.min() <= negatives.document_rows.max() < (
        corpus.documents.num_rows
    ):
        raise CorpusError(f"negatives name rows beyond the {corpus.documents.num_rows:,} documents")
    queries = negatives.pair_query_rows
    wrong = Equivalents.of(corpus).include(corpus.query_groups[queries], negatives.document_rows)
    if wrong.any():
        raise CorpusError(
            [
                f"negatives of split {split!r}: "
                + refusal(
                    corpus.queries["query_id"][int(queries[place])].as_py(),
                    corpus.documents["doc_id"][int(negatives.document_rows[place])].as_py(),
                )
                for place in np.flatnonzero(wrong)[: CorpusError.max_shown].tolist()
            ]
        )
    return replace(corpus, negatives={**corpus.negatives, split: negatives}, checksums={})


def keep_negatives(
    negatives: Mapping[str, HardNegatives], query_rows: Rows, new_document: Rows
) -> dict[str, HardNegatives]:
    """The negatives that a selection of rows leaves; a split that keeps none goes.

    Args:
        negatives: Split -> negatives.
        query_rows: Rows of the queries that stay, in their new order.
        new_document: New row of each old document row, -1 for one that goes.

    Returns:
        The same, or fewer, in the same order.
    """
    kept = {split: part.take(query_rows, new_document) for split, part in negatives.items()}
    return {split: part for split, part in kept.items() if len(part)}


def join_negatives(parts: Sequence[tuple[ParallelCorpus, int]]) -> dict[str, HardNegatives]:
    """The negatives of several corpora, one below the other.

    Args:
        parts: Each corpus and its first row in the joined documents table, in the order of the queries.

    Returns:
        Split -> negatives, in the rows of the whole.
    """
    joined = {}
    for split in dict.fromkeys(split for corpus, _ in parts for split in corpus.negatives):
        have = [(corpus, corpus.negatives.get(split), offset) for corpus, offset in parts]
        counts = [
            np.zeros(corpus.queries.num_rows, np.int64) if part is None else np.diff(part.indptr)
            for corpus, part, _ in have
        ]
        there = [(part, offset) for _, part, offset in have if part is not None]
        joined[split] = HardNegatives(
            np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64),
            np.concatenate([part.document_rows + np.int32(offset) for part, offset in there]),
            np.concatenate([part.scores for part, _ in there]),
        )
    return joined
