"""What a model calculates in while it encodes: bfloat16 where the processor is made for it, or float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.errors import ConfigError
from isoglot.retrieval.exact import fast_matmul

if TYPE_CHECKING:
    from torch import nn

Precision = Literal["bf16", "fp32"]
WantedPrecision = Literal["auto", "bf16", "fp32"]

_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "arm_bf16", "bf16"})
"""What processors call instructions that multiply bfloat16; without them it is slower than float32."""
_CPU_INFO = Path("/proc/cpuinfo")


def resolve_precision(wanted: str, model: nn.Module) -> Precision:
    """The precision to encode with.

    Args:
        wanted: bf16, fp32, or auto: bf16 where the device of the model multiplies it in hardware.
        model: The model.

    Returns:
        The precision; fp32, too, for weights that are not in float32, which are used as they are.

    Raises:
        ConfigError: If there is no such precision, or bf16 is asked for and there are no weights in float32.
    """
    import torch

    if wanted not in get_args(WantedPrecision):
        raise ConfigError(f"precision must be one of {', '.join(get_args(WantedPrecision))}, got {wanted!r}")
    if wanted == "fp32":
        return "fp32"
    kinds = {weights.dtype for weights in model.parameters() if weights.is_floating_point()}
    if kinds == {torch.float32}:
        return "bf16" if wanted == "bf16" or has_bf16(_device(model)) else "fp32"
    if wanted == "bf16":
        shown = ", ".join(sorted(map(str, kinds))) or "none"
        raise ConfigError(f"precision bf16 must go with weights in float32, got {shown}; take auto")
    return "fp32"


def has_bf16(device: str) -> bool:
    """Whether a kind of device multiplies bfloat16 in hardware.

    Args:
        device: Such as cpu or cuda.

    Returns:
        Whether it is known to.
    """
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and bool(_cpu_flags() & _BF16_FLAGS)


@cache
def _cpu_flags() -> frozenset[str]:
    """What the processor can do, in the names of PyTorch or, where it does not say, of Linux."""
    import torch

    read: Callable[[], dict[str, Any]] | None = getattr(torch.cpu, "get_capabilities", None)
    if read is not None:
        return frozenset(name for name, has in read().items() if has is True)
    if not _CPU_INFO.is_file():
        return frozenset()
    lines = _CPU_INFO.read_text(encoding="utf-8").split("\n")
    return frozenset(
        flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split()
    )


@contextmanager
def calculating(model: nn.Module, precision: Precision) -> Iterator[None]:
    """Lets a model calculate in a precision, without gradients; what its modules hand on is float32.

    In bfloat16 the weights are rounded once and kept for as long as this lasts, those of frozen parts, too.

    Args:
        model: The model.
        precision: The precision.

    Yields:
        Nothing.
    """
    import torch

    with ExitStack() as stack:
        if precision == "bf16":
            stack.enter_context(_remembered(model))
            stack.enter_context(torch.autocast(_device(model), torch.bfloat16))
            for module in _handing_on(model):
                stack.callback(module.register_forward_hook(_to_float32).remove)
        elif _device(model) == "cpu":
            stack.enter_context(fast_matmul())
        stack.enter_context(torch.no_grad())  # in inference mode autocast rounds weights for every product
        yield


def keep_rounded_weights() -> None:
    """Lets this thread keep the weights that it rounds from one `calculating` to the next.

    For a thread that encodes a little again and again, with models that nobody trains meanwhile; the rounded
    weights take half the memory of the weights, until `forget_rounded_weights`.
    """
    import torch

    torch.autocast_increment_nesting()  # the outermost autocast of a thread forgets them when it ends


def forget_rounded_weights() -> None:
    """Drops rounded weights that are kept; those that are needed again are rounded again."""
    import torch

    torch.clear_autocast_cache()


def _device(model: nn.Module) -> str:
    return next((weights.device.type for weights in model.parameters()), "cpu")


def _handing_on(model: nn.Module) -> Iterator[nn.Module]:
    """The modules of a sentence-transformers model, those inside routers, too."""
    for module in model.children():
        routes = getattr(module, "sub_modules", None)
        if routes is None:
            yield module
        else:
            yield from (each for route in routes.values() for each in route)


def _to_float32(*given: Any) -> None:
    """Widens what a module of sentence-transformers hands on, so that means and lengths are exact."""
    import torch

    features = given[-1]
    if isinstance(features, MutableMapping):
        for name, value in list(features.items()):
            if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
                features[name] = value.float()


@contextmanager
def _remembered(model: nn.Module) -> Iterator[None]:
    """Autocast keeps rounded weights only of what could be trained; for now, all could."""
    frozen = [weights for weights in model.parameters() if not weights.requires_grad]
    for weights in frozen:
        weights.requires_grad_(weights.is_floating_point())
    try:
        yield
    finally:
        for weights in frozen:
            weights.requires_grad_(False)
