"""Files of media that a corpus names: where they are, and a corpus without those that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError
from isoglot.media.checking import find_bad_media
from isoglot.media.features import file_of

Side = Literal["query", "document"]
_NUM_SHOWN = 20
"""Problems that are printed; records keep all."""


@dataclass(frozen=True)
class SkippedMedia:
    """What was left out of a corpus because files of its media cannot be read.

    Attributes:
        corpus: Name of the corpus.
        num_queries: Queries that were left out, with their judgements.
        num_documents: Documents that were left out of the collection.
        problems: What is wrong, a line for each bad file.
    """

    corpus: str
    num_queries: int
    num_documents: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        shown = [f"  {problem}" for problem in self.problems[:_NUM_SHOWN]]
        if len(self.problems) > _NUM_SHOWN:
            shown.append(f"  ... and {len(self.problems) - _NUM_SHOWN:,} more")
        return "\n".join([self._summary(), *shown])

    def _summary(self) -> str:
        return f"{self.corpus}: left out {self.count()}; everything that follows is over fewer"

    def count(self) -> str:
        """How much was left out, in words."""
        return (
            f"{self.num_queries:,} queries and {self.num_documents:,} documents with "
            f"{len(self.problems):,} bad files"
        )

    def record(self) -> dict[str, Any]:
        """What results and models keep of it."""
        return asdict(self) | {"problems": list(self.problems)}

    @staticmethod
    def of(record: Mapping[str, Any]) -> SkippedMedia:
        """What results or a model kept of it."""
        return SkippedMedia(**{**record, "problems": tuple(record["problems"])})


def media_files(corpus: ParallelCorpus, side: Side, rows: Rows) -> list[str]:
    """The files of some rows of media; all must be there.

    Args:
        corpus: The corpus.
        side: Whether these are rows of its queries or of its documents.
        rows: (n,) the rows, none of them a text.

    Returns:
        (n,) files.

    Raises:
        CorpusError: If files are missing, or not what they were when the corpus was written; all at once.
    """
    problems: dict[str, str] = {}  # by file
    files: list[str] = []
    table = corpus.queries if side == "query" else corpus.documents
    taken = table.select([table.column_names[0], "modality", "path"]).take(pa.array(rows))
    root = None if corpus.media_root is None else Path(corpus.media_root)
    for name, modality, path in zip(*(column.to_pylist() for column in taken.columns), strict=True):
        file = root / path if root is not None and path is not None else None
        if path is not None and file_of(path) in corpus.damaged:
            problems[path] = corpus.damaged[file_of(path)]
        elif file is None or not Path(file_of(str(file))).is_file():
            where = f"{root or 'media'}/{path}"
            what = f"{where}: no such file, for {side} {name!r} ({modality}); put it there"
            problems.setdefault(where, what)
        files.append(str(file))
    if problems:
        raise CorpusError(list(problems.values()))
    return files


def drop_bad_media(corpus: ParallelCorpus) -> tuple[ParallelCorpus, SkippedMedia | None]:
    """The part of a corpus whose media can be read.

    Every distinct file is looked at once (`isoglot.media.checking`). A document whose file is bad leaves the
    collection, a query leaves the queries with its judgements: whatever is measured or trained then is over
    fewer, and is to say so.

    Args:
        corpus: A corpus.

    Returns:
        The corpus and what was left out; the corpus itself and None if nothing is wrong.

    Raises:
        CorpusError: If no file can be read, or a split is left without a judged query.
        ConfigError: If Pillow or PyAV is not installed, and is needed.
    """
    files = _distinct(corpus.queries, corpus.documents)
    bad = _bad(corpus, files)
    if not bad:
        return corpus, None
    if len(bad) == len(files):
        problem = f"{corpus.name}: none of its {len(bad):,} media files can be read; see to these first"
        raise CorpusError([problem, *bad.values()])
    queries, documents = _rows_without(corpus.queries, bad), _rows_without(corpus.documents, bad)
    skipped = SkippedMedia(
        corpus.name,
        corpus.queries.num_rows - len(queries),
        corpus.documents.num_rows - len(documents),
        tuple(dict.fromkeys(bad.values())),
    )
    return replace(corpus.take(queries, documents), damaged={}), skipped


_File = tuple[str, str]
"""Path as the tables have it, and medium."""


def _distinct(*tables: pa.Table) -> list[_File]:
    """Each file once, in the order of the tables."""
    files: dict[_File, None] = {}
    for table in tables:
        columns = table.select(["path", "modality"])
        media = columns.filter(pc.not_equal(columns["modality"].cast(pa.string()), "text"))
        files.update(dict.fromkeys(zip(*(column.to_pylist() for column in media.columns), strict=True)))
    return list(files)


def _bad(corpus: ParallelCorpus, files: list[_File]) -> dict[_File, str]:
    root = Path(corpus.media_root or "media")
    named = {file: file_of(file[0]) for file in files}
    known = {file: corpus.damaged[name] for file, name in named.items() if name in corpus.damaged}
    found = find_bad_media(
        (str(root / path), modality) for path, modality in files if (path, modality) not in known
    )
    return {
        (path, modality): known.get((path, modality)) or found[str(root / path), modality]
        for path, modality in files
        if (path, modality) in known or (str(root / path), modality) in found
    }


def _rows_without(table: pa.Table, bad: Mapping[_File, str]) -> Rows:
    """Rows whose file is not among the bad ones, ascending."""
    drop = np.zeros(table.num_rows, bool)
    modalities = table["modality"].cast(pa.string())
    for medium in {modality for _, modality in bad}:
        paths = pa.array(
            [path for path, modality in bad if modality == medium], table.schema.field("path").type
        )
        drop |= pc.and_(pc.equal(modalities, medium), pc.is_in(table["path"], paths)).to_numpy()
    return np.flatnonzero(~drop).astype(np.int32)
