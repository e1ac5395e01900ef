"""Readers' thumbs, kept as judgements that evaluation reads.

`qrels.tsv` has BEIR's three columns, in which ids may hold blanks, and one line for each query and document:
who changes their mind changes the line. `queries.tsv` has the texts beside it. Whatever is read at any time
is whole: a line is written in one go, and a change makes a new file that takes the old one's name.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from isoglot.corpora.qrels import BEIR_HEADER, parse_qrels
from isoglot.errors import CorpusError
from isoglot.files import whole_file

QUERIES_HEADER = ("query-id", "language", "text")


def query_id_of(query: str) -> str:
    """The id under which a query is kept: the same for the same words."""
    return f"q{hashlib.blake2b(query.encode(), digest_size=8).hexdigest()}"


class Feedback:
    """The files in a folder; several threads may write, and one process."""

    def __init__(self, folder: Path) -> None:
        """Reads what is there; nothing is written before the first thumb.

        Args:
            folder: Where the files are, or will be.

        Raises:
            CorpusError: If a file is there and is not what it should be.
        """
        self._qrels = folder / "qrels.tsv"
        self._queries = folder / "queries.tsv"
        self._writing = threading.Lock()
        self._grades = _read_grades(self._qrels)
        self._known = {line.split("\t")[0] for line in _lines(self._queries)[1:]}

    def judge(self, query: str, language: str | None, doc_id: str, grade: int) -> str:
        """Keeps a thumb; one that changes nothing writes nothing.

        Args:
            query: The query.
            language: Its language; None if nobody knows.
            doc_id: The document, without tabs and line ends.
            grade: 1 for good, 0 for bad.

        Returns:
            The query's id.

        Raises:
            OSError: If the files cannot be written; they are as they were then.
        """
        query_id = query_id_of(query)
        with self._writing:
            if query_id not in self._known:
                text = " ".join(query.split())
                _append(self._queries, QUERIES_HEADER, (query_id, language or "", text))
                self._known.add(query_id)
            pair = (query_id, doc_id)
            before = self._grades.get(pair)
            if before is None:
                _append(self._qrels, BEIR_HEADER, (query_id, doc_id, str(grade)))
            elif before != grade:
                self._replace({**self._grades, pair: grade})
            self._grades[pair] = grade
        return query_id

    def _replace(self, grades: dict[tuple[str, str], int]) -> None:
        rows = [BEIR_HEADER, *((query, doc, str(grade)) for (query, doc), grade in grades.items())]
        with whole_file(self._qrels) as file:
            file.write("".join("\t".join(row) + "\n" for row in rows).encode())


def _append(path: Path, header: tuple[str, ...], cells: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = "\t".join(cells) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        start = os.fstat(descriptor).st_size
        content = (line if start else "\t".join(header) + "\n" + line).encode()
        if os.write(descriptor, content) != len(content):  # a full disk takes half a line
            os.ftruncate(descriptor, start)
            raise OSError(f"{path}: the disk is full; make room")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").rstrip("\n").split("\n") if path.is_file() else []


def _read_grades(path: Path) -> dict[tuple[str, str], int]:
    lines = _lines(path)
    if not lines:
        return {}
    problems: list[str] = []
    found = parse_qrels(lines, str(path), problems)
    if problems:
        raise CorpusError(problems)
    return {(query, doc): grade for query, doc, grade, _ in found}
