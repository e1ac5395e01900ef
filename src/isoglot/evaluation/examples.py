"""The worst queries of a pooled collection, and what stands above their answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import SearchError

NUM_ABOVE = 5
_NUM_EXAMPLES = 12
_MAX_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A document where a ranking has it.

    Attributes:
        rank: Its rank, from 1.
        doc_id: Its id.
        language: Its tag; None if it has no language.
        modality: Its medium.
        text: Its text, cut after 1,000 characters; in another medium its path.
        relevant: Whether it is relevant to the query.
    """

    rank: int
    doc_id: str
    language: str | None
    modality: str
    text: str
    relevant: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A query whose answer stands far down in the pooled collection.

    Attributes:
        model: Name of the model.
        corpus: Name of the corpus.
        split: Which judged queries.
        query_id: The query's id.
        query_language: Its tag.
        query: Its text; in another medium its path.
        best: Its best placed relevant document.
        above: The first documents of the ranking, none of them relevant, best first.
    """

    model: str
    corpus: str
    split: str
    query_id: str
    query_language: str
    query: str
    best: Placed
    above: tuple[Placed, ...]


def worst_queries(
    ranks: npt.NDArray[np.integer],
    languages: npt.NDArray[np.integer],
    groups: npt.NDArray[np.integer],
    number: int = _NUM_EXAMPLES,
) -> npt.NDArray[np.int64]:
    """Queries to show: the worst of each language in turn, no group twice.

    Args:
        ranks: (Q,) rank of each query's best placed relevant document.
        languages: (Q,) code of each query's language.
        groups: (Q,) its group.
        number: How many at most.

    Returns:
        Numbers of queries, worst first; queries whose answer is at rank 1 are not among them.
    """
    order = np.lexsort((np.arange(len(ranks)), -ranks))
    order = order[ranks[order] > 1]
    _, first_of_group = np.unique(groups[order], return_index=True)
    order = order[np.sort(first_of_group)]
    turn = np.zeros(len(order), np.int64)
    for code in np.unique(languages[order]):
        of_language = np.flatnonzero(languages[order] == code)
        turn[of_language] = np.arange(len(of_language))
    chosen = order[np.lexsort((np.arange(len(order)), turn))[:number]]
    worst_first: npt.NDArray[np.int64] = chosen[np.argsort(-ranks[chosen], kind="stable")]
    return worst_first


def build_examples(
    corpus: ParallelCorpus,
    judgements: Judgements,
    ranks: npt.NDArray[np.integer],
    top_rows: npt.NDArray[np.integer],
    *,
    model: str,
    split: str,
) -> tuple[Example, ...]:
    """Examples of the worst queries.

    Args:
        corpus: The corpus.
        judgements: Its queries and their relevant documents.
        ranks: (J,) rank of each of these documents in the pooled collection.
        top_rows: (Q, depth) rows of the best documents of each query; -1 where there is none.
        model: Name of the model.
        split: Which judged queries.

    Returns:
        The examples, worst first; empty if every query has an answer at rank 1.
    """
    names, codes = corpus.query_languages
    best_ranks = np.minimum.reduceat(ranks, judgements.indptr[:-1])
    examples = []
    for query in worst_queries(
        best_ranks,
        codes[judgements.query_rows].astype(np.int64),
        corpus.query_groups[judgements.query_rows],
    ):
        part = slice(judgements.indptr[query], judgements.indptr[query + 1])
        best = int(np.argmin(ranks[part]))
        relevant = judgements.document_rows[part]
        above = [row for row in top_rows[query, :NUM_ABOVE].tolist() if row >= 0]
        asked = corpus.query(int(judgements.query_rows[query]))
        examples.append(
            Example(
                model,
                corpus.name,
                split,
                asked.query_id,
                names[codes[judgements.query_rows[query]]],
                _shown(asked.text, asked.path),
                _placed(corpus, int(relevant[best]), int(ranks[part][best]), relevant=True),
                tuple(
                    _placed(corpus, row, rank, relevant=False)
                    for rank, row in enumerate(above, 1)
                    if rank < best_ranks[query]
                ),
            )
        )
    return tuple(examples)


def _placed(corpus: ParallelCorpus, row: int, rank: int, *, relevant: bool) -> Placed:
    found = corpus.document(row)
    text = f"{found.title}\n{found.text}" if found.title and found.text else found.text
    return Placed(rank, found.doc_id, found.language, found.modality, _shown(text, found.path), relevant)


def _shown(text: str | None, path: str | None) -> str:
    shown = text if text is not None else path or ""
    return shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]}…"


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Examples from the file `examples.json` of results.

    Args:
        path: The file.

    Returns:
        The examples.

    Raises:
        SearchError: If the file cannot be read, or is not a list of examples.
    """
    try:
        content: list[dict[str, Any]] = json.loads(Path(path).read_text("utf-8"))
        return tuple(_read_example(content[number]) for number in range(len(content)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SearchError(f"{path}: cannot be read as a list of examples: {error!r}") from error


def _read_example(entry: dict[str, Any]) -> Example:
    rest = {name: value for name, value in entry.items() if name not in ("best", "above")}
    above = tuple(Placed(**found) for found in entry["above"])
    return Example(**rest, best=Placed(**entry["best"]), above=above)
