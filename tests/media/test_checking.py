"""Looking at files before work starts: each once, whatever the medium, and all that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.media import CONVERSIONS, checking
from isoglot.media.checking import find_bad_media
from isoglot.media.opening import open_media
from isoglot.records import MODALITIES
from isoglot.world.rendering import write_sound, write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good file and a bad one of each medium, and ready features."""
    root = tmp_path_factory.mktemp("media")
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(48, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "good.png")
    write_video(root / "good.webm", np.repeat(pixels[None], 8, axis=0))
    write_sound(root / "good.wav", rng.uniform(-0.5, 0.5, 16_000).astype(np.float32))
    for suffix in ("png", "webm", "wav"):
        content = (root / f"good.{suffix}").read_bytes()
        (root / f"bad.{suffix}").write_bytes(content[: len(content) // 2])
    np.savez(root / "good.npz", cat=np.zeros(3, np.float32))
    (root / "bad.npy").write_bytes(b"torn")
    return root


MEDIA = (("image", "png"), ("video", "webm"), ("audio", "wav"))


@pytest.mark.parametrize(("modality", "suffix"), MEDIA)
def test_bad_files_are_named_with_cause_and_remedy(folder: Path, modality: str, suffix: str) -> None:
    files = [(str(folder / f"{name}.{suffix}"), modality) for name in ("good", "bad", "gone", "good")]
    bad = find_bad_media(files)
    assert list(bad) == files[1:3]
    assert all(problem.startswith(path) for (path, _), problem in bad.items())
    assert "no such file" in bad[files[2]]


def test_every_medium_but_text_has_its_reader() -> None:
    assert {*checking._READERS, "text"} == {*CONVERSIONS, "text"} == set(MODALITIES)


def test_ready_features_are_read_in_place_of_media(folder: Path) -> None:
    good = [(f"{folder}/good.npz#cat", "image"), (f"{folder}/good.npz", "video")]
    bad = [(f"{folder}/good.npz#dog", "image"), (f"{folder}/bad.npy", "video")]
    assert list(find_bad_media([*good, *bad])) == bad


def test_each_file_is_looked_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setitem(checking._READERS, "image", looked.append)
    file = (str(folder / "good.png"), "image")
    assert find_bad_media([file] * 5) == {}
    assert looked == [file[0]]
    assert find_bad_media([]) == {}


def test_what_a_processor_would_open_is_opened(folder: Path) -> None:
    files = [str(folder / "good.png"), f"{folder}/good.npz#cat", folder / "good.png"]
    opened = open_media("image", files)
    assert [isinstance(each, Image.Image) for each in opened] == [True, False, True]
    assert opened[1] == files[1]
    assert open_media("video", files) == files
    array = np.zeros(3, np.float32)
    assert open_media("image", [array])[0] is array
