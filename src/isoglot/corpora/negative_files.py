"""The files `negatives/<split>.tsv` of a corpus folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.equivalents import Equivalents, refusal
from isoglot.corpora.judgements import Rows
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.qrels import BEIR_HEADER
from isoglot.corpora.sources import decode_lines
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

FOLDER = "negatives"
"""Where the files lie, in a corpus folder."""
Line = tuple[str, str, float, str]
"""Query id, document id, score, and the place of the line."""
_LINES_AT_ONCE = 65_536
_LARGEST = float(np.finfo(np.float32).max)


def negative_files(folder: Path) -> dict[str, Path]:
    """The files below `negatives/`: split -> its file, in order of the names."""
    return {path.name.removesuffix(".tsv"): path for path in sorted((folder / FOLDER).glob("*.tsv"))}


def parse_negatives(lines: Sequence[str], place: str, problems: list[str]) -> list[Line]:
    """Negatives from the lines of a file, below the header `query-id corpus-id score`.

    Args:
        lines: The file; cells have tabs between.
        place: Where it lies, for reports.
        problems: Takes what is wrong, line by line.

    Returns:
        The negatives that can be read, in file order, each pair once.
    """
    if not lines or tuple(lines[0].split("\t")) != BEIR_HEADER:
        problems.append(f"{place}:1: must be the header {' '.join(BEIR_HEADER)}, with tabs between")
        return []
    found: dict[tuple[str, str], Line] = {}
    before = len(problems)
    for number, line in enumerate(lines[1:], start=2):
        where = f"{place}:{number}"
        cells = line.split("\t")
        score = parse_score(cells[-1])
        if len(cells) != len(BEIR_HEADER):
            problems.append(
                f"{where}: must be {', '.join(BEIR_HEADER)} with tabs between, got {len(cells)} cells"
            )
        elif score is None:
            problems.append(f"{where}: the score must be a finite number, got {cells[-1]!r}")
        elif (cells[0], cells[1]) in found:
            problems.append(f"{where}: {cells[1]!r} is a negative of {cells[0]!r} above; keep one line")
        else:
            found[cells[0], cells[1]] = (cells[0], cells[1], score, where)
    if not found and len(problems) == before:
        problems.append(f"{place}:1: holds no negative; remove the file")
    return list(found.values())


def parse_score(text: str) -> float | None:
    """The number that a text stands for; None if it is none, or beyond what four bytes hold."""
    try:
        score = float("nan" if "_" in text else text)
    except ValueError:
        return None
    return score if abs(score) <= _LARGEST else None


def read_negatives(corpus: ParallelCorpus, files: Mapping[str, Path]) -> dict[str, HardNegatives]:
    """Hard negatives of a corpus from their files.

    Args:
        corpus: The corpus whose ids they name, with its splits.
        files: Split -> file.

    Returns:
        Split -> negatives.

    Raises:
        CorpusError: If a file is of no split, a line is malformed, names what is not there, or a document
            that means the same as an answer; all problems at once.
    """
    if not files:
        return {}
    problems: list[str] = []
    equivalents = Equivalents.of(corpus)
    found = {}
    for split, path in files.items():
        if split not in corpus.splits:
            problems.append(no_split(path, split))
        lines = parse_negatives(decode_lines(path.read_bytes(), str(path), problems), str(path), problems)
        found[split] = _coded(corpus, lines, equivalents, problems)
    if problems:
        raise CorpusError(problems)
    return found


def no_split(path: Path, split: str) -> str:
    """What is wrong with a file of negatives whose name names no split."""
    return f"{path}:1: there is no split {split!r} in qrels/; remove the file"


def _coded(
    corpus: ParallelCorpus, lines: Sequence[Line], equivalents: Equivalents, problems: list[str]
) -> HardNegatives:
    queries = _rows_of(corpus.queries["query_id"], [line[0] for line in lines])
    documents = _rows_of(corpus.documents["doc_id"], [line[1] for line in lines])
    known = (queries >= 0) & (documents >= 0)
    for index in np.flatnonzero(~known).tolist():
        query_id, doc_id, _, where = lines[index]
        missing = f"query {query_id!r}" if queries[index] < 0 else f"document {doc_id!r}"
        problems.append(f"{where}: there is no {missing}; remove the line")
    places = np.flatnonzero(known)
    queries, documents = queries[places], documents[places]
    same = equivalents.include(corpus.query_groups[queries], documents)
    for query_id, doc_id, _, where in (lines[index] for index in places[same].tolist()):
        problems.append(f"{where}: {refusal(query_id, doc_id)}")
    scores = np.array([lines[index][2] for index in places.tolist()], np.float32)
    return HardNegatives.from_pairs(corpus.queries.num_rows, queries, documents, scores)


def _rows_of(ids: pa.ChunkedArray, wanted: list[str]) -> Rows:
    rows = pc.index_in(pa.array(wanted, pa.large_string()), ids).fill_null(-1)
    numbers: Rows = rows.to_numpy(zero_copy_only=False).astype(np.int32)
    return numbers


def write_negatives(corpus: ParallelCorpus, split: str, path: Path) -> None:
    """Writes the file that `read_negatives` reads.

    Args:
        corpus: The corpus.
        split: Which of its negatives.
        path: The file.
    """
    negatives = corpus.negatives[split]
    queries = negatives.pair_query_rows
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\t".join(BEIR_HEADER) + "\n")
        for start in range(0, len(negatives), _LINES_AT_ONCE):
            part = slice(start, start + _LINES_AT_ONCE)
            cells = zip(
                corpus.queries["query_id"].take(pa.array(queries[part])).to_pylist(),
                corpus.documents["doc_id"].take(pa.array(negatives.document_rows[part])).to_pylist(),
                negatives.scores[part].tolist(),
                strict=True,
            )
            # Nine digits tell any two float32 apart.
            stream.write("".join(f"{query}\t{document}\t{score:.9g}\n" for query, document, score in cells))
