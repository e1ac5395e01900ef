"""The demo, with few steps and few languages."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import isoglot.world
from isoglot.errors import CheckpointError, ConfigError
from isoglot.evaluation import read_results
from isoglot.experiments import demo, picture_search
from isoglot.search import Filter, Searcher, SearchSettings, load_store_model, open_store
from isoglot.training import TrainingSettings

SCHEMES = ("monolingual", "cross_lingual", "hybrid")
MODELS = (*SCHEMES, "text_and_pictures")


def shrink_pictures(monkeypatch: pytest.MonkeyPatch, steps: int = 10) -> None:
    """Makes the second half small: few scenes, two languages, few steps."""
    whole = picture_search.build_world_corpus

    def part(output_dir: Path, **options: Any) -> Any:
        return whole(output_dir, languages=["de", "tr"], **options)

    settings = replace(picture_search.SETTINGS, steps=steps, batch_size=32)
    for name, value in (
        ("build_world_corpus", part),
        ("NUM_GROUPS", 200),
        ("SETTINGS", settings),
        ("DIMENSION", 32),
        ("VOCABULARY_SIZE", 400),
    ):
        monkeypatch.setattr(picture_search, name, value)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = isoglot.world.build_text_corpus

    def part(**options: Any) -> Any:
        return whole(languages=["en", "tr", "sw"], **options)

    monkeypatch.setattr(isoglot.world, "build_text_corpus", part)
    monkeypatch.setattr(demo, "SETTINGS", TrainingSettings(steps=100, batch_size=64, learning_rate=0.05))
    monkeypatch.setattr(demo, "VOCABULARY_SIZE", 2_000)
    monkeypatch.setattr(demo, "DIMENSION", 64)
    shrink_pictures(monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_demo_writes_what_it_promises_and_shows_the_difference(tmp_path: Path) -> None:
    told: list[str] = []
    results = demo.run_demo(tmp_path / "demo", progress=told.append)
    assert results.models == MODELS
    assert len(told) == 8
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
    assert '<img src="data:image/jpeg;base64,' in page
    # The reason for the demo: monolingual batches leave languages apart, the others bring them together.
    cross = {model: results.value("cross_lingual", model=model) for model in SCHEMES}
    assert cross["hybrid"] > cross["monolingual"] + 0.05
    changes = demo.gains(results)
    assert changes["cross_lingual"] == pytest.approx(cross["hybrid"] - cross["monolingual"])
    assert changes["rank_distance"] < 1
    with closing(open_store(tmp_path / "demo" / "store")) as store:
        assert set(store.tally("modality")) == {"text", "image"}
        assert set(store.tally("language")) == {"de", "tr"}
        searcher = Searcher(load_store_model("store", store.info.model), store)
        found = searcher.search("rot", SearchSettings(limit=3, where=Filter.of(modality=["image"]))).results
        assert [Path(each.document.path).is_file() for each in found] == [True] * 3
    # A second demo replaces the first.
    (tmp_path / "demo" / "hybrid" / "marker").touch()
    demo.run_demo(tmp_path / "demo", progress=told.append)
    assert not (tmp_path / "demo" / "hybrid" / "marker").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CheckpointError, match=r"holds 'thesis\.txt', which no demo wrote"):
        demo.run_demo(tmp_path, progress=str)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_what_the_store_needs_is_looked_for_before_work_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isoglot.experiments.scene_store.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs lancedb; install it with: pip install 'isoglot\[all\]'"):
        demo.run_demo(tmp_path / "demo", progress=str)
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_captions_find_pictures_that_training_has_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_pictures(monkeypatch, steps=120)
    results = picture_search.search_pictures(tmp_path, progress=str)
    chance = 10 / results.config[0]["num_documents"]
    assert results.value("multilingual", "R@10") > 3 * chance
    table = picture_search.found_pictures(results)
    assert [row[0].text for row in table.rows] == ["German (de)", "Turkish (tr)", "all languages"]
    assert table.rows[-1][2].value == results.value("multilingual", "R@10")
    shown = [placed for example in results.examples for placed in example.top]
    assert {placed.modality for placed in shown} == {"image"}
    assert all(placed.picture for placed in shown)
    # The collection holds nothing of the training.
    assert results.config[0]["num_documents"] < 120
    typical = {example.query_language for example in results.examples if example.chosen == "typical"}
    assert typical == {"de", "tr"}
