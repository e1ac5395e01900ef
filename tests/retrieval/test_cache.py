"""Vectors on disk: found again by content and model, whole or not at all, and no more of them than wanted."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.retrieval.cache import (
    VectorCache,
    cached,
    make_keys,
    num_cached_bytes,
    prune_cache,
    vectors_folder,
)


def _texts(number, start=0):
    return [f"text {i}".encode() for i in range(start, start + number)]


def _vectors(number, width=3, seed=0):
    return np.random.default_rng(seed).standard_normal((number, width)).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors" / "model")


def test_what_was_written_is_read_in_any_order_and_with_gaps(cache):
    first, second = make_keys(_texts(5), "query"), make_keys(_texts(4, 5), "query")
    vectors = _vectors(9)
    cache.write(first, vectors[:5])
    cache.write(second, vectors[5:])
    keys = np.concatenate([first, make_keys(_texts(2, 50), "query"), second])[::-1]
    found, read = cache.read(keys)
    assert found[::-1].tolist() == [True] * 5 + [False] * 2 + [True] * 4
    np.testing.assert_array_equal(read[::-1][[0, 1, 2, 3, 4, 7, 8, 9, 10]], vectors)
    assert not read[::-1][5:7].any()


def test_nothing_is_there_at_first(cache):
    found, vectors = cache.read(make_keys(_texts(2), "query"))
    assert not found.any()
    assert vectors.shape == (2, 0)


def test_a_key_depends_on_content_and_prefix_and_nothing_else():
    keys = make_keys([b"a", b"b", b"a"], "query")
    assert keys[0] == keys[2] != keys[1]
    assert make_keys([b"a"], "document")[0] != keys[0]
    assert make_keys([b"ya"], "quer")[0] != keys[0]


def test_keys_that_end_in_zero_bytes_are_told_apart(cache):
    """Numpy's byte strings do not show such bytes."""
    keys = np.frombuffer(b"a" + bytes(15) + b"a" * 15 + bytes(1) + bytes(16), "S16")
    cache.write(keys, _vectors(3))
    found, vectors = cache.read(keys[::-1])
    assert found.all()
    np.testing.assert_array_equal(vectors[::-1], _vectors(3))


def test_only_what_is_missing_is_encoded(cache):
    asked = []

    def encode(numbers):
        asked.append(numbers.tolist())
        return numbers[:, None] * np.ones(2, np.float32)

    keys = make_keys(_texts(6), "query")
    vectors, number = cached(cache, keys[[1, 3]], lambda numbers: np.full((2, 2), 7, np.float32))
    assert number == 2
    vectors, number = cached(cache, keys, encode)
    assert (number, asked) == (4, [[0, 2, 4, 5]])
    assert vectors[:, 0].tolist() == [0, 7, 2, 7, 4, 5]
    again, number = cached(cache, keys, encode)
    assert number == 0
    np.testing.assert_array_equal(again, vectors)


def test_long_jobs_are_kept_piece_by_piece(cache, monkeypatch):
    monkeypatch.setattr("isoglot.retrieval.cache._SHARD_ROWS", 2)
    keys = make_keys(_texts(5), "query")

    def fails_at_the_end(numbers):
        if 4 in numbers:
            raise KeyboardInterrupt
        return np.ones((len(numbers), 2), np.float32)

    with pytest.raises(KeyboardInterrupt):
        cached(cache, keys, fails_at_the_end)
    assert cache.read(keys)[0].tolist() == [True, True, True, True, False]


def test_vectors_that_are_not_finite_are_not_kept(cache):
    keys = make_keys(_texts(2), "query")
    cached(cache, keys, lambda numbers: np.array([[1, np.nan], [1, 1]], np.float32))
    assert not cache.read(keys)[0].any()


def _damage_end(file):
    with file.open("r+b") as stream:
        stream.seek(-4, os.SEEK_END)
        stream.write(b"\xff\xff\xff\x7e")


def _truncate(file):
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size - 7)


@pytest.mark.parametrize(
    ("ending", "harm"),
    [
        ("vectors", _damage_end),
        ("vectors", _truncate),
        ("keys", _truncate),
        ("keys", lambda file: file.write_bytes(b"")),
        ("vectors", lambda file: np.save(file, np.array([{}], object))),
        ("vectors", lambda file: np.save(file, np.ones((2, 2)))),
        ("keys", lambda file: np.save(file, np.ones(3))),
    ],
)
def test_a_damaged_shard_is_named_removed_and_made_anew(cache, ending, harm):
    keys = make_keys(_texts(3), "query")
    cache.write(keys, _vectors(3))
    cache.write(make_keys(_texts(1, 9), "query"), _vectors(1))
    (file,) = [
        f for f in cache.folder.glob(f"*.{ending}.npy") if f.stat().st_size != _smallest(cache, ending)
    ]
    harm(file)
    with pytest.warns(UserWarning, match=rf"{file.name.split('.')[0]}\.keys\.npy: damaged"):
        vectors, number = cached(cache, keys, lambda numbers: _vectors(3))
    assert number == 3
    np.testing.assert_array_equal(vectors, _vectors(3))
    assert cache.read(keys)[0].all()
    assert cache.read(make_keys(_texts(1, 9), "query"))[0].all()


def _smallest(cache, ending):
    return min(file.stat().st_size for file in cache.folder.glob(f"*.{ending}.npy"))


def test_vectors_without_keys_are_not_there_yet(cache):
    keys = make_keys(_texts(3), "query")
    cache.write(keys, _vectors(3))
    next(cache.folder.glob("*.keys.npy")).unlink()
    assert not cache.read(keys)[0].any()


def test_widths_that_differ_are_an_error_that_names_the_folder(cache):
    cache.write(make_keys(_texts(1), "query"), _vectors(1, 3))
    with pytest.raises(SearchError, match="holds vectors of width 3, but the model now gives 2"):
        cached(cache, make_keys(_texts(1, 5), "query"), lambda numbers: _vectors(1, 2))
    cache.write(make_keys(_texts(1, 7), "query"), _vectors(1, 4))
    with pytest.raises(SearchError, match=r"model: holds vectors of widths \[3, 4\]"):
        cache.read(make_keys(_texts(1), "query"))


def test_a_place_that_cannot_be_written_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = VectorCache(tmp_path / "file" / "model")
    with pytest.warns(UserWarning, match="cannot keep vectors there"):
        vectors, _ = cached(cache, make_keys(_texts(2), "query"), lambda numbers: _vectors(2))
    np.testing.assert_array_equal(vectors, _vectors(2))


WRITER = """
import sys
import numpy as np
from pathlib import Path
from isoglot.retrieval.cache import VectorCache, cached, make_keys
cache = VectorCache(Path(sys.argv[1]))
for start in range(0, 40, 4):
    numbers = range(start, start + 20)
    keys = make_keys((f"text {i}".encode() for i in numbers), "query")
    want = np.array([[i, -i] for i in numbers], np.float32)
    vectors, _ = cached(cache, keys, lambda rows: want[rows])
    assert (vectors == want).all()
"""


def test_two_processes_at_once_give_the_same_vectors(cache):
    command = [sys.executable, "-W", "error", "-c", WRITER, str(cache.folder)]
    jobs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [job.communicate()[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], errors
    found, vectors = cache.read(make_keys(_texts(56), "query"))
    assert found.all()
    assert vectors[:, 0].tolist() == list(range(56))


def _age(file, days):
    then = time.time() - days * 86_400
    os.utime(file, (then, then))


def test_pruning_by_age_and_size_takes_the_longest_unused(cache):
    root = cache.folder.parent
    keys = [make_keys(_texts(3, 10 * number), "query") for number in range(3)]
    for number, part in enumerate(keys):
        before = set(cache.folder.glob("*.keys.npy"))
        cache.write(part, _vectors(3))
        (new,) = set(cache.folder.glob("*.keys.npy")) - before
        _age(new, 10 * (number + 1))
    total = num_cached_bytes(root)
    cache.read(keys[1])  # Used just now, though written long ago.
    assert prune_cache(root, max_age_days=100) == 0
    assert prune_cache(root, max_age_days=15) == total // 3
    assert [bool(cache.read(part)[0].all()) for part in keys] == [True, True, False]
    _age(next(iter(cache.folder.glob("*.keys.npy"))), 1)
    assert prune_cache(root, max_bytes=total // 2) == total // 3
    assert num_cached_bytes(root) == total // 3
    assert prune_cache(root, max_age_days=0) == total // 3
    assert list(cache.folder.iterdir()) == []


def test_pruning_leaves_what_is_being_written_and_takes_what_was_left_behind(cache):
    cache.write(make_keys(_texts(1), "query"), _vectors(1))
    next(cache.folder.glob("*.keys.npy")).unlink()
    half_written = cache.folder / ".abc.keys.npy.123"
    half_written.write_bytes(b"half")
    assert prune_cache(cache.folder.parent, max_bytes=0) == 0
    for file in cache.folder.iterdir():
        _age(file, 2)
    assert prune_cache(cache.folder.parent) > 0
    assert list(cache.folder.iterdir()) == []


def test_a_limit_below_zero_is_refused(tmp_path):
    with pytest.raises(SearchError, match="max_bytes must be >= 0, got -1"):
        prune_cache(tmp_path, max_bytes=-1)


def test_the_cache_lies_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path))
    assert vectors_folder() == tmp_path / "vectors"
    assert num_cached_bytes() == 0
    assert vectors_folder(tmp_path / "here") == tmp_path / "here"
