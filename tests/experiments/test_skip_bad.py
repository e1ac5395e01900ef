"""Bad media in a job: it stops and names them all, or goes on without their rows and says so everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import isoglot
from isoglot.cli import data, main
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_two_tower_encoder,
    load_encoder,
    train_subwords,
)
from isoglot.errors import CorpusError
from isoglot.training import TrainingSettings

NUM_GROUPS = 12
BAD = (2, 7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus folder with two torn pictures in it; captions in two languages ask for pictures."""
    source = tmp_path / "pictures"
    source.mkdir()
    builder = CorpusBuilder(CorpusInfo("torn"))
    rng = np.random.default_rng(0)
    for group in range(NUM_GROUPS):
        pixels = rng.integers(256, size=(40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(source / f"{group}.png")
        for language in ("en", "de"):
            builder.add_query(f"q{group}-{language}", f"g{group}", language, f"{language} picture {group}")
        builder.add_document(f"d{group}", f"g{group}", None, None, modality="image", path=f"{group}.png")
        for split in ("train", "test"):
            builder.judge_group(split, f"g{group}")
    path = isoglot.write_corpus(replace(builder.build(), media_root=str(source)), tmp_path / "corpus")
    for group in BAD:
        (path / "media" / f"{group}.png").write_bytes(b"torn")
    return path


@pytest.fixture
def unchecked(folder: Path) -> ParallelCorpus:
    """The corpus with the torn pictures, as if they had been so from the start."""
    return replace(isoglot.read_corpus(folder, skip_bad=True), damaged={})


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = train_subwords(["en de picture 0 1 2 3 4 5 6 7 8 9"], 60, model="bpe")
    model = build_two_tower_encoder(build_static_encoder(tokenizer, 8), build_image_tower(8, widths=(8,)))
    model.save(str(tmp_path_factory.mktemp("model")))
    return Path(tmp_path_factory.getbasetemp()) / "model0"


def record_of(found: Any) -> dict[str, Any]:
    assert found["num_queries"] == 0
    assert found["num_documents"] == len(found["problems"]) == len(BAD)
    return dict(found)


def test_evaluation_in_python(unchecked: ParallelCorpus, model_folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"2\.png: cannot be read as a picture") as raised:
        isoglot.evaluate(model_folder, unchecked, num_resamples=10)
    assert len(raised.value.problems) == len(BAD)
    results = isoglot.evaluate(model_folder, unchecked, num_resamples=10, skip_bad=True)
    (config,) = results.config
    record_of(config["skipped_media"])
    assert config["num_documents"] == NUM_GROUPS - len(BAD)
    assert config["num_queries_without_relevant_document"] == 2 * len(BAD)
    assert {record.num_queries for record in results.select(query_language="en")} == {NUM_GROUPS - len(BAD)}


def test_training_in_python(unchecked: ParallelCorpus, model_folder: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(steps=2, batch_size=4)
    model = load_encoder(model_folder, device="cpu")
    with pytest.raises(CorpusError, match=r"7\.png: cannot be read as a picture") as raised:
        isoglot.train(model, unchecked, output_dir=tmp_path / "stopped", settings=settings)
    assert len(raised.value.problems) == len(BAD)
    isoglot.train(
        model,
        unchecked,
        output_dir=tmp_path / "m",
        settings=settings,
        evaluate_on=unchecked,
        dev_split="test",
        skip_bad=True,
    )
    record = json.loads((tmp_path / "m" / "isoglot.json").read_text())
    assert record["finished"]
    training, dev = record["config"]["skipped_media"]
    assert record_of(training) == record_of(dev)
    assert record["num_documents"] == NUM_GROUPS - len(BAD)


def test_the_command_line_goes_on_if_told(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "evaluate",
        str(model_folder),
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--no-cache",
        "--json",
    ]
    assert main(command) == 2
    assert len(json.loads(capsys.readouterr().out)["error"]["problems"]) == len(BAD)
    assert main([*command, "--skip-bad"]) == 0
    printed = capsys.readouterr()
    record_of(*json.loads(printed.out)["skipped_media"])
    assert "torn: left out 0 queries and 2 documents with 2 bad files" in printed.err
    assert "2.png:1: does not match its checksum" in printed.err
    (entry,) = json.loads((tmp_path / "out" / "config.json").read_text())["evaluations"]
    record_of(entry["skipped_media"])
    assert "0 queries and 2 documents with 2 bad files" in (tmp_path / "out" / "report.html").read_text()


def test_an_experiment_goes_on_if_told(
    folder: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "e.toml"
    toml.write_text(
        f"output = '{tmp_path}/m'\n[[corpora]]\nfolder = '{folder}'\n"
        f"[encoder]\nkind = 'pretrained'\npath = '{model_folder}'\n[training]\nsteps = 2\nbatch_size = 4\n"
    )
    assert main(["train", str(toml)]) == 2
    assert "does not match its checksum" in capsys.readouterr().err
    for _ in range(2):  # the second finds it finished
        assert main(["train", str(toml), "--skip-bad", "--json"]) == 0
        printed = capsys.readouterr()
        record_of(*json.loads(printed.out)["skipped_media"])
        assert "left out 0 queries and 2 documents" in " ".join(printed.err.split())


def test_building_and_checking_a_folder(
    unchecked: ParallelCorpus,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["data", "check", str(folder)]) == 2
    assert "2.png" in capsys.readouterr().err
    assert main(["data", "check", str(folder), "--skip-bad", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    assert sum("2.png" in line for line in found["bad_media"]) >= 1
    assert main(["data", "check", str(folder), "--skip-bad"]) == 0
    assert "no problem but 4 of media files" in capsys.readouterr().out
    monkeypatch.setattr(data, "_read", lambda *_, **__: unchecked)
    built = tmp_path / "built"
    assert main(["data", "build", "xtd10", "--out", str(built), "--skip-bad", "--json"]) == 0
    printed = capsys.readouterr()
    record_of(json.loads(printed.out)["skipped_media"])
    assert "left out 0 queries and 2 documents" in printed.err
    assert isoglot.read_corpus(built).documents.num_rows == NUM_GROUPS - len(BAD)


def test_a_published_set_with_missing_files(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files that the published list names and nobody has any more: for `data build`, and in an experiment."""
    source = tmp_path / "source"
    (source / "images").mkdir(parents=True)
    lines = []
    for number in range(6):
        captions = {language: {"caption": [f"{language} picture {number}"]} for language in ("en", "de")}
        lines.append(json.dumps({"image/key": f"k{number}", **captions}))
        if number not in BAD:
            Image.new("RGB", (40, 40), (number * 30, 0, 0)).save(source / "images" / f"k{number}.jpg")
    (source / "captions.jsonl").write_text("\n".join(lines))
    build = ["data", "build", "xm3600", "--from", str(source), "--out", str(tmp_path / "built"), "--json"]
    assert main(build) == 2
    assert "holds no media file 'k2.jpg'; put it there" in capsys.readouterr().out
    assert main([*build, "--skip-bad"]) == 0
    assert json.loads(capsys.readouterr().out)["skipped_media"]["num_documents"] == 1
    assert isoglot.read_corpus(tmp_path / "built").documents.num_rows == 5
    toml = tmp_path / "e.toml"
    toml.write_text(
        f"output = '{tmp_path}/m'\n[[corpora]]\ndataset = 'xm3600'\nsource = '{source}'\nsplits = ['test']\n"
        f"[encoder]\nkind = 'pretrained'\npath = '{model_folder}'\n[training]\nsteps = 1\nbatch_size = 4\n"
    )
    assert main(["train", str(toml)]) == 2
    assert main(["train", str(toml), "--skip-bad"]) == 0
    (skipped,) = json.loads((tmp_path / "m" / "isoglot.json").read_text())["config"]["skipped_media"]
    assert skipped["num_documents"] == 1
