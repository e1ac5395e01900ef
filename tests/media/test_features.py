"""Ready features in files: one array each, or many in an archive."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from isoglot.errors import MediaError
from isoglot.media.features import content_of, file_of, holds_features, read_features

VECTOR = np.arange(4, dtype=np.float32)
FRAMES = np.arange(12, dtype=np.float64).reshape(3, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "one.npy", VECTOR)
    np.savez(tmp_path / "all.npz", **{"b.jpg": VECTOR, "a/b": FRAMES, "whole": np.array([1, 2])})
    np.savez(tmp_path / "only.npz", x=VECTOR)
    return tmp_path


def test_a_path_names_a_file_or_an_array_in_one(folder: Path) -> None:
    assert holds_features("x.npy")
    assert holds_features(folder / "x.npz")
    assert holds_features("x.npz#a.b#c")
    assert not holds_features("x.npy.png")
    assert file_of("a/x.npz#b/c.npz#d") == "a/x.npz#b/c.npz"
    assert file_of("a/x#1.npy") == "a/x#1.npy"
    for name in ("one.npy", "only.npz", "only.npz#x", "all.npz#b.jpg"):
        assert np.array_equal(read_features(f"{folder}/{name}"), VECTOR)
    frames = read_features(f"{folder}/all.npz#a/b")
    assert frames.dtype == np.float32
    assert np.array_equal(frames, FRAMES)
    assert read_features(f"{folder}/all.npz#whole").tolist() == [1.0, 2.0]
    assert read_features(FRAMES).shape == (3, 4)


def test_an_archive_that_was_written_again_is_read_again(folder: Path) -> None:
    path = folder / "all.npz"
    assert read_features(f"{path}#b.jpg")[1] == 1
    np.savez(path, **{"b.jpg": VECTOR + 5})
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1))
    assert read_features(f"{path}#b.jpg")[1] == 6


def test_content_is_that_of_the_array_alone(folder: Path) -> None:
    before = content_of(f"{folder}/all.npz#b.jpg")
    assert before != content_of(f"{folder}/all.npz#a/b")
    np.savez(folder / "other.npz", y=VECTOR, z=FRAMES)
    assert content_of(f"{folder}/other.npz#y") == before
    assert content_of(f"{folder}/one.npy") == (folder / "one.npy").read_bytes()


def test_what_is_no_features_is_refused_by_name(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (folder / "sprung",))

    np.save(folder / "objects.npy", np.array([Trap()], object))
    np.savez(folder / "objects.npz", x=np.array([Trap()], object))
    np.save(folder / "cube.npy", np.zeros((2, 2, 2)))
    np.save(folder / "words.npy", np.array(["a"]))
    np.save(folder / "none.npy", np.zeros((0, 4)))
    np.save(folder / "nan.npy", np.array([0.0, np.nan]))
    (folder / "plain.npz").write_bytes((folder / "one.npy").read_bytes())
    (folder / "torn.npz").write_bytes((folder / "all.npz").read_bytes()[:40])
    for name, cause in {
        "objects.npy": "cannot be read as an array",
        "objects.npz#x": "cannot be read as an array",
        "torn.npz#x": "cannot be read as an array",
        "plain.npz": "cannot be read as an array",
        "gone.npy": "cannot be read as an array",
        "cube.npy": r"holds float64 of shape \(2, 2, 2\)",
        "words.npy": "holds <U1 of shape",
        "none.npy": "holds float64 of shape",
        "nan.npy": "holds numbers that are not finite; replace it",
        "all.npz": "no such array among 3; name one after '#', such as .*all.npz#b.jpg",
        "all.npz#a/c": "no such array among 3; name one .*all.npz#a/b",
    }.items():
        with pytest.raises(MediaError, match=f"{name}: {cause}"):
            read_features(f"{folder}/{name}")
    assert not (folder / "sprung").exists()
