"""A corpus in the parts that MTEB calls subsets: some queries before one collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.mteb_exchange.naming import subset_name

if TYPE_CHECKING:
    from datasets import Dataset

Rows = npt.NDArray[np.int32]
_WHOLE = "all"
"""The subset of queries without language before a pooled collection."""


@dataclass(frozen=True, eq=False)
class Subset:
    """Some queries before one collection.

    Attributes:
        name: Its name.
        tags: Languages: of the query, and of the documents if the collection is in one other.
        query_rows: Its queries.
        document_rows: Its collection.
    """

    name: str
    tags: tuple[str, ...]
    query_rows: Rows
    document_rows: Rows


@dataclass(frozen=True, eq=False)
class Direction:
    """The queries of one medium that have a relevant document, and the documents of one medium.

    Attributes:
        corpus: The corpus.
        judgements: The relevant judgements of its split.
        query_modality: Medium of the queries.
        document_modality: Medium of the documents.
    """

    corpus: ParallelCorpus
    judgements: Judgements
    query_modality: str
    document_modality: str

    def rows(self, side: str) -> Rows:
        """The rows of one side."""
        table = self.corpus.queries if side == "query" else self.corpus.documents
        modality = self.query_modality if side == "query" else self.document_modality
        fits = np.array(table["modality"].cast(pa.string()).to_pylist(), object) == modality
        if side == "query":
            judged = np.zeros(len(fits), bool)
            judged[self.judgements.query_rows] = True
            fits &= judged
        return np.flatnonzero(fits).astype(np.int32)


def direction_of(
    corpus: ParallelCorpus, split: str, query_modality: str | None, document_modality: str | None
) -> Direction:
    """The part of a corpus in one direction between media.

    Args:
        corpus: The corpus.
        split: Its judged queries.
        query_modality: Medium of the queries; None if there is but one.
        document_modality: Medium of the documents; None if there is but one.

    Returns:
        The direction.

    Raises:
        ConfigError: If a medium does not occur, or is to be told and was not.
        CorpusError: If there is no such split.
    """
    chosen = []
    for side, table, modality in (
        ("query", corpus.queries, query_modality),
        ("document", corpus.documents, document_modality),
    ):
        present = sorted(table["modality"].cast(pa.string()).unique().to_pylist())
        if (modality is None and len(present) != 1) or modality not in (None, *present):
            raise ConfigError(
                f"{side}_modality must be one of {', '.join(present)}, the media of {corpus.name!r}, got "
                f"{modality!r}"
            )
        chosen.append(modality or present[0])
    return Direction(corpus, corpus.judgements(split).relevant(), chosen[0], chosen[1])


def subsets_of(direction: Direction, setting: str) -> list[Subset]:
    """The subsets of a setting.

    Args:
        direction: Queries and documents.
        setting: `multilingual`: one for each language of the query, each before the whole collection;
            `cross_lingual`: one for each ordered pair; `monolingual`: one for each language. Queries in
            another medium than text are of no language, whatever their tag: they have one subset before the
            whole collection, and in the setting `monolingual` one before each language of the documents.

    Returns:
        Those with a relevant document, in order of the tags.

    Raises:
        ConfigError: If there is no such setting, or the corpus has no part of it.
    """
    if setting not in SETTINGS:
        raise ConfigError(f"setting must be one of {', '.join(SETTINGS)}, got {setting!r}")
    corpus = direction.corpus
    if corpus.info.symmetric and setting != "cross_lingual":
        raise ConfigError(
            f"in {corpus.name!r} every query is also a document, and finds itself; take the setting "
            "'cross_lingual'"
        )
    queries = _by_language(direction, "query")
    documents = _by_language(direction, "document")
    found = [
        Subset(name, tags, query_rows, document_rows)
        for name, tags, query_rows, document_rows in _combine(setting, queries, documents)
        if _has_relevant(direction.judgements, query_rows, document_rows)
    ]
    if not found:
        raise ConfigError(f"{corpus.name!r} has no part of the setting {setting!r} in this direction")
    return found


def _by_language(direction: Direction, side: str) -> dict[str, Rows]:
    """Rows by language, those without language in each; and `ALL`, the whole side."""
    names, codes = (
        direction.corpus.query_languages if side == "query" else direction.corpus.document_languages
    )
    rows = direction.rows(side)
    parts: dict[str, Rows] = {ALL: rows}
    if side == "query" and direction.query_modality != "text":
        return parts
    present = codes[rows]
    for code in sorted(set(present.tolist()) - {-1}, key=lambda code: names[code]):
        parts[names[code]] = rows[(present == code) | (present < 0)]
    return parts


def _combine(
    setting: str, queries: dict[str, Rows], documents: dict[str, Rows]
) -> list[tuple[str, tuple[str, ...], Rows, Rows]]:
    """Name, languages, queries and collection of what a setting asks for."""
    everything = documents.pop(ALL)
    unspoken = queries.pop(ALL)
    if not queries:
        if setting == "multilingual":
            return [(_WHOLE, tuple(documents), unspoken, everything)]
        return [(tag, (tag,), unspoken, rows) for tag, rows in documents.items() if setting == "monolingual"]
    if setting == "multilingual":
        return [(tag, (tag,), rows, everything) for tag, rows in queries.items()]
    return [
        (
            subset_name(asked, searched),
            tuple(dict.fromkeys((asked, searched))),
            queries[asked],
            documents[searched],
        )
        for asked in queries
        for searched in documents
        if (asked == searched) == (setting == "monolingual")
    ]


def _has_relevant(judgements: Judgements, query_rows: Rows, document_rows: Rows) -> bool:
    asked = np.repeat(judgements.query_rows, np.diff(judgements.indptr))
    return bool((np.isin(asked, query_rows) & np.isin(judgements.document_rows, document_rows)).any())


def relevant_documents(direction: Direction, subset: Subset) -> dict[str, dict[str, int]]:
    """query_id -> doc_id -> grade, for the queries of a subset that have a relevant document in it."""
    judgements = direction.judgements
    asked = np.repeat(judgements.query_rows, np.diff(judgements.indptr))
    kept = np.isin(asked, subset.query_rows) & np.isin(judgements.document_rows, subset.document_rows)
    query_ids = direction.corpus.queries["query_id"].take(pa.array(asked[kept])).to_pylist()
    doc_ids = direction.corpus.documents["doc_id"].take(pa.array(judgements.document_rows[kept])).to_pylist()
    found: dict[str, dict[str, int]] = {}
    for query, document, grade in zip(query_ids, doc_ids, judgements.grades[kept].tolist(), strict=True):
        found.setdefault(query, {})[document] = grade
    return found


def table_of(direction: Direction, side: str, rows: Rows) -> Dataset:
    """Rows as MTEB wants them: `id`, and a column named after the medium.

    A document's title stands before its text, as everywhere in this package, and not in a column of its own:
    MTEB would join the two in another way.

    Args:
        direction: Queries and documents.
        side: `query` or `document`.
        rows: The rows.

    Returns:
        The table; media are read from their files when they are asked for.
    """
    from datasets import Audio, Dataset, Image, Video

    corpus = direction.corpus
    table = corpus.queries if side == "query" else corpus.documents
    modality = direction.query_modality if side == "query" else direction.document_modality
    ids = table.column(0).take(pa.array(rows)).to_pylist()
    if modality == "text":
        texts = corpus.query_texts(rows) if side == "query" else corpus.document_texts(rows)
        return Dataset.from_dict({"id": ids, "text": texts})
    root = Path(corpus.media_root or ".")
    files = [str(root / path) for path in table["path"].take(pa.array(rows)).to_pylist()]
    features: Mapping[str, Any] = {"image": Image, "audio": Audio, "video": Video}
    return Dataset.from_dict({"id": ids, modality: files}).cast_column(modality, features[modality]())
