"""Sparse updates for static encoders: a step touches the subwords of its batch, not the vocabulary.

PyTorch's own way (`EmbeddingBag(sparse=True)` with `SparseAdam`) keeps a gradient row for every occurrence
of a subword and sorts them together afterwards, which costs more than it saves. Here the distinct subwords
are looked up first, so that the gradient is born with one row each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class _DistinctRows(torch.autograd.Function):
    """Rows of a matrix, with a coalesced sparse gradient."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.shape = weight.shape
        return weight.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        gradient = torch.sparse_coo_tensor(
            rows[None], gradients[0], ctx.shape, is_coalesced=True, check_invariants=False
        )
        return gradient, None


class DistinctRowsBag(nn.EmbeddingBag):
    """An `EmbeddingBag` (mean) whose gradient has one row for each distinct id of the batch."""

    def forward(  # type: ignore[override]  # narrower than EmbeddingBag: always ids with offsets
        self,
        input: Int[Tensor, " ids"],  # noqa: A002  # torch's name
        offsets: Int[Tensor, " texts"],
    ) -> Float[Tensor, "texts dim"]:
        """Means of the rows that `input` names, from each offset to the next."""
        if not torch.is_grad_enabled():
            return super().forward(input, offsets)
        distinct, places = torch.unique(input, return_inverse=True)
        rows: Tensor = _DistinctRows.apply(self.weight, distinct)  # type: ignore[no-untyped-call]
        return functional.embedding_bag(places, rows, offsets, mode="mean")


@contextmanager
def sparse_updates(model: nn.Module) -> Iterator[bool]:
    """Within the context, the static embeddings of a model have sparse gradients.

    Args:
        model: Any model; without a `StaticEmbedding` nothing changes.

    Yields:
        Whether there was one.
    """
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    found = [(module, module.embedding) for module in model.modules() if isinstance(module, StaticEmbedding)]
    for module, bag in found:
        module.embedding = DistinctRowsBag.from_pretrained(bag.weight, freeze=False)
        module.embedding.weight = bag.weight
    try:
        yield bool(found)
    finally:
        for module, bag in found:
            module.embedding = bag


def _distinct(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of a sparse gradient, none twice, and their values.

    Autograd forgets that a gradient was coalesced; ascending rows show that it is, so nothing is sorted.
    """
    rows: Tensor = gradient._indices()[0]
    if bool((rows[1:] > rows[:-1]).all()):
        return rows, gradient._values()
    gradient = gradient.coalesce()
    return gradient.indices()[0], gradient.values()


class RowAdam(torch.optim.Optimizer):
    """Adam that leaves rows without gradient alone: no decay of their moments, no step.

    Dense gradients are treated as `torch.optim.Adam` does (Kingma and Ba 2015, arXiv 1412.6980); sparse ones
    as `torch.optim.SparseAdam`, in place and without sorting where the gradient is coalesced.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update.

        Args:
            closure: Evaluates the loss again, or None.

        Returns:
            What the closure returns, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        beta1, beta2 = group["betas"]
        steps = state["step"].item()
        # Both bias corrections go into step size and epsilon, so no row-sized temporary is made for them.
        correction = (1 - beta2**steps) ** 0.5
        step_size = group["lr"] * correction / (1 - beta1**steps)
        gradient = parameter.grad
        assert gradient is not None
        average, square = state["exp_avg"], state["exp_avg_sq"]
        if not gradient.is_sparse:
            average.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            parameter.addcdiv_(average, square.sqrt().add_(group["eps"] * correction), value=-step_size)
            return
        rows, values = _distinct(gradient)
        average_rows = average.index_select(0, rows).lerp_(values, 1 - beta1)
        average.index_copy_(0, rows, average_rows)
        square_rows = square.index_select(0, rows).mul_(beta2).addcmul_(values, values, value=1 - beta2)
        square.index_copy_(0, rows, square_rows)
        update = average_rows.div_(square_rows.sqrt_().add_(group["eps"] * correction))
        parameter.index_add_(0, rows, update, alpha=-step_size)
