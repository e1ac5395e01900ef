from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity, mse_loss, normalize

from isoglot.objectives.distillation import distillation_loss


@pytest.fixture
def embeddings() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(normalize(torch.randn(7, 5, generator=generator)) for _ in range(2))  # type: ignore


def test_closed_forms() -> None:
    axes = torch.eye(4)
    assert distillation_loss(axes, axes).item() == 0
    assert distillation_loss(axes, axes.roll(1, 0)).item() == pytest.approx(2)
    assert distillation_loss(axes, -axes).item() == pytest.approx(4)


def test_it_is_the_published_squared_error_and_for_unit_vectors_the_cosine(embeddings) -> None:
    student, teacher = embeddings
    loss = distillation_loss(student, teacher)
    torch.testing.assert_close(loss, mse_loss(student, teacher) * student.shape[1])
    torch.testing.assert_close(loss, 2 - 2 * cosine_similarity(student, teacher).mean())


def test_what_the_teacher_does_not_know_counts_for_nothing(embeddings) -> None:
    student, teacher = embeddings
    known = torch.tensor([True, False, True, False, False, True, True])
    student.requires_grad_()
    teacher[~known] = float("nan")
    loss = distillation_loss(student, torch.nan_to_num(teacher), known)
    torch.testing.assert_close(loss, distillation_loss(student[known], teacher[known]))
    loss.backward()
    assert student.grad is not None
    assert (student.grad[~known] == 0).all()
    assert (student.grad[known].norm(dim=1) > 0).all()


@pytest.mark.parametrize("known", [None, torch.zeros(0, dtype=torch.bool)])
def test_nothing_known_is_no_loss(known: torch.Tensor | None) -> None:
    student = torch.zeros(0, 3, requires_grad=True)
    loss = distillation_loss(student, torch.zeros(0, 3), known)
    assert loss.item() == 0
    loss.backward()  # the step goes on


def test_order_does_not_matter(embeddings) -> None:
    student, teacher = embeddings
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    known = torch.arange(7) % 3 > 0
    torch.testing.assert_close(
        distillation_loss(student, teacher, known),
        distillation_loss(student[order], teacher[order], known[order]),
    )
