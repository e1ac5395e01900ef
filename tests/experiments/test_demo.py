"""The demo, with few steps and few languages."""

import json
from pathlib import Path
from typing import Any

import pytest

import isoglot.world
from isoglot.errors import CheckpointError
from isoglot.evaluation import read_results
from isoglot.experiments import demo
from isoglot.training import TrainingSettings

MODELS = ("monolingual", "cross_lingual", "hybrid")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = isoglot.world.build_text_corpus

    def part(**options: Any) -> Any:
        return whole(languages=["en", "tr", "sw"], **options)

    monkeypatch.setattr(isoglot.world, "build_text_corpus", part)
    monkeypatch.setattr(demo, "SETTINGS", TrainingSettings(steps=100, batch_size=64, learning_rate=0.05))
    monkeypatch.setattr(demo, "VOCABULARY_SIZE", 2_000)
    monkeypatch.setattr(demo, "DIMENSION", 64)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_demo_writes_what_it_promises_and_shows_the_difference(tmp_path: Path) -> None:
    told: list[str] = []
    results = demo.run_demo(tmp_path / "demo", progress=told.append)
    assert results.models == MODELS
    assert len(told) == 5
    assert {row.model for row in results.comparisons} == {"cross_lingual", "hybrid"}
    written = read_results(tmp_path / "demo" / "results.json")
    assert len(written) == len(results)
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    for model in MODELS:
        assert (tmp_path / "demo" / model / "modules.json").is_file()
        record = json.loads((tmp_path / "demo" / model / "isoglot.json").read_text())
        assert record["finished"]
        assert model in page
    assert list((tmp_path / "demo" / "runs").glob("*.trec"))
    # The reason for the demo: monolingual batches leave languages apart, the others bring them together.
    cross = {model: results.value("cross_lingual", model=model) for model in MODELS}
    assert cross["hybrid"] > cross["monolingual"] + 0.05
    changes = demo.gains(results)
    assert changes["cross_lingual"] == pytest.approx(cross["hybrid"] - cross["monolingual"])
    assert changes["rank_distance"] < 1
    # A second demo replaces the first.
    (tmp_path / "demo" / "hybrid" / "marker").touch()
    demo.run_demo(tmp_path / "demo", progress=told.append)
    assert not (tmp_path / "demo" / "hybrid" / "marker").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CheckpointError, match=r"holds 'thesis\.txt', which no demo wrote"):
        demo.run_demo(tmp_path, progress=str)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
