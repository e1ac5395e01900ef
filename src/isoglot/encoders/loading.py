"""Loading any encoder by name or path, and running no code but what is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from isoglot.encoders.pretrained import ONLY_PICKLED, without_bars
from isoglot.encoders.transformer import PoolingMode, pooled_modules
from isoglot.errors import CheckpointError

if TYPE_CHECKING:
    from isoglot.encoders.encoder import Encoder

_STOCK = "sentence_transformers."
_OURS = "isoglot.encoders."
_MODULES = "modules.json"
_ROUTES = ("router_config.json", "config.json")
"""Where a router says what it is made of; the second in older versions."""
_SAFE_WEIGHTS, _PICKLED_WEIGHTS = "model.safetensors", "pytorch_model.bin"

_OWN_CODE = (
    "it needs code that lies beside it, which is never run here; if you trust it, load it yourself with "
    "SentenceTransformer(..., trust_remote_code=True) and hand the model over"
)


def load_encoder(
    name_or_path: str | Path,
    *,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    pooling: PoolingMode | None = None,
    max_tokens: int | None = None,
    device: str | None = None,
    normalize: bool = True,
) -> Encoder:
    """Any sentence-transformers or transformers model, with its prompts kept in it.

    Its modules must be those of sentence-transformers and of this package: no code that lies beside a model
    is ever run.

    Args:
        name_or_path: Hub name or directory.
        query_prompt: What stands before every query, such as `Query: ` (arXiv 2408.10536); None keeps the
            model's own.
        document_prompt: What stands before every document, such as `Passage: `; None keeps the model's own.
        pooling: How token vectors become one, for a plain transformers model; None keeps what a
            sentence-transformers model says, or takes the mean.
        max_tokens: Longest text in tokens; None keeps the model's own limit.
        device: Where it runs; None lets torch choose.
        normalize: Whether a step that normalises is added, if the similarity is the cosine and there is none.

    Returns:
        The encoder, which takes mixed lists of what it encodes.

    Raises:
        CheckpointError: If the model cannot be found or read, needs code of its own, or has its weights in a
            pickle.
    """
    from sentence_transformers.sentence_transformer.modules import Normalize

    model = _load(str(name_or_path), pooling, device)
    if normalize and model.similarity_fn_name == "cosine" and not isinstance(model[-1], Normalize):
        model.append(Normalize())
    for side, prompt in (("query", query_prompt), ("document", document_prompt)):
        if prompt is not None:
            model.prompts[side] = prompt
    if max_tokens is not None:
        model.max_seq_length = max_tokens
    return model


def _load(name: str, pooling: PoolingMode | None, device: str | None) -> Encoder:
    from isoglot.encoders.encoder import Encoder

    try:
        _refuse_pickles(Path(name))
        with without_bars():
            if pooling:
                return Encoder(modules=pooled_modules(name, pooling), device=device)
            modules = list(_modules(name))
            classes = {kind: _module_class(name, kind) for _, kind in modules}
            if not Path(name).is_dir():
                _refuse_pickled_modules(name, modules, classes)
            ours = {kind: found for kind, found in classes.items() if kind.startswith(_OURS)}
            how: dict[str, Any] = {"device": device, "model_kwargs": {"use_safetensors": True}}
            if not ours:
                return Encoder(name, **how)
            # Without this sentence-transformers asks to trust all code that the model names, or none.
            return Encoder._load_with_module_classes(name, ours, **how)
    except CheckpointError:
        raise
    except Exception as error:  # a damaged folder raises almost anything
        raise CheckpointError(
            f"{name}: cannot be loaded as a sentence-transformers model: {_reason(error)}"
        ) from error


def _refuse_pickles(folder: Path) -> None:
    """Refuses weights that lie there as a pickle alone, which may run anything when it is loaded."""
    for file in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(file.parent.glob("*.safetensors")):
            _refuse_pickle(str(file))


def _refuse_pickled_modules(
    name: str, modules: Sequence[tuple[str, str]], classes: Mapping[str, Any]
) -> None:
    """Refuses the same of a model on a hub, but for its transformers, which are told to take no pickle."""
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.util import load_file_path

    for folder, kind in modules:
        if issubclass(classes[kind], Transformer) or load_file_path(name, _SAFE_WEIGHTS, subfolder=folder):
            continue
        if load_file_path(name, _PICKLED_WEIGHTS, subfolder=folder):
            _refuse_pickle(f"{name}/{folder}/{_PICKLED_WEIGHTS}")


def _refuse_pickle(file: str) -> NoReturn:
    raise CheckpointError(f"{file}: is a pickle, which is never loaded; save it as safetensors")


def _reason(error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return _OWN_CODE
    if "use_safetensors" in str(error):
        return ONLY_PICKLED
    return (str(error) or type(error).__name__).split("\n")[0]


def _modules(name: str) -> Iterator[tuple[str, str]]:
    """Folders and types of a model's modules, also inside routers; none of a plain transformers model."""
    for entry in _read_json(name, "", _MODULES) or ():
        yield from _nested(name, entry["path"], entry["type"])


def _nested(name: str, folder: str, kind: str) -> Iterator[tuple[str, str]]:
    yield folder, kind
    if kind.rpartition(".")[2] not in ("Router", "Asym"):
        return
    config = _read_json(name, folder, _ROUTES[0]) or _read_json(name, folder, _ROUTES[1]) or {}
    for part, part_kind in config["types"].items():
        yield from _nested(name, f"{folder}/{part}", part_kind)


def _read_json(name: str, folder: str, file: str) -> Any:
    from sentence_transformers.util import load_file_path

    path = load_file_path(name, file, subfolder=folder)
    return None if path is None else json.loads(Path(path).read_text(encoding="utf-8"))


def _module_class(name: str, kind: str) -> Any:
    """A module of this package or of sentence-transformers, as it is installed."""
    from sentence_transformers.util import import_from_string
    from torch import nn

    if not kind.startswith((_STOCK, _OURS)):
        raise CheckpointError(f"{name}: has a module of type {kind!r}: {_OWN_CODE}")
    try:
        found = import_from_string(kind)
    except ImportError as error:
        raise CheckpointError(
            f"{name}: has a module of type {kind!r}, which the installed version has not; update it"
        ) from error
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise CheckpointError(
            f"{name}: {kind!r} is no type of a module; take the model from where it was saved"
        )
    return found
