"""Encoding both columns: static ones at once, large ones in mini-batches whose gradients are those of all."""

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.training.encoding import encode_columns, encode_in_mini_batches, mini_batches

QUERIES = ["red circle", "blue square above a red circle", "circle"]
DOCUMENTS = ["roter Kreis", "blaues Quadrat über rotem Kreis", "Kreis", "rot", "blau blau blau Quadrat"]


@pytest.fixture(scope="module")
def static() -> SentenceTransformer:
    return build_static_encoder(train_subwords([*QUERIES, *DOCUMENTS], 60, model="bpe"), 8)


@pytest.fixture(scope="module")
def transformer() -> SentenceTransformer:
    tokenizer = train_subwords([*QUERIES, *DOCUMENTS], 60, model="bpe")
    return build_transformer_encoder(tokenizer, layers=2, hidden_size=16, heads=2, dropout=0.3)


def gradients(model: SentenceTransformer) -> Tensor:
    """All gradients in one vector; those of parameters that were not used are 0."""
    found = [
        torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for parameter in model.parameters()
    ]
    model.zero_grad()
    return torch.cat([gradient.flatten() for gradient in found])


def cost(embeddings: Tensor) -> Tensor:
    """Something whose gradient at each row depends on every row."""
    return (embeddings @ embeddings.T).exp().sum().log()


def test_both_static_columns_at_once_are_each_alone(static: SentenceTransformer) -> None:
    columns = [static.preprocess(texts) for texts in (QUERIES, DOCUMENTS)]
    together = encode_columns(static, *columns)
    for embeddings, column in zip(together, columns, strict=True):
        torch.testing.assert_close(embeddings, static(dict(column))["sentence_embedding"])


def test_columns_of_different_media_are_encoded_apart() -> None:
    seen = []

    class Towers(torch.nn.Module):
        def forward(self, features):
            seen.append(sorted(features))
            size = len(features["offsets"] if "offsets" in features else features["pixel_values"])
            return {"sentence_embedding": torch.ones(size, 2)}

    texts = {"input_ids": torch.arange(5), "offsets": torch.tensor([0, 2]), "modality": "text"}
    pictures = {"pixel_values": torch.zeros(3, 1, 4, 4), "modality": "image"}
    queries, documents = encode_columns(Towers(), texts, pictures)
    assert (len(queries), len(documents)) == (2, 3)
    assert seen == [["input_ids", "modality", "offsets"], ["modality", "pixel_values"]]
    speech = {**texts, "modality": "transcript"}
    assert [len(column) for column in encode_columns(Towers(), texts, speech)] == [2, 2]
    assert len(seen) == 4  # another tower: apart, though both are subwords
    encode_columns(Towers(), texts, dict(texts))
    assert len(seen) == 5


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_mini_batches_give_embeddings_and_gradients_of_the_whole(
    transformer: SentenceTransformer, size: int
) -> None:
    transformer.eval()
    features = transformer.preprocess(DOCUMENTS)
    whole = transformer(dict(features))["sentence_embedding"]
    cost(whole).backward()
    expected = gradients(transformer)
    parts = encode_in_mini_batches(transformer, features, size)
    cost(parts).backward()
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(gradients(transformer), expected)
    assert expected.abs().max() > 0.01


def test_dropout_is_the_same_when_a_mini_batch_is_encoded_again(transformer: SentenceTransformer) -> None:
    transformer.train()
    features = transformer.preprocess(DOCUMENTS)
    torch.manual_seed(0)
    kept = [transformer(dict(part))["sentence_embedding"] for part in mini_batches(features, 2)]
    cost(torch.cat(kept)).backward()
    expected = gradients(transformer)
    torch.manual_seed(0)
    again = encode_in_mini_batches(transformer, features, 2)
    after = torch.rand(1)
    cost(again).backward()
    torch.testing.assert_close(again, torch.cat(kept))
    torch.testing.assert_close(gradients(transformer), expected)
    torch.manual_seed(0)
    assert not torch.allclose(encode_in_mini_batches(transformer, features, 5), again)  # dropout is at work
    torch.manual_seed(0)
    encode_in_mini_batches(transformer, features, 2)
    assert torch.equal(torch.rand(1), after)


def test_a_model_may_change_its_input() -> None:
    class Forgetful(torch.nn.Module):
        """Leaves prompts out as sentence-transformers' pooling does: by zeros in the mask it was given."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, features):
            embedding = (self.weight * features["attention_mask"]).exp().sum(dim=1, keepdim=True)
            features["attention_mask"][:, 0] = 0
            return {"sentence_embedding": embedding}

    model, mask = Forgetful(), torch.ones(3, 4)
    encode_in_mini_batches(model, {"attention_mask": mask}, 2).sum().backward()
    assert model.weight.grad is not None
    assert model.weight.grad.item() == pytest.approx(12 * np.e)
    assert mask.all()


def test_nothing_but_one_mini_batch_is_kept(transformer: SentenceTransformer) -> None:
    """Bytes that autograd keeps until the backward pass, beside the parameters."""
    transformer.train()
    features = transformer.preprocess(DOCUMENTS * 8)
    owned = {parameter.untyped_storage().data_ptr() for parameter in transformer.parameters()}

    def kept_bytes(size: int) -> int:
        kept: list[int] = []

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in owned:
                kept.append(storage.nbytes())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            if size:
                cost(encode_in_mini_batches(transformer, features, size))
            else:
                cost(transformer(dict(features))["sentence_embedding"])
        return sum(kept)

    assert kept_bytes(4) < kept_bytes(0) / 50


def test_mini_batches_are_cut_to_their_longest_text(transformer: SentenceTransformer) -> None:
    features = transformer.preprocess(["red", "circle", *QUERIES]) | {"modality": "text"}
    parts = list(mini_batches(features, 2))
    assert [len(part["input_ids"]) for part in parts] == [2, 2, 1]
    lengths = features["attention_mask"].sum(dim=1)
    assert [part["input_ids"].shape[1] for part in parts] == [
        int(lengths[start : start + 2].max()) for start in (0, 2, 4)
    ]
    assert len({part["input_ids"].shape[1] for part in parts}) > 1
    assert all(part["modality"] == "text" for part in parts)


def test_pictures_are_cut_by_their_first_dimension() -> None:
    pictures = torch.from_numpy(np.arange(5 * 3 * 2 * 2).reshape(5, 3, 2, 2))
    parts = list(mini_batches({"pixel_values": pictures, "modality": "image"}, 3))
    assert torch.equal(torch.cat([part["pixel_values"] for part in parts]), pictures)
    assert len(parts) == 2


def test_input_without_rows_is_refused(static: SentenceTransformer) -> None:
    with pytest.raises(ConfigError, match=r"row for each text, got input_ids .*, offsets \(3,\); use 0"):
        list(mini_batches(static.preprocess(QUERIES), 2))
    flattened = {"input_ids": torch.zeros(1, 9), "cu_seq_lens_q": torch.tensor([0, 4, 9])}
    with pytest.raises(ConfigError, match=r"cu_seq_lens_q \(3,\); use 0 .* attn_implementation='sdpa'"):
        list(mini_batches(flattened, 2))
