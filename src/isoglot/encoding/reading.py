"""Reading what is to be encoded: corpora, tables of texts, and files and folders of any medium.

A table (`.jsonl`, `.csv`, `.tsv`, `.parquet`, also `.gz`, `.xz`) has a text a row:

    doc_id   text                       title      language
    d1       The sea is blue today.     The sea    en

The id is taken from `doc_id` (of queries `query_id`), `_id` or `id`, else it is the file's name and the row's
number; `title`, which stands on the line before the text, and `language` may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.folder import read_folder
from isoglot.corpora.formats.rows import Cells, read_rows
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.manifest import NAME as MANIFEST
from isoglot.corpora.parallel import CorpusInfo
from isoglot.corpora.reading import read_corpus
from isoglot.encoding.inputs import Entry, Inputs, Side, corpus_inputs, entry_inputs
from isoglot.errors import ConfigError, CorpusError
from isoglot.tagging.items import ENDINGS, find_items

_TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
_COMPRESSED = (".gz", ".xz")
_IDS: dict[Side, tuple[str, ...]] = {
    "documents": ("doc_id", "_id", "id"),
    "queries": ("query_id", "_id", "id"),
}


def is_corpus(sources: Sequence[str | Path]) -> bool:
    """Whether sources are one corpus: a folder with its manifest, or no path at all but a name."""
    if len(sources) != 1:
        return False
    path = Path(sources[0])
    named = not path.exists() and not _is_table(path) and path.suffix.lower() not in ENDINGS
    return named or (path / MANIFEST).is_file()


def read_inputs(
    sources: Sequence[str | Path],
    side: Side = "documents",
    *,
    modalities: Sequence[str] = ("text",),
    languages: Iterable[str] | None = None,
    text_column: str = "text",
) -> Inputs:
    """Reads what is to be encoded.

    Args:
        sources: A corpus folder, or the name of a data set; or tables, files of any medium, and folders of
            such files, which are walked for files whose medium the model encodes.
        side: Which side of a corpus, or the side that files stand on.
        modalities: Media that the model encodes.
        languages: Tags to keep, varieties included; what has no language stays. None keeps all.
        text_column: Column of a table that holds the text.

    Returns:
        The inputs, in the order of the corpus or of the sources.

    Raises:
        CorpusError: If something is not there or not as it should be; all problems at once.
        ConfigError: If a corpus stands among files.
    """
    if not sources:
        raise ConfigError("there must be something to encode: a corpus, files or folders")
    if is_corpus(sources):
        path = Path(sources[0])
        corpus = read_folder(path) if path.is_dir() else read_corpus(sources[0])
        return corpus_inputs(corpus, side, languages=languages)
    paths = [Path(source) for source in sources]
    corpora = [str(path) for path in paths if (path / MANIFEST).is_file()]
    if corpora:
        raise ConfigError(f"a corpus must be encoded alone; leave the rest out, or {', '.join(corpora)}")
    problems: list[str] = []
    entries: list[Entry] = []
    for path in paths:
        try:
            entries.extend(_entries(path, side, modalities, text_column))
        except CorpusError as error:
            problems.extend(error.problems)
    name = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    return entry_inputs(name, side, entries, problems, languages=languages)


def _entries(path: Path, side: Side, modalities: Sequence[str], text_column: str) -> Iterator[Entry]:
    if _is_table(path):
        yield from _rows_of(path, side, text_column)
        return
    if path.is_dir() and not any(_walked(path, modalities)):
        known = " ".join(ending for ending, modality in ENDINGS.items() if modality in modalities)
        raise CorpusError(
            f"{path}: holds no file to encode; give files that end in {known}, or a table "
            f"({' '.join(_TABLES)}) by itself"
        )
    for item in find_items([path], modalities).items:
        yield Entry(item.name, item.modality, str(item.content), where=item.name)


def _is_table(path: Path) -> bool:
    name = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    return name.suffix.lower() in _TABLES and not path.is_dir()


def _walked(folder: Path, modalities: Sequence[str]) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if ENDINGS.get(file.suffix.lower()) in modalities)


def _rows_of(path: Path, side: Side, text_column: str) -> list[Entry]:
    builder = CorpusBuilder(CorpusInfo(path.name))
    entries = []
    for number, (where, row) in enumerate(read_rows(path, builder), start=1):
        cells = Cells(row, where, builder)
        text = cells.required(text_column)
        title = cells.optional("title") if side == "documents" else None
        name = next((found for column in _IDS[side] if (found := cells.optional(column))), None)
        language = _language(cells, builder)
        if text is not None:
            content = f"{title}\n{text}" if title else text
            entries.append(Entry(name or f"{path.name}:{number}", "text", content, language, where))
    if builder.problems:
        raise CorpusError(builder.problems)
    return entries


def _language(cells: Cells, builder: CorpusBuilder) -> str | None:
    code = cells.optional("language")
    try:
        return None if code is None else normalize_language(code)
    except CorpusError as error:
        builder.problem(cells.where, str(error))
        return None
