"""A corpus of scenes, in memory and as a folder, and a cache that is nobody else's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isoglot.corpora import ParallelCorpus, write_corpus

from .scenes import scenes


@pytest.fixture(scope="session")
def scene_corpus(tmp_path_factory) -> ParallelCorpus:
    return scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="session")
def written_scenes(scene_corpus, tmp_path_factory) -> Path:
    return write_corpus(scene_corpus, tmp_path_factory.mktemp("written") / "scenes")


@pytest.fixture
def scene_folder(written_scenes, tmp_path) -> Path:
    """A copy of the corpus folder, to be damaged."""
    return Path(shutil.copytree(written_scenes, tmp_path / "scenes"))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path_factory.getbasetemp() / "gallery-cache"))
