"""Examples: the worst queries of a pooled collection, and where there are pictures a fair draw of all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import SearchError
from isoglot.evaluation.thumbnails import PREFIX, make_thumbnail
from isoglot.records import Document, Query

Chosen = Literal["worst", "typical"]
"""How an example was chosen: as one of the worst queries, or drawn whatever its result."""

NUM_TOP = 5
_NUM_EXAMPLES = 12
_MAX_CHARACTERS = 1_000
_DRAW = 8_191
"""Seed of the draw of typical queries, which is the same for every model."""


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
        picture: A small copy of it as a data URI, if it is a picture that could be read.
    """

    rank: int
    doc_id: str
    language: str | None
    modality: str
    text: str
    relevant: bool
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A query, where its answer stands in the pooled collection, and what stands first.

    Attributes:
        model: Name of the model.
        corpus: Name of the corpus.
        split: Which judged queries.
        query_id: The query's id.
        query_language: Its tag.
        query: Its text; in another medium its path.
        best: Its best placed relevant document.
        top: The first documents of the ranking, best first; of a worst query only those above its answer.
        chosen: How it was chosen.
        query_modality: The query's medium.
        query_picture: A small copy of the query as a data URI, if it is a picture that could be read.
    """

    model: str
    corpus: str
    split: str
    query_id: str
    query_language: str
    query: str
    best: Placed
    top: tuple[Placed, ...]
    chosen: Chosen = "worst"
    query_modality: str = "text"
    query_picture: str | None = None


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
    chosen = _in_turn(order[ranks[order] > 1], languages, groups)[:number]
    worst_first: npt.NDArray[np.int64] = chosen[np.argsort(-ranks[chosen], kind="stable")]
    return worst_first


def typical_queries(
    languages: npt.NDArray[np.integer], groups: npt.NDArray[np.integer], number: int = _NUM_EXAMPLES
) -> npt.NDArray[np.int64]:
    """Queries drawn at random, whatever was found for them: one of each language in turn, no group twice.

    The draw looks at no model, so that all models are shown at the same queries.

    Args:
        languages: (Q,) code of each query's language.
        groups: (Q,) its group.
        number: How many at most; more if there are more languages, so that each has one if it can.

    Returns:
        Numbers of queries, by language.
    """
    order = np.random.default_rng(_DRAW).permutation(len(languages))
    number = max(number, len(np.unique(languages)))
    chosen = _in_turn(order, languages, groups)[:number]
    by_language: npt.NDArray[np.int64] = chosen[np.argsort(languages[chosen], kind="stable")]
    return by_language


def _in_turn(
    order: npt.NDArray[np.int64], languages: npt.NDArray[np.integer], groups: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """Of queries in an order, the first of each group, in turn by language."""
    _, first_of_group = np.unique(groups[order], return_index=True)
    order = order[np.sort(first_of_group)]
    turn = np.zeros(len(order), np.int64)
    for code in np.unique(languages[order]):
        of_language = np.flatnonzero(languages[order] == code)
        turn[of_language] = np.arange(len(of_language))
    in_turn: npt.NDArray[np.int64] = order[np.lexsort((np.arange(len(order)), turn))]
    return in_turn


def build_examples(
    corpus: ParallelCorpus,
    judgements: Judgements,
    ranks: npt.NDArray[np.integer],
    top_rows: npt.NDArray[np.integer],
    *,
    model: str,
    split: str,
) -> tuple[Example, ...]:
    """Examples of the worst queries; where pictures are searched or asked with, also of typical ones.

    Args:
        corpus: The corpus.
        judgements: Its queries and their relevant documents.
        ranks: (J,) rank of each of these documents in the pooled collection.
        top_rows: (Q, depth) rows of the best documents of each query; -1 where there is none.
        model: Name of the model.
        split: Which judged queries.

    Returns:
        The typical ones, then the worst first; of a text corpus none if every query has an answer at rank 1.
    """
    drawn = _Drawn(corpus, judgements, ranks, top_rows, model, split)
    languages = corpus.query_languages[1][judgements.query_rows].astype(np.int64)
    groups = corpus.query_groups[judgements.query_rows]
    worst = worst_queries(drawn.best_ranks, languages, groups)
    typical = typical_queries(languages, groups) if "image" in corpus.modalities else worst[:0]
    examples = [drawn.example(int(query), "typical") for query in typical]
    return (*examples, *(drawn.example(int(query), "worst") for query in worst))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What examples are made of; see `build_examples`."""

    corpus: ParallelCorpus
    judgements: Judgements
    ranks: npt.NDArray[np.integer]
    top_rows: npt.NDArray[np.integer]
    model: str
    split: str

    @property
    def best_ranks(self) -> npt.NDArray[np.integer]:
        """(Q,) rank of each query's best placed relevant document."""
        best: npt.NDArray[np.integer] = np.minimum.reduceat(self.ranks, self.judgements.indptr[:-1])
        return best

    def example(self, query: int, chosen: Chosen) -> Example:
        part = slice(self.judgements.indptr[query], self.judgements.indptr[query + 1])
        relevant = self.judgements.document_rows[part]
        best = int(np.argmin(self.ranks[part]))
        best_rank = int(self.ranks[part][best])
        asked = self.corpus.query(int(self.judgements.query_rows[query]))
        return Example(
            self.model,
            self.corpus.name,
            self.split,
            asked.query_id,
            asked.language,
            _shown(asked.text, asked.path),
            _placed(self.corpus, int(relevant[best]), best_rank, relevant=True),
            tuple(self._top(query, set(relevant.tolist()), best_rank - 1 if chosen == "worst" else NUM_TOP)),
            chosen,
            asked.modality,
            _picture(self.corpus, asked),
        )

    def _top(self, query: int, relevant: set[int], number: int) -> Iterator[Placed]:
        rows = [row for row in self.top_rows[query, :NUM_TOP].tolist() if row >= 0]
        for rank, row in enumerate(rows[:number], 1):
            yield _placed(self.corpus, row, rank, relevant=row in relevant)


def _placed(corpus: ParallelCorpus, row: int, rank: int, *, relevant: bool) -> Placed:
    found = corpus.document(row)
    text = f"{found.title}\n{found.text}" if found.title and found.text else found.text
    shown = _shown(text, found.path)
    picture = _picture(corpus, found)
    return Placed(rank, found.doc_id, found.language, found.modality, shown, relevant, picture)


def _shown(text: str | None, path: str | None) -> str:
    shown = text if text is not None else path or ""
    return shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]}…"


def _picture(corpus: ParallelCorpus, row: Query | Document) -> str | None:
    if row.modality != "image" or corpus.media_root is None or row.path is None:
        return None
    return make_thumbnail(Path(corpus.media_root) / row.path)


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
    rest = {name: value for name, value in entry.items() if name not in ("best", "top")}
    example = Example(
        **rest, best=Placed(**entry["best"]), top=tuple(Placed(**found) for found in entry["top"])
    )
    for picture in (example.query_picture, example.best.picture, *(found.picture for found in example.top)):
        if picture is not None and not picture.startswith(PREFIX):
            raise ValueError(f"a picture must begin with {PREFIX!r}, got {picture[:40]!r}")
    return example
