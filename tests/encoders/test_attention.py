"""The kernel that attends, in training and in encoding."""

from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from isoglot.encoders.attention import LONGEST, attention_kernel


def kernel_of(features: dict[str, object]) -> set[str]:
    """Names of the attention operators that run within the choice."""
    vectors = torch.randn(2, 2, 8, 4)
    with torch.profiler.profile() as profile, attention_kernel(features):
        scaled_dot_product_attention(vectors, vectors, vectors)
    names = {event.key for event in profile.key_averages()}
    return {name for name in ("fused", "plain") if _OPERATORS[name] in names}


_OPERATORS = {
    "fused": "aten::_scaled_dot_product_flash_attention_for_cpu",
    "plain": "aten::_scaled_dot_product_attention_math",
}


@pytest.mark.parametrize(
    ("features", "kernel"),
    [
        ({"input_ids": torch.zeros(2, LONGEST, dtype=torch.int64)}, "plain"),
        ({"input_ids": torch.zeros(2, LONGEST + 1, dtype=torch.int64)}, "fused"),
        ({"input_ids": torch.zeros(9, dtype=torch.int64)}, "fused"),
        ({"input_features": torch.zeros(2, 64, 2 * LONGEST)}, "plain"),
        ({"input_features": torch.zeros(2, 64, 2 * LONGEST + 1)}, "fused"),
        ({"pixel_values": torch.zeros(2, 3, 8, 8)}, "fused"),
    ],
)
def test_short_inputs_are_attended_by_plain_products(features: dict[str, object], kernel: str) -> None:
    assert kernel_of(features) == {kernel}


def test_sixteen_bits_are_left_alone() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert kernel_of({"input_ids": torch.zeros(2, 8, dtype=torch.int64)}) == {"fused"}


def test_both_kernels_say_the_same() -> None:
    vectors = torch.randn(3, 2, 16, 4)
    with attention_kernel({"input_ids": torch.zeros(3, 16, dtype=torch.int64)}):
        plain = scaled_dot_product_attention(vectors, vectors, vectors)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        fused = scaled_dot_product_attention(vectors, vectors, vectors)
    torch.testing.assert_close(plain, fused)
