"""Media: what they are by content, and every way in which one cannot be shown."""

from __future__ import annotations

import base64
import io
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.report.gallery.media import Medium, look_at

av = pytest.importorskip("av")
Image = pytest.importorskip("PIL.Image")


def picture(kind: str) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(target, format=kind)
    return target.getvalue()


def look(folder: Path, name: str, modality: str, content: bytes, **checksums: str) -> Medium:
    (folder / name).write_bytes(content)
    return look_at(str(folder), name, modality, checksums)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"),
        ("WEBP", "image/webp"), ("BMP", "image/bmp"),
    ],
)  # fmt: skip
def test_a_picture_is_what_its_content_says(kind, media_type, tmp_path):
    found = look(tmp_path, "a.txt", "image", picture(kind))
    assert (found.problem, found.media_type, found.element) == ("", media_type, "img")
    assert (found.width, found.height) == (4, 4)
    assert found.num_bytes == len(picture(kind))
    head, _, body = found.data_uri.partition(",")
    assert head == f"data:{media_type};base64"
    assert base64.b64decode(body) == picture(kind)


def test_videos_and_sounds(scene_corpus):
    video = look_at(scene_corpus.media_root, "q/video.webm", "video", {})
    sound = look_at(scene_corpus.media_root, "q/sound.wav", "audio", {})
    assert (video.media_type, video.element, video.width, video.height) == ("video/webm", "video", 64, 64)
    assert (sound.media_type, sound.element, sound.width) == ("audio/wav", "audio", None)


def test_a_film_as_gif_is_shown_as_a_picture(tmp_path):
    frames = [Image.new("P", (8, 8), shade) for shade in (0, 1, 2)]
    frames[0].save(tmp_path / "film.webm", format="gif", save_all=True, append_images=frames[1:])
    found = look_at(str(tmp_path), "film.webm", "video", {})
    assert (found.problem, found.media_type, found.element) == ("", "image/gif", "img")


def test_the_address_beside_the_page(tmp_path):
    found = look(tmp_path, "<i>&\"'#?% ü.png", "image", picture("PNG"))
    assert found.address == "media/%3Ci%3E%26%22%27%23%3F%25%20%C3%BC.png"


@pytest.mark.parametrize(
    ("content", "modality", "problem"),
    [
        (b"a text", "image", "the file is no picture, or damaged (cannot identify image file)"),
        (b"", "image", "the file is no picture, or damaged (cannot identify image file)"),
        (picture("PNG")[:-30], "image", "the file is no picture, or damaged"),
        (picture("TIFF"), "image", "browsers do not show the format TIFF"),
        (b"a text", "video", "the file is no video, or damaged (Invalid data found when processing input)"),
        (b"", "audio", "the file is no audio, or damaged (Invalid data found when processing input)"),
        (b"\x1aE\xdf\xa3" + bytes(200), "video", "the file is no video, or damaged"),
    ],
)
def test_what_is_damaged_or_something_else_is_told(content, modality, problem, tmp_path):
    found = look(tmp_path, "a.bin", modality, content)
    assert found.problem.startswith(problem)
    assert found.num_bytes == 0


def test_a_video_without_a_frame(scene_corpus, tmp_path):
    content = (Path(scene_corpus.media_root) / "q/video.webm").read_bytes()
    cluster = content.index(b"\x1fC\xb6u")  # where Matroska's frames begin
    assert look(tmp_path, "a.webm", "video", content).problem == ""
    found = look(tmp_path, "a.webm", "video", content[: cluster + 8])
    assert found.problem == "the file holds no video"


def test_a_sound_is_no_video_and_a_video_has_no_sound(scene_corpus):
    root = scene_corpus.media_root
    assert look_at(root, "q/sound.wav", "video", {}).problem == "the file holds no video"
    assert look_at(root, "q/video.webm", "audio", {}).problem == "the file holds no audio"
    assert look_at(root, "q/sound.wav", "image", {}).problem.startswith("the file is no picture")


def test_a_format_that_browsers_do_not_play(tmp_path):
    with av.open(str(tmp_path / "a.webm"), "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))))
        container.mux(stream.encode())
    assert look_at(str(tmp_path), "a.webm", "video", {}).problem == "browsers do not play the format avi"


def test_places_where_no_medium_is(tmp_path):
    root = str(tmp_path / "media")
    (tmp_path / "media").mkdir()
    (tmp_path / "secret.png").write_bytes(picture("PNG"))
    assert look_at(root, "a.png", "image", {}).problem == "the file is missing"
    assert look_at(root, ".", "image", {}).problem == "the file is missing"
    for path in ("../secret.png", str(tmp_path / "secret.png")):
        assert look_at(root, path, "image", {}).problem == "leads out of the folder of the media"
    assert look_at(root, "a" * 5000, "image", {}).problem.startswith("the file ")
    assert look_at(root, "a\0b", "image", {}).problem.startswith("the file ")
    assert look_at(None, "a.png", "image", {}).problem == "the corpus does not say where its media are"


def test_a_medium_that_is_not_the_one_of_the_corpus(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = look(tmp_path, "a.png", "image", picture("PNG"), **{"media/a.png": "0" * 64})
    assert found.problem == "the file is not the one that corpus.json lists"


@pytest.mark.parametrize(
    ("module", "modality", "message"),
    [("PIL", "image", "to show pictures needs the package pillow"), ("av", "audio", "needs the package av")],
)
def test_a_missing_package_is_named(module, modality, message, tmp_path, monkeypatch):
    content = picture("PNG")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=rf"{message}: pip install 'isoglot\[media\]'"):
        look(tmp_path, "a.png", modality, content)
