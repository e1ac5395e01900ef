"""Labels of a batch: answers, and what must not be a negative."""

import torch

from isoglot.batches.labels import BatchLabels


def test_labels_survive_packing() -> None:
    labels = BatchLabels(
        torch.tensor([0, 0, 1, 1]),
        torch.tensor([True, False, True, False]),
        torch.tensor([5, 5, 6, 6]),
        torch.tensor([5, 9, 6, 5]),
    )
    again = BatchLabels.unpack(labels.pack())
    for name in ("owners", "positive", "query_groups", "document_groups"):
        assert torch.equal(getattr(again, name), getattr(labels, name))


def test_each_query_of_a_pair_owns_its_document() -> None:
    labels = BatchLabels.of_pairs(torch.tensor([[0, 10], [1, 11], [2, 12]]))
    assert torch.equal(labels.drawn(torch.arange(3)), torch.eye(3, dtype=torch.bool))
    assert not labels.parallel(torch.arange(3)).any()


def test_translations_are_known_by_query_or_document_group() -> None:
    labels = BatchLabels.of_pairs(torch.tensor([[0, 10], [0, 11], [2, 10], [3, 13]]))
    assert labels.parallel(torch.arange(4)).tolist() == [
        [False, True, True, False],
        [True, False, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]


def test_several_answers_and_hard_negatives() -> None:
    labels = BatchLabels(
        owners=torch.tensor([0, 0, 0, 1, 1, 1]),
        positive=torch.tensor([True, True, False, True, True, False]),
        query_groups=torch.tensor([7, 7, 7, 8, 8, 8]),
        document_groups=torch.tensor([7, 7, 8, 8, 8, 9]),
    )
    assert labels.drawn(torch.tensor([0, 1])).int().tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0]]
    # The hard negative of query 0 has the group of query 1's answers: it is no negative of query 1.
    assert labels.parallel(torch.tensor([0, 1])).int().tolist() == [[0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]


def test_some_queries_of_the_whole_batch() -> None:
    groups = torch.tensor([[0, 10], [0, 11], [2, 10], [3, 13]])
    labels, some = BatchLabels.of_pairs(groups), torch.tensor([2, 0])
    assert torch.equal(labels.parallel(some), labels.parallel(torch.arange(4))[some])
    assert torch.equal(labels.drawn(some), labels.drawn(torch.arange(4))[some])
