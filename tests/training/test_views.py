"""Views of a batch: what an encoder must have for them, and which side gets which."""

import runpy
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, freeze, join_towers, train_subwords
from isoglot.errors import ConfigError
from isoglot.training.views import Views

program = runpy.run_path(str(Path(__file__).parent / "programs" / "pretrain.py"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    return program["build_corpus"](tmp_path_factory.mktemp("flags"))


def views(model: SentenceTransformer, **kinds: str) -> Views:
    return Views.build(model, **{"text": "masked", "media": "masked", "rate": 0.4, "seed": 0, **kinds})


def test_dropout_must_be_there(corpus: ParallelCorpus) -> None:
    without, with_some = program["build_model"](corpus), program["build_model"](corpus, dropout=0.1)
    with pytest.raises(ConfigError, match="text_views must not be dropout") as refused:
        views(without, text="dropout", media="dropout")
    assert "media_views must not be dropout" in str(refused.value)
    assert views(with_some, text="dropout").text == "dropout"
    with pytest.raises(ConfigError, match="media_views must not be dropout"):
        views(with_some, media="dropout")  # the dropout of texts is of no use to pictures
    alone = SentenceTransformer(modules=[*without[0].sub_modules["text"]], device="cpu")
    assert views(alone, media="dropout").media == "dropout"  # no media, no matter


def test_dropout_of_a_frozen_tower_rests(corpus: ParallelCorpus) -> None:
    text, image = program["build_model"](corpus, dropout=0.1)[0].sub_modules.values()
    text, image = (SentenceTransformer(modules=[*route], device="cpu") for route in (text, image))
    assert views(text, text="dropout").text == "dropout"
    frozen = join_towers({"text": freeze(text), "image": image})
    with pytest.raises(ConfigError, match="text_views must not be dropout for a tower without"):
        views(frozen, text="dropout")


def test_texts_are_read_by_one_tokenizer_whatever_the_other_towers_have(corpus: ParallelCorpus) -> None:
    model = program["build_model"](corpus)
    other = build_static_encoder(train_subwords(["other words"], 30, model="bpe"), 8)
    other[0].tokenizer.add_special_tokens(["<more>"])
    model[0].sub_modules["image"].append(other[0])
    mask = model[0].sub_modules["text"][0].tokenizer.mask_token_id
    assert views(model).special.mask == mask
    unread = program["build_model"](corpus, dropout=0.1)
    unread[0].sub_modules["text"][0].processor = None
    with pytest.raises(ConfigError, match="text_views must be dropout unless"):
        views(unread)
    assert not views(unread, text="dropout").special.ids


def test_a_mask_must_be_there(corpus: ParallelCorpus) -> None:
    model = program["build_model"](corpus, dropout=0.1)
    model[0].sub_modules["text"][0].tokenizer.mask_token = None
    with pytest.raises(
        ConfigError, match="text_views must be dropped or dropout for an encoder without mask"
    ):
        views(model)
    assert views(model, text="dropped").text == "dropped"


def test_sides_and_steps_have_views_of_their_own(corpus: ParallelCorpus) -> None:
    model = program["build_model"](corpus)
    drawn = views(model)
    texts = model.preprocess([f"deleft{row} deright{row}" for row in range(6)])
    pictures = {"pixel_values": torch.ones(6, 3, 32, 32), "modality": "image"}
    for features, name in ((texts, "input_ids"), (pictures, "pixel_values")):
        found = [
            side(features, step, 0)[name]
            for side in (drawn.of_queries, drawn.of_documents)
            for step in (1, 2)
        ]
        assert all(not torch.equal(a, b) for i, a in enumerate(found) for b in found[:i])
        assert torch.equal(drawn.of_queries(features, 1, 0)[name], found[0])
    other = views(model, seed=1).of_queries(pictures, 1, 0)["pixel_values"]
    assert not torch.equal(other, drawn.of_queries(pictures, 1, 0)["pixel_values"])
