"""Cross-attention of texts on what they describe."""

import copy
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from torch.nn import functional

from isoglot.batches import training_pairs
from isoglot.batches.sampler import BatchPart
from isoglot.batches.schemes import CrossLingual
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_image_tower, build_video_tower, freeze, join_towers
from isoglot.errors import ConfigError
from isoglot.training import ObjectiveSettings, TrainingSettings
from isoglot.training.conditional import CrossAttention, check_parts, condition
from isoglot.training.loss import build_loss
from isoglot.training.views import Views

program = runpy.run_path(str(Path(__file__).parent / "programs" / "pretrain.py"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    return program["build_corpus"](tmp_path_factory.mktemp("flags"))


@pytest.fixture(scope="module")
def towers(corpus: ParallelCorpus) -> SentenceTransformer:
    return program["build_model"](corpus)


@pytest.fixture
def attention() -> CrossAttention:
    torch.manual_seed(0)
    return CrossAttention(8, 6, {"image": 5}, 2).double()


def texts(count: int = 4) -> dict[str, torch.Tensor]:
    mask = torch.ones(count, 5, dtype=torch.long)
    mask[0, 3:] = 0
    tokens = torch.randn(count, 5, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return {"token_embeddings": tokens, "attention_mask": mask, "sentence_embedding": tokens[:, 0, :6]}


def pictures(count: int = 4) -> dict[str, torch.Tensor]:
    states = torch.randn(count, 7, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    whole = torch.randn(count, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return {"token_embeddings": states, "sentence_embedding": whole}


def test_what_it_computes_written_out(attention: CrossAttention) -> None:
    said, seen = texts(), pictures()
    got = attention(said, seen, "image")
    weight, bias = attention.attention.in_proj_weight, attention.attention.in_proj_bias
    places = torch.cat(
        [
            attention.whole(seen["sentence_embedding"])[:, None],
            attention.states["image"](seen["token_embeddings"]),
        ],
        1,
    )
    for row in range(4):
        tokens = said["token_embeddings"][row][said["attention_mask"][row].bool()]
        asked, keys, values = (
            functional.linear(each, weight[part], bias[part])
            for each, part in (
                (tokens, slice(0, 8)),
                (places[row], slice(8, 16)),
                (places[row], slice(16, 24)),
            )
        )
        found = []
        for head in (slice(0, 4), slice(4, 8)):
            shares = (asked[:, head] @ keys[:, head].T / 4**0.5).softmax(dim=1)
            found.append(shares @ values[:, head])
        attended = attention.attention.out_proj(torch.cat(found, dim=1))
        states = attention.after_attention(tokens + attended)
        states = attention.after_feed_forward(states + attention.feed_forward(states))
        torch.testing.assert_close(got[row], functional.normalize(states.mean(dim=0), dim=0))


def test_padding_says_nothing(attention: CrossAttention) -> None:
    said, seen = texts(), pictures()
    got = attention(said, seen, "image")
    spoilt = said["token_embeddings"].masked_fill((said["attention_mask"] == 0)[..., None], 1e3)
    torch.testing.assert_close(attention({**said, "token_embeddings": spoilt}, seen, "image"), got)
    frames = torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 7, [1] * 7])
    shown = {**seen, "attention_mask": frames}
    hidden = {
        **shown,
        "token_embeddings": seen["token_embeddings"].masked_fill((frames == 0)[..., None], 9.0),
    }
    torch.testing.assert_close(attention(said, hidden, "image"), attention(said, shown, "image"))


def test_a_medium_without_states_is_attended_to_as_a_whole(attention: CrossAttention) -> None:
    said, seen = texts(), pictures()
    whole = {"sentence_embedding": seen["sentence_embedding"]}
    alone = attention(said, whole, "image")
    torch.testing.assert_close(attention(said, seen, "audio"), alone)
    assert not torch.allclose(attention(said, seen, "image"), alone)


def test_each_text_is_read_beside_its_own_picture(attention: CrossAttention) -> None:
    said, seen = texts(6), pictures(3)
    read = condition(attention, {**seen, "modality": "image"}, {**said, "modality": "text"})
    assert read is not None
    assert read.side == "document"
    for text in range(6):  # two captions of each picture, one after the other
        one = {name: value[text : text + 1] for name, value in said.items()}
        its = {name: value[text // 2 : text // 2 + 1] for name, value in seen.items()}
        torch.testing.assert_close(read.embeddings[text], attention(one, its, "image")[0])
    asked = condition(attention, {**texts(3), "modality": "text"}, {**pictures(6), "modality": "image"})
    assert asked is not None
    assert asked.side == "query"
    every_second = {name: value[::2] for name, value in pictures(6).items()}
    torch.testing.assert_close(asked.embeddings, attention(texts(3), every_second, "image"))


def test_texts_on_both_sides_are_not_conditioned(attention: CrossAttention) -> None:
    assert condition(attention, texts(), texts()) is None
    assert (
        condition(attention, {**pictures(), "modality": "image"}, {**pictures(), "modality": "image"}) is None
    )
    ready = {"sentence_embedding": torch.ones(4, 6), "modality": "text"}
    with pytest.raises(ConfigError, match="token states of texts, and these come as ready vectors"):
        condition(attention, ready, {**pictures(), "modality": "image"})


def test_mixed_precision_gives_nearly_the_same(attention: CrossAttention) -> None:
    said, seen = texts(), pictures() | {"attention_mask": torch.tensor([[1] * 6 + [0]] * 4)}
    exact = attention(said, seen, "image")
    halves = ({key: value.float() for key, value in each.items()} for each in (said, seen))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = attention.float()(*halves, "image")
    assert functional.cosine_similarity(mixed.double(), exact).min() > 0.999


def test_gradients(attention: CrossAttention) -> None:
    said, seen = texts(2), pictures(2)

    def read(tokens: torch.Tensor, states: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        shown = {"token_embeddings": states, "sentence_embedding": whole}
        return attention({**said, "token_embeddings": tokens}, shown, "image")

    inputs = (said["token_embeddings"], seen["token_embeddings"], seen["sentence_embedding"])
    assert torch.autograd.gradcheck(read, tuple(each.clone().requires_grad_() for each in inputs))


def test_it_fits_the_towers_and_leaves_chance_alone(towers: SentenceTransformer) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = (CrossAttention.build(towers, heads=2, seed=5) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), second.parameters(), strict=True))
    assert first.states["image"].in_features == 8
    assert (first.whole.in_features, first.whole.out_features) == (16, 16)


def test_a_text_attends_to_the_frames_of_a_video(corpus: ParallelCorpus, towers: SentenceTransformer) -> None:
    text, image = (
        SentenceTransformer(modules=[*route], device="cpu") for route in towers[0].sub_modules.values()
    )
    model = join_towers({"text": text, "video": build_video_tower(image, num_frames=3)})
    attention = CrossAttention.build(model, heads=2, seed=0)
    assert attention.states["video"].in_features == 16
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    features = model.preprocess([{"video": video} for video in frames])
    shorter = Views.build(model, text="masked", media="masked", rate=0.7, seed=0).of_queries(features, 0, 0)
    said = {**model(dict(model.preprocess(["deleft1", "enright2"]))), "modality": "text"}
    read = []
    for seen in (features, shorter):
        encoded = model.eval()(dict(seen))
        assert encoded["token_embeddings"].shape[0] == 2
        texts = condition(attention, encoded, said)
        assert texts is not None
        assert texts.side == "document"
        without = {key: value for key, value in encoded.items() if key != "token_embeddings"}
        whole = condition(attention, without, said)
        assert whole is not None
        assert not torch.allclose(texts.embeddings, whole.embeddings)
        read.append(texts.embeddings)
    assert shorter["num_images_per_sample"].sum() < features["num_images_per_sample"].sum()
    assert not torch.allclose(*read)


def loss_of(model: SentenceTransformer, **objective: float) -> nn.Module:
    return build_loss(model, TrainingSettings(objective=ObjectiveSettings(**objective)))


def test_what_cannot_be_is_refused(corpus: ParallelCorpus, towers: SentenceTransformer) -> None:
    static = program["build_model"](corpus, static=True)
    with pytest.raises(ConfigError, match="token states attend to a picture; this one has none"):
        loss_of(static, conditional_weight=1.0)
    with pytest.raises(ConfigError, match="needs a model of texts and of another medium"):
        loss_of(
            SentenceTransformer(modules=[*towers[0].sub_modules["text"]], device="cpu"),
            conditional_weight=1.0,
        )
    with pytest.raises(ConfigError, match="needs a text tower"):
        loss_of(build_image_tower(8, side=32, widths=(8,)), conditional_weight=1.0)
    with pytest.raises(ConfigError, match="must divide the width of the text tower, 16, got 3"):
        loss_of(towers, conditional_weight=1.0, conditional_heads=3)
    routes = towers[0].sub_modules.values()
    text, image = (SentenceTransformer(modules=[*route], device="cpu") for route in routes)
    frozen = join_towers({"text": freeze(copy.deepcopy(text)), "image": image})
    with pytest.raises(ConfigError, match="a frozen one keeps none"):
        loss_of(frozen, conditional_weight=1.0)
    whole = join_towers({"text": text, "image": freeze(copy.deepcopy(image))})
    assert not CrossAttention.build(whole, heads=2, seed=0).states  # pictures come as one vector each


def test_texts_must_meet_what_they_describe(corpus: ParallelCorpus, toy_corpus: ParallelCorpus) -> None:
    mixed, texts_alone = (BatchPart(training_pairs(each), CrossLingual(), 8) for each in (corpus, toy_corpus))
    check_parts([texts_alone, mixed])
    with pytest.raises(
        ConfigError, match="texts on one side and pictures, videos or sounds on the other; got text to text"
    ):
        check_parts([texts_alone])
