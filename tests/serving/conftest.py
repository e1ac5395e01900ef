"""A server over a small store, without a network."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isoglot.media.pictures import open_picture
from isoglot.search import Searcher, StoredDocument, create_store, open_store
from isoglot.serving.app import build_app
from isoglot.serving.engine import Engine, Place
from isoglot.serving.feedback import Feedback
from isoglot.serving.service import Service
from isoglot.serving.settings import ServingSettings

from ..search.conftest import ConceptModel  # noqa: TID252

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script> dog'


class SeeingModel(ConceptModel):
    """Takes a red picture for a dog and a blue one for a cat."""

    def encode(self, side: str, modality: str, contents: list[Any], **how: Any) -> np.ndarray:
        if modality == "text":
            return super().encode(side, modality, contents, **how)
        if modality != "image":
            return super().encode(side, modality, ["house" for _ in contents], **how)
        means = [np.asarray(open_picture(each)).mean((0, 1)) for each in contents]
        names = ["red.png" if red > blue else "blue.png" for red, _, blue in means]
        return super().encode(side, modality, names, **how)


def png(colour: str, size: tuple[int, int] = (32, 20)) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def documents(folder: Path) -> list[StoredDocument]:
    """Texts in several languages and directions, hostile ones among them, and two pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("red", "blue"):
        (folder / f"{name} one.png").write_bytes(png(name, (900, 500)))
    texts = {
        "en-dog": ("en", "the dog sleeps"),
        "de-dog": ("de", "Der Hund schläft"),
        "fr-dog": ("fr", "le chien et le chat"),
        "de-cat": ("de", "Katze am Baum und im Garten"),
        "ja-dog": ("ja", "犬 は 家 に いる"),
        "ar-tree": ("ar", "الشجرة tree كبيرة جدا في الحديقة"),
        "en/hostile?": ("en", HOSTILE),
    }
    found = [
        StoredDocument(name, language=tag, text=text, source="texts", fields={"year": 2000 + number})
        for number, (name, (tag, text)) in enumerate(texts.items())
    ]
    return [
        *found,
        StoredDocument("red one.png", "image", text="ein roter Kreis", path=str(folder / "red one.png")),
        StoredDocument("blue", "image", path=str(folder / "blue one.png"), source="pictures"),
        StoredDocument("gone", "image", path=str(folder / "gone.png"), source="pictures"),
    ]


Start = Callable[..., Service]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store to copy, which is quicker than to make one."""
    folder = tmp_path_factory.mktemp("template")
    fill(folder / "store", folder / "pictures")
    return folder / "store"


def fill(store: Path, pictures: Path) -> None:
    """Makes a store of the documents."""
    made = create_store(
        store, model="/models/concepts", fingerprint="f1", dimension=4, fields={"year": "integer"}
    )
    found = documents(pictures)
    Searcher(SeeingModel().search_model(), made).add(found[:-1])
    made.add(found[-1:], np.full((1, 4), 0.1, np.float32))  # the file that is gone was there then
    made.close()


@pytest.fixture
def start(tmp_path: Path, template: Path) -> Start:
    """Makes a service over a store of its own; the arguments are those of `make_service`."""

    def make(**how: Any) -> Service:
        shutil.copytree(template, tmp_path / "store")
        return make_service(tmp_path, **how)

    return make


def make_service(
    folder: Path, model: SeeingModel | None = None, *, second: bool = False, **how: Any
) -> Service:
    """A service over the store in a folder, or two; further arguments are settings."""
    used = model or SeeingModel(("text", "image", "audio"))
    settings = ServingSettings(**{"feedback": folder / "feedback", "watch_seconds": 0.0} | how)
    engines = {}
    for which, name in (("first", "store"), ("second", "store2"))[: 1 + second]:
        place = Place(str(folder / name))
        searcher = Searcher(used.search_model(f"/models/{name}"), open_store(place.store))
        engines[which] = Engine(place, searcher, settings, lambda where, _: open_fake(where, used))
    return Service(settings, engines, feedback=Feedback(folder / "feedback"))


def open_fake(place: Place, model: SeeingModel) -> Searcher:
    """Opens a store anew with a model that is in memory."""
    return Searcher(model.search_model(), open_store(place.store))


@pytest.fixture
def client(start: Start) -> Iterator[Any]:
    """A client of a server on this computer."""
    from starlette.testclient import TestClient

    with TestClient(build_app(start()), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as found:
        yield found
