"""What a model calculates in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.encoding import numerics
from isoglot.encoding.numerics import calculating, has_bf16, resolve_precision
from isoglot.errors import ConfigError


@pytest.fixture
def flags(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the processor have some flags."""

    def make(*names: str) -> None:
        monkeypatch.setattr(numerics, "_cpu_flags", lambda: frozenset(names))

    return make


def test_auto_takes_bf16_where_the_processor_multiplies_it(
    model: SentenceTransformer, flags: Callable[..., None]
) -> None:
    flags("avx512_f", "avx512_bf16")
    assert resolve_precision("auto", model) == "bf16"
    assert resolve_precision("fp32", model) == "fp32"
    flags("avx512_f")
    assert resolve_precision("auto", model) == "fp32"
    assert resolve_precision("bf16", model) == "bf16"
    assert not has_bf16("mps")


def test_flags_are_read_from_linux_where_pytorch_does_not_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    (tmp_path / "cpuinfo").write_text("model name : x\nflags\t: fpu avx512_bf16\n", encoding="utf-8")
    monkeypatch.setattr(numerics, "_CPU_INFO", tmp_path / "cpuinfo")
    numerics._cpu_flags.cache_clear()
    try:
        assert {"fpu", "avx512_bf16"} <= numerics._cpu_flags()
        numerics._cpu_flags.cache_clear()
        monkeypatch.setattr(numerics, "_CPU_INFO", tmp_path / "none")
        assert numerics._cpu_flags() == frozenset()
    finally:
        numerics._cpu_flags.cache_clear()


def test_weights_in_another_type_are_used_as_they_are(build: Callable[..., SentenceTransformer]) -> None:
    halved = build().to(torch.bfloat16)
    assert resolve_precision("auto", halved) == "fp32"
    with pytest.raises(ConfigError, match=r"must go with weights in float32, got torch\.bfloat16"):
        resolve_precision("bf16", halved)
    with pytest.raises(ConfigError, match="precision must be one of auto, bf16, fp32, got 'int8'"):
        resolve_precision("int8", halved)


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_the_model_and_pytorch_are_as_before_when_it_ends(
    build: Callable[..., SentenceTransformer], precision: numerics.Precision
) -> None:
    model = build()
    model[0].requires_grad_(False)
    before = torch.get_float32_matmul_precision()
    with calculating(model, precision):
        assert not torch.is_grad_enabled()
        assert torch.is_autocast_enabled("cpu") == (precision == "bf16")
        assert len([module for module in model if module._forward_hooks]) == (3 if precision == "bf16" else 0)
    assert torch.get_float32_matmul_precision() == before
    assert not torch.is_autocast_enabled("cpu")
    assert not any(weights.requires_grad for weights in model[0].parameters())
    assert not any(module._forward_hooks for module in model)


def test_modules_hand_on_float32_whatever_they_multiply_in(model: SentenceTransformer) -> None:
    seen: list[torch.dtype] = []
    hook = model[1].register_forward_pre_hook(
        lambda _, given: seen.append(given[0]["token_embeddings"].dtype)
    )
    with calculating(model, "bf16"):
        model(model.preprocess(["red sea"]))
    hook.remove()
    assert seen == [torch.float32]


def test_a_thread_that_keeps_rounded_weights_rounds_them_once_until_they_are_forgotten(
    model: SentenceTransformer,
) -> None:
    features = model.preprocess(["red sea"])

    def roundings() -> int:
        with torch.profiler.profile() as profile, calculating(model, "bf16"):
            model(dict(features))
        return sum(event.count for event in profile.key_averages() if event.key == "aten::_to_copy")

    def keeping() -> list[int]:
        numerics.keep_rounded_weights()
        counts = [roundings(), roundings()]
        numerics.forget_rounded_weights()
        return [*counts, roundings()]

    first, again = roundings(), roundings()
    with ThreadPoolExecutor(1) as thread:
        kept = thread.submit(keeping).result()
    num_products = sum(isinstance(module, torch.nn.Linear) for module in model.modules())
    assert first == again == kept[0] == kept[2]
    assert kept[1] <= first - num_products
