"""A model's fingerprint: the same for the same model, wherever it lies; another for any other."""

from __future__ import annotations

import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.retrieval.fingerprint import fingerprint

TEXTS = ["a bbb cc 1 2 3 query passage: Title", "a cc", "bbb"]


def _model(texts=TEXTS, seed=0):
    return build_static_encoder(train_subwords(texts, 60, model="bpe"), 4, seed=seed)


def test_a_copy_in_another_folder_has_the_same_fingerprint(tmp_path):
    model = _model()
    before = fingerprint(model)
    model.encode(TEXTS)
    for name in ("one", "two"):
        model.save(str(tmp_path / name), create_model_card=False)
        assert fingerprint(SentenceTransformer(str(tmp_path / name), device="cpu")) == before
    assert fingerprint(model) == before
    assert len(before) == 32


def test_encoding_leaves_a_transformer_as_it_was(tiny_clip, tmp_path):
    """Tokenizers of transformers keep the padding and truncation of their last call."""
    before = fingerprint(tiny_clip)
    tiny_clip.tokenizer(["red green", "blue"], padding="max_length", max_length=7, truncation=True)
    assert fingerprint(tiny_clip) == before
    tiny_clip.save(str(tmp_path), create_model_card=False)
    assert fingerprint(SentenceTransformer(str(tmp_path), device="cpu")) == before


def _train(model):
    with torch.no_grad():
        next(model.parameters())[0, 0] += 1e-6


def _shorten(model):
    model[0].tokenizer.enable_truncation(3)


def _cut(model):
    model.truncate_dim = 2


def _halve(model):
    model.half()


def _append(model):
    from sentence_transformers.sentence_transformer.modules import Normalize

    model.append(Normalize())


def _replace(model):
    class Other(type(model[1])):
        """The same settings, and who knows what it does."""

    model[1].__class__ = Other


@pytest.mark.parametrize("change", [_train, _shorten, _cut, _halve, _append, _replace])
def test_any_change_shows(change):
    model = _model()
    before = fingerprint(model)
    change(model)
    assert fingerprint(model) != before


def test_another_tokenizer_or_another_seed_shows():
    assert len({fingerprint(_model()), fingerprint(_model(seed=1)), fingerprint(_model(["a bbb"]))}) == 3


def test_the_longest_input_of_a_transformer_shows(tiny_clip):
    before, longest = fingerprint(tiny_clip), tiny_clip.max_seq_length
    tiny_clip.max_seq_length = 5
    try:
        assert fingerprint(tiny_clip) != before
    finally:
        tiny_clip.max_seq_length = longest
    assert fingerprint(tiny_clip) == before


def test_what_compares_and_what_prompts_does_not_show():
    model = _model()
    before = fingerprint(model)
    model.similarity_fn_name = "dot"
    model.prompts["query"] = "query: "
    assert fingerprint(model) == before


def test_what_cannot_be_looked_into_has_none():
    class Opaque(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(2))
            self.tokenizer = object()

    assert fingerprint(Opaque()) is None
    assert fingerprint(torch.nn.Identity()) is None
