"""Averaging gradients over processes: dense, sparse, and missing ones."""

from pathlib import Path

import torch
from torch import Tensor

from isoglot.training.processes import Processes, join_processes
from isoglot.training.reduction import average_gradients

REDUCE = Path(__file__).parent / "programs" / "reduce.py"


def rows(numbers: list[int], values: list[list[float]]) -> Tensor:
    return torch.sparse_coo_tensor(
        torch.tensor([numbers]), torch.tensor(values, dtype=torch.float), (4, 2), check_invariants=True
    ).coalesce()


def test_alone_gradients_stay_as_they_are() -> None:
    parameter = torch.zeros(2, requires_grad=True)
    parameter.grad = gradient = torch.tensor([1.0, 2.0])
    average_gradients([parameter])
    assert parameter.grad is gradient
    assert join_processes(cpu=True) == Processes(0, 1)
    assert Processes().by_first(lambda: 3) == 3


def test_means_over_two_processes(launch, tmp_path: Path) -> None:
    given = {  # of the first process, of the second, shape
        "dense": (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 6.0]), (2,)),
        "transposed": (torch.ones(2, 3).T, 3 * torch.ones(2, 3).T, (3, 2)),
        "in one": (None, torch.tensor([4.0]), (1,)),
        "in none": (None, None, (1,)),
        "double": (torch.ones(1).double(), torch.zeros(1).double(), (1,)),
        "half": (torch.ones(1).bfloat16(), torch.zeros(1).bfloat16(), (1,)),
        "sparse": (rows([0, 2], [[1, 1], [2, 2]]), rows([2, 3, 1], [[4, 0], [6, 6], [8, 8]]), (4, 2)),
        "sparse in one": (rows([1], [[2, 2]]), None, (4, 2)),
        "sparse and dense": (rows([1], [[2, 2]]), torch.ones(4, 2), (4, 2)),
    }
    types = {"double": torch.double, "half": torch.bfloat16}
    given = {name: (*about, types.get(name, torch.float)) for name, about in given.items()}
    torch.save(given, tmp_path / "gradients.pt")
    launch(REDUCE, tmp_path)
    found = [torch.load(tmp_path / f"{number}.pt", weights_only=True) for number in range(2)]
    for share in found:
        gradients = share["gradients"]
        assert gradients["dense"].tolist() == [2.0, 4.0]
        assert gradients["transposed"].tolist() == [[2.0, 2.0]] * 3
        assert gradients["in one"].tolist() == [2.0]
        assert gradients["in none"] is None
        assert gradients["double"].tolist() == [0.5]
        assert gradients["double"].dtype == torch.double
        assert gradients["half"].tolist() == [0.5]
        assert gradients["sparse"].is_sparse
        assert gradients["sparse"]._indices()[0].tolist() == [0, 1, 2, 3]
        assert gradients["sparse"]._values().tolist() == [[0.5, 0.5], [4, 4], [3, 1], [3, 3]]
        assert gradients["sparse in one"].is_sparse
        assert gradients["sparse in one"].to_dense()[1].tolist() == [1, 1]
        assert gradients["sparse and dense"].tolist() == [[0.5, 0.5], [1.5, 1.5], [0.5, 0.5], [0.5, 0.5]]
        assert share["started"].tolist() == [0, 0, 0]
        assert share["told"] == ["from 0", "list index out of range"]
