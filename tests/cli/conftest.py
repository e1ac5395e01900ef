"""A corpus folder and a model folder, and a cache that is nobody else's."""

from __future__ import annotations

import pytest

from isoglot.corpora import write_corpus
from isoglot.encoders import build_static_encoder, train_subwords


@pytest.fixture(scope="session")
def folders(toy_corpus, tmp_path_factory):
    """`toy`, a corpus folder, and `model`, an untrained encoder of it."""
    folder = tmp_path_factory.mktemp("cli")
    write_corpus(toy_corpus, folder / "toy")
    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    build_static_encoder(tokenizer, 8).save_pretrained(str(folder / "model"))
    return folder


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    """Keeps vectors out of the user's cache."""
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
