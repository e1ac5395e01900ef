"""Thumbnails: small, upright, and none where there is no picture."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.evaluation.thumbnails import PREFIX, make_thumbnail


def open_thumbnail(uri: str | None) -> Image.Image:
    assert uri is not None
    assert uri.startswith(PREFIX)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PREFIX))))


def test_a_large_picture_is_made_small_and_a_small_one_stays(tmp_path: Path) -> None:
    for size, expected in (((640, 320), (128, 64)), ((64, 48), (64, 48))):
        Image.new("RGB", size, (200, 30, 30)).save(tmp_path / "a.png")
        shown = open_thumbnail(make_thumbnail(tmp_path / "a.png"))
        assert shown.size == expected
        assert np.abs(np.asarray(shown).astype(int) - (200, 30, 30)).max() < 12


def test_a_photograph_is_turned_upright_and_what_is_transparent_is_white(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6  # a camera on its side
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert open_thumbnail(make_thumbnail(tmp_path / "turned.jpg")).size == (20, 40)
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "glass.png")
    assert np.asarray(open_thumbnail(make_thumbnail(tmp_path / "glass.png"))).min() > 250


def test_what_is_no_picture_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    assert make_thumbnail(tmp_path / "torn.png") is None
    assert make_thumbnail(tmp_path / "nowhere.png") is None
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert make_thumbnail(tmp_path / "a.png") is not None
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert make_thumbnail(tmp_path / "a.png") is None
