"""InfoNCE against closed forms and a plain loop."""

import math

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

from isoglot.objectives import info_nce_loss, parallel_mask


def apart(size: int) -> Tensor:
    """Groups without translations."""
    return torch.arange(size)[:, None].repeat(1, 2)


def unit(size: int, dim: int, seed: int) -> Tensor:
    vectors = torch.randn(size, dim, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def test_documents_that_look_alike_cost_log_of_their_number() -> None:
    same = unit(1, 8, 0).repeat(6, 1)
    for directions in ("query_to_document", "both"):
        assert info_nce_loss(unit(6, 8, 1), same, apart(6), 1.0).item() == pytest.approx(
            math.log(6), abs=1e-6
        )
        assert info_nce_loss(same, same, apart(6), 9.0, directions).item() == pytest.approx(
            math.log(6), abs=1e-5
        )


def test_a_perfect_match_costs_nothing() -> None:
    embeddings = torch.eye(5)
    assert info_nce_loss(embeddings, embeddings, apart(5), 100.0, "both").item() == pytest.approx(0, abs=1e-6)


def test_order_of_the_batch_does_not_matter() -> None:
    queries, documents, groups = unit(7, 4, 2), unit(7, 4, 3), apart(7)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    loss = info_nce_loss(queries, documents, groups, 5.0, "both")
    permuted = info_nce_loss(queries[order], documents[order], groups[order], 5.0, "both")
    torch.testing.assert_close(loss, permuted)


def test_against_a_loop_over_unmasked_candidates() -> None:
    queries, documents = unit(5, 3, 4), unit(5, 3, 5)
    groups = torch.tensor([[0, 0], [1, 1], [0, 7], [3, 1], [4, 4]])
    expected = []
    for query in range(5):
        scores = {
            document: 4.0 * float(queries[query] @ documents[document])
            for document in range(5)
            if document == query or not (groups[query] == groups[document]).any()
        }
        expected.append(math.log(sum(map(math.exp, scores.values()))) - scores[query])
    assert info_nce_loss(queries, documents, groups, 4.0).item() == pytest.approx(sum(expected) / 5, abs=1e-5)


def test_both_directions_are_the_mean_of_the_two() -> None:
    queries, documents, groups = unit(6, 4, 6), unit(6, 4, 7), apart(6)
    there, back = (
        info_nce_loss(queries, documents, groups, 3.0),
        info_nce_loss(documents, queries, groups, 3.0),
    )
    torch.testing.assert_close(info_nce_loss(queries, documents, groups, 3.0, "both"), (there + back) / 2)


def test_the_mask_knows_translations_by_query_or_document_group() -> None:
    groups = torch.tensor([[0, 10], [0, 11], [2, 10], [3, 13]])
    assert parallel_mask(groups).tolist() == [
        [False, True, True, False],
        [True, False, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]


def test_a_translation_in_the_batch_leaves_the_loss_as_without_it() -> None:
    queries, documents = unit(4, 5, 8), unit(4, 5, 9)
    groups = torch.tensor([[0, 0], [1, 1], [2, 2], [0, 0]])
    with_translation = info_nce_loss(queries, documents, groups, 2.0)
    parts = [
        info_nce_loss(queries[rows], documents[rows], groups[rows], 2.0) for rows in ([0, 1, 2], [3, 1, 2])
    ]
    # Queries 1 and 2 see all four documents; 0 and 3 see three each.
    scores = 2.0 * queries @ documents.T
    middle = [(torch.logsumexp(scores[row], 0) - scores[row, row]).item() for row in (1, 2)]
    outer = [(torch.logsumexp(scores[row, [row, 1, 2]], 0) - scores[row, row]).item() for row in (0, 3)]
    assert with_translation.item() == pytest.approx((sum(middle) + sum(outer)) / 4, abs=1e-5)
    assert all(part.item() > 0 for part in parts)


def test_scale_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"scale must be > 0, got 0"):
        info_nce_loss(unit(2, 2, 0), unit(2, 2, 1), apart(2), 0.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeCheckError, match="document_embeddings"):
        info_nce_loss(unit(3, 4, 0), unit(3, 5, 1), apart(3), 1.0)
    with pytest.raises(TypeCheckError, match="groups"):
        info_nce_loss(unit(3, 4, 0), unit(3, 4, 1), apart(2), 1.0)
