"""What means the same as an answer to a query, by group: what must never be taken for wrong.

It is never told by its string: a translation of an answer is right in whatever language it is written, and so
is what answers the same question asked in another language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Equivalents:
    """The documents that mean what an answer to a query means, or what the query itself does.

    Attributes:
        keys: (P,) ascending: group of a query x `span` + what documents of the same meaning share, for every
            such pair of any split.
        span: More than any of the latter.
        meanings: (documents,) what documents of the same meaning share: their group; one of its own for a
            document without.
        order: (documents,) document rows by meaning.
        ordered: (documents,) the meaning of each of these.
    """

    keys: Integers
    span: int
    meanings: Integers
    order: Integers
    ordered: Integers

    @staticmethod
    def of(corpus: ParallelCorpus) -> Equivalents:
        """The equivalents of a corpus, by the judgements of all its splits."""
        groups = np.asarray(corpus.document_groups, np.int64)
        meanings = np.where(groups < 0, corpus.num_groups + np.arange(len(groups)), groups)
        span = corpus.num_groups + len(groups) + 1
        asked = np.unique(corpus.query_groups).astype(np.int64)
        keys = [asked * span + asked]
        for part in corpus.splits.values():
            if part.judgements is not None:
                relevant = part.judgements.relevant()
                of_queries = np.asarray(corpus.query_groups, np.int64)[relevant.pair_query_rows]
                keys.append(of_queries * span + meanings[relevant.document_rows])
        order = np.argsort(meanings, kind="stable")
        return Equivalents(np.unique(np.concatenate(keys)), span, meanings, order, meanings[order])

    def include(self, query_groups: Rows, document_rows: Rows) -> npt.NDArray[np.bool_]:
        """(n,) whether each document is an equivalent for a query of that group."""
        wanted = query_groups.astype(np.int64) * self.span + self.meanings[document_rows]
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.asarray(self.keys[at] == wanted)

    def rows_for(self, query_groups: Rows) -> tuple[Integers, Rows]:
        """The equivalents for queries of some groups.

        Args:
            query_groups: (n,) groups of the queries.

        Returns:
            (n + 1,) offsets, and document rows: those for query i lie from offset i to offset i + 1.
        """
        groups = query_groups.astype(np.int64)
        queries, places = expand(
            np.searchsorted(self.keys, groups * self.span),
            np.searchsorted(self.keys, (groups + 1) * self.span),
        )
        meanings = self.keys[places] % self.span
        pairs, at = expand(
            np.searchsorted(self.ordered, meanings, "left"), np.searchsorted(self.ordered, meanings, "right")
        )
        counts = np.bincount(queries[pairs], minlength=len(groups))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return indptr, self.order[at].astype(np.int32)


def expand(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """The numbers of all ranges `starts[i]..ends[i] - 1`, one range after the other.

    Args:
        starts: (n,) first number of each range.
        ends: (n,) number after its last.

    Returns:
        (m,) which range each number is of, and (m,) the numbers.
    """
    sizes = ends - starts
    owners = np.repeat(np.arange(len(starts)), sizes)
    firsts = np.cumsum(sizes) - sizes
    return owners, np.arange(len(owners)) + (starts - firsts)[owners]


def refusal(query_id: str, doc_id: str) -> str:
    """Why an equivalent is no negative."""
    return (
        f"document {doc_id!r} means the same as query {query_id!r} or an answer to it, so it is no negative; "
        "remove it"
    )
