"""Training with distances: `isoglot train`, and captions in languages whose pictures were never captioned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.batches import CrossLingual, Hybrid
from isoglot.cli import main
from isoglot.corpora import write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.evaluation import evaluate
from isoglot.training import ObjectiveSettings, TrainingSettings
from isoglot.training.fit import fit_parts
from isoglot.training.parts import TrainingPart

TOML = """
output = "{root}/model"
[[corpora]]
folder = "{root}/corpus"
[encoder]
dimension = 16
vocabulary_size = 300
[training]
steps = 8
batch_size = 16
learning_rate = 0.02
[training.objective]
contrastive = "{contrastive}"
negatives = "all"
directions = "both"
repulsion_weight = 0.5
"""
LANGUAGES = ("de", "en", "tr")
METRIC = ObjectiveSettings(directions="both", negatives="all", margin=1.0)


@pytest.mark.parametrize("contrastive", ["patr", "m3l"])
def test_the_command_trains_with_distances(
    toy_corpus: ParallelCorpus, tmp_path: Path, contrastive: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    toml = tmp_path / "train.toml"
    toml.write_text(TOML.format(root=tmp_path, contrastive=contrastive))
    assert main(["train", str(toml), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["num_batches"] == 8
    record = json.loads((tmp_path / "model" / "isoglot.json").read_text())
    assert record["settings"]["objective"]["contrastive"] == contrastive


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    """Pictures of two colours side by side, and their names in three made-up languages, on both sides."""
    root = tmp_path_factory.mktemp("flags")
    builder = CorpusBuilder(CorpusInfo("flags"))
    tones = [(220, 30, 30), (30, 180, 40), (40, 60, 220), (240, 220, 40), (250, 250, 250), (20, 20, 20)]
    for left in range(6):
        for right in range(6):
            name = f"{left}{right}"
            picture = Image.new("RGB", (32, 32), tones[left])
            picture.paste(tones[right], (16, 0, 32, 32))
            picture.save(root / f"{name}.png")
            builder.add_document(f"p{name}", name, None, None, modality="image", path=f"{name}.png")
            for language in LANGUAGES:
                text = f"{language}left{left} {language}right{right}"
                builder.add_query(f"q{name}.{language}", name, language, text)
                builder.add_document(f"d{name}.{language}", name, language, text)
            builder.judge_group("test" if (left + right) % 6 == 5 else "train", name)
    return replace(builder.build(), media_root=str(root))


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        replace(METRIC, contrastive="patr"),
        replace(METRIC, contrastive="m3l"),
        replace(METRIC, temperature=0.1, repulsion_weight=0.3),
    ],
    ids=["patr", "m3l", "info_nce and repulsion"],
)
def test_languages_without_captions_find_pictures_by_way_of_the_texts(
    objective: ObjectiveSettings, flags: ParallelCorpus, tmp_path: Path
) -> None:
    """Pictures are captioned in English alone; texts are parallel in all languages."""
    pictures = flags.select(query_modalities=["text"], document_modalities=["image"])
    parts = [
        TrainingPart(pictures.select(query_languages=["en"]), Hybrid(), name="captions"),
        TrainingPart(flags.select(document_modalities=["text"]), CrossLingual(), name="texts"),
    ]
    texts = flags.query_texts(np.arange(flags.queries.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 120, model="bpe")
    weights = np.full(tokenizer.get_vocab_size(), 0.1, np.float32)
    model = build_two_tower_encoder(
        build_static_encoder(tokenizer, 32, weights=weights), build_image_tower(32, side=32, widths=(8, 16))
    )
    settings = TrainingSettings(steps=120, batch_size=16, learning_rate=0.01, objective=objective)
    fit_parts(model, parts, output_dir=tmp_path / "model", settings=settings)
    results = evaluate(model, pictures, num_resamples=5)
    for language in LANGUAGES:
        found = results.value("multilingual", "R@10", query_language=language, document_language="*")
        assert found > 0.7  # of 36 pictures: chance is 0.28
