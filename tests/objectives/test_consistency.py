"""Consistency: closed forms, and the divergences by their definition, list by list."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from isoglot.objectives import (
    alignment_loss,
    ranking_divergence_loss,
    score_divergence_loss,
    score_variance_loss,
)

GROUPS = torch.tensor([7, 3, 7, 5, 3, 7, 9])
"""Three translations of one, two of another, and two texts alone."""

LOSSES = (score_divergence_loss, score_variance_loss, ranking_divergence_loss, alignment_loss)


def rows_by_group(loss: object, seed: int = 0) -> Tensor:
    """Random input with what is grouped where this loss looks for it."""
    shape = (5, 7) if loss in (score_divergence_loss, score_variance_loss) else (7, 5)
    random = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(shape, generator=random, dtype=torch.float64)


def symmetric_divergence(one: Tensor, other: Tensor) -> float:
    """Mean of the KL divergences of the two ways, of the softmax over two lists of scores."""
    one, other = one.softmax(dim=0), other.softmax(dim=0)
    there, back = (one * (one / other).log()).sum(), (other * (other / one).log()).sum()
    return float(there + back) / 2


def test_score_divergence_is_that_of_lists_with_one_translation_or_another() -> None:
    scores = rows_by_group(score_divergence_loss)
    total = 0.0
    for query in scores:
        for group in (3, 7):
            versions = (group == GROUPS).nonzero().flatten().tolist()
            others = query[group != GROUPS]
            pairs = [
                symmetric_divergence(torch.cat([query[[a]], others]), torch.cat([query[[b]], others]))
                for a, b in itertools.combinations(versions, 2)
            ]
            total += sum(pairs) / len(pairs)
    loss = score_divergence_loss(scores, GROUPS)
    assert loss.item() == pytest.approx(total / len(scores), abs=1e-12)


def test_score_divergence_by_hand() -> None:
    # Beside one other document of score 0, translations of score 1 and 0 have e / (e + 1) and 1 / 2.
    scores = torch.tensor([[1.0, 0.0, 0.0]])
    expected = (math.e / (math.e + 1) - 0.5) * 1 / 2
    loss = score_divergence_loss(scores, torch.tensor([4, 4, 1]))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_score_variance_by_hand() -> None:
    # Unbiased variances 2 and 0.5 of two groups of two, 0 of one document alone: over five documents.
    scores = torch.tensor([[3.0, 1.0, 0.0, 1.0, 8.0]])
    loss = score_variance_loss(scores, torch.tensor([0, 0, 1, 1, 2]))
    assert loss.item() == pytest.approx((2 * 2 + 2 * 0.5) / 5)


def test_ranking_divergence_is_that_of_each_query_to_its_translations() -> None:
    scores = rows_by_group(ranking_divergence_loss)
    total = 0.0
    for query, group in zip(scores, GROUPS, strict=True):
        others = scores[(group == GROUPS) & (scores != query).any(dim=1)]
        if len(others):
            total += sum(symmetric_divergence(query, other) for other in others) / len(others)
    loss = ranking_divergence_loss(scores, GROUPS)
    assert loss.item() == pytest.approx(total / len(scores), abs=1e-12)


def test_alignment_is_the_mean_squared_distance_to_translations() -> None:
    embeddings = torch.nn.functional.normalize(rows_by_group(alignment_loss), dim=1)
    total = 0.0
    for number, group in enumerate(GROUPS):
        others = [j for j in range(7) if j != number and GROUPS[j] == group]
        if others:
            total += sum(float((embeddings[number] - embeddings[j]).square().sum()) for j in others) / len(
                others
            )
    assert alignment_loss(embeddings, GROUPS).item() == pytest.approx(total / 7, abs=1e-12)
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert alignment_loss(opposite, torch.zeros(2, dtype=torch.long)).item() == pytest.approx(4)


@pytest.mark.parametrize("loss", LOSSES)
def test_translations_that_are_alike_cost_nothing(loss) -> None:
    one_each = rows_by_group(loss)
    _, codes = torch.unique(GROUPS, return_inverse=True)
    alike = one_each[:, codes] if len(one_each) == 5 else one_each[codes]
    assert loss(alike, GROUPS).item() == pytest.approx(0, abs=1e-12)
    assert loss(one_each, GROUPS).item() > 0.01


@pytest.mark.parametrize("loss", LOSSES)
def test_without_translations_nothing_is_compared(loss) -> None:
    assert loss(rows_by_group(loss), torch.arange(7)).item() == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_order_of_the_batch_does_not_matter(loss) -> None:
    rows, order = rows_by_group(loss), torch.tensor([4, 2, 6, 0, 1, 5, 3])
    shuffled = rows[:, order] if len(rows) == 5 else rows[order]
    torch.testing.assert_close(loss(shuffled, GROUPS[order]), loss(rows, GROUPS))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients(loss) -> None:
    rows = rows_by_group(loss).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: loss(given, GROUPS), rows)


def test_a_sure_query_is_charged_for_the_variance_alone() -> None:
    # Both translations are far above all others: whichever is in the list has all the probability.
    scores, groups = torch.tensor([[60.0, 50.0, 0.0]]), torch.tensor([1, 1, 2])
    assert score_divergence_loss(scores, groups).item() == pytest.approx(0, abs=1e-6)
    assert score_variance_loss(scores, groups).item() == pytest.approx(2 * 50 / 3)


@pytest.mark.parametrize("highest", [30.0, 100.0, 200.0])
def test_one_document_far_above_all_others_gives_finite_gradients(highest: float) -> None:
    scores = torch.tensor([[highest, highest - 150, 1.0, 0.0]], requires_grad=True)
    loss = score_divergence_loss(scores, torch.tensor([1, 1, 2, 2]))
    loss.backward()
    assert scores.grad is not None
    assert loss.isfinite()
    assert scores.grad.isfinite().all()


def test_what_is_beside_a_heavy_document_is_not_lost_to_rounding() -> None:
    # exp(20) + 4 is exp(20) in single precision: as a difference, the sum over the rest would be nothing.
    scores = torch.tensor([[20.0, 12.0, 1.0, 0.0]])
    groups = torch.tensor([1, 1, 2, 3])
    loss, exact = score_divergence_loss(scores, groups), score_divergence_loss(scores.double(), groups)
    assert loss.item() == pytest.approx(exact.item(), rel=0.01)
    assert exact > 5e-5
