"""Gathering: what one process with the whole batch would have, gradients too."""

from pathlib import Path

import torch

from isoglot.training.gathering import gather_documents, gather_embeddings, num_processes

GATHER = Path(__file__).parent / "programs" / "gather.py"


def test_alone_nothing_is_gathered() -> None:
    rows, labels = torch.ones(2, 3, requires_grad=True), torch.zeros(2, 4, dtype=torch.long)
    assert num_processes() == 1
    assert gather_embeddings(rows) is rows
    assert gather_documents(rows, labels) == (rows, labels)


def test_two_processes_have_the_rows_and_gradients_of_one_with_the_whole_batch(launch, tmp_path) -> None:
    random = torch.Generator().manual_seed(0)
    batch = {
        "queries": torch.randn(4, 3, generator=random),
        "documents": torch.randn(6, 3, generator=random),
        "labels": torch.randint(0, 9, (6, 4), generator=random),
    }
    torch.save(batch, tmp_path / "batch.pt")
    launch(GATHER, tmp_path)
    shares = [torch.load(tmp_path / f"{number}.pt", weights_only=True) for number in range(2)]
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        queries, documents = (
            batch[name].to(dtype, copy=True).requires_grad_() for name in ("queries", "documents")
        )
        ((queries.float() @ documents.float().T) ** 2).sum().backward()
        for gathered_queries, gathered_documents, *_ in (share[str(dtype)] for share in shares):
            assert torch.equal(gathered_queries, queries)
            assert torch.equal(gathered_documents, documents)
        for place, whole in ((2, queries.grad), (3, documents.grad)):
            gradient = torch.cat([share[str(dtype)][place] for share in shares])
            assert gradient.dtype == dtype
            # In 16 bits each process rounds what it asks of a row.
            tolerances = {"atol": 0.05, "rtol": 0.05} if dtype == torch.bfloat16 else {}
            torch.testing.assert_close(gradient, whole, **tolerances)
