"""InfoNCE against closed forms and a plain loop."""

import math

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

from isoglot.objectives import SeveralPositives, info_nce_loss

WAYS: tuple[SeveralPositives, ...] = ("each", "share", "any")


def own(size: int) -> tuple[Tensor, Tensor]:
    """Row i is answered by column i; nothing is ignored."""
    return torch.eye(size, dtype=torch.bool), torch.zeros(size, size, dtype=torch.bool)


def random_scores(rows: int, columns: int, seed: int) -> Tensor:
    return 3 * torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def several_answers() -> tuple[Tensor, Tensor]:
    """Three rows of seven columns: one with three positives, one with two ignored, one of each kind."""
    positives, ignored = torch.zeros(3, 7, dtype=torch.bool), torch.zeros(3, 7, dtype=torch.bool)
    positives[[0, 0, 0, 1, 2, 2], [0, 1, 2, 2, 4, 6]] = True
    ignored[[1, 1, 2], [0, 6, 5]] = True
    return positives, ignored


@pytest.mark.parametrize("several", WAYS)
def test_columns_that_score_alike_cost_log_of_their_number(several: SeveralPositives) -> None:
    loss = info_nce_loss(torch.full((6, 6), 4.0), *own(6), several)
    assert loss.item() == pytest.approx(math.log(6), abs=1e-6)


@pytest.mark.parametrize("several", WAYS)
def test_a_perfect_match_costs_nothing(several: SeveralPositives) -> None:
    assert info_nce_loss(100 * torch.eye(5), *own(5), several).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("several", "cost"), [("each", 0.0), ("share", math.log(3)), ("any", 0.0)])
def test_what_three_perfect_positives_cost(several: SeveralPositives, cost: float) -> None:
    positives = torch.tensor([[True, True, True, False]])
    scores = torch.tensor([[60.0, 60.0, 60.0, 0.0]])
    loss = info_nce_loss(scores, positives, torch.zeros_like(positives), several)
    assert loss.item() == pytest.approx(cost, abs=1e-5)


def test_one_good_positive_is_enough_for_any_and_only_for_any() -> None:
    positives = torch.tensor([[True, True, False]])
    scores = torch.tensor([[60.0, 0.0, 0.0]])
    each, share, any_ = (info_nce_loss(scores, positives, ~positives & False, way).item() for way in WAYS)
    assert any_ == pytest.approx(0, abs=1e-6)
    assert each == pytest.approx(math.log(2) / 2, abs=1e-6)  # the bad one against one negative
    assert share == pytest.approx(60 / 2, abs=1e-5)  # the bad one against the good one


@pytest.mark.parametrize("several", WAYS)
def test_with_one_positive_a_row_all_ways_are_cross_entropy(several: SeveralPositives) -> None:
    scores = random_scores(5, 5, 0)
    expected = torch.nn.functional.cross_entropy(scores, torch.arange(5))
    torch.testing.assert_close(info_nce_loss(scores, *own(5), several), expected)


@pytest.mark.parametrize("several", WAYS)
def test_order_of_the_batch_does_not_matter(several: SeveralPositives) -> None:
    scores, (positives, ignored) = random_scores(3, 7, 2), several_answers()
    rows, columns = torch.tensor([2, 0, 1]), torch.randperm(7, generator=torch.Generator().manual_seed(0))
    shuffled = (part[rows][:, columns] for part in (scores, positives, ignored))
    torch.testing.assert_close(
        info_nce_loss(*shuffled, several), info_nce_loss(scores, positives, ignored, several)
    )


@pytest.mark.parametrize("several", WAYS)
def test_against_a_loop_over_positives_and_negatives(several: SeveralPositives) -> None:
    scores, (positives, ignored) = random_scores(3, 7, 4), several_answers()
    expected = []
    for row in range(3):
        right = [math.exp(scores[row, j]) for j in range(7) if positives[row, j]]
        wrong = sum(math.exp(scores[row, j]) for j in range(7) if not (positives[row, j] or ignored[row, j]))
        costs = {
            "each": sum(-math.log(mass / (mass + wrong)) for mass in right) / len(right),
            "share": sum(-math.log(mass / (sum(right) + wrong)) for mass in right) / len(right),
            "any": -math.log(sum(right) / (sum(right) + wrong)),
        }
        expected.append(costs[several])
    loss = info_nce_loss(scores, positives, ignored, several)
    assert loss.item() == pytest.approx(sum(expected) / 3, abs=1e-9)


@pytest.mark.parametrize("several", WAYS)
def test_gradients(several: SeveralPositives) -> None:
    positives, ignored = several_answers()
    scores = random_scores(3, 7, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: info_nce_loss(given, positives, ignored, several), scores)


@pytest.mark.parametrize("several", WAYS)
def test_a_row_without_negatives_gets_no_gradient_and_no_nan(several: SeveralPositives) -> None:
    scores = random_scores(2, 2, 0).requires_grad_()
    positives = torch.eye(2, dtype=torch.bool)
    loss = info_nce_loss(scores, positives, ~positives, several)
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert not scores.grad.any()


def test_an_ignored_column_gets_no_gradient() -> None:
    positives, ignored = several_answers()
    scores = random_scores(3, 7, 6).requires_grad_()
    info_nce_loss(scores, positives, ignored).backward()
    assert scores.grad is not None
    assert not scores.grad[ignored].any()
    assert (scores.grad[positives] < 0).all()
    assert (scores.grad[~positives & ~ignored] > 0).all()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeCheckError, match="positives"):
        info_nce_loss(torch.zeros(3, 3), *own(2))
