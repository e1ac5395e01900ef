"""Stores of every kind, and documents for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from isoglot.retrieval.adapters import Adapter
from isoglot.search import SearchModel, Store, StoredDocument, create_store

DIMENSION = 8


@pytest.fixture(params=["lance", pytest.param("milvus", marks=pytest.mark.slow)])
def uri(request, tmp_path) -> str:
    """The address of a store that is not there yet, one for each engine."""
    if request.param == "milvus":
        pytest.importorskip("pymilvus", reason="the distributed engine is an extra")
        pytest.importorskip("milvus_lite", reason="tests run the distributed engine in this process")
        return f"milvus:{tmp_path / 'store.db'}"
    pytest.importorskip("lancedb", reason="the embedded engine is an extra")
    return str(tmp_path / "store")


@pytest.fixture
def new_store(uri) -> Iterator[Callable[..., Store]]:
    """Makes an empty store; closes it in the end."""
    made: list[Store] = []

    def make(**how: Any) -> Store:
        settings = {"model": "a model", "fingerprint": "f1", "dimension": DIMENSION} | how
        made.append(create_store(uri, **settings))
        return made[-1]

    yield make
    for store in made:
        store.close()


FIELDS = {"year": "integer", "price": "number", "Author": "text", "open": "boolean"}
AUTHORS = ("O'Brien", 'a "b" \\ c', "東京 ตั้ง", "x' OR '1'='1", "back`tick", "a\nb")


@pytest.fixture(scope="session")
def documents() -> list[StoredDocument]:
    """60 documents of several languages, media and fields; some lack each of these."""
    languages = ("de", "de-AT", "en", None, "th")
    made = []
    for number in range(60):
        own = {"year": 1990 + number, "price": number / 4, "open": number % 2 == 0}
        own["Author"] = AUTHORS[number % len(AUTHORS)]
        modality = "image" if number % 7 == 0 else "text"
        made.append(
            StoredDocument(
                f"d{number}",
                modality,
                languages[number % len(languages)],
                None if modality == "image" else f"Der Hund {number} läuft in 東京 ภาษาไทย",
                f"/pictures/{number}.png" if modality == "image" else None,
                "Titel" if number % 3 == 0 else None,
                'it\'s "here"' if number % 2 else None,
                own if number % 4 else {},
                f"digest {number}",
            )
        )
    return made


@pytest.fixture(scope="session")
def vectors() -> np.ndarray:
    """(60, 8) vectors of no particular length."""
    return np.random.default_rng(0).normal(size=(60, DIMENSION)).astype(np.float32)


@pytest.fixture
def store(new_store, documents, vectors) -> Store:
    """A store with the documents in it."""
    filled = new_store(fields=FIELDS)
    filled.add(documents, vectors)
    return filled


CONCEPTS = (
    "dog hund chien 犬 หมา red.png",
    "cat katze chat 猫 แมว blue.png",
    "house haus maison 家 บ้าน",
    "tree baum arbre 木 ต้นไม้",
)


class ConceptModel:
    """Encodes a text by what its words mean, a picture by its name; says how often it was asked."""

    def __init__(self, modalities: tuple[str, ...] = ("text", "image")) -> None:
        self.calls: list[tuple[str, str, list[str]]] = []
        self.modalities = modalities

    def encode(
        self, side: str, modality: str, contents: list[str], *, batch_size: int, progress: bool
    ) -> np.ndarray:
        """(n, 4) vectors; each is a little of everything, so that no two lengths of text are quite alike."""
        self.calls.append((side, modality, list(contents)))
        vectors = np.full((len(contents), len(CONCEPTS)), 0.01, np.float32)
        for row, content in enumerate(contents):
            words = content.lower().replace("/", " ").replace("\n", " ").split(" ")
            for axis, concept in enumerate(CONCEPTS):
                vectors[row, axis] += sum(word in concept.split(" ") for word in words)
        return vectors

    @property
    def contents(self) -> list[str]:
        """All documents that it was asked to encode, in order."""
        return [content for side, _, contents in self.calls if side == "document" for content in contents]

    def search_model(self, name: str = "concepts", fingerprint: str = "f1") -> SearchModel:
        """The model as search sees it."""
        adapter = Adapter(
            self.encode, "cosine", 32, self.modalities, lambda: fingerprint, lambda side, modality: ""
        )
        return SearchModel(name, fingerprint, adapter)


@pytest.fixture
def concepts() -> ConceptModel:
    """A model of four concepts in five languages."""
    return ConceptModel()


@pytest.fixture(scope="session")
def model_folder(toy_corpus, tmp_path_factory):
    """The folder of an untrained encoder of texts."""
    from isoglot.encoders import build_transformer_encoder, train_subwords

    folder = tmp_path_factory.mktemp("search") / "model"
    subwords = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    build_transformer_encoder(subwords, layers=1, hidden_size=16, heads=2).save_pretrained(str(folder))
    return folder
