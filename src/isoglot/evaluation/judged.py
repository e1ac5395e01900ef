"""Which queries are searched with, and what they may find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError


@dataclass(frozen=True, eq=False)
class Judged:
    """The queries to search with, their relevant documents, and what they must not find.

    Attributes:
        judgements: Relevant documents; every query has one.
        num_without_relevant: Judged queries that have none and were left out.
        own_indptr: (Q + 1,) offsets of the documents that are the query itself.
        own_rows: Their rows.
    """

    judgements: Judgements
    num_without_relevant: int
    own_indptr: npt.NDArray[np.int64]
    own_rows: npt.NDArray[np.int32]


def judged_queries(corpus: ParallelCorpus, split: str) -> Judged:
    """The relevant judgements of a split; in a symmetric corpus without those of a text to itself.

    In such a corpus (translations as pairs) a query's same-language document is the query's own text: it is
    neither relevant to it nor a candidate, and there is no monolingual setting.
    """
    relevant = corpus.judgements(split).relevant()
    queries = np.repeat(np.arange(len(relevant)), np.diff(relevant.indptr))
    own = np.zeros(len(queries), bool)
    if corpus.info.symmetric:
        own = _languages_match(corpus, relevant.query_rows[queries], relevant.document_rows)
    has_relevant = np.bincount(queries[~own], minlength=len(relevant)) > 0
    if not has_relevant.any():
        raise CorpusError(f"split {split!r} of {corpus.name!r} has no query with a relevant document")
    keep = has_relevant[queries]
    number = np.cumsum(has_relevant) - 1
    kept, itself = keep & ~own, keep & own
    return Judged(
        Judgements(
            relevant.query_rows[has_relevant],
            _indptr(number[queries[kept]], int(has_relevant.sum())),
            relevant.document_rows[kept],
            relevant.grades[kept],
        ),
        int((~has_relevant).sum()),
        _indptr(number[queries[itself]], int(has_relevant.sum())),
        relevant.document_rows[itself],
    )


def _indptr(queries: npt.NDArray[np.integer], num_queries: int) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(queries, minlength=num_queries))]).astype(np.int64)


def _languages_match(
    corpus: ParallelCorpus, query_rows: npt.NDArray[np.int32], document_rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    query_names, query_codes = corpus.query_languages
    document_names, document_codes = corpus.document_languages
    number = {tag: index for index, tag in enumerate(document_names)}
    same_code = np.array([number.get(tag, -2) for tag in query_names], np.int64)
    return np.asarray(same_code[query_codes[query_rows]] == document_codes[document_rows])
