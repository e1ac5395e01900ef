"""Sixteen-bit arithmetic: whether a processor has it."""

from __future__ import annotations

import torch


def bf16_problem(device: torch.device) -> str | None:
    """Why training in bfloat16 makes no sense on a device.

    Args:
        device: Where the model is.

    Returns:
        What is wrong and what to do; None if the processor multiplies bfloat16 itself. One that does not
        would imitate it, more slowly than it computes in 32 bits.
    """
    if device.type == "cpu":
        there = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    elif device.type == "cuda":
        there = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        there = True
    return (
        None if there else f"bf16: the {device.type} processor has no bfloat16 arithmetic; set bf16 = false"
    )
