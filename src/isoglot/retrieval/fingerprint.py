"""What a model is, as one short name: the same for the same weights and settings, wherever they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

_VERSION = 1
_HERE_AND_NOW = frozenset({"_name_or_path", "name_or_path", "transformers_version", "torch_dtype", "dtype"})
"""Settings that say where a model came from, or that the weights say better."""

_ENCODER = "isoglot.encoders.encoder"


def fingerprint(model: nn.Module, *, with_weights: bool = True) -> str | None:
    """A digest of everything that a model's raw vectors depend on, but for the prompt.

    It covers the weights with their types, the kind and settings of every module, tokenizers and processors,
    the longest input and the width that vectors are cut to: a model trained further has another fingerprint,
    a copy in another folder the same. Not covered are batch size and device, which change last digits only,
    and how vectors are compared.

    Args:
        model: The model, such as a sentence-transformers model.
        with_weights: Whether the values of the weights count, not only their names and shapes.

    Returns:
        32 hexadecimal digits; None if part of the model cannot be looked into.
    """
    digest = hashlib.sha256(f"isoglot {_VERSION}\n".encode())
    try:
        for line in _settings(model):
            digest.update(line.encode() + b"\n")
    except _OpaqueError:
        return None
    weights = model.state_dict()
    if not weights:  # A model run by another engine keeps them out of sight.
        return None
    for name, tensor in weights.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        if with_weights:
            digest.update(_bytes(tensor))
    return digest.hexdigest()[:32]


class _OpaqueError(Exception):
    """Something that has no content to take a digest of."""


def _bytes(tensor: Tensor) -> memoryview:
    import torch

    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(np.asarray(flat.view(torch.uint8)).data)


def _settings(model: nn.Module) -> Iterator[str]:
    """One line for each thing that is not a weight."""
    for name in ("max_seq_length", "truncate_dim"):
        yield f"{name} {getattr(model, name, None)}"
    for name, module in model.named_modules():
        # The encoder of several media is what it inherits from, as far as vectors go.
        kind = next(each for each in type(module).__mro__ if each.__module__ != _ENCODER)
        yield f"{name} {kind.__module__}.{kind.__qualname__}"
        if hasattr(module, "get_config_dict"):
            yield _json(module.get_config_dict())
        config = vars(module).get("config")
        if hasattr(config, "to_dict"):
            yield _json(config.to_dict())
        for attribute in ("tokenizer", "processor"):
            if vars(module).get(attribute) is not None:
                yield from _preparation(vars(module)[attribute])


def _preparation(tool: Any) -> Iterator[str]:
    """Lines about a tokenizer, a processor of another medium, or a processor made of several such."""
    backend = getattr(tool, "backend_tokenizer", None)
    parts = [
        part
        for name in ("tokenizer", "image_processor", "feature_extractor", "video_processor")
        if (part := getattr(tool, name, None)) is not None
    ]
    if backend is not None:
        # Each call leaves its own padding and truncation in there.
        content = {
            k: v for k, v in json.loads(backend.to_str()).items() if k not in {"truncation", "padding"}
        }
        yield _json([content, tool.padding_side, tool.truncation_side, tool.model_max_length])
    elif parts:
        for part in parts:
            yield from _preparation(part)
    elif hasattr(tool, "to_str"):
        yield tool.to_str()
    elif hasattr(tool, "get_vocab"):
        yield _json(
            [type(tool).__qualname__, sorted(tool.get_vocab().items()), vars(tool).get("init_kwargs")]
        )
    elif hasattr(tool, "to_dict"):
        yield _json(tool.to_dict())
    else:
        raise _OpaqueError


def _json(content: Any) -> str:
    return json.dumps(_plain(content), sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """The value in JSON's types; what has none is known by its kind alone: its text may name an address."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if str(k) not in _HERE_AND_NOW}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(str(entry) for entry in value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return type(value).__qualname__
