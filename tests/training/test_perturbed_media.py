"""Robust training of an encoder of texts and pictures: of tokens and of pixels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import Hybrid
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_transformer_encoder,
    build_two_tower_encoder,
    freeze,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.robustness.settings import RobustSettings
from isoglot.training import ObjectiveSettings, TrainingSettings, fit

SETTINGS = TrainingSettings(
    steps=24,
    batch_size=8,
    learning_rate=0.01,
    objective=ObjectiveSettings(temperature=0.1, directions="both"),
    robust=RobustSettings(method="adversarial", epsilon=0.05, norm="linf"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    """Pictures of one colour, with captions in two made-up languages."""
    root = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("colours"))
    rng = np.random.default_rng(0)
    for number in range(24):
        Image.new("RGB", (32, 32), tuple(rng.integers(256, size=3).tolist())).save(root / f"{number}.png")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=f"{number}.png")
        for language in ("de", "en"):
            text = f"{language}{number} {number % 5}"
            builder.add_query(f"q{number}{language}", f"g{number}", language, text)
        builder.judge_group("train", f"g{number}")
    return replace(builder.build(), media_root=str(root))


def build(corpus: ParallelCorpus) -> SentenceTransformer:
    texts = corpus.query_texts(np.arange(corpus.queries.num_rows, dtype=np.int32))
    text = build_transformer_encoder(
        train_subwords(texts, 80, model="bpe"), layers=1, hidden_size=16, heads=2, max_tokens=16
    )
    return build_two_tower_encoder(text, build_image_tower(16, side=32, widths=(8,)))


class Losses(TrainerCallback):
    """Keeps the losses that the trainer logs."""

    def __init__(self) -> None:
        self.logs: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.logs.append(logs)


@pytest.mark.slow
@pytest.mark.parametrize("mini_batch_size", [0, 3])
def test_both_towers_learn_under_attack(corpus: ParallelCorpus, tmp_path: Path, mini_batch_size: int) -> None:
    model = build(corpus)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    losses = Losses()
    settings = replace(SETTINGS, mini_batch_size=mini_batch_size)
    fit(model, corpus, scheme=Hybrid(), output_dir=tmp_path / "m", settings=settings, callbacks=[losses])
    first, *_, last = losses.logs
    assert last["contrastive"] < first["contrastive"]
    assert all(logs["contrastive@perturbed"] > logs["contrastive"] for logs in losses.logs)
    still = [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
    assert [name for name in still if "pooler" not in name] == []
    assert json.loads((tmp_path / "m" / "isoglot.json").read_text())["passes"] == {
        "forward": 2,
        "backward": 3,
    }


def test_a_frozen_side_is_not_attacked_and_the_other_is(corpus: ParallelCorpus, tmp_path: Path) -> None:
    model = freeze(build(corpus), ["image"])
    losses = Losses()
    arguments: dict[str, Any] = {"scheme": Hybrid(), "callbacks": [losses]}
    fit(model, corpus, output_dir=tmp_path / "m", settings=replace(SETTINGS, steps=10), **arguments)
    assert losses.logs[-1]["contrastive@perturbed"] > losses.logs[-1]["contrastive"]
    documents = replace(SETTINGS, robust=replace(SETTINGS.robust, sides="documents"))
    with pytest.raises(ConfigError, match="nothing can be perturbed of image as document: their towers"):
        fit(model, corpus, output_dir=tmp_path / "n", settings=documents, **arguments)
