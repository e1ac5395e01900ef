"""Metric losses against closed forms, plain loops and numerical gradients."""

import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor
from torch.nn import functional

from isoglot.objectives import Negatives, cosine_distances, patr_loss, ratio_loss, repulsion_loss
from isoglot.objectives.metric import EPSILON

WAYS: tuple[Negatives, ...] = get_args(Negatives)
NONE = torch.zeros(3, 4, dtype=torch.bool)
DISTANCES = torch.tensor([[0.2, 0.1, 0.5, 1.1], [0.4, 0.3, 0.9, 0.6], [0.7, 1.4, 0.2, 0.3]])
"""Of three anchors to four candidates; number i is right for anchor i, and number 3 for anchor 0 too."""

RIVALS = torch.tensor([[0.0, 0.3, 0.9], [0.3, 0.0, 0.8], [0.9, 0.8, 0.0]])
"""Of the anchors among themselves."""


def right() -> Tensor:
    positives = torch.eye(3, 4, dtype=torch.bool)
    positives[0, 3] = True
    return positives


def themselves() -> Tensor:
    return torch.eye(3, dtype=torch.bool)


def random_case(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Five anchors, seven candidates, six rivals, with several positives and rivals that are no negatives."""
    random = torch.Generator().manual_seed(seed)
    distances, rivals = (2 * torch.rand(5, size, generator=random, dtype=torch.float64) for size in (7, 6))
    positives = torch.zeros(5, 7, dtype=torch.bool)
    positives[[0, 1, 2, 3, 4, 0, 2], [0, 1, 2, 3, 4, 5, 6]] = True
    ignored = torch.rand(5, 6, generator=random) < 0.3
    ignored[:, 0] = False
    return distances, positives, rivals, ignored


def chosen(positive: float, wrong: list[float], negatives: Negatives) -> list[float]:
    """The negatives that count, by a plain reading of their names."""
    if negatives == "all":
        return wrong
    beyond = [distance for distance in wrong if distance > positive]
    if negatives == "hardest" or not beyond:
        return [min(wrong) if negatives == "hardest" else max(wrong)]
    return [min(beyond)]


def looped(
    case: tuple[Tensor, Tensor, Tensor, Tensor], negatives: Negatives, cost: Callable[[float, float], float]
) -> float:
    """Mean over anchors of the mean over positives of the mean over the chosen negatives."""
    distances, positives, rivals, ignored = case
    rows = []
    for row in range(len(distances)):
        wrong = rivals[row][~ignored[row]].tolist()
        per_positive = []
        for positive in distances[row][positives[row]].tolist():
            costs = [cost(positive, negative) for negative in chosen(positive, wrong, negatives)]
            per_positive.append(sum(costs) / len(costs))
        rows.append(sum(per_positive) / len(per_positive))
    return sum(rows) / len(rows)


def test_distances_are_one_minus_cosine_whatever_the_lengths() -> None:
    left = torch.tensor([[2.0, 0.0], [0.0, 0.5], [0.0, 0.0]])
    right_hand = torch.tensor([[3.0, 0.0], [-1.0, 0.0], [1.0, 1.0]])
    near = 1 - math.sqrt(0.5)
    expected = torch.tensor([[0.0, 2.0, near], [1.0, 1.0, near], [1.0, 1.0, 1.0]])
    torch.testing.assert_close(cosine_distances(left, right_hand), expected)


def test_distances_are_never_negative_and_exact_in_mixed_precision() -> None:
    texts = torch.randn(64, 48, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        distances = cosine_distances(texts.bfloat16(), texts.bfloat16())
    assert distances.dtype == torch.float32
    assert distances.min() >= 0
    assert distances.diagonal().max() < 1e-6


@pytest.mark.parametrize("negatives", WAYS)
def test_patr_of_three_anchors(negatives: Negatives) -> None:
    loss = patr_loss(DISTANCES, right(), NONE, margin=0.6, negatives=negatives)
    # Anchor 0: 0.2 and 1.1 are right; anchor 1: 0.3; anchor 2: 0.2.
    near = (0.2 + 1.1) / 2 + 0.3 + 0.2
    far = {
        "hardest": (0.6 - 0.1) + (0.6 - 0.4) + (0.6 - 0.3),
        # 0.5 is the next beyond 0.2, and nothing is beyond 1.1, so the farthest is taken.
        "semi_hard": (0.6 - 0.5) + (0.6 - 0.4) + (0.6 - 0.3),
        "all": (0.5 + 0.1) / 2 + (0.2 + 0 + 0) / 3 + (0 + 0 + 0.3) / 3,
    }[negatives]
    assert loss.item() == pytest.approx((near + far) / 3, abs=1e-6)


def test_a_negative_as_far_as_the_positive_is_not_beyond_it() -> None:
    distances, rivals = torch.tensor([[0.5]]), torch.tensor([[0.4, 0.5, 0.8, 0.9]])
    yes, no = torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, 4, dtype=torch.bool)
    loss = repulsion_loss(distances, yes, rivals, no, margin=1.0, negatives="semi_hard")
    assert loss.item() == pytest.approx(1.0 - 0.8)


@pytest.mark.parametrize("negatives", WAYS)
def test_patr_of_embeddings_that_are_all_the_same_is_the_margin(negatives: Negatives) -> None:
    alike = torch.zeros(3, 4)
    assert patr_loss(alike, right(), NONE, margin=0.7, negatives=negatives).item() == pytest.approx(0.7)


@pytest.mark.parametrize("negatives", WAYS)
def test_patr_still_draws_the_positive_near_when_negatives_are_far(negatives: Negatives) -> None:
    distances = torch.tensor([[0.3, 1.9, 1.8]], requires_grad=True)
    positives = torch.tensor([[True, False, False]])
    loss = patr_loss(distances, positives, ~positives & False, margin=0.5, negatives=negatives)
    loss.backward()
    assert loss.item() == pytest.approx(0.3)
    assert distances.grad is not None
    assert distances.grad.tolist() == [[1, 0, 0]]


def test_repulsion_is_what_the_nearest_rival_lacks_to_the_margin() -> None:
    loss = repulsion_loss(DISTANCES, right(), RIVALS, themselves(), margin=0.5)
    assert loss.item() == pytest.approx((0.2 + 0.2 + 0) / 3, abs=1e-6)
    same = repulsion_loss(DISTANCES, right(), torch.zeros(3, 3), themselves(), margin=0.5)
    assert same.item() == pytest.approx(0.5)


def test_ratio_of_three_anchors() -> None:
    loss = ratio_loss(DISTANCES, right(), RIVALS, themselves(), exponent=2.0)
    expected = (((0.21 / 0.31) ** 2 + (1.11 / 0.31) ** 2) / 2 + (0.31 / 0.31) ** 2 + (0.21 / 0.81) ** 2) / 3
    assert loss.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("negatives", WAYS)
@pytest.mark.parametrize("exponent", [0.5, 1.0, 3.0])
def test_a_ratio_is_one_where_right_and_wrong_are_equally_far(negatives: Negatives, exponent: float) -> None:
    for far in (0.0, 0.8, 2.0):
        distances, rivals = torch.full((3, 4), far), torch.full((3, 3), far)
        loss = ratio_loss(distances, right(), rivals, themselves(), exponent=exponent, negatives=negatives)
        assert loss.item() == pytest.approx(1, abs=1e-5)


def test_the_best_and_the_worst_ratio() -> None:
    positives = torch.tensor([[True]])
    for near, far, expected in (
        (0.0, 2.0, EPSILON / (2 + EPSILON)),
        (2.0, 0.0, (2 + EPSILON) / EPSILON),
    ):
        loss = ratio_loss(torch.tensor([[near]]), positives, torch.tensor([[far]]), ~positives)
        assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_half_the_exponent_is_the_ratio_of_euclidean_distances() -> None:
    random = torch.Generator().manual_seed(3)
    text, picture, other = (
        functional.normalize(torch.randn(1, 9, generator=random, dtype=torch.float64)) for _ in range(3)
    )
    euclidean = (text - picture).norm() / (text - other).norm()
    yes = torch.tensor([[True]])
    loss = ratio_loss(cosine_distances(text, picture), yes, cosine_distances(text, other), ~yes, exponent=0.5)
    assert loss.item() == pytest.approx(euclidean.item(), rel=0.01)  # but for EPSILON


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("negatives", WAYS)
def test_against_loops(negatives: Negatives, seed: int) -> None:
    case = random_case(seed)
    hinge = repulsion_loss(*case, margin=0.9, negatives=negatives)
    assert hinge.item() == pytest.approx(looped(case, negatives, lambda _, far: max(0.0, 0.9 - far)))
    ratio = ratio_loss(*case, exponent=1.5, negatives=negatives)
    expected = looped(case, negatives, lambda near, far: ((near + EPSILON) / (far + EPSILON)) ** 1.5)
    assert ratio.item() == pytest.approx(expected)
    distances, positives, _, _ = case
    ignored = torch.zeros_like(positives)
    ignored[0, 6] = ignored[3, 5] = True
    own = (distances, positives, distances, positives | ignored)
    patr = patr_loss(distances, positives, ignored, margin=0.9, negatives=negatives)
    assert patr.item() == pytest.approx(looped(own, negatives, lambda near, far: near + max(0.0, 0.9 - far)))


def losses(
    case: tuple[Tensor, Tensor, Tensor, Tensor], negatives: Negatives
) -> tuple[Tensor, Tensor, Tensor]:
    distances, positives, _, _ = case
    return (
        patr_loss(distances, positives, torch.zeros_like(positives), margin=0.9, negatives=negatives),
        repulsion_loss(*case, margin=0.9, negatives=negatives),
        ratio_loss(*case, exponent=1.5, negatives=negatives),
    )


@pytest.mark.parametrize("negatives", WAYS)
def test_gradients(negatives: Negatives) -> None:
    distances, positives, rivals, ignored = random_case(4)
    given = (distances.requires_grad_(), rivals.requires_grad_())
    for number in range(3):
        assert torch.autograd.gradcheck(
            lambda near, far, number=number: losses((near, positives, far, ignored), negatives)[number], given
        )


@pytest.mark.parametrize("negatives", WAYS)
def test_gradients_of_embeddings_through_distances(negatives: Negatives) -> None:
    random = torch.Generator().manual_seed(1)
    texts, pictures = (torch.randn(4, 3, generator=random, dtype=torch.float64) for _ in range(2))
    own = torch.eye(4, dtype=torch.bool)

    def loss(left: Tensor, right_hand: Tensor) -> Tensor:
        across, within = cosine_distances(left, right_hand), cosine_distances(left, left)
        return patr_loss(across, own, ~own & False, margin=1.5, negatives=negatives) + ratio_loss(
            across, own, within.masked_fill(own, 0.5), own, negatives=negatives
        )

    assert torch.autograd.gradcheck(loss, (texts.requires_grad_(), pictures.requires_grad_()))


@pytest.mark.parametrize("negatives", WAYS)
def test_order_of_the_batch_does_not_matter(negatives: Negatives) -> None:
    distances, positives, rivals, ignored = random_case(2)
    random = torch.Generator().manual_seed(0)
    rows, columns, others = (torch.randperm(size, generator=random) for size in (5, 7, 6))
    shuffled = (
        distances[rows][:, columns],
        positives[rows][:, columns],
        rivals[rows][:, others],
        ignored[rows][:, others],
    )
    for found, expected in zip(
        losses(shuffled, negatives), losses((distances, positives, rivals, ignored), negatives), strict=True
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("negatives", WAYS)
def test_what_is_ignored_changes_nothing_and_gets_no_gradient(negatives: Negatives) -> None:
    distances, positives, rivals, ignored = random_case(5)
    for number in (1, 2):  # of PATR, the next test says the same
        there = rivals.clone().requires_grad_()
        loss = losses((distances, positives, there, ignored), negatives)[number]
        moved = torch.where(ignored, torch.zeros_like(rivals), rivals)  # as near as can be
        torch.testing.assert_close(losses((distances, positives, moved, ignored), negatives)[number], loss)
        loss.backward()
        assert there.grad is not None
        assert not there.grad[ignored].any()
        assert (there.grad <= 0).all()  # whatever else is a rival is pushed away, or left alone


@pytest.mark.parametrize("negatives", WAYS)
def test_a_row_without_negatives_costs_its_positives_alone(negatives: Negatives) -> None:
    distances = torch.tensor([[0.4, 0.6]], requires_grad=True)
    rivals = torch.tensor([[0.0, 0.1]], requires_grad=True)
    positives, all_alike = torch.tensor([[True, False]]), torch.ones(1, 2, dtype=torch.bool)
    patr = patr_loss(distances, positives, all_alike, margin=1.0, negatives=negatives)
    ratio = ratio_loss(distances, positives, rivals, all_alike, exponent=0.5, negatives=negatives)
    pushed = repulsion_loss(distances, positives, rivals, all_alike, margin=1.0, negatives=negatives)
    assert (patr.item(), ratio.item(), pushed.item()) == (pytest.approx(0.4), 0, 0)
    (patr + ratio + pushed).backward()
    assert distances.grad is not None
    assert rivals.grad is not None
    assert distances.grad.tolist() == [[1, 0]]
    assert not rivals.grad.any()


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_gradients_are_finite_where_two_texts_are_the_same(exponent: float) -> None:
    text = functional.normalize(torch.randn(2, 6, generator=torch.Generator().manual_seed(0)))
    texts = text[[0, 0, 1]].clone().requires_grad_()
    within = cosine_distances(texts, texts)
    positives = torch.eye(3, dtype=torch.bool)
    ratio_loss(within, positives, within, positives, exponent=exponent).backward()
    assert texts.grad is not None
    assert texts.grad.isfinite().all()


@pytest.mark.parametrize("name", ["patr", "m3l"])
@pytest.mark.parametrize("negatives", WAYS)
def test_free_embeddings_go_to_the_minimum(name: str, negatives: Negatives) -> None:
    """Three texts and their pictures, free to go where they like: pairs meet, and pairs keep apart."""
    random = torch.Generator().manual_seed(0)
    points = torch.randn(6, 4, generator=random).requires_grad_()
    own = torch.eye(3, dtype=torch.bool)
    optimiser = torch.optim.Adam([points], lr=0.1)
    for _ in range(150):
        texts, pictures = points[:3], points[3:]
        across, within = cosine_distances(texts, pictures), cosine_distances(texts, texts)
        if name == "patr":
            loss = patr_loss(across, own, ~own & False, margin=1.0, negatives=negatives)
        else:
            loss = ratio_loss(across, own, across, own, negatives=negatives)
            loss = loss + ratio_loss(across, own, within, own, negatives=negatives)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    # Three directions are at best 120 degrees apart, at distance 1.5. PATR asks for no more than its margin.
    best = 0.0 if name == "patr" else 2 * EPSILON / (1.5 + EPSILON)
    assert loss.item() == pytest.approx(best, abs=0.02)
    assert across.diagonal().max() < 0.02
    assert within[~own].min() > 0.95


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeCheckError, match="ignored"):
        ratio_loss(DISTANCES, right(), RIVALS, NONE)
