"""What models are given: pictures opened as in training, texts that are nothing but texts."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot import media
from isoglot.batches.media import media_gather
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_two_tower_encoder,
    build_video_tower,
    train_subwords,
)
from isoglot.errors import MediaError
from isoglot.retrieval.adapters import adapt
from isoglot.world.rendering import write_video

LIKELY = ["http://example.org/red.png", "a plain text", "data:image/png;base64,AAAA", "another"]


@pytest.fixture(scope="module")
def two_towers() -> SentenceTransformer:
    """A model as sentence-transformers itself would load it."""
    text_model = build_static_encoder(train_subwords(LIKELY, 80, model="bpe"), 8)
    joined = build_two_tower_encoder(text_model, build_image_tower(8, widths=(8,)))
    return SentenceTransformer(modules=list(joined), device="cpu")


def odd_pictures(folder: Path) -> list[str]:
    """One on its side, one that is partly clear, one of sixteen bits, one of inks."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(40, 60, 4), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels[..., :3]).save(folder / "side.png", exif=exif)
    Image.fromarray(pixels).save(folder / "clear.png")
    Image.fromarray(rng.integers(65_536, size=(40, 60), dtype=np.uint16)).save(folder / "wide.png")
    Image.fromarray(pixels[..., :3]).convert("CMYK").save(folder / "ink.jpg")
    return [str(folder / name) for name in ("side.png", "clear.png", "wide.png", "ink.jpg")]


@pytest.mark.parametrize("model", ["two_towers", "tiny_clip"])
def test_texts_are_never_addresses(
    model: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    adapter = adapt(request.getfixturevalue(model))
    together = adapter.encode("query", "text", LIKELY, batch_size=4, progress=False)
    alone = [adapter.encode("query", "text", [text], batch_size=2, progress=False)[0] for text in LIKELY]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)
    assert np.abs(together[0] - together[2]).max() > 1e-4


def test_training_and_evaluation_see_the_same_pixels(two_towers: SentenceTransformer, tmp_path: Path) -> None:
    files = odd_pictures(tmp_path)
    builder = CorpusBuilder(CorpusInfo("odd"))
    for number, file in enumerate(files):
        builder.add_query(f"q{number}", f"g{number}", "en", f"picture {number}")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=Path(file).name)
    corpus: ParallelCorpus = replace(builder.build(), media_root=str(tmp_path))
    rows = np.arange(len(files), dtype=np.int32)
    features = media_gather(two_towers, "document", "image", corpus, rows)(rows)
    trained = two_towers.eval()(features)["sentence_embedding"].detach().numpy()
    encoded = adapt(two_towers).encode("document", "image", files, batch_size=3, progress=False)
    np.testing.assert_allclose(encoded, trained, atol=1e-5)
    expected = two_towers.encode_document([media.pictures.open_picture(file) for file in files])
    np.testing.assert_allclose(encoded, expected, atol=1e-6)


def test_bad_pictures_of_all_batches_are_named(two_towers: SentenceTransformer, tmp_path: Path) -> None:
    files = odd_pictures(tmp_path)
    for file in (files[1], files[3]):
        Path(file).write_bytes(b"torn")
    with pytest.raises(MediaError, match=r"clear\.png: cannot be read as a picture") as raised:
        adapt(two_towers).encode("document", "image", files, batch_size=1, progress=False)
    assert len(raised.value.problems) == 2


def test_videos_come_in_batches_and_the_bad_ones_of_all_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tower = build_video_tower(build_image_tower(8, side=32, widths=(8,)), num_frames=2)
    files = [str(tmp_path / f"{number}.webm") for number in range(3)]
    for number, file in enumerate(files):
        write_video(Path(file), np.full((3, 32, 32, 3), 60 * number, np.uint8))
    given = adapt(tower).encode("document", "video", files, batch_size=2, progress=True)
    assert "Videos" in capsys.readouterr().err
    expected = np.stack([tower.encode([{"video": file}])[0] for file in files])
    np.testing.assert_allclose(given, expected, atol=1e-5)
    for file in (files[0], files[2]):
        Path(file).write_bytes(b"torn")
    with pytest.raises(MediaError, match=r"0\.webm: cannot be read as a video") as raised:
        adapt(tower).encode("document", "video", files, batch_size=1, progress=False)
    assert len(raised.value.problems) == 2


def test_vectors_kept_of_other_pixels_are_not_used(
    two_towers: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = adapt(two_towers).context
    before = {medium: context("document", medium) for medium in ("text", "image")}
    monkeypatch.setitem(media.CONVERSIONS, "image", media.CONVERSIONS["image"] + 1)
    assert context("document", "text") == before["text"]
    assert context("document", "image") != before["image"]
