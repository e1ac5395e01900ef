"""Averaging gradients over processes, whatever the model did in its step.

PyTorch's DistributedDataParallel averages while the backward pass runs, and refuses models that are called
twice a step, leave a parameter unused or have sparse gradients in some of its settings. Here the gradients
are averaged when a step's backward passes are over, those of the loss' own parameters too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, distributed

from isoglot.training.gathering import num_processes

_BUCKET_ELEMENTS = 1 << 24
_NONE, _SPARSE, _DENSE = range(3)


def copy_from_first(tensors: Sequence[Tensor]) -> None:
    """Gives all processes what the first one has, so that they start alike.

    Args:
        tensors: Parameters and buffers, the same in every process, in the same order; written in place.
    """
    if num_processes() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor.detach(), src=0)


def average_gradients(parameters: Sequence[Tensor]) -> None:
    """Sets the gradient of each parameter to its mean over all processes; none counts as zero.

    A parameter without gradient in every process stays without. Sparse gradients stay sparse: their rows are
    those that any process has.

    Args:
        parameters: The same in every process, in the same order.
    """
    if num_processes() == 1 or not parameters:
        return
    dense = []
    for parameter, layout in zip(parameters, _layouts(parameters), strict=True):
        if layout == _SPARSE:
            parameter.grad = _mean_of_sparse(parameter)
        elif layout == _DENSE:
            parameter.grad = _as_dense(parameter)
            dense.append(parameter.grad)
    for bucket in _buckets(dense):
        _average_in_place(bucket)


def _layouts(parameters: Sequence[Tensor]) -> list[int]:
    """The layout that each gradient has in some process: dense rather than sparse rather than none."""
    own = [_NONE if p.grad is None else _SPARSE if p.grad.is_sparse else _DENSE for p in parameters]
    layouts = torch.tensor(own, device=parameters[0].device)
    distributed.all_reduce(layouts, distributed.ReduceOp.MAX)
    agreed: list[int] = layouts.tolist()
    return agreed


def _as_dense(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        return torch.zeros_like(parameter)
    return parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad


def _mean_of_sparse(parameter: Tensor) -> Tensor:
    gradient = parameter.grad
    if gradient is None:
        rows = torch.empty(0, dtype=torch.long, device=parameter.device)
        values = parameter.new_empty(0, *parameter.shape[1:])
    else:
        rows, values = gradient._indices()[0], gradient._values()
    every_row, every_value = _gather_ragged(rows), _gather_ragged(values)
    summed = torch.sparse_coo_tensor(every_row[None], every_value, parameter.shape, check_invariants=False)
    mean = summed.coalesce()
    mean.values().div_(num_processes())
    return mean


def _gather_ragged(rows: Tensor) -> Tensor:
    """Rows of all processes, which need not have the same number of them."""
    own = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(own) for _ in range(num_processes())]
    distributed.all_gather(counts, own)
    lengths = [int(count) for count in counts]
    padded = rows.new_zeros(max(lengths), *rows.shape[1:])
    padded[: len(rows)] = rows
    shares = [torch.empty_like(padded) for _ in lengths]
    distributed.all_gather(shares, padded)
    return torch.cat([share[:length] for share, length in zip(shares, lengths, strict=True)])


def _buckets(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients of one type at a time, in groups large enough to be worth a message."""
    for dtype in sorted({gradient.dtype for gradient in gradients}, key=str):
        bucket: list[Tensor] = []
        for gradient in (each for each in gradients if each.dtype == dtype):
            bucket.append(gradient)
            if sum(each.numel() for each in bucket) >= _BUCKET_ELEMENTS:
                yield bucket
                bucket = []
        if bucket:
            yield bucket


def _average_in_place(gradients: list[Tensor]) -> None:
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat.div_(num_processes())
    shares = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, share in zip(gradients, shares, strict=True):
        gradient.copy_(share.view_as(gradient))
