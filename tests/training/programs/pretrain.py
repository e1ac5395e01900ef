"""One of the processes of a pre-training: `pretrain.py FOLDER OUTPUT [key=value of the objective ...]`.

FOLDER gets pictures of two colours side by side; their names are in three made-up languages.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.batches import Pooled
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.training import TrainingSettings, fit
from isoglot.training.settings import ObjectiveSettings

LANGUAGES = ("de", "en", "tr")
TONES = [(220, 30, 30), (30, 180, 40), (40, 60, 220), (240, 220, 40), (250, 250, 250), (20, 20, 20)]
ALL = {
    "translation_weight": 0.5,
    "intra_modal_weight": 0.5,
    "conditional_weight": 0.5,
    "conditional_heads": 2,
}
SETTINGS = TrainingSettings(steps=6, batch_size=8, learning_rate=0.003)


def build_corpus(folder: Path) -> ParallelCorpus:
    """Pictures as queries, each answered by its name in every language."""
    folder.mkdir(exist_ok=True)
    builder = CorpusBuilder(CorpusInfo("flags"))
    for left in range(6):
        for right in range(6):
            name = f"{left}{right}"
            if not (folder / f"{name}.png").exists():
                picture = Image.new("RGB", (32, 32), TONES[left])
                picture.paste(TONES[right], (16, 0, 32, 32))
                picture.save(folder / f"{name}.png")
            builder.add_query(f"p{name}", name, NO_LANGUAGE, None, modality="image", path=f"{name}.png")
            for language in LANGUAGES:
                text = f"{language}left{left} {language}right{right}"
                builder.add_document(f"{name}.{language}", name, language, text)
            builder.judge_group("test" if (left + right) % 6 == 5 else "train", name)
    return replace(builder.build(), media_root=str(folder))


def build_model(corpus: ParallelCorpus, *, dropout: float = 0.0, static: bool = False) -> SentenceTransformer:
    """Two small towers."""
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 120, model="bpe")
    text_model = (
        build_static_encoder(tokenizer, 16)
        if static
        else build_transformer_encoder(
            tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16, dropout=dropout
        )
    )
    return build_two_tower_encoder(text_model, build_image_tower(16, side=32, widths=(8,)))


def keep_still(model: torch.nn.Module) -> None:
    """Leaves normalisations over the batch as they are in evaluation."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train(False)
            module.train = lambda mode=True, self=module: self


def train(
    corpus: ParallelCorpus,
    output: Path,
    objective: dict[str, Any],
    *callbacks: Any,
    still: bool = False,
    **changes: Any,
) -> SentenceTransformer:
    """Trains on pictures with captions in two languages each."""
    torch.set_num_threads(1)
    settings = replace(
        SETTINGS,
        objective=ObjectiveSettings(directions="both", learn_temperature=True, **objective),
        **changes,
    )
    model = build_model(corpus, dropout=0.1 if changes.get("checkpoint_every_steps") else 0.0)
    if still:
        keep_still(model)
    return fit(model, corpus, scheme=Pooled(2), output_dir=output, settings=settings, callbacks=[*callbacks])


def main(folder: str, output: str, *changes: str) -> None:
    pairs = [change.partition("=") for change in changes]
    objective = {key: json.loads(value) for key, _, value in pairs}
    train(build_corpus(Path(folder)), Path(output), objective, still=objective.pop("still", False))


if __name__ == "__main__":
    main(*sys.argv[1:])
