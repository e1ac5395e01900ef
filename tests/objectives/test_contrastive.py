"""InfoNCE against closed forms and a plain loop."""

import math

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

from isoglot.objectives import info_nce_loss


def own(size: int) -> tuple[Tensor, Tensor]:
    """Query i is answered by document i; nothing is ignored."""
    return torch.eye(size, dtype=torch.bool), torch.zeros(size, size, dtype=torch.bool)


def unit(size: int, dim: int, seed: int) -> Tensor:
    vectors = torch.randn(size, dim, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def test_documents_that_look_alike_cost_log_of_their_number() -> None:
    same = unit(1, 8, 0).repeat(6, 1)
    for directions in ("query_to_document", "both"):
        assert info_nce_loss(unit(6, 8, 1), same, *own(6), 1.0).item() == pytest.approx(math.log(6), abs=1e-6)
        assert info_nce_loss(same, same, *own(6), 9.0, directions).item() == pytest.approx(
            math.log(6), abs=1e-5
        )


def test_a_perfect_match_costs_nothing() -> None:
    embeddings = torch.eye(5)
    assert info_nce_loss(embeddings, embeddings, *own(5), 100.0, "both").item() == pytest.approx(0, abs=1e-6)


def test_order_of_the_batch_does_not_matter() -> None:
    queries, documents = unit(7, 4, 2), unit(7, 4, 3)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    loss = info_nce_loss(queries, documents, *own(7), 5.0, "both")
    permuted = info_nce_loss(queries[order], documents[order], *own(7), 5.0, "both")
    torch.testing.assert_close(loss, permuted)


def test_against_a_loop_over_positives_and_negatives() -> None:
    queries, documents = unit(3, 4, 4), unit(7, 4, 5)
    positives, ignored = torch.zeros(3, 7, dtype=torch.bool), torch.zeros(3, 7, dtype=torch.bool)
    positives[[0, 0, 1, 2], [0, 1, 2, 4]] = True
    ignored[[0, 1, 1], [5, 0, 6]] = True
    expected = []
    for query in range(3):
        scores = [4.0 * float(queries[query] @ document) for document in documents]
        negatives = sum(
            math.exp(scores[j]) for j in range(7) if not (positives[query, j] or ignored[query, j])
        )
        costs = [
            math.log(math.exp(scores[j]) + negatives) - scores[j] for j in range(7) if positives[query, j]
        ]
        expected.append(sum(costs) / len(costs))
    loss = info_nce_loss(queries, documents, positives, ignored, 4.0)
    assert loss.item() == pytest.approx(sum(expected) / 3, abs=1e-5)


def test_a_query_without_negatives_costs_nothing_and_gets_no_gradient() -> None:
    queries = unit(2, 3, 0).requires_grad_()
    positives = torch.eye(2, dtype=torch.bool)
    loss = info_nce_loss(queries, unit(2, 3, 1), positives, ~positives, 5.0)
    loss.backward()
    assert loss.item() == 0
    assert queries.grad is not None
    assert not queries.grad.any()


def test_one_way_back_leaves_hard_negatives_without_a_query() -> None:
    queries, documents = unit(2, 3, 0), unit(3, 3, 1)
    positives = torch.tensor([[True, False, False], [False, True, False]])
    nothing = torch.zeros_like(positives)
    both = info_nce_loss(queries, documents, positives, nothing, 3.0, "both")
    there = info_nce_loss(queries, documents, positives, nothing, 3.0)
    back = info_nce_loss(documents[:2], queries, *own(2), 3.0)
    torch.testing.assert_close(both, (there + back) / 2)


def test_both_directions_are_the_mean_of_the_two() -> None:
    queries, documents = unit(6, 4, 6), unit(6, 4, 7)
    there, back = (
        info_nce_loss(queries, documents, *own(6), 3.0),
        info_nce_loss(documents, queries, *own(6), 3.0),
    )
    torch.testing.assert_close(info_nce_loss(queries, documents, *own(6), 3.0, "both"), (there + back) / 2)


def test_scale_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"scale must be > 0, got 0"):
        info_nce_loss(unit(2, 2, 0), unit(2, 2, 1), *own(2), 0.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeCheckError, match="document_embeddings"):
        info_nce_loss(unit(3, 4, 0), unit(3, 5, 1), *own(3), 1.0)
    with pytest.raises(TypeCheckError, match="positives"):
        info_nce_loss(unit(3, 4, 0), unit(3, 4, 1), *own(2), 1.0)
