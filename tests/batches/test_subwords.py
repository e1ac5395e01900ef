"""Texts cut once: a batch holds what the model's own preprocessing makes of its texts, bit for bit."""

from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.batches import CrossLingual, PairBatchSampler, collation, training_pairs
from isoglot.batches.collation import PairCollator
from isoglot.batches.subwords import subword_table
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    train_subwords,
)

KINDS = ["static", "transformer", "static and pictures", "transformer and pictures"]


def encoder(corpus: ParallelCorpus, kind: str) -> SentenceTransformer:
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 300, model="bpe")
    if kind.startswith("static"):
        model = build_static_encoder(tokenizer, 8)
    else:
        model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)
    return build_two_tower_encoder(model, build_image_tower(8)) if "pictures" in kind else model


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        if torch.is_tensor(value):
            torch.testing.assert_close(ours[name], value, rtol=0, atol=0)
        else:
            assert ours[name] == value


@pytest.mark.parametrize("prompt", [None, "Passage: "])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_as_the_model_would_take_their_texts(
    toy_corpus: ParallelCorpus, kind: str, prompt: str | None
) -> None:
    model = encoder(toy_corpus, kind)
    model.prompts["document"] = prompt or ""
    num_rows = toy_corpus.documents.num_rows
    rows = np.arange(num_rows, dtype=np.int32)[::2]
    table = subword_table(model, "document", toy_corpus.document_texts, rows, num_rows)
    assert table is not None
    lengths = set()
    for chosen in (rows[[3]], rows[[5, 0, 5, 2]], rows):
        ours = table(chosen)
        lengths.add(tuple(ours["input_ids"].shape))
        assert_same(ours, model.preprocess(toy_corpus.document_texts(chosen), prompt=prompt, task="document"))
    assert len(lengths) > 1


def test_a_training_cuts_its_texts_once(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "transformer")
    sampler = PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 6, 20)
    with mock.patch.object(model, "preprocess", wraps=model.preprocess) as preprocess:
        collate = PairCollator(model, sampler)
        num_calls = preprocess.call_count
        for share in sampler:
            collate(share)
    assert preprocess.call_count == num_calls == 4  # for queries and documents, once to see their form


def test_texts_of_which_few_are_drawn_are_cut_when_they_are(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "transformer")
    sampler = PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 2, 1)
    with (
        mock.patch.object(collation, "_ALWAYS_CUT", 0),
        mock.patch.object(model, "preprocess", wraps=model.preprocess) as preprocess,
    ):
        collate = PairCollator(model, sampler)
        assert not preprocess.called
        for share in sampler:
            collate(share)
    assert preprocess.call_count == 2


def test_token_types_that_say_something_are_left_to_the_model(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "transformer")
    rows = np.arange(4, dtype=np.int32)

    def table(types: int) -> Any:
        original = SentenceTransformer.preprocess

        def preprocess(*args: Any, **kwargs: Any) -> dict[str, Any]:
            features = original(*args, **kwargs)
            return features | {"token_type_ids": torch.full_like(features["input_ids"], types)}

        with mock.patch.object(SentenceTransformer, "preprocess", preprocess):
            return subword_table(model, "query", toy_corpus.query_texts, rows, 4)

    assert table(1) is None
    assert not table(0)(rows)["token_type_ids"].any()


def test_padding_in_front_is_left_to_the_model(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "transformer")
    model.tokenizer.padding_side = "left"
    rows = np.arange(4, dtype=np.int32)
    assert subword_table(model, "query", toy_corpus.query_texts, rows, 4) is None


def test_texts_that_a_prompt_leaves_no_room_are_left_to_the_model(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "transformer")
    model.prompts["query"] = "Instruct: find the passage that answers the question of the user. Query: "
    rows = np.arange(4, dtype=np.int32)
    assert subword_table(model, "query", toy_corpus.query_texts, rows, 4) is None
