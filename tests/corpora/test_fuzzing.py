"""Damaged files: every reader refuses them by name, or gives a corpus that holds all that the files hold.

What is checked of each mutation: no other exception than `CorpusError` and no warning (warnings are errors
here); each problem on one line with what is wrong; and of what is accepted, that the texts on either side
are those that a plain reading of the same files finds (`naive`), none lost and none made up; that there are
as many of them wherever the reader merges nothing; and that every judged query has a judged document.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from isoglot.corpora import ParallelCorpus, list_datasets, read_dataset
from isoglot.errors import CorpusError

from . import naive
from .mutations import QUICK, THOROUGH, Mutated
from .published import PUBLISHED, write_files

Account = Callable[[naive.Files, ParallelCorpus], None]


EACH_QUERY = {
    "xquad-r", "mlqa-r", "tydiqa", "miracl", "belebele", "mewsli-x", "nqg-squad", "xm3600", "xflickr-co",
    "vatex",
}  # fmt: skip
EACH_DOCUMENT = {"xquad-r", "mlqa-r", "miracl", "mewsli-x", "xm3600", "msr-vtt", "vatex"}
"""Data sets of which every row is a query, or a document, of its own: nothing is merged."""


def contents(table: pa.Table) -> list[str]:
    """Texts of a table; of other media the paths."""
    return [
        text or path for text, path in zip(*(table[key].to_pylist() for key in ("text", "path")), strict=True)
    ]


def check_contents(files: naive.Files, corpus: ParallelCorpus, name: str) -> None:
    """Holds a corpus against a plain reading of its files."""
    asked, told = naive.DATASETS[name](files)
    queries, documents = contents(corpus.queries), contents(corpus.documents)
    if name == "mewsli-x":
        assert all(any(naive.plain(mark) in naive.plain(text) for text in queries) for mark in asked)
    else:
        assert set(map(naive.plain, queries)) == set(map(naive.plain, asked))
    assert set(map(naive.plain, documents)) == set(map(naive.plain, told))
    assert name not in EACH_QUERY or len(queries) == len(asked)
    assert name not in EACH_DOCUMENT or len(documents) == len(told)
    for split in corpus.splits:
        assert np.all(np.diff(corpus.judgements(split).indptr) >= 1)


def check_report(error: CorpusError, damage: str) -> None:
    """An error says something, each problem on one line."""
    assert error.problems, damage
    assert all(problem.strip() and "\n" not in problem for problem in error.problems), damage


def fuzz(
    source: Mutated, read: Callable[[], Any], account: Callable[[naive.Files, Any], None], number: int
) -> dict[str, int]:
    """Damages files again and again; how many were read, and how many refused."""
    outcomes = {"read": 0, "refused": 0}
    for _ in range(number):
        damage = source.damage()
        try:
            corpus = read()
        except CorpusError as error:
            outcomes["refused"] += 1
            check_report(error, damage)
            continue
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__}: {error}; {damage}") from error
        outcomes["read"] += 1
        try:
            account(source.files, corpus)
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__}: {error}; {damage}") from error
    return outcomes


def fuzz_dataset(name: str, folder: Path, number: int) -> dict[str, int]:
    source = Mutated(write_files(folder, PUBLISHED[name].files), name)
    return fuzz(
        source,
        lambda: read_dataset(name, folder),
        lambda files, corpus: check_contents(files, corpus, name),
        number,
    )


def test_every_data_set_is_fuzzed() -> None:
    assert set(naive.DATASETS) == {dataset.name for dataset in list_datasets()}


@pytest.mark.parametrize("name", naive.DATASETS)
def test_the_plain_reading_agrees_on_sound_files(name: str, tmp_path: Path) -> None:
    source = Mutated(write_files(tmp_path, PUBLISHED[name].files), name)
    check_contents(source.files, read_dataset(name, tmp_path), name)


@pytest.mark.parametrize("name", naive.DATASETS)
def test_damaged_data_sets(name: str, tmp_path: Path) -> None:
    assert min(fuzz_dataset(name, tmp_path, QUICK).values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", naive.DATASETS)
def test_damaged_data_sets_thoroughly(name: str, tmp_path: Path) -> None:
    assert min(fuzz_dataset(name, tmp_path, THOROUGH).values()) > 0
