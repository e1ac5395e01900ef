"""The end of `isoglot demo`: where its report is, and the line that opens the search page."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from isoglot.cli import main
from isoglot.cli.demo import _closing
from isoglot.experiments.scene_store import index_scenes
from isoglot.serving import open_engine, server
from isoglot.world import build_world_corpus


def last_command(out: Path) -> list[str]:
    return shlex.split(_closing(out)[-1])


@pytest.mark.slow
def test_the_last_line_opens_the_search_page_on_the_store_of_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isoglot.experiments import picture_search

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    out = tmp_path / "my demo"
    corpus = build_world_corpus(
        out / "scenes", groups=60, modalities=("text", "image"), languages=["de", "tr"]
    )
    monkeypatch.setattr(picture_search, "DIMENSION", 16)
    monkeypatch.setattr(picture_search, "VOCABULARY_SIZE", 300)
    picture_search.picture_encoder(corpus, 0).save_pretrained(str(out / picture_search.NAME))
    report = index_scenes(corpus, out / picture_search.NAME, out / "store")
    assert report.num_added == 3 * len(corpus.split("test").groups)
    served = []
    monkeypatch.setattr(server, "serve", lambda places, settings, **_: served.append((places, settings)))
    program, *arguments = last_command(out)
    assert (program, arguments) == ("isoglot", ["serve", str(out / "store")])
    assert main(arguments) == 0
    ((places, settings),) = served
    searcher = open_engine(places["first"], settings).searcher
    assert searcher.store.count() == report.num_stored
    assert len(searcher.search("rot").results) == 10


def test_a_program_that_is_not_on_the_path_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert _closing(Path("my runs"))[0] == "Report: my runs/report.html"
    assert last_command(Path("my runs")) == ["isoglot", "serve", "my runs/store"]
    assert last_command(Path("runs/demo"))[0] == "isoglot"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "isoglot").touch()
    assert last_command(Path("runs/demo")) == [".venv/bin/isoglot", "serve", "runs/demo/store"]
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert last_command(Path("runs/demo"))[0] == str(tmp_path / ".venv" / "bin" / "isoglot")
