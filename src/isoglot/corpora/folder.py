"""The corpus folder: writing, and reading it back, mapped into memory where it is large."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from isoglot.corpora import manifest as manifests
from isoglot.corpora.checking import find_problems
from isoglot.corpora.labelled import pair_files, read_pairs, write_pairs
from isoglot.corpora.mapped import open_mapped
from isoglot.corpora.negative_files import FOLDER, negative_files, read_negatives, write_negatives
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, QUERY_SCHEMA, ParallelCorpus, assemble
from isoglot.corpora.qrels import BEIR_HEADER, GROUPS_HEADER
from isoglot.corpora.tables import (
    DOCUMENTS,
    QUERIES,
    TABLES,
    looks_sound,
    open_parquet,
    open_table,
    read_split,
    split_files,
)
from isoglot.errors import CorpusError
from isoglot.files import replace_folder
from isoglot.media.features import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MAP_ABOVE_BYTES = 32 << 20
"""Size in memory, about, above which a corpus is mapped instead of read."""
_ROW_BYTES = 100
"""What a row costs beside its strings as Parquet holds them: offsets, and ids stored as differences."""
_ROWS_AT_ONCE = 65_536


def write_corpus(corpus: ParallelCorpus, folder: Path | str, *, explicit_qrels: bool = False) -> Path:
    """Writes a corpus folder; it appears complete or not at all.

    Strings are plain Parquet strings. A split by groups becomes `qrels/<split>.groups.tsv`, one group id a
    line: every document of the group is relevant, grade 1, to every query of it. Labelled pairs become
    `pairs/<split>.<task>.tsv`, two group ids and a label a line; hard negatives `negatives/<split>.tsv`, a
    query id, a document id and the miner's score a line.

    Args:
        corpus: The corpus.
        folder: Where to; a corpus folder that is there is replaced, as is an empty folder.
        explicit_qrels: Whether a split by groups is written query by query, as BEIR tools need it.

    Returns:
        The folder.

    Raises:
        CorpusError: If the folder holds something else than a corpus, a medium's file is missing, or an id
            cannot stand in a line of qrels.
    """
    target = Path(folder)
    check_writable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        _write_files(corpus, building, explicit_qrels=explicit_qrels)
        replace_folder(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def check_writable(target: Path) -> None:
    """Checks that a corpus can be written to a folder, before it is made.

    Args:
        target: The folder.

    Raises:
        CorpusError: If it holds something else than a corpus.
    """
    if target.exists() and not _is_replaceable(target):
        raise CorpusError(
            f"{target}: is there and is no corpus folder; choose another, or remove it yourself"
        )


def _is_replaceable(target: Path) -> bool:
    return target.is_dir() and ((target / manifests.NAME).is_file() or not any(target.iterdir()))


def _write_files(corpus: ParallelCorpus, folder: Path, *, explicit_qrels: bool) -> None:
    (folder / "qrels").mkdir(parents=True)
    _write_table(corpus.queries, folder / QUERIES)
    _write_table(corpus.documents, folder / DOCUMENTS)
    for name in corpus.splits:
        _write_split(corpus, name, folder / "qrels", explicit_qrels=explicit_qrels)
    _write_labelled(corpus, folder / "pairs")
    _write_negatives(corpus, folder / FOLDER)
    _copy_media(corpus, folder / "media")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    checksums = {path.relative_to(folder).as_posix(): manifests.checksum(path) for path in files}
    summary = manifests.summarize(corpus)
    manifests.write_manifest(folder, manifests.Manifest(corpus.info, checksums, summary))


def _write_table(table: pa.Table, path: Path) -> None:
    plain = pa.schema([(name, pa.string()) for name in table.column_names])
    with pq.ParquetWriter(path, plain, compression="zstd") as writer:
        for start in range(0, max(table.num_rows, 1), _ROWS_AT_ONCE):
            writer.write_table(table.slice(start, _ROWS_AT_ONCE).cast(plain))


def _write_split(corpus: ParallelCorpus, name: str, folder: Path, *, explicit_qrels: bool) -> None:
    _check_split_name(corpus, name)
    part = corpus.split(name)
    if part.groups is not None and not explicit_qrels:
        names = [name for name in _names_of_groups(corpus)[part.groups].tolist() if name is not None]
        if not names:
            raise CorpusError(f"split {name!r} of {corpus.name!r} has no group left; select without it")
        lines = [GROUPS_HEADER, *names]
        _write_lines(lines, folder / f"{name}.groups.tsv")
        return
    judged = corpus.judgements(name)
    with (folder / f"{name}.tsv").open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\t".join(BEIR_HEADER) + "\n")
        rows = judged.pair_query_rows
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            chosen = slice(start, start + _ROWS_AT_ONCE)
            queries = corpus.queries["query_id"].take(pa.array(rows[chosen])).to_pylist()
            documents = corpus.documents["doc_id"].take(pa.array(judged.document_rows[chosen])).to_pylist()
            grades = judged.grades[chosen].tolist()
            cells = zip(queries, documents, grades, strict=True)
            stream.write("".join(f"{query}\t{document}\t{grade}\n" for query, document, grade in cells))


def _check_split_name(corpus: ParallelCorpus, name: str) -> None:
    if not name or name != Path(name).name or any(character.isspace() for character in name):
        raise CorpusError(
            f"split {name!r} of {corpus.name!r} cannot name a file; use letters, digits, - and _"
        )


def _write_labelled(corpus: ParallelCorpus, folder: Path) -> None:
    if not corpus.labelled:
        return
    folder.mkdir()
    names = _names_of_groups(corpus).tolist()
    for (split, task), pairs in corpus.labelled.items():
        _check_split_name(corpus, split)
        write_pairs(pairs, task, names, folder / f"{split}.{task}.tsv")


def _write_negatives(corpus: ParallelCorpus, folder: Path) -> None:
    for split in corpus.negatives:
        _check_split_name(corpus, split)
        folder.mkdir(exist_ok=True)
        write_negatives(corpus, split, folder / f"{split}.tsv")


def _names_of_groups(corpus: ParallelCorpus) -> npt.NDArray[np.object_]:
    """(groups,) id of each code, from the first query or document of the group; None without either."""
    names = np.full(corpus.num_groups, None, dtype=object)
    for table, codes in ((corpus.documents, corpus.document_groups), (corpus.queries, corpus.query_groups)):
        found, rows = np.unique(codes, return_index=True)
        rows, found = rows[found >= 0], found[found >= 0]
        names[found] = np.array(table["group_id"].take(pa.array(rows)).to_pylist(), dtype=object)
    return names


def _write_lines(lines: Iterable[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def _copy_media(corpus: ParallelCorpus, folder: Path) -> None:
    paths: set[str] = set()
    for table in (corpus.queries, corpus.documents):
        paths.update(file_of(path) for path in table["path"].unique().to_pylist() if path is not None)
    root = Path(corpus.media_root) if corpus.media_root is not None else None
    missing = [path for path in sorted(paths) if root is None or not (root / path).is_file()]
    if corpus.damaged:
        raise CorpusError(list(corpus.damaged.values()))
    if missing:
        raise CorpusError(
            [f"{root or corpus.name}/{path}: no such media file; put it there" for path in missing]
        )
    for path in sorted(paths):
        assert root is not None
        target = folder / path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise CorpusError(f"{path}: leads out of media/; name a file below it")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)


def read_folder(
    folder: Path,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    map_above_bytes: int = MAP_ABOVE_BYTES,
    skip_bad: bool = False,
) -> ParallelCorpus:
    """Reads a corpus folder, after verifying its checksums and its rows.

    Args:
        folder: The folder.
        languages: Tags to keep; None keeps all.
        splits: Splits to keep; None keeps all.
        map_above_bytes: Size in memory, about, above which the corpus is mapped: converted once to Arrow
            files in `$ISOGLOT_CACHE` (or `~/.cache/isoglot`), then opened without being read.
        skip_bad: Whether media files may be missing or changed; the corpus then names them as `damaged`.

    Returns:
        The corpus.

    Raises:
        CorpusError: If anything in the folder is not as it should be; all problems at once.
    """
    manifest = manifests.read_manifest(folder)
    found = manifests.verify(folder, manifest.checksums)
    damaged = {name: found.pop(name) for name in list(found) if skip_bad and name.startswith(manifests.MEDIA)}
    problems = list(found.values())
    missing = [name for name in TABLES if not (folder / name).is_file()]
    problems += [
        f"{folder / name}:1: is missing; write the corpus again"
        for name in missing
        if name not in manifest.checksums
    ]
    if problems:
        raise CorpusError(problems)
    if _bytes_in_memory(folder) > map_above_bytes:
        corpus = open_mapped(folder, manifest)
    else:
        corpus = _read_to_memory(folder, manifest)
    media = folder / "media"
    corpus = replace(
        corpus,
        media_root=str(media) if media.is_dir() else None,
        damaged={name.removeprefix(manifests.MEDIA): problem for name, problem in damaged.items()},
    )
    return corpus if languages is None and splits is None else corpus.select(languages, splits)


def _bytes_in_memory(folder: Path) -> int:
    """About how much the two tables take once they are read, from the Parquet files' footers."""
    size = 0
    for name, schema in ((QUERIES, QUERY_SCHEMA), (DOCUMENTS, DOCUMENT_SCHEMA)):
        metadata = open_parquet(folder / name, schema).metadata
        size += metadata.num_rows * _ROW_BYTES
        size += sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    return size


def _read_to_memory(folder: Path, manifest: manifests.Manifest) -> ParallelCorpus:
    queries = open_table(folder / QUERIES, QUERY_SCHEMA)
    documents = open_table(folder / DOCUMENTS, DOCUMENT_SCHEMA)
    if not (looks_sound(queries) and looks_sound(documents)):
        raise CorpusError(find_problems(folder))
    corpus = assemble(manifest.info, queries, documents, checksums=dict(manifest.checksums))
    corpus = replace(
        corpus,
        splits={name: read_split(corpus, path) for name, path in split_files(folder).items()},
        labelled={key: read_pairs(corpus, path, key[1]) for key, path in pair_files(folder).items()},
    )
    return replace(corpus, negatives=read_negatives(corpus, negative_files(folder)))
