"""Contrastive losses of translations and of views: closed forms, masks, gradients."""

import math

import pytest
import torch
from torch.nn import functional

from isoglot.objectives import info_nce_loss, translation_loss, view_loss

PAIRS = torch.tensor([0, 0, 1, 1, 2, 2])
ALL = torch.arange(6)


def random_scores(rows: int = 6, columns: int = 6) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_equal_scores_cost_the_logarithm_of_the_candidates() -> None:
    alike = torch.full((6, 6), 0.3)
    assert translation_loss(alike, PAIRS, PAIRS, ALL).item() == pytest.approx(math.log(5))  # not itself
    assert view_loss(alike, ALL, ALL, ALL).item() == pytest.approx(math.log(6))
    assert view_loss(alike, PAIRS, PAIRS, ALL).item() == pytest.approx(math.log(5))  # nor its translation's


def test_what_is_found_costs_nothing() -> None:
    sure = 100.0 * (PAIRS[:, None] == PAIRS[None]).float()
    assert translation_loss(sure, PAIRS, PAIRS, ALL).item() == pytest.approx(0, abs=1e-6)
    assert view_loss(sure, PAIRS, PAIRS, ALL).item() == pytest.approx(0, abs=1e-6)


def test_the_mean_over_translations_by_hand() -> None:
    groups = torch.tensor([0, 0, 0, 1])
    scores = random_scores(4, 4)
    costs = [functional.softplus(scores[row, 3] - scores[row, other]) for row, other in ((0, 1), (0, 2))]
    got = translation_loss(scores[:1], groups[:1], groups, torch.tensor([0]))
    torch.testing.assert_close(got, torch.stack(costs).mean())
    # The last has no translation, and adds 0 to the mean over rows.
    whole = translation_loss(scores, groups, groups, torch.arange(4))
    three = translation_loss(scores[:3], groups[:3], groups, torch.arange(3))
    torch.testing.assert_close(whole, three * 3 / 4)


def test_what_means_the_same_and_oneself_are_no_negatives() -> None:
    scores = random_scores().requires_grad_()
    view_loss(scores, PAIRS, PAIRS, ALL).backward()
    same = (PAIRS[:, None] == PAIRS[None]) & ~torch.eye(6, dtype=torch.bool)
    assert scores.grad is not None
    assert (scores.grad[same] == 0).all()
    assert (scores.grad[~same] != 0).all()
    scores.grad = None
    translation_loss(scores, PAIRS, PAIRS, ALL).backward()
    assert scores.grad is not None
    assert (scores.grad.diagonal() == 0).all()
    assert (scores.grad[same] < 0).all()  # drawn near, never pushed away


def test_without_translations_there_is_nothing_to_learn_and_yet_a_gradient() -> None:
    scores = random_scores().requires_grad_()
    loss = translation_loss(scores, ALL, ALL, ALL)
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert (scores.grad == 0).all()


def test_shares_of_rows_give_the_mean_over_all() -> None:
    """What two processes compute, each of its rows against all columns."""
    scores = random_scores()
    groups = torch.tensor([0, 0, 1, 2, 2, 2])
    for loss in (translation_loss, view_loss):
        halves = [loss(scores[own], groups[own], groups, ALL[own]) for own in (slice(0, 3), slice(3, 6))]
        torch.testing.assert_close(torch.stack(halves).mean(), loss(scores, groups, groups, ALL))


def test_the_order_of_the_batch_does_not_matter() -> None:
    scores, order = random_scores(), torch.randperm(6, generator=torch.Generator().manual_seed(1))
    for loss in (translation_loss, view_loss):
        shuffled = loss(scores[order][:, order], PAIRS[order], PAIRS[order], ALL)
        torch.testing.assert_close(shuffled, loss(scores, PAIRS, PAIRS, ALL))


def test_distinct_groups_make_views_plain_info_nce() -> None:
    scores, own = random_scores(), torch.eye(6, dtype=torch.bool)
    torch.testing.assert_close(
        view_loss(scores, ALL, ALL, ALL), info_nce_loss(scores, own, torch.zeros_like(own))
    )


@pytest.mark.parametrize("loss", [translation_loss, view_loss])
def test_gradients(loss) -> None:
    groups = torch.tensor([0, 0, 0, 1, 1, 2])
    assert torch.autograd.gradcheck(
        lambda scores: loss(scores, groups, groups, ALL), random_scores().requires_grad_()
    )
