"""Gathering across processes: every process' queries meet the documents of all.

Processes hold equal shares of a batch, so what is gathered has the order of the whole batch. Gradients flow
back to the process that encoded an embedding, summed over the losses of all processes; the mean of the
parameters' gradients over the processes is then the gradient of the mean of their losses.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed


def num_processes() -> int:
    """How many processes train together; 1 where torch.distributed is not in use."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 1
    return int(distributed.get_world_size())


def gather_documents(
    embeddings: Float[Tensor, "share dim"], labels: Int[Tensor, "share columns"]
) -> tuple[Float[Tensor, "documents dim"], Int[Tensor, "documents columns"]]:
    """The documents of all processes, with what they answer.

    Args:
        embeddings: (n, D) of this process' documents; n is the same for all processes.
        labels: (n, 4) of the same documents (`BatchLabels.pack`).

    Returns:
        (N, D) embeddings and (N, 4) labels of the whole batch, in its order; what came in, where there is one
        process.
    """
    if num_processes() == 1:
        return embeddings, labels
    return _gather(embeddings), _gather_rows(labels)


def gather_embeddings(embeddings: Float[Tensor, "share dim"]) -> Float[Tensor, "rows dim"]:
    """The queries of all processes, say, or their views.

    Args:
        embeddings: (n, D) of this process; n is the same for all processes.

    Returns:
        (R, D) embeddings of the whole batch, in its order; what came in, where there is one process.
    """
    return embeddings if num_processes() == 1 else _gather(embeddings)


class _Gather(torch.autograd.Function):
    """Rows of all processes; the gradient of a row is the sum of what all processes' losses ask of it."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.num_rows = len(rows)
        return _gather_rows(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        # Summed in 32 bits or more: in half of them, a sum over processes loses what its small terms add.
        exact = torch.promote_types(gradient.dtype, torch.float32)
        total = gradient.to(exact, copy=True, memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        start = distributed.get_rank() * ctx.num_rows
        return total[start : start + ctx.num_rows].to(gradient.dtype)


def _gather(rows: Tensor) -> Tensor:
    gathered: Tensor = _Gather.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


def _gather_rows(rows: Tensor) -> Tensor:
    own = rows.detach().contiguous()
    shares = [torch.empty_like(own) for _ in range(num_processes())]
    distributed.all_gather(shares, own)
    return torch.cat(shares)
