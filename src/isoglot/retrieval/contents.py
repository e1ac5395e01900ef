"""What there is to encode in some rows of a corpus: each distinct text or file once, one medium at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.media_files import media_files
from isoglot.corpora.parallel import ParallelCorpus

Side = Literal["query", "document"]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Contents:
    """The rows of one medium, and what is in them.

    Attributes:
        modality: The medium.
        positions: (n,) which of the rows that were asked for.
        distinct: Texts, the longest first, so that the first batch is the largest; of other media, the files.
        numbers: (n,) index into `distinct` of each row's content.
    """

    modality: str
    positions: Integers
    distinct: list[str]
    numbers: Integers


def contents_of(corpus: ParallelCorpus, side: Side, rows: Rows) -> Iterator[Contents]:
    """The contents of rows, by medium.

    Args:
        corpus: The corpus.
        side: Whether these are rows of its queries or of its documents.
        rows: The rows.

    Yields:
        The contents of each medium that occurs, text first.

    Raises:
        CorpusError: If a text is missing, or media files are; all files at once.
    """
    table = corpus.queries if side == "query" else corpus.documents
    media = table["modality"].take(pa.array(rows)).cast(pa.string())
    for modality in sorted(media.unique().to_pylist(), key=lambda name: (name != "text", name)):
        positions = np.flatnonzero(pc.equal(media, modality).to_numpy()).astype(np.int64)
        contents = _contents(corpus, side, rows[positions], modality)
        distinct = list(dict.fromkeys(contents))
        if modality == "text":
            distinct.sort(key=len, reverse=True)
        place = {content: number for number, content in enumerate(distinct)}
        yield Contents(modality, positions, distinct, np.array([place[c] for c in contents], np.int64))


def _contents(corpus: ParallelCorpus, side: Side, rows: Rows, modality: str) -> list[str]:
    if modality != "text":
        return media_files(corpus, side, rows)
    return corpus.query_texts(rows) if side == "query" else corpus.document_texts(rows)
