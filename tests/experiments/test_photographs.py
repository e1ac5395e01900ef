"""The experiment with photographs, in miniature: an image tower from TOML, all searches, the tables."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.config import read_config
from isoglot.errors import ConfigError
from isoglot.evaluation import join_results, read_results
from isoglot.experiments import ExperimentConfig, run_experiment

ROOT = Path(__file__).parents[2]
COLOURS = {
    "red": ((255, 0, 0), "rot", "rouge", "červená"),
    "green": ((0, 255, 0), "grün", "vert", "zelená"),
    "blue": ((0, 0, 255), "blau", "bleu", "modrá"),
    "white": ((255, 255, 255), "weiß", "blanc", "bílá"),
}
SPLITS = {"train": 8, "val": 4, "test_2016_flickr": 4}
"""Lines of captions; every second line of train lacks its photograph."""

TOML = """
output = "{root}/{arm}-{{seed}}"
[[corpora]]
dataset = "multi30k-photographs"
source = "{root}/data"
languages = ["en"]
query_modality = "text"
document_modality = "image"
weight = 1.0
scheme = {{ name = "monolingual" }}
[[corpora]]
dataset = "multi30k-photographs"
source = "{root}/data"
options = {{ direction = "text_to_text", lines = "other" }}
query_modality = "text"
document_modality = "text"
weight = 1.0
scheme = {{ name = "cross_lingual" }}
[encoder]
dimension = 8
vocabulary_size = 60
weighting = "none"
[encoder.image]
side = 32
widths = [4, 8]
[training]
steps = 6
batch_size = 4
learning_rate = 0.01
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Captions of plain colours, and photographs of some of them."""
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    rows, number = ["file\tmulti30k_split\tmulti30k_line0"], 0
    folder = tmp_path / "data/multi30k/task1"
    (folder / "raw").mkdir(parents=True)
    (folder / "image_splits").mkdir()
    with zipfile.ZipFile(tmp_path / "data/pictures.zip", "w") as archive:
        for split, num_lines in SPLITS.items():
            names, said = [], []
            for line in range(num_lines):
                colour, (level, *translations) = list(COLOURS.items())[line % len(COLOURS)]
                names.append(f"{number}.jpg\n")
                said.append([f"{word} {number}" for word in (colour, *translations)])
                if split != "train" or line % 2 == 0:
                    rows.append(f"{number}_x.jpg\t{split}\t{line}")
                    archive.writestr(f"{number}_x.jpg", picture(level))
                number += 1
            (folder / f"image_splits/{split}.txt").write_text("".join(names))
            for place, language in enumerate(("en", "de", "fr", "cs")):
                text = "".join(f"{each[place]}\n" for each in said)
                (folder / f"raw/{split}.{language}").write_text(text, encoding="utf-8")
        rows.append("99_x.jpg\tnone\t-1")
        archive.writestr("99_x.jpg", picture((0, 0, 0)))
    (tmp_path / "data/image_index.tsv").write_text("".join(f"{row}\n" for row in rows))
    return tmp_path


def picture(level: tuple[int, int, int]) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 32), level).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
def experiment() -> ModuleType:
    """`configs/photographs/run.py`."""
    name = "photographs_run"
    spec = importlib.util.spec_from_file_location(name, ROOT / "configs/photographs/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def configured(root: Path, arm: str, *overrides: str) -> ExperimentConfig:
    path = root / f"{arm}.toml"
    path.write_text(TOML.format(root=root, arm=arm))
    return read_config(path, ExperimentConfig, overrides)


def test_an_image_tower_stands_beside_the_text_encoder(root: Path) -> None:
    folder = run_experiment(configured(root, "small"))
    record = json.loads((folder / "isoglot.json").read_text())
    assert record["config"]["encoder"]["image"] == {"side": 32, "widths": [4, 8], "blocks": 1}
    assert [part["scheme"]["name"] for part in record["parts"]] == ["Monolingual", "CrossLingual"]
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode_document([Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")])
    assert vectors.shape == (2, 8)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert model.encode_query(["rot 1"]).shape == (1, 8)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("encoder.image.side=16", r"encoder\.image: side must be >= 32 for 2 stages, got 16"),
        ("encoder.image.widths=[]", r"encoder\.image: widths must be one number >= 1 or more, got \[\]"),
        ("encoder.image.blocks=0", r"encoder\.image: blocks must be >= 1, got 0"),
    ],
)
def test_image_towers_that_cannot_be(override: str, message: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        configured(root, "small", override)


def test_every_arm_has_a_configuration_of_the_same_encoder(experiment: ModuleType) -> None:
    arms = {path.stem for path in experiment.FOLDER.glob("*.toml")}
    assert arms == set(experiment.ARMS)
    texts = [(experiment.FOLDER / f"{arm}.toml").read_text() for arm in experiment.ARMS]
    shared = {re.search(r"\[dev\].*?steps = ", text, re.DOTALL).group() for text in texts}  # type: ignore[union-attr]
    assert len(shared) == 1
    assert experiment.BASELINE in arms


def test_the_whole_experiment(experiment: ModuleType, root: Path) -> None:
    arms = (experiment.BASELINE, "other")
    models = {arm: run_experiment(configured(root, arm, f"training.seed={len(arm)}")) for arm in arms}
    sizes, everything = {}, []
    for search in experiment.SEARCHES:
        corpus = search.read(root / "data", experiment.TEST)
        sizes[search.name] = corpus.documents.num_rows
        parts = {
            arm: [experiment.evaluate_once(model, corpus, experiment.TEST, arm, root / "results")]
            for arm, model in models.items()
        }
        everything += [part for (part,) in parts.values()]
        lines = experiment.table(parts, search, "few", "R@5").splitlines()
        assert len({line.count("|") for line in lines}) == 1
        assert [line.split("|")[1].strip() for line in lines[2:]] == list(arms)
    assert sizes == {
        "text-to-image": 4, "text-to-image-larger": 9, "image-to-text": 16, "image-to-text-larger": 32,
        "text-to-text": 16,
    }  # fmt: skip
    assert len(join_results(everything).corpora) == 5
    few = {
        arm: [read_results(root / f"results/{arm}-{len(arm)}/text-to-image-test_2016_flickr")] for arm in arms
    }
    tested = experiment.tests(few, "few", "R@1").splitlines()
    assert re.fullmatch(r"\| other \| [+-]\d\.\d{3} \(p .*\) \|", tested[2])
    columns: list[tuple[str, Any]] = list(experiment.columns("text_to_image", "R@5"))
    found = {title: experiment.value(few["other"][0], told) for title, told in columns}
    assert found == {"en": 1, "de": 1, "fr": 1, "cs": 1, "mean of de fr cs": 1, "gap to en": 0}


def test_a_spread_tells_ranks_without_decimals(experiment: ModuleType) -> None:
    assert experiment.spread([0.25, 0.75]) == "0.500 ± 0.354"
    assert experiment.spread([12.0]) == "12.0 ± 0.0"
