"""Training an encoder of texts and pictures: the loss falls, and captions find pictures in every language."""

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
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.evaluation import evaluate
from isoglot.retrieval.encode import embed
from isoglot.training import ObjectiveSettings, TrainingSettings, fit

LANGUAGES = ("de", "en", "tr")
SETTINGS = TrainingSettings(
    steps=40,
    batch_size=16,
    learning_rate=0.01,
    objective=ObjectiveSettings(temperature=0.1, directions="both"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    """Pictures of two colours side by side, and their names in three made-up languages."""
    root = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("flags"))
    tones = [(220, 30, 30), (30, 180, 40), (40, 60, 220), (240, 220, 40), (250, 250, 250), (20, 20, 20)]
    for left in range(6):
        for right in range(6):
            name = f"{left}{right}"
            picture = Image.new("RGB", (32, 32), tones[left])
            picture.paste(tones[right], (16, 0, 32, 32))
            picture.save(root / f"{name}.png")
            builder.add_document(f"d{name}", name, None, None, modality="image", path=f"{name}.png")
            for language in LANGUAGES:
                text = f"{language}left{left} {language}right{right}"
                builder.add_query(f"q{name}.{language}", name, language, text)
            builder.judge_group("test" if (left + right) % 6 == 5 else "train", name)
    return replace(builder.build(), media_root=str(root))


def text_model(corpus: ParallelCorpus, kind: str) -> SentenceTransformer:
    texts = corpus.query_texts(np.arange(corpus.queries.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 120, model="bpe")
    if kind == "static":
        weights = np.full(tokenizer.get_vocab_size(), 0.1, np.float32)
        return build_static_encoder(tokenizer, 32, weights=weights)
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=32, heads=2, max_tokens=16, dropout=0.0)


class Losses(TrainerCallback):
    """Keeps the losses that the trainer logs."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.values.append(float(logs["loss"]))


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_training_brings_captions_to_pictures_never_shown(
    kind: str, corpus: ParallelCorpus, tmp_path: Path
) -> None:
    model = build_two_tower_encoder(text_model(corpus, kind), build_image_tower(32, side=32, widths=(8, 16)))
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    losses = Losses()
    trained = fit(
        model, corpus, scheme=Hybrid(), output_dir=tmp_path / "m", settings=SETTINGS, callbacks=[losses]
    )
    assert losses.values[-1] < 0.5 * losses.values[0]
    still = [n for n, weight in trained.named_parameters() if torch.equal(weight, before[n])]
    assert [name for name in still if "pooler" not in name] == []  # both towers learn
    results = evaluate(trained, corpus, num_resamples=5)
    for language in LANGUAGES:
        found = results.select(
            measure="R@10", setting="multilingual", query_language=language, document_language="*"
        )
        assert found[0].value > 0.8  # of 36 pictures: chance is 0.28
    record = json.loads((tmp_path / "m" / "isoglot.json").read_text())
    assert record["finished"]
    again = SentenceTransformer(str(tmp_path / "m"), device="cpu")
    texts = corpus.query_texts(np.arange(4, dtype=np.int32))
    assert np.abs(again.encode_query(texts) - trained.encode_query(texts)).max() == 0


def test_a_collection_of_texts_and_pictures_is_searched_as_one(corpus: ParallelCorpus) -> None:
    builder = CorpusBuilder(CorpusInfo("both"))
    for row in range(6):
        document, query = corpus.document(row), corpus.query(3 * row)
        builder.add_query(query.query_id, query.group_id, query.language, query.text)
        builder.add_document(
            document.doc_id, query.group_id, None, None, modality="image", path=document.path
        )
        builder.add_document(f"{row}.text", query.group_id, "de", f"deleft{row}")
        builder.judge_group("test", query.group_id)
    both = replace(builder.build(), media_root=corpus.media_root)
    model = build_two_tower_encoder(text_model(corpus, "static"), build_image_tower(32, side=32, widths=(8,)))
    rows = np.arange(both.documents.num_rows, dtype=np.int32)
    vectors = embed(model, both, np.arange(6, dtype=np.int32), rows).document_embeddings
    for row in rows.tolist():
        document = both.document(row)
        picture = {"image": f"{both.media_root}/{document.path}"}
        alone = model.encode_document(document.text or picture)
        assert np.abs(vectors[row] - alone).max() < 1e-5
    results = evaluate(model, both, num_resamples=5)
    media = {(record.query_modality, record.document_modality) for record in results.records}
    assert media == {("text", "*"), ("text", "image"), ("text", "text")}
