"""What is to be encoded, in a fixed order: one side of a corpus, files, or texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from isoglot.corpora.building import is_unicode
from isoglot.corpora.languages import match_languages
from isoglot.corpora.manifest import condense
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.retrieval.contents import Contents, contents_of
from isoglot.retrieval.contents import Side as OneSide

Side = Literal["documents", "queries"]
"""Which side of a search something stands on; prompts depend on it."""

ONE_OF: dict[Side, OneSide] = {"documents": "document", "queries": "query"}

ROWS_SCHEMA = pa.schema(
    [("id", pa.large_string()), ("language", pa.string()), ("modality", pa.string())],
)
_HASHED_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is to be encoded.

    Attributes:
        name: What records call it.
        side: The side that it stands on.
        rows: Rows of `ROWS_SCHEMA`, one for each input; the language may be missing.
        fingerprint: Tells it from everything else: its rows, their order and what is in them.
        read: Gives the contents of the rows from one number to before another.
    """

    name: str
    side: Side
    rows: pa.Table
    fingerprint: str
    read: Callable[[int, int], Iterator[Contents]]

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Media of the inputs, sorted."""
        return tuple(sorted(self.rows["modality"].unique().to_pylist()))


@dataclass(frozen=True)
class Entry:
    """One input that is no row of a corpus.

    Attributes:
        name: Its id.
        modality: Its medium.
        content: A text, or a file.
        language: Its language, if known.
        where: Its place, for reports.
    """

    name: str
    modality: str
    content: str
    language: str | None = None
    where: str = ""


def check_side(side: str) -> Side:
    """The side by its name.

    Args:
        side: documents or queries.

    Returns:
        The same.

    Raises:
        ConfigError: If it is neither.
    """
    if side not in get_args(Side):
        raise ConfigError(f"side must be one of {', '.join(get_args(Side))}, got {side!r}")
    return "queries" if side == "queries" else "documents"


def corpus_inputs(
    corpus: ParallelCorpus, side: Side = "documents", *, languages: Iterable[str] | None = None
) -> Inputs:
    """One side of a corpus, in its order.

    Args:
        corpus: The corpus.
        side: Which side.
        languages: Tags to keep, varieties included; what has no language stays. None keeps all.

    Returns:
        The inputs.

    Raises:
        CorpusError: If a language does not occur, or nothing is left.
    """
    chosen = corpus if languages is None else corpus.select(languages)
    table = chosen.queries if side == "queries" else chosen.documents
    if not table.num_rows:
        raise CorpusError(f"{corpus.name}: has no {side}; there is nothing to encode")
    columns = [table.column(0), table["language"].cast(pa.string()), table["modality"].cast(pa.string())]
    rows = pa.Table.from_arrays(columns, schema=ROWS_SCHEMA)
    held = (
        [] if chosen.checksums else [name for name in ("text", "title", "path") if name in table.column_names]
    )
    about = json.dumps(condense(chosen.checksums), sort_keys=True)
    fingerprint = _digest(side, about, _blocks([*rows.columns, *(table[name] for name in held)]))

    def read(start: int, stop: int) -> Iterator[Contents]:
        return contents_of(chosen, ONE_OF[side], np.arange(start, stop, dtype=np.int32))

    return Inputs(corpus.name, side, rows, fingerprint, read)


def text_inputs(
    texts: Sequence[str], side: Side = "documents", *, ids: Sequence[str] | None = None
) -> Inputs:
    """Texts in memory, in their order.

    Args:
        texts: The texts, 1 at least; none of them is taken for a path.
        side: The side that they stand on.
        ids: Their ids, without repetition; None numbers them from 0.

    Returns:
        The inputs.

    Raises:
        CorpusError: If there is no text, one is empty or no text, or the ids do not fit.
    """
    names = list(map(str, range(len(texts)))) if ids is None else list(ids)
    if len(names) != len(texts):
        raise CorpusError(f"{len(names):,} ids for {len(texts):,} texts; give one for each")
    problems = [
        f"text {number} must be a text with something in it, got {text!r}; fill it or leave it out"
        for number, text in enumerate(texts)
        if not isinstance(text, str) or not text.strip()
    ]
    entries = [Entry(name, "text", text) for name, text in zip(names, texts, strict=True)]
    return entry_inputs("texts", side, entries, problems)


def entry_inputs(
    name: str,
    side: Side,
    entries: Sequence[Entry],
    problems: Sequence[str] = (),
    *,
    languages: Iterable[str] | None = None,
) -> Inputs:
    """Entries in their order.

    Args:
        name: What records call them.
        side: The side that they stand on.
        entries: The entries.
        problems: What was wrong with others; reported together with what is wrong with these.
        languages: Tags to keep, varieties included; what has no language stays. None keeps all.

    Returns:
        The inputs.

    Raises:
        CorpusError: If there is a problem, an id stands twice, a language does not occur, or nothing is left.
    """
    found = [*problems, *_repeated(entries), *_unwritable(entries)]
    if not entries and not found:
        found = [f"{name}: there is nothing to encode"]
    if found:
        raise CorpusError(found)
    kept = list(entries)
    if languages is not None:
        there = {entry.language for entry in entries if entry.language is not None}
        among = {None, *match_languages(languages, there)}
        kept = [entry for entry in entries if entry.language in among]
    columns = [
        [entry.name for entry in kept],
        [entry.language for entry in kept],
        [entry.modality for entry in kept],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, ROWS_SCHEMA, strict=True)]
    rows = pa.Table.from_arrays(arrays, schema=ROWS_SCHEMA)
    contents = [*map(_stamp, kept)]
    fingerprint = _digest(
        side, "", [(*row, stamp) for row, stamp in zip(zip(*columns, strict=True), contents, strict=True)]
    )
    return Inputs(name, side, rows, fingerprint, lambda start, stop: _contents(kept[start:stop]))


def _repeated(entries: Sequence[Entry]) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for entry in entries:
        if entry.name in first:
            other = f" and in {first[entry.name]}" if first[entry.name] else ""
            place = f"{entry.where}: " if entry.where else ""
            problems.append(f"{place}id {entry.name!r} stands here{other}; ids must be unique")
        first.setdefault(entry.name, entry.where)
    return problems


def _unwritable(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if not is_unicode(entry.name) or not is_unicode(entry.content):
            place = f"{entry.where}: " if entry.where != entry.name else ""
            yield (
                f"{place}{entry.modality} {entry.name!r} holds half a surrogate pair, which no UTF-8 text "
                "can; mend it, or rename the file"
            )


def _contents(entries: Sequence[Entry]) -> Iterator[Contents]:
    """Contents of entries by medium, text first, each distinct one once."""
    media = np.array([entry.modality for entry in entries])
    for modality in sorted(set(media.tolist()), key=lambda name: (name != "text", name)):
        positions = np.flatnonzero(media == modality).astype(np.int64)
        contents = [entries[place].content for place in positions.tolist()]
        distinct = list(dict.fromkeys(contents))
        number = {content: place for place, content in enumerate(distinct)}
        yield Contents(modality, positions, distinct, np.array([number[each] for each in contents], np.int64))


def _stamp(entry: Entry) -> str:
    """What tells a text, or a file as it is now, from others."""
    if entry.modality == "text":
        return entry.content
    status = Path(entry.content).stat()
    return f"{entry.content}\0{status.st_size}\0{status.st_mtime_ns}"


def _blocks(columns: Sequence[pa.ChunkedArray]) -> Iterator[tuple[Any, ...]]:
    """Rows of columns, few of them in memory at a time."""
    for start in range(0, len(columns[0]), _HASHED_ROWS):
        parts = [column.slice(start, _HASHED_ROWS).to_pylist() for column in columns]
        yield from zip(*parts, strict=True)


def _digest(side: str, about: str, rows: Iterable[tuple[Any, ...]]) -> str:
    digest = hashlib.sha256(f"{side}\n{about}\n".encode())
    for row in rows:
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()[:32]
