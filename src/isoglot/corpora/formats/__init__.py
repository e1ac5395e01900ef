"""Readers of general formats: any table, parallel lines, BEIR and TREC collections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.formats.collection import read_beir, read_trec
from isoglot.corpora.formats.lines import read_lines
from isoglot.corpora.formats.tables import read_pairs, read_texts, read_wide
from isoglot.corpora.options import check_options
from isoglot.corpora.parallel import CorpusInfo
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from isoglot.corpora.parallel import ParallelCorpus

__all__ = [
    "FORMATS",
    "Format",
    "read_beir",
    "read_format",
    "read_lines",
    "read_pairs",
    "read_texts",
    "read_trec",
    "read_wide",
]


@dataclass(frozen=True)
class Format:
    """A general format and how to read it.

    Attributes:
        name: What it is called.
        description: One line on its layout.
        read: Reads it: `read(source, info, **options)`.
        symmetric: Whether it is made of parallel texts rather than of queries and documents.
    """

    name: str
    description: str
    read: Callable[..., ParallelCorpus]
    symmetric: bool = False


def read_format(name: str, source: Path | str, corpus_name: str, **options: Any) -> ParallelCorpus:
    """Reads files in a general format.

    Args:
        name: One of `FORMATS`.
        source: File or folder.
        corpus_name: What to call the corpus.
        **options: Those of the format's reader.

    Returns:
        The corpus.

    Raises:
        CorpusError: If there is no such format, or the files break its rules.
        ConfigError: If the reader has no such option.
    """
    if name not in FORMATS:
        raise CorpusError(f"no format {name!r}; there is {', '.join(FORMATS)}")
    form = FORMATS[name]
    check_options(name, form.read, options)
    return form.read(Path(source), CorpusInfo(corpus_name, symmetric=form.symmetric), **options)


FORMATS = {
    item.name: item
    for item in (
        Format(
            "texts", "JSONL, CSV, TSV or Parquet: text, language, group_id; a text a row.", read_texts, True
        ),
        Format("pairs", "JSONL, CSV, TSV or Parquet: query, document and their languages.", read_pairs),
        Format("wide", "JSONL, CSV, TSV or Parquet: a column for each language.", read_wide, True),
        Format("lines", "Text files <name>.<language>.txt, aligned by line.", read_lines, True),
        Format("beir", "BEIR: corpus.jsonl, queries.jsonl, qrels/<split>.tsv.", read_beir),
        Format("trec", "TREC: topics.tsv, documents.tsv, qrels.txt.", read_trec),
    )
}
