"""The terms of pre-training on encoded batches: which rows are compared, and that shares add up."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from isoglot.batches.labels import BatchLabels
from isoglot.objectives import translation_loss, view_loss
from isoglot.training.conditional import ConditionedTexts
from isoglot.training.encoded import EncodedBatch, Meaning
from isoglot.training.pretraining_terms import conditional, intra_modal, translation

SCALE = torch.tensor(5.0, dtype=torch.float64)
GROUPS = torch.tensor([3, 3, 5, 8])


def rows(count: int, width: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(count, width, generator=generator, dtype=torch.float64), dim=1)


@pytest.fixture
def batch() -> EncodedBatch:
    """Four queries, two of one group, with two documents each."""
    owners, groups = torch.arange(4).repeat_interleave(2), GROUPS.repeat_interleave(2)
    labels = BatchLabels(owners, torch.ones(8, dtype=torch.bool), groups, groups)
    return EncodedBatch(
        rows(4, 6, 0),
        rows(8, 6, 1),
        Meaning(labels),
        SCALE,
        views=(rows(4, 6, 2), rows(8, 6, 3)),
        conditioned=ConditionedTexts("document", rows(8, 4, 4)),
    )


def test_each_is_its_loss_of_documents_plus_of_queries(batch: EncodedBatch) -> None:
    documents, queries, groups = (
        batch.document_embeddings,
        batch.query_embeddings,
        batch.meaning.labels.document_groups,
    )
    fours, eights = torch.arange(4), torch.arange(8)

    def of_documents(loss, left, right):
        return loss(left @ right.T * SCALE, groups, groups, eights)

    def of_queries(loss, left, right):
        return loss(left @ right.T * SCALE, GROUPS, GROUPS, fours)

    assert batch.views is not None
    torch.testing.assert_close(
        translation(batch),
        of_documents(translation_loss, documents, documents) + of_queries(translation_loss, queries, queries),
    )
    torch.testing.assert_close(
        intra_modal(batch),
        of_documents(view_loss, documents, batch.views[1]) + of_queries(view_loss, queries, batch.views[0]),
    )
    assert batch.conditioned is not None
    texts = batch.conditioned.embeddings
    torch.testing.assert_close(conditional(batch), of_documents(translation_loss, texts, texts))
    asked = replace(batch, conditioned=ConditionedTexts("query", rows(4, 4, 5)))
    left = rows(4, 4, 5)
    torch.testing.assert_close(conditional(asked), of_queries(translation_loss, left, left))


def test_two_processes_have_the_value_of_one_on_average(batch: EncodedBatch) -> None:
    for term in (translation, intra_modal, conditional):
        halves = [term(replace(batch, process=number, num_processes=2)) for number in range(2)]
        torch.testing.assert_close(torch.stack(halves).mean(), term(batch))
        assert not torch.equal(*halves)


def test_translations_are_never_pushed_apart(batch: EncodedBatch) -> None:
    """Moving two translations nearer, and nothing else, must not cost anything."""
    scores = torch.zeros(8, 8, dtype=torch.float64, requires_grad=True)
    groups = batch.meaning.labels.document_groups
    for loss in (translation_loss, view_loss):
        (gradient,) = torch.autograd.grad(loss(scores, groups, groups, torch.arange(8)), scores)
        assert (gradient[groups[:, None] == groups[None]] <= 0).all()
        assert (gradient[groups[:, None] != groups[None]] > 0).all()


def test_first_dimensions_have_views_of_their_own(batch: EncodedBatch) -> None:
    truncated = batch.truncated(3)
    assert truncated.views is not None
    assert batch.views is not None
    torch.testing.assert_close(truncated.views[1], functional.normalize(batch.views[1][:, :3], dim=1))
    assert replace(batch, views=None).truncated(3).views is None
    assert intra_modal(truncated).item() != pytest.approx(intra_modal(batch).item())


def test_a_batch_that_is_not_conditioned_has_a_gradient_of_0(batch: EncodedBatch) -> None:
    embeddings = batch.query_embeddings.requires_grad_()
    value = conditional(replace(batch, conditioned=None))
    value.backward()
    assert value.item() == 0
    assert embeddings.grad is not None
    assert not embeddings.grad.any()
