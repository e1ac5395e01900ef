"""The model that encodes, in PyTorch or in another engine."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.errors import CheckpointError, ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Backend = Literal["torch", "onnx", "openvino"]
_NEEDS: dict[str, tuple[str, ...]] = {"onnx": ("optimum", "onnxruntime"), "openvino": ("optimum", "openvino")}
_BLOCK_BYTES = 1 << 20


def load_model(name_or_path: str | Path, *, backend: str = "torch") -> SentenceTransformer:
    """A sentence-transformers model, ready to encode.

    Args:
        name_or_path: Hub name or directory.
        backend: What runs it: torch; or onnx or openvino, from the files of such an export beside the model.

    Returns:
        The model.

    Raises:
        ConfigError: If there is no such backend, or it is not installed.
        CheckpointError: If there is no such model, or it cannot be loaded.
    """
    check_backend(backend)
    from isoglot.encoders import load_encoder

    if backend == "torch":
        return load_encoder(name_or_path, normalize=False)
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(name_or_path), backend=backend, device="cpu")  # type: ignore[arg-type]
    except Exception as error:  # a damaged folder raises almost anything
        raise CheckpointError(
            f"{name_or_path}: cannot be loaded with backend {backend}: {str(error).partition(chr(10))[0]}"
        ) from error


def check_backend(backend: str) -> None:
    """Refuses a backend that is not there.

    Args:
        backend: torch, onnx or openvino.

    Raises:
        ConfigError: If there is no such backend, or it is not installed.
    """
    if backend not in get_args(Backend):
        raise ConfigError(f"backend must be one of {', '.join(get_args(Backend))}, got {backend!r}")
    missing = [name for name in _NEEDS.get(backend, ()) if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"backend {backend} needs {', '.join(missing)}; install sentence-transformers[{backend}] in an "
            "environment of its own (it brings other versions of its dependencies), or take torch"
        )


def identify(model: Any, adapter_identity: str | None, name_or_path: str | Path | None) -> str | None:
    """What tells a model from others.

    Args:
        model: The model.
        adapter_identity: Its fingerprint, if its weights can be seen.
        name_or_path: Where it was loaded from, if it was.

    Returns:
        The fingerprint; of a model that another engine runs, a digest of the files of its folder; None if
        there is neither.
    """
    if adapter_identity is not None or name_or_path is None:
        return adapter_identity
    folder = Path(name_or_path)
    if not folder.is_dir():
        return None
    digest = hashlib.sha256(f"{getattr(model, 'backend', '')}\n".encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()[:32]
