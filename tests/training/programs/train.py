"""One of the processes of a training: `train.py CORPUS OUTPUT ENCODER [key=value of the settings ...]`.

Writes, beside the model, what this process drew and encoded at each step.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Router
from transformers import TrainerCallback

from isoglot.batches import Hybrid
from isoglot.batches.collation import PairCollator
from isoglot.corpora import read_corpus
from isoglot.encoders import (
    add_head,
    build_static_encoder,
    build_transformer_encoder,
    freeze,
    train_subwords,
)
from isoglot.robustness.augmentation_settings import AugmentationSettings
from isoglot.robustness.settings import RobustSettings
from isoglot.training import TrainingSettings, fit
from isoglot.training.settings import ObjectiveSettings


def build(kind: str, texts: list[str], dropout: float = 0.0) -> SentenceTransformer:
    """An encoder of texts: `static`, `transformer`, `frozen` under a head, or `towers`, one for each side."""
    tokenizer = train_subwords(texts, 200, model="bpe")
    if kind == "static":
        return build_static_encoder(tokenizer, 16)
    towers = [
        build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16, seed=seed)
        for seed in (0, 1)
    ]
    for module in (each for tower in towers for each in tower.modules()):
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    if kind == "transformer":
        return towers[0]
    if kind == "frozen":
        return add_head(freeze(towers[0]), 8, hidden=(12,))
    router = Router.for_query_document([*towers[0]], [*towers[1]])
    return SentenceTransformer(modules=[router], prompts={"query": "q ", "document": "d "}, device="cpu")


@contextmanager
def recorded() -> Iterator[list[Any]]:
    """Has every collator tell what it was given, and which queries of it this process encodes."""
    found: list[Any] = []
    collate = PairCollator.__call__

    def tell(self: PairCollator, share: Any) -> Any:
        features = collate(self, share)
        found.append([share.batch.kind, features["provenance"].tolist(), features["label"][:, 0].tolist()])
        return features

    PairCollator.__call__ = tell
    try:
        yield found
    finally:
        PairCollator.__call__ = collate


class StopAt(TrainerCallback):
    """Ends the process after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            sys.exit("stopped on purpose")


def main(corpus_folder: str, output: str, kind: str, *changes: str) -> None:
    torch.set_num_threads(1)
    corpus = read_corpus(corpus_folder)
    settings = {"steps": 12, "batch_size": 8, "learning_rate": 0.01}
    settings |= {key: json.loads(value) for key, _, value in (change.partition("=") for change in changes)}
    stop = StopAt(settings.pop("stop_at", -1))
    objective = ObjectiveSettings(**settings.pop("objective", {"learn_temperature": True}))
    robust = RobustSettings(**settings.pop("robust", {}))
    augmentation = AugmentationSettings(**settings.pop("augmentation", {}))
    model = build(kind, corpus.documents["text"].to_pylist())
    with recorded() as found:
        fit(
            model,
            corpus,
            scheme=Hybrid(),
            output_dir=output,
            settings=TrainingSettings(
                objective=objective, robust=robust, augmentation=augmentation, **settings
            ),
            callbacks=[stop],
        )
    process = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    Path(f"{output}.{process}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
