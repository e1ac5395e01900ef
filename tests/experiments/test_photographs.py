"""The experiment with photographs, in miniature: features, what arms share, all searches, the tables."""

from __future__ import annotations

import importlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from isoglot.encoders import load_encoder
from isoglot.media.features import read_features

CONFIGS = Path(__file__).parents[2] / "configs/photographs"
COLOURS = {
    "red": ((255, 0, 0), "rot", "rouge", "červená"),
    "green": ((0, 255, 0), "grün", "vert", "zelená"),
    "blue": ((0, 0, 255), "blau", "bleu", "modrá"),
    "white": ((255, 255, 255), "weiß", "blanc", "bílá"),
}
SPLITS = {"train": 12, "val": 4, "test_2016_flickr": 4}
"""Lines of captions; every second line of train lacks its photograph."""
ARMS = ("english_only", "english_plus_text")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The modules beside the configurations."""
    monkeypatch.syspath_prepend(str(CONFIGS))
    return {name: importlib.import_module(name) for name in ("patches", "prepare", "run")}


@pytest.fixture
def project(scripts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, beside the published files, with arms of a few steps."""
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    published(tmp_path / "shared/data")
    folder = tmp_path / "project"
    (folder / "arms").mkdir(parents=True)
    for arm in ARMS:
        text = re.sub(r"(?m)^steps = .*", "steps = 60", (CONFIGS / f"{arm}.toml").read_text())
        text = re.sub(r"(?m)^batch_size = .*", "batch_size = 4", text)
        (folder / f"arms/{arm}.toml").write_text(text)
    small = replace(scripts["prepare"].PATCHES, side=24, words=12, width=6, sampled=200, rounds=3)
    monkeypatch.setattr(scripts["prepare"], "PATCHES", small)
    monkeypatch.setattr(scripts["prepare"], "VOCABULARY_SIZE", 80)
    monkeypatch.setattr(scripts["run"], "FOLDER", folder / "arms")
    monkeypatch.chdir(folder)
    return folder


def published(folder: Path) -> None:
    """Captions of colours, and photographs of some of them."""
    captions = folder / "multi30k/task1"
    photographs = folder / "flickr8k-images"
    for each in (captions / "raw", captions / "image_splits", photographs):
        each.mkdir(parents=True)
    rows, number = ["file\tmulti30k_split\tmulti30k_line0", "99_x.jpg\tnone\t-1"], 0
    with zipfile.ZipFile(photographs / "all.zip", "w") as archive:
        archive.writestr("99_x.jpg", picture((0, 0, 0), 99))
        for split, num_lines in SPLITS.items():
            names, said = [], []
            for line in range(num_lines):
                colour, (level, *translations) = list(COLOURS.items())[line % len(COLOURS)]
                names.append(f"{number}.jpg\n")
                said.append([f"{word} {number}" for word in (colour, *translations)])
                if split != "train" or line % 2 == 0:
                    rows.append(f"{number}_x.jpg\t{split}\t{line}")
                    archive.writestr(f"{number}_x.jpg", picture(level, number))
                number += 1
            (captions / f"image_splits/{split}.txt").write_text("".join(names))
            for place, language in enumerate(("en", "de", "fr", "cs")):
                text = "".join(f"{each[place]}\n" for each in said)
                (captions / f"raw/{split}.{language}").write_text(text, encoding="utf-8")
    (photographs / "image_index.tsv").write_text("".join(f"{row}\n" for row in rows))


def picture(level: tuple[int, int, int], seed: int) -> bytes:
    """Noise in a colour."""
    noise = np.random.default_rng(seed).random((32, 40, 1))
    data = io.BytesIO()
    Image.fromarray((noise * level).astype(np.uint8)).save(data, "JPEG", quality=95)
    return data.getvalue()


def test_the_whole_experiment(scripts: dict[str, Any], project: Path) -> None:
    prepare, run = scripts["prepare"], scripts["run"]
    prepare.prepare(project.parent / "shared/data", prepare.ROOT, prepare.TEST, [3])
    place = run.Place(prepare.ROOT, prepare.TEST)
    for arm in ARMS:
        assert run.carry_out(arm, 3, place) > 0
    record = json.loads((prepare.ROOT / "english_plus_text-3/isoglot.json").read_text())
    assert [part["scheme"]["name"] for part in record["parts"]] == ["Monolingual", "CrossLingual"]
    found = {}
    for gallery in ("small", "large"):
        cells = run.read_cells(ARMS, [3], gallery, place)
        found[gallery] = list(run.report(gallery, cells, place))
        for lines in found[gallery]:
            assert len({line.count("|") for line in lines.splitlines()}) == 1
    assert [len(tables) for tables in found.values()] == [4, 3]
    assert found["small"][0].startswith("| 4 photographs, 1 seed |")
    assert found["large"][0].startswith("| 9 photographs, 1 seed |")
    main = found["small"][0].splitlines()
    assert [line.split("|")[1].strip() for line in main[2:]] == list(ARMS)
    assert re.fullmatch(
        r"\| english_only \| [+-]\d+\.\d \(p [01]\.\d{4}\) \|", found["small"][3].splitlines()[2]
    )
    (cell,) = run.read_cells(["english_only"], [3], "small", place)["english_only"]
    told = {"setting": "multilingual", "query_language": "*", "document_language": "*"}
    gap = run.the_value(cell["text_to_image"], **told, measure="R@10_transfer_gap")
    assert run.transfer_gap(cell, "text_to_image") == pytest.approx(100 * gap)
    assert run.recall(cell, "image_to_text", ["de"], 10) == 100


def test_what_is_there_is_kept_and_what_is_old_is_measured_again(
    scripts: dict[str, Any], project: Path
) -> None:
    prepare, run = scripts["prepare"], scripts["run"]
    prepare.prepare(project.parent / "shared/data", prepare.ROOT, prepare.DEV, [0])
    place = run.Place(prepare.ROOT, prepare.DEV)
    run.carry_out("english_only", 0, place)
    results = place.results("english_only", 0, "small-text_to_image") / "results.json"
    files = [*prepare.ROOT.glob("*.npz"), *prepare.ROOT.glob("corpora/*/corpus.json"), results]
    assert len(files) == 7
    before = [path.stat().st_mtime_ns for path in files]
    prepare.prepare(project.parent / "shared/data", prepare.ROOT, prepare.DEV, [0])
    run.carry_out("english_only", 0, place)
    assert [path.stat().st_mtime_ns for path in files] == before
    (prepare.ROOT / "english_only-0/isoglot.json").touch()
    run.carry_out("english_only", 0, place)
    assert results.stat().st_mtime_ns > before[-1]


def test_what_is_prepared(scripts: dict[str, Any], project: Path) -> None:
    prepare = scripts["prepare"]
    prepare.prepare(project.parent / "shared/data", prepare.ROOT, prepare.TEST, [0, 1])
    with np.load(prepare.ROOT / "features.npz", allow_pickle=False) as archive:
        names = set(archive.files)
        trained = np.stack([archive[f"{number}_x.jpg"] for number in range(0, SPLITS["train"], 2)])
    assert len(names) == 6 + 4 + 4 + 1
    assert np.allclose(trained.mean(0), 0, atol=1e-4)
    assert trained.std(ddof=1) == pytest.approx(1, abs=0.05)
    searched = prepare.ROOT / "corpora/test_2016_flickr-large-text_to_image"
    feature = read_features(str(searched / "media/features.npz#99_x.jpg"))
    vectors = {}
    for seed in (0, 1):
        encoder = load_encoder(str(prepare.ROOT / f"start-{seed}"))
        vectors[seed] = encoder.encode_document([{"image": feature}, "rot 1"])
        assert vectors[seed].shape == (2, prepare.DIMENSION)
    assert not np.allclose(vectors[0], vectors[1])


def test_features_are_learnt_from_photographs_of_training_alone(
    scripts: dict[str, Any], project: Path
) -> None:
    patches, settings = scripts["patches"], scripts["prepare"].PATCHES
    files = [project / f"{number}.jpg" for number in range(8)]
    for number, file in enumerate(files):
        file.write_bytes(picture((255, 80, 30 * number), number))
    trained = [number < 6 for number in range(8)]

    def written() -> dict[str, np.ndarray]:
        patches.write_features(files, trained, project / "features.npz", settings)
        with np.load(project / "features.npz") as archive:
            return dict(archive)

    before = written()
    files[7].write_bytes(picture((10, 200, 10), 70))
    after = written()
    assert all(np.array_equal(before[file.name], after[file.name]) for file in files[:7])
    assert not np.allclose(before["7.jpg"], after["7.jpg"])


def test_words_have_length_one_and_whitened_patches_no_correlation(scripts: dict[str, Any]) -> None:
    patches = scripts["patches"]
    settings = patches.PatchSettings(side=16, patch=3, stride=1, words=7, sampled=4_000, rounds=3)
    noise = torch.rand((40, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.avg_pool2d(255 * noise, 3, stride=1, padding=1).to(torch.uint8)
    found = patches.learn_dictionary(smooth, settings)
    assert found.words.shape == (7, 27)
    assert torch.allclose(found.words.norm(dim=1), torch.ones(7), atol=1e-5)
    cut = patches._patches(smooth, settings).flatten(0, 1)
    plain, whitened = (torch.corrcoef(each.T) for each in (cut, (cut - found.mean) @ found.whitening))
    apart = ~torch.eye(27, dtype=torch.bool)
    assert whitened[apart].abs().max() < 0.3 * plain[apart].abs().max()


def configurations() -> Iterator[tuple[str, str]]:
    for path in sorted(CONFIGS.glob("*.toml")):
        yield path.stem, path.read_text()


def test_arms_differ_in_data_scheme_and_objective_alone(scripts: dict[str, Any]) -> None:
    texts = dict(configurations())
    assert set(texts) == set(scripts["run"].ARMS)
    shared = {re.search(r"(?s)\[encoder\].*?\n\[training\.", text)[0] for text in texts.values()}  # type: ignore[index]
    steps = {re.sub(r"steps = \d+", "steps = N", each) for each in shared}
    assert len(steps) == 1
    for text in texts.values():
        parts = text.count("[[corpora]]")
        assert f"\nsteps = {400 * parts}\n" in text


def test_a_spread_is_of_each_of_several_values(scripts: dict[str, Any]) -> None:
    spread = scripts["run"].spread
    assert spread([[25.0, 1.0], [75.0, 1.0]]) == "50.0 ± 35.4 / 1.0 ± 0.0"
    assert spread([[12.0, 3.0]]) == "12.0 / 3.0"
