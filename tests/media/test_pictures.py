"""Pictures of every kind that people have: converted as documented, or refused by name and with a remedy."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from isoglot.errors import CorpusError, MediaError
from isoglot.media import pictures
from isoglot.media.pictures import open_picture

Pixels = npt.NDArray[np.uint8]
ORIENTATION = 274


def gradient(width: int = 6, height: int = 4) -> Pixels:
    """(H, W, 3) pixels, each different from the others."""
    return np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3) * 3


def pixels_of(source: Path | bytes | Image.Image) -> Pixels:
    picture = open_picture(source)
    assert picture.mode == "RGB"
    assert picture.info == {}
    return np.asarray(picture)


def saved(picture: Image.Image, file: Path, **options: object) -> Path:
    picture.save(file, **options)
    return file


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0")),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_plain_picture_keeps_its_pixels(tmp_path: Path) -> None:
    file = saved(Image.fromarray(gradient()), tmp_path / "plain.png")
    assert np.array_equal(pixels_of(file), gradient())
    assert np.array_equal(pixels_of(file.read_bytes()), gradient())
    with Image.open(file) as picture:
        assert np.array_equal(pixels_of(picture), gradient())
    assert np.array_equal(np.asarray(open_picture(str(file))), gradient())


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.transpose(1, 0, 2)),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda p: np.rot90(p)),
    ],
)
def test_pictures_are_turned_upright(
    orientation: int, turned: Callable[[Pixels], Pixels], tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = saved(Image.fromarray(gradient()), tmp_path / "turned.png", exif=exif)
    assert np.array_equal(pixels_of(file), turned(gradient()))
    assert np.array_equal(pixels_of(open_picture(file)), turned(gradient()))  # and not once more


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_costs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "exif.jpg"
    Image.new("RGB", (8, 8), "red").save(file, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert pixels_of(file).shape == (8, 8, 3)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    file = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / "ink.jpg", quality=100)
    assert np.abs(pixels_of(file).astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palettes_become_rgb(mode: str, tmp_path: Path) -> None:
    wanted = np.zeros((4, 6), np.uint8)
    wanted[:, 3:] = 255
    file = saved(Image.fromarray(wanted).convert(mode), tmp_path / "few.png")
    assert np.array_equal(pixels_of(file), np.repeat(wanted[..., None], 3, axis=2))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_become_white(mode: str, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (3, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.putpixel((2, 0), (0, 0, 0, 128))
    file = saved(picture.convert(mode), tmp_path / "clear.png")
    assert pixels_of(file)[0, :, 0].tolist() == [0, 255, 127]


@pytest.mark.parametrize(("mode", "clear"), [("P", 1), ("L", 7), ("RGB", (7, 7, 7))])
def test_a_transparent_colour_becomes_white(mode: str, clear: object, tmp_path: Path) -> None:
    picture = Image.new(mode, (2, 1), 0)
    if mode == "P":
        picture.putpalette([0, 0, 0, 9, 9, 9])
    picture.putpixel((1, 0), clear)  # type: ignore[arg-type]
    file = saved(picture, tmp_path / "key.png", transparency=clear)
    assert pixels_of(file)[0].tolist() == [[0] * 3, [255] * 3]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([[0, 257, 32_896, 65_535]], np.uint16), [0, 1, 128, 255]),
        (np.array([[257, 32_896]], np.uint16), [1, 128]),
        (np.array([[0.25, 0.5]], np.float32), [64, 128]),
        (np.array([[0.0, 0.25, 0.5, 1.0]], np.float32), [0, 64, 128, 255]),
        (np.array([[-10.0, 0.0, 10.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 500_000, 1_000_000]], np.int32), [0, 128, 255]),
        (np.array([[7.5, 7.5]], np.float32), [0, 0]),
    ],
)
def test_wide_numbers_are_scaled_to_eight_bits(values: np.ndarray, wanted: list[int], tmp_path: Path) -> None:
    file = saved(Image.fromarray(values), tmp_path / "wide.tiff")
    assert pixels_of(file)[0, :, 0].tolist() == wanted
    assert (pixels_of(file) == pixels_of(file)[..., :1]).all()


def test_sixteen_bits_in_a_png(tmp_path: Path) -> None:
    file = saved(Image.fromarray(np.array([[0, 65_535, 32_896]], np.uint16)), tmp_path / "wide.png")
    assert pixels_of(file)[0, :, 0].tolist() == [0, 255, 128]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_of_moving_pictures_the_first_frame_is_taken(suffix: str, tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    file = saved(first, tmp_path / f"moving{suffix}", save_all=True, append_images=[second], lossless=True)
    with Image.open(file) as moving:
        assert moving.n_frames == 2  # type: ignore[attr-defined]
    assert (pixels_of(file) == 255).all()


def test_the_content_says_what_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "really.jpg").write_bytes(saved(Image.fromarray(gradient()), tmp_path / "a.png").read_bytes())
    (tmp_path / "nothing").write_bytes((tmp_path / "a.png").read_bytes())
    assert np.array_equal(pixels_of(tmp_path / "really.jpg"), gradient())
    assert np.array_equal(pixels_of(tmp_path / "nothing"), gradient())


def test_colour_profiles_are_ignored(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    file = saved(Image.fromarray(gradient()), tmp_path / "profile.png", icc_profile=profile)
    assert np.array_equal(pixels_of(file), gradient())


def test_a_link_is_followed(tmp_path: Path) -> None:
    file = saved(Image.fromarray(gradient()), tmp_path / "file.png")
    (tmp_path / "link.png").symlink_to(file)
    assert np.array_equal(pixels_of(tmp_path / "link.png"), gradient())


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"torn", "damaged, or none of"),
        (b"", "is empty"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing; save it as a PNG"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<!DOCTYPE html><p>404", "page of HTML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "none of"),
    ],
)
def test_what_is_no_picture_is_named(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(MediaError, match=rf"odd\.png: .*{cause}.*; replace it or remove its row"):
        open_picture(tmp_path / "odd.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".webp", ".tiff"])
def test_a_cut_off_picture_is_refused(suffix: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), tmp_path / f"whole{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match=rf"cut{suffix}: cannot be read as a picture \("):
        open_picture(tmp_path / f"cut{suffix}")


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_bombs_are_refused_by_their_header(side: int, tmp_path: Path) -> None:
    """In each range of Pillow's own limit: below it, where it warns, and where it refuses."""
    before = Image.MAX_IMAGE_PIXELS
    (tmp_path / "bomb.png").write_bytes(png_header(side, side))
    with pytest.raises(MediaError, match=r"bomb\.png: .*80,000,000"):
        open_picture(tmp_path / "bomb.png")
    assert before == Image.MAX_IMAGE_PIXELS
    assert before is not None
    assert before > pictures.MAX_PIXELS


def test_slivers_are_refused() -> None:
    assert open_picture(Image.new("RGB", (200, 1))).size == (200, 1)
    with pytest.raises(MediaError, match=r"picture: .*201 pixels wide and 1 high.*at most 200 times"):
        open_picture(Image.new("RGB", (201, 1)))
    with pytest.raises(MediaError, match=r"1 pixels wide and 201 high"):
        open_picture(Image.new("RGB", (1, 201)))


def test_huge_files_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(Image.fromarray(gradient()), tmp_path / "large.png")
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    with pytest.raises(MediaError, match=r"large\.png: .* bytes, and at most 10 are read"):
        open_picture(file)
    with pytest.raises(MediaError, match="bytes, and at most 10 are read"):
        open_picture(file.read_bytes())


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    file = saved(Image.fromarray(np.array([[0, np.nan]], np.float32)), tmp_path / "nan.tiff")
    with pytest.raises(MediaError, match=r"nan\.tiff: .*values that are not finite"):
        open_picture(file)


def test_only_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("pipe.png", "gone.png", "."):
        with pytest.raises(MediaError, match=r"regular file|no such file"):
            open_picture(tmp_path / name)
    with pytest.raises(MediaError, match="regular file"):
        open_picture("/dev/zero")
    for address in ("https://example.org/a.png", "file:///etc/passwd"):
        with pytest.raises(MediaError, match="address"):
            open_picture(address)
    with pytest.raises(MediaError, match="cannot be read as a picture"):
        open_picture("x" * 5_000)


def test_the_error_is_one_of_corpora() -> None:
    with pytest.raises(CorpusError, match="picture: ") as raised:
        open_picture(b"GIF89a")
    assert len(raised.value.problems) == 1


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "PPM"]))
def test_damage_anywhere_gives_a_picture_or_the_one_error(data: st.DataObject, kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(gradient()).save(stream, kind)
    content = bytearray(stream.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    try:
        picture = open_picture(bytes(content))
    except MediaError as error:
        picture, problem = None, str(error)
    assert problem.startswith("picture: ") if picture is None else picture.mode == "RGB"
