"""One of two processes: gathers its share of a batch, writes what it got and the gradients of its rows."""

import sys
from pathlib import Path

import torch
from torch import distributed

from isoglot.training.gathering import gather_documents, gather_embeddings

folder = Path(sys.argv[1])
distributed.init_process_group("gloo")
number = distributed.get_rank()
batch = torch.load(folder / "batch.pt", weights_only=True)
found = {}
for dtype in (torch.float32, torch.bfloat16, torch.float64):
    queries, documents = (
        batch[name].to(dtype).chunk(2)[number].clone().requires_grad_() for name in ("queries", "documents")
    )
    labels = batch["labels"].chunk(2)[number]
    all_documents, all_labels = gather_documents(documents, labels)
    all_queries = gather_embeddings(queries)
    scores = all_queries.float() @ all_documents.float().T
    # This process' loss: its own rows of the scores.
    (scores.chunk(2)[number] ** 2).sum().backward()
    found[str(dtype)] = (all_queries.detach(), all_documents.detach(), queries.grad, documents.grad)
    assert torch.equal(all_labels, batch["labels"])
torch.save(found, folder / f"{number}.pt")
distributed.destroy_process_group()
