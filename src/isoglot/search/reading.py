"""Documents to index, out of corpora, tables, files of any medium and folders of them.

What is given is read twice: once to find all that is wrong before work starts, once batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.formats.rows import Cells, Row, read_rows
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.corpora.sources import decode_text
from isoglot.errors import CorpusError
from isoglot.media.features import file_of
from isoglot.records import MODALITIES, Modality
from isoglot.search.documents import FieldKind, StoredDocument, Value, fits, problems_of
from isoglot.tagging.items import ENDINGS

TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
_IDS = ("doc_id", "id", "_id")
_ROWS_AT_ONCE = 10_000

_MEDIA: Mapping[str, Modality] = {modality: modality for modality in MODALITIES}

Found = tuple[str, StoredDocument, Row]
"""Where a document stands, the document, and all columns of its row."""


@dataclass(frozen=True)
class DocumentSource:
    """One thing that was given, and how to read it.

    Attributes:
        name: What it is called.
        read: Gives its documents in order, whenever it is called; takes the problems.
    """

    name: str
    read: Callable[[CorpusBuilder], Iterator[Found]]


@dataclass(frozen=True)
class DocumentsToIndex:
    """Documents that have been looked at, and can be read in order, as often as wanted.

    Attributes:
        sources: Where they come from.
        fields: The user's own fields, and the kind of their values.
        num_documents: How many there are.
        num_passed: Files of folders that are of no medium that the model encodes.
        language: Language of texts that name none; None: it is to be guessed.
        source: What their source is called; None: each by its own.
    """

    sources: tuple[DocumentSource, ...]
    fields: Mapping[str, FieldKind]
    num_documents: int
    num_passed: int = 0
    language: str | None = None
    source: str | None = None

    def __iter__(self) -> Iterator[StoredDocument]:
        for each in self.sources:
            builder = _problems()
            for where, document, row in each.read(builder):
                yield self._finish(document, row)
                if builder.problems:
                    raise CorpusError(
                        [f"{where}: changed while it was read; index it again", *builder.problems]
                    )

    def _finish(self, document: StoredDocument, row: Row) -> StoredDocument:
        own = {
            name: value
            for name, kind in self.fields.items()
            if (value := convert(row.get(name), kind)) is not None
        }
        language = document.language or (self.language if document.modality == "text" else None)
        return replace(document, language=language, source=self.source or document.source, fields=own)


@dataclass
class _Seen:
    """What a first look at all documents gathers.

    Attributes:
        modalities: Media that the model encodes.
        wanted: Fields -> kind, or None where the values are to say.
        problems: What is wrong.
        places: Id -> where it stands.
        kinds: Kinds that the values of a field could be of.
    """

    modalities: Sequence[str]
    wanted: Mapping[str, FieldKind | None]
    problems: list[str]
    places: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, set[FieldKind]] = field(default_factory=dict)

    def look(self, where: str, document: StoredDocument, row: Row) -> None:
        """Takes in one document."""
        before = self.places.setdefault(document.doc_id, where)
        if before != where:
            self.problems.append(f"{where}: id {document.doc_id!r} is also at {before}; give each id once")
        if document.modality not in self.modalities:
            self.problems.append(
                f"{where}: is {document.modality}, and the model encodes {', '.join(self.modalities)}; leave "
                "it out, or take another model"
            )
        elif document.modality != "text" and not Path(file_of(document.path or "")).is_file():
            self.problems.append(f"{where}: there is no file {document.path}; put it there")
        self.problems += [f"{where}: {what}" for what in problems_of(document, {})]
        for name, kind in self.wanted.items():
            self._look_at_field(where, name, kind, row.get(name))

    def _look_at_field(self, where: str, name: str, kind: FieldKind | None, value: Any) -> None:
        if value is None or value == "":
            return
        possible = {each for each in _ORDER if convert(value, each) is not None}
        if kind is None:
            native = possible & {"text"} if isinstance(value, str) else possible - {"text"}
            self.kinds[name] = self.kinds.get(name, set(_ORDER)) & native
        elif kind in possible:
            self.kinds[name] = {kind}
        if (kind is not None and kind not in possible) or not self.kinds[name]:
            what = kind or "of the same kind in every row"
            self.problems.append(f"{where}: field {name!r} must be {what}, got {value!r}; mend it")
            self.kinds[name] = set(_ORDER)


_ORDER: tuple[FieldKind, ...] = ("boolean", "integer", "number", "text")


def convert(value: Any, kind: FieldKind) -> Value | None:
    """A cell as a value of a field's kind; None if it is empty or of another kind."""
    converted = value
    if isinstance(value, str) and kind != "text":
        converted = _parse(value.strip(), kind)
    elif kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        converted = float(value)
    if converted is None or converted == "" or not fits(converted, kind):
        return None
    plain: Value = converted
    return plain


def _parse(text: str, kind: FieldKind) -> Value | None:
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return None


def find_documents(
    given: Sequence[str | Path | ParallelCorpus],
    modalities: Sequence[str],
    *,
    fields: Mapping[str, FieldKind | None] | None = None,
    language: str | None = None,
    source: str | None = None,
) -> DocumentsToIndex:
    """Looks at everything that is to be indexed, and says all that is wrong with it.

    Args:
        given: Corpora, or their folders or names of data sets; tables (JSONL, CSV, TSV, Parquet; also .gz,
            .xz) with the columns `text`, or `modality` and `path`, and perhaps `doc_id`, `title`, `language`,
            `source`; files of any medium; folders of all these, hidden files left out. A `.txt` file is one
            document.
        modalities: Media that the model encodes.
        fields: Columns that become fields -> their kind, or None to tell it from the values (texts in JSONL
            and Parquet, and everything in CSV, are text).
        language: Language of texts that name none; None leaves it open.
        source: What their source is called; None is the corpus' name, the row's `source`, or the name of the
            file or of the folder.

    Returns:
        The documents. Those without an id are called by their file, below the folder that was given, and in
        tables by the line.

    Raises:
        CorpusError: If a row or file breaks a rule, an id is there twice, a file is missing or of a medium
            that the model does not encode; all problems at once. If there is no document.
    """
    builder = _problems()
    seen = _Seen(modalities, fields or {}, builder.problems)
    tag = _tag(language, builder.problems)
    sources: list[DocumentSource] = []
    num_passed = 0
    for each in given:
        try:
            found, passed = _sources(each, modalities)
        except CorpusError as error:
            builder.problems.extend(error.problems)
            continue
        sources += found
        num_passed += passed
    for one in sources:
        try:
            for where, document, row in one.read(builder):
                seen.look(where, document, row)
        except CorpusError as error:
            builder.problems.extend(error.problems)
    lost = [name for name in seen.wanted if name not in seen.kinds]
    if seen.places and not builder.problems:
        builder.problems.extend(f"no document has a value of field {name!r}; check its name" for name in lost)
    if not seen.places and not builder.problems:
        also = f"; {num_passed:,} files are of other kinds" if num_passed else ""
        builder.problems.append(f"there is nothing to index in {', '.join(map(_name, given))}{also}")
    if builder.problems:
        raise CorpusError(builder.problems)
    kinds = {name: next(kind for kind in _ORDER if kind in kinds) for name, kinds in seen.kinds.items()}
    return DocumentsToIndex(tuple(sources), kinds, len(seen.places), num_passed, tag, source)


def _name(given: str | Path | ParallelCorpus) -> str:
    return given.name if isinstance(given, ParallelCorpus) else str(given)


def _problems() -> CorpusBuilder:
    return CorpusBuilder(CorpusInfo("documents"))


def _tag(language: str | None, problems: list[str]) -> str | None:
    try:
        return None if language is None else normalize_language(language)
    except CorpusError as error:
        problems.append(str(error))
        return None


def _sources(
    given: str | Path | ParallelCorpus, modalities: Sequence[str]
) -> tuple[list[DocumentSource], int]:
    """What is at a place, and how many files there are of no use."""
    if isinstance(given, ParallelCorpus):
        return [_corpus_source(given)], 0
    path = Path(given)
    if path.is_dir() and not _is_corpus(path):
        return _in_folder(path, modalities)
    if path.is_file():
        return [_file_source(path, path.name)], 0
    from isoglot.corpora import read_corpus

    return [_corpus_source(read_corpus(given))], 0


def _corpus_source(corpus: ParallelCorpus) -> DocumentSource:
    return DocumentSource(corpus.name, lambda _: _of_corpus(corpus))


def _is_corpus(folder: Path) -> bool:
    return (folder / "documents.parquet").is_file()


def _in_folder(folder: Path, modalities: Sequence[str]) -> tuple[list[DocumentSource], int]:
    sources, num_passed = [], 0
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if not file.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        if _is_table(file) or ENDINGS.get(file.suffix.lower()) in modalities:
            sources.append(
                _file_source(file, (folder.resolve().name / relative).as_posix(), folder.resolve().name)
            )
        else:
            num_passed += 1
    return sources, num_passed


def _is_table(path: Path) -> bool:
    stem = path.with_suffix("") if path.suffix in (".gz", ".xz") else path
    return stem.suffix.lower() in TABLES


def _file_source(path: Path, name: str, source: str | None = None) -> DocumentSource:
    if _is_table(path):
        return DocumentSource(name, lambda builder: _of_table(path, name, builder))
    modality = _MEDIA.get(ENDINGS.get(path.suffix.lower(), ""))
    if modality is None:
        raise CorpusError(f"{path}: its ending must be one of {' '.join([*TABLES, *ENDINGS])}; rename it")
    return DocumentSource(name, lambda builder: _of_file(path, name, modality, source or name, builder))


def _of_file(
    path: Path, name: str, modality: Modality, source: str, builder: CorpusBuilder
) -> Iterator[Found]:
    text = None
    if modality == "text":
        try:
            text = decode_text(path.read_bytes(), str(path)).strip()
        except (CorpusError, OSError) as error:
            builder.problem(str(path), str(error))
            return
        if not text:
            builder.problem(str(path), "is empty; fill it or leave it out")
            return
    document = StoredDocument(
        name,
        modality,
        None,
        text,
        str(path.resolve()),
        None,
        source,
    )
    yield str(path), document, {}


def _of_table(path: Path, name: str, builder: CorpusBuilder) -> Iterator[Found]:
    for number, (where, row) in enumerate(read_rows(path, builder), start=1):
        cells = Cells(row, where, builder)
        given = next((found for column in _IDS if (found := cells.optional(column)) is not None), None)
        named = cells.optional("modality") or "text"
        modality = _MEDIA.get(named)
        if modality is None:
            builder.problem(where, f"modality must be one of {', '.join(MODALITIES)}, got {named!r}")
            continue
        needed = cells.required("text" if modality == "text" else "path")
        if needed is None:
            continue
        tag = _row_language(cells, where, builder)
        media = None if modality == "text" else str((path.parent / needed).resolve())
        document = StoredDocument(
            given or f"{name}:{number}",
            modality,
            tag,
            cells.optional("text"),
            media,
            cells.optional("title"),
            cells.optional("source") or name,
        )
        yield where, document, row


def _row_language(cells: Cells, where: str, builder: CorpusBuilder) -> str | None:
    found = cells.optional("language")
    try:
        return None if found is None else normalize_language(found)
    except CorpusError as error:
        builder.problem(where, str(error))
        return None


def _of_corpus(corpus: ParallelCorpus) -> Iterator[Found]:
    root = Path(corpus.media_root or "media").resolve()
    for start in range(0, corpus.documents.num_rows, _ROWS_AT_ONCE):
        for row in corpus.documents.slice(start, _ROWS_AT_ONCE).to_pylist():
            media = None if row["modality"] == "text" else str(root / row["path"])
            document = StoredDocument(
                row["doc_id"],
                row["modality"],
                row["language"],
                row["text"],
                media,
                row["title"],
                corpus.name,
            )
            yield f"{corpus.name}: document {row['doc_id']!r}", document, row


def in_batches(documents: Iterable[StoredDocument], size: int) -> Iterator[list[StoredDocument]]:
    """Documents, some at a time.

    Args:
        documents: The documents.
        size: How many at a time.

    Yields:
        Whole batches in order; the last may be smaller.
    """
    batch: list[StoredDocument] = []
    for document in documents:
        batch.append(document)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
