"""Views of texts: what is masked or dropped, what is left, and that padding decides nothing."""

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.encoders.subwords import MASK
from isoglot.errors import ConfigError
from isoglot.training.draws import Address
from isoglot.training.text_views import SpecialTokens, text_view

WORDS = [f"word{number}" for number in range(40)]
TEXTS = [" ".join(np.random.default_rng(row).choice(WORDS, size=3 + row % 9)) for row in range(64)]
ADDRESS = Address((0, 5))


@pytest.fixture(scope="module")
def encoders() -> dict[str, SentenceTransformer]:
    tokenizer = train_subwords(TEXTS, 90, model="bpe")
    return {
        "static": build_static_encoder(tokenizer, 8),
        "transformer": build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=2, max_tokens=64),
    }


def special(model: SentenceTransformer) -> SpecialTokens:
    return SpecialTokens.of([model])


def test_both_kinds_of_encoder_know_their_special_tokens(encoders: dict[str, SentenceTransformer]) -> None:
    static, transformer = (special(encoders[kind]) for kind in ("static", "transformer"))
    assert static == transformer
    assert static.mask == encoders["static"][0].tokenizer.token_to_id(MASK)
    assert len(static.ids) == 5


def test_masked_tokens_of_padded_texts(encoders: dict[str, SentenceTransformer]) -> None:
    model = encoders["transformer"]
    known = special(model)
    features = model.preprocess(TEXTS)
    before = {name: value.clone() for name, value in features.items() if isinstance(value, torch.Tensor)}
    view = text_view(features, "masked", 0.3, known, ADDRESS)
    for name, value in before.items():
        assert torch.equal(features[name], value)  # nothing is changed in place
    changed = view["input_ids"] != before["input_ids"]
    assert (view["input_ids"][changed] == known.mask).all()
    kept = torch.isin(before["input_ids"], torch.tensor(sorted(known.ids)))
    assert not changed[kept].any()  # start, end and padding
    assert abs(float(changed[~kept].float().mean()) - 0.3) < 0.05
    assert torch.equal(view["attention_mask"], before["attention_mask"])


def test_dropped_tokens_are_out_of_sight(encoders: dict[str, SentenceTransformer]) -> None:
    model = encoders["transformer"].eval()
    view = text_view(model.preprocess(TEXTS[:8]), "dropped", 0.5, special(model), ADDRESS)
    with torch.no_grad():
        seen = model(dict(view))["sentence_embedding"]
        hidden = view["attention_mask"] == 0
        other = model({**view, "input_ids": view["input_ids"].masked_fill(hidden, 9)})["sentence_embedding"]
    assert hidden.sum() > model.preprocess(TEXTS[:8])["attention_mask"].eq(0).sum()
    torch.testing.assert_close(seen, other)


def test_dropped_tokens_of_bags_are_gone(encoders: dict[str, SentenceTransformer]) -> None:
    model = encoders["static"]
    features = model.preprocess(TEXTS)
    view = text_view(features, "dropped", 0.4, special(model), ADDRESS)
    rows = zip(*(split(each["input_ids"], each["offsets"]) for each in (features, view)), strict=True)
    lengths = []
    for before, after in rows:
        remaining = iter(before.tolist())
        assert all(token in remaining for token in after.tolist())  # in their order
        assert len(after)
        lengths.append((len(before), len(after)))
    whole, left = np.array(lengths).sum(axis=0)
    assert abs(left / whole - 0.6) < 0.05


def split(ids: torch.Tensor, offsets: torch.Tensor) -> list[torch.Tensor]:
    return [*torch.tensor_split(ids, offsets[1:].tolist())]


def test_the_same_tokens_whatever_the_encoder_the_padding_and_the_share(
    encoders: dict[str, SentenceTransformer],
) -> None:
    static, transformer = encoders["static"], encoders["transformer"]
    known = special(static)
    bags = text_view(static.preprocess(TEXTS), "masked", 0.3, known, ADDRESS)
    bagged = [row.tolist() for row in split(bags["input_ids"], bags["offsets"])]
    for first, last in ((0, 64), (32, 64), (7, 8)):
        share = transformer.preprocess(TEXTS[first:last])
        view = text_view(share, "masked", 0.3, known, Address(ADDRESS.key, first))
        rows = [
            ids[mask.bool()][1:-1].tolist()
            for ids, mask in zip(view["input_ids"], share["attention_mask"], strict=True)
        ]
        assert rows == bagged[first:last]
    share = transformer.preprocess(TEXTS)
    shifts = (share["attention_mask"] == 0).sum(dim=1).tolist()
    left = {
        name: torch.stack([row.roll(shift) for row, shift in zip(share[name], shifts, strict=True)])
        for name in ("input_ids", "attention_mask")
    }
    view = text_view(left, "masked", 0.3, known, ADDRESS)["input_ids"]
    assert [row[shift:][1:-1].tolist() for row, shift in zip(view, shifts, strict=True)] == bagged


def test_every_step_has_its_own(encoders: dict[str, SentenceTransformer]) -> None:
    model = encoders["transformer"]
    features = model.preprocess(TEXTS)
    views = [
        text_view(features, "masked", 0.3, special(model), Address(key))["input_ids"]
        for key in ((0, 5), (0, 5), (0, 6))
    ]
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])
    assert torch.equal(
        text_view(features, "dropout", 0.3, special(model), ADDRESS)["input_ids"], features["input_ids"]
    )


def test_two_vocabularies_and_none_are_refused(encoders: dict[str, SentenceTransformer]) -> None:
    other = build_static_encoder(train_subwords(TEXTS, 90, model="bpe"), 8)
    other[0].tokenizer.add_special_tokens(["<more>"])
    model = SentenceTransformer(modules=[encoders["static"][0], other[0]], device="cpu")
    with pytest.raises(ConfigError, match=r"all texts are cut by one tokenizer .* this model has 2"):
        SpecialTokens.of([model])
    with pytest.raises(ConfigError, match="this model has 0 with special tokens"):
        SpecialTokens.of([model[0].embedding])
