"""Sparse updates give what dense ones give, and touch only what a batch holds."""

import copy

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn

from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.training.sparse import DistinctRowsBag, RowAdam, sparse_updates


@pytest.fixture
def encoder() -> SentenceTransformer:
    texts = ["red circle above blue square", "roter Kreis über blauem Quadrat", "red red square", "circle"]
    return build_static_encoder(train_subwords(texts, 60, model="bpe"), 8)


IDS = torch.tensor([5, 7, 5, 9, 9, 11])
OFFSETS = torch.tensor([0, 3, 4])


def test_means_and_gradients_are_those_of_an_embedding_bag() -> None:
    weight = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    dense = nn.EmbeddingBag.from_pretrained(weight.clone(), freeze=False)
    sparse = DistinctRowsBag.from_pretrained(weight.clone(), freeze=False)
    target = torch.arange(12.0).reshape(3, 4)
    for bag in (dense, sparse):
        (bag(IDS, OFFSETS) * target).sum().backward()
    torch.testing.assert_close(sparse(IDS, OFFSETS), dense(IDS, OFFSETS))
    assert sparse.weight.grad is not None
    assert dense.weight.grad is not None
    assert sparse.weight.grad.is_sparse
    assert sparse.weight.grad._indices()[0].tolist() == [5, 7, 9, 11]
    torch.testing.assert_close(sparse.weight.grad.to_dense(), dense.weight.grad)


def test_dense_updates_are_adam() -> None:
    torch.manual_seed(0)
    ours = nn.Linear(5, 3)
    theirs = copy.deepcopy(ours)
    optimisers = (RowAdam(ours.parameters(), lr=0.1), torch.optim.Adam(theirs.parameters(), lr=0.1))
    for _ in range(5):
        inputs = torch.randn(4, 5)
        for layer, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            layer(inputs).pow(2).sum().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_sparse_updates_are_sparse_adam() -> None:
    weight = torch.randn(20, 4, generator=torch.Generator().manual_seed(1))
    ours = DistinctRowsBag.from_pretrained(weight.clone(), freeze=False)
    theirs = nn.EmbeddingBag.from_pretrained(weight.clone(), freeze=False, sparse=True)
    optimisers = (RowAdam(ours.parameters(), lr=0.1), torch.optim.SparseAdam(theirs.parameters(), lr=0.1))
    for step in range(4):
        ids = (IDS * (step + 1)) % 20
        for bag, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            bag(ids, OFFSETS).pow(2).sum().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    untouched = sorted(set(range(20)) - {int(i) * (s + 1) % 20 for i in IDS for s in range(4)})
    assert untouched
    assert torch.equal(ours.weight[untouched], weight[untouched])


def test_the_context_swaps_the_bag_and_puts_it_back(encoder: SentenceTransformer) -> None:
    bag = encoder[0].embedding
    before = encoder.encode(["red circle"])
    with sparse_updates(encoder) as found:
        assert found
        assert isinstance(encoder[0].embedding, DistinctRowsBag)
        assert encoder[0].embedding.weight is bag.weight
        assert (encoder.encode(["red circle"]) == before).all()
    assert encoder[0].embedding is bag


def test_the_bag_is_put_back_when_training_fails(encoder: SentenceTransformer) -> None:
    bag = encoder[0].embedding
    with pytest.raises(RuntimeError, match="stopped"), sparse_updates(encoder):
        raise RuntimeError("stopped")
    assert encoder[0].embedding is bag


def test_a_model_without_static_embedding_is_left_alone() -> None:
    with sparse_updates(nn.Linear(2, 2)) as found:
        assert not found
