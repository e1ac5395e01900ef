"""The study of media and robustness: arms that read as many texts, pairs that are new, intervals."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus
from isoglot.evaluation import Result, Results
from isoglot.experiments import ExperimentConfig
from isoglot.world import build_world_corpus

FOLDER = Path(__file__).parents[2] / "configs/media-robustness"
WORLD = ("text", "text_image", "text_audio", "text_image_audio")
PHOTOGRAPHS = ("photographs_text", "photographs_text_image")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The modules beside the configurations."""
    monkeypatch.syspath_prepend(str(FOLDER))
    found = {name: importlib.import_module(f"media_{name}") for name in ("arms", "world", "photographs")}
    place = importlib.util.spec_from_file_location("media_run", FOLDER / "run.py")
    assert place is not None
    assert place.loader is not None
    found["run"] = importlib.util.module_from_spec(place)
    place.loader.exec_module(found["run"])
    return found


def values_of(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


@pytest.mark.parametrize("arms", [WORLD, PHOTOGRAPHS])
def test_arms_read_as_many_texts_of_the_same_corpora_in_as_many_steps(arms: tuple[str, ...]) -> None:
    texts, shared = set(), []
    for name in arms:
        values = values_of(name)
        size = values["training"]["batch_size"]
        parts = values["corpora"]
        half = len(parts) // 2
        amounts = tuple(
            (each["weight"], each.get("batch_size", size) * (1 + (each["document_modality"] == "text")))
            for each in parts
        )
        texts.add(amounts)
        plain = {key: value for key, value in values["encoder"].items() if key not in ("image", "audio")}
        shared.append((parts[:half], plain, values.get("scheme"), values["training"]))
        media = {each["document_modality"] for each in parts} - {"text"}
        assert media == set(name.split("_")[1:]) - {"text"}
        assert f"isoglot train configs/media-robustness/{name}.toml" in (FOLDER / f"{name}.toml").read_text()
    assert len(texts) == 1
    assert all(each == shared[0] for each in shared)


def test_robust_arms_have_a_place_of_their_own(
    scripts: dict[str, ModuleType], toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = scripts["arms"].Arm("text", 0.3)
    folders = [f"corpora.{number}.folder={toy_folder}" for number in range(4)]
    config = read_config(FOLDER / "text.toml", ExperimentConfig, (*arm.changes(2), *folders))
    assert config.training.robust.active
    assert config.training.robust.epsilon == 0.3
    assert config.output.format(seed=2) == "runs/media-robustness/models/text-fgm-0.3-2"
    assert scripts["arms"].Arm("text").changes(2) == ("training.seed=2",)


@pytest.fixture
def toy_folder(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    from isoglot.corpora import write_corpus

    write_corpus(toy_corpus, tmp_path / "toy")
    return tmp_path / "toy"


def test_pairs_are_of_new_meanings_at_rest(scripts: dict[str, ModuleType]) -> None:
    pairs = build_world_corpus(groups=120, languages=["de", "en"], modalities=["text"], task="pairs")
    meanings = {each.partition("~")[0] for each in pairs.documents["group_id"].to_pylist()}
    still = {each for each in meanings if "." not in each or each.endswith(".-")}
    trained = set(sorted(still)[::3])
    part = scripts["world"].zero_shot_pairs(pairs, trained)
    assert set(part.labelled) == {
        (split, task) for split in ("dev", "test") for task in ("paraphrase", "similarity")
    }
    left = {each.partition("~")[0] for each in part.documents["group_id"].to_pylist()}
    assert left
    assert left <= still - trained
    melodies = scripts["world"].of_melodies(part)
    names = dict(zip(part.document_groups.tolist(), part.documents["group_id"].to_pylist(), strict=True))
    kept = melodies.labelled["test", "similarity"]
    assert all("." not in names[code] for code in kept.first_groups.tolist())
    assert 0 < len(kept) < len(part.labelled["test", "similarity"])


def test_languages_are_made_rare_on_both_sides_alike(
    scripts: dict[str, ModuleType], toy_corpus: ParallelCorpus
) -> None:
    part = scripts["photographs"].unequal(toy_corpus, {"de": 0.5})
    before, after = groups_of(toy_corpus), groups_of(part)
    for side in ("query", "document"):
        assert after[side, "de"] < before[side, "de"]
        assert len(after[side, "de"]) == pytest.approx(len(before[side, "de"]) / 2, rel=0.25)
        for tag in ("en", "th"):
            assert after[side, tag] == before[side, tag]
    assert groups_of(scripts["photographs"].unequal(toy_corpus, {"de": 0.5})) == after
    on_both = before["query", "de"] & before["document", "de"]
    assert after["query", "de"] & on_both == after["document", "de"] & on_both


def groups_of(corpus: ParallelCorpus) -> dict[tuple[str, str], set[int]]:
    """Side and language -> groups."""
    found = {}
    for side, (names, codes), groups in (
        ("query", corpus.query_languages, corpus.query_groups),
        ("document", corpus.document_languages, corpus.document_groups),
    ):
        for code, name in enumerate(names):
            found[side, name] = set(groups[codes == code].tolist())
    return found


def results(model: str, values: dict[str, float]) -> Results:
    """Spearman by language."""
    return Results(
        tuple(
            Result(
                model=model,
                corpus="pairs",
                split="test",
                setting="monolingual",
                query_language=tag,
                document_language=tag,
                query_modality="text",
                document_modality="text",
                measure="spearman",
                value=value,
                low=None,
                high=None,
                num_queries=1,
            )
            for tag, value in values.items()
        ),
        ({"model": model, "corpus": "pairs", "split": "test"},),
    )


def test_tables_of_means_and_of_differences(scripts: dict[str, ModuleType]) -> None:
    arms = scripts["arms"]
    plain, shown = arms.Arm("text"), arms.Arm("text_image")
    found = {
        plain: [{"similarity": results("a", {"de": value, "en": 0.5})} for value in (0.1, 0.3)],
        shown: [{"similarity": results("b", {"de": value, "en": 0.5})} for value in (0.4, 0.8)],
    }
    columns = {"both": arms.own_languages("similarity", "spearman", ["de", "en"]), "none": lambda _: math.nan}
    lines = arms.means("world", columns, found).splitlines()
    assert lines[0] == "| world | both | none |"
    assert lines[2] == "| text | 0.350 ± 0.071 |  |"
    lines = arms.effects("difference", {"both": columns["both"]}, {"pictures": [(shown, plain)]}, found)
    # Differences of .15 and .25: .2, and 12.706 * .0707 / sqrt(2).
    assert lines.splitlines()[2] == "| both | +0.200 ± 0.635 |"
    one = {arm: cells[:1] for arm, cells in found.items()}
    lines = arms.effects("difference", {"both": columns["both"]}, {"pictures": [(shown, plain)] * 2}, one)
    assert lines.splitlines()[2] == "| both | +0.150 |"


def test_an_interval_that_leaves_out_nothing_has_a_star(scripts: dict[str, ModuleType]) -> None:
    difference = scripts["arms"].difference
    assert difference([0.5], ".2f") == "+0.50"
    assert difference([-1.0, -1.0], ".1f") == "-1.0 ± 0.0*"
    assert difference([0.1, 0.2, 0.3], ".3f") == "+0.200 ± 0.248"
    assert difference([0.15, 0.2, 0.25], ".3f") == "+0.200 ± 0.124*"


def test_contrasts_are_of_arms_that_differ_in_one_thing(scripts: dict[str, ModuleType]) -> None:
    for module in (scripts["world"], scripts["photographs"]):
        for name, pairs in module.contrasts(0.1).items():
            for ours, theirs in pairs:
                more = set(ours.config.split("_")) - set(theirs.config.split("_"))
                assert len(more) + (ours.epsilon != theirs.epsilon) == 1, name
                assert set(theirs.config.split("_")) <= set(ours.config.split("_"))


def test_results_of_an_earlier_model_are_measured_again(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    model, folder = tmp_path / "model", tmp_path / "results"
    model.mkdir()
    (model / "isoglot.json").write_text("{}")
    times = []

    def test(path: Path, name: str) -> Results:
        times.append(path)
        return results(name, {"de": 0.25 * len(times)})

    for expected in (0.25, 0.25):
        found = scripts["arms"].measured_once(model, folder, test)
        assert found.value("monolingual", "spearman", query_language="de") == expected
    later = (folder / "results.json").stat().st_mtime_ns + 1_000_000_000
    os.utime(model / "isoglot.json", ns=(later, later))
    found = scripts["arms"].measured_once(model, folder, test)
    assert found.value("monolingual", "spearman", query_language="de") == 0.5
    assert times == [model, model]
