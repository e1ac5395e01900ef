"""Models as exact search sees them: something that encodes one medium of one side, and a similarity."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from isoglot.encoders.inputs import as_texts, taken_for_media
from isoglot.errors import MediaError, SearchError
from isoglot.media import CONVERSIONS
from isoglot.media.checking import find_bad_media
from isoglot.media.opening import open_media
from isoglot.retrieval.contents import Side
from isoglot.retrieval.fingerprint import fingerprint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Similarity = Literal["cosine", "dot"]

_STATIC_BATCH = 4096
_DEFAULT_BATCH = 64
_TITLES = {"image": "Pictures", "video": "Videos", "audio": "Sounds"}
_PROMPT_NAMES = {"query": ("query",), "document": ("document", "passage", "corpus")}
"""The prompts that sentence-transformers looks for on either side; the first that the model has applies."""


class Encode(Protocol):
    """Encodes contents of one medium."""

    def __call__(
        self, side: Side, modality: str, contents: list[str], *, batch_size: int, progress: bool
    ) -> Any:
        """(n, D) vectors of texts or of files, in their order, as an array or a tensor."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """A model as exact search sees it.

    Attributes:
        encode: Makes vectors.
        similarity: What the model compares by.
        batch_size: Contents per batch, unless the caller says otherwise.
        modalities: Media that it encodes.
        identify: Gives the fingerprint by which vectors are cached; None if the model has none.
        context: Gives what a vector depends on beside model and content, from side and medium.
    """

    encode: Encode
    similarity: Similarity
    batch_size: int
    modalities: tuple[str, ...]
    identify: Callable[[], str | None]
    context: Callable[[Side, str], str]


def adapt(model: Any) -> Adapter:
    """Sees a model as exact search does.

    Args:
        model: A sentence-transformers model, anything with its `encode_query` and `encode_document`, or a
            model of MTEB's `EncoderProtocol`, known by its `mteb_model_meta`, or by the argument
            `task_metadata` of its `encode`.

    Returns:
        The adapter.

    Raises:
        SearchError: If the model is neither, or compares by something else than cosine or dot.
    """
    if _follows_mteb(model):
        from isoglot.retrieval.mteb_encoder import adapt_mteb_encoder

        return adapt_mteb_encoder(model, batch_size=_DEFAULT_BATCH)
    if not hasattr(model, "encode_query") or not hasattr(model, "encode_document"):
        raise SearchError(
            f"{type(model).__name__} is no model to search with: it needs encode_query and encode_document, "
            "as in sentence-transformers, or encode(inputs, task_metadata=...), as in MTEB"
        )
    return Adapter(
        _sentence_transformer_encode(model),
        similarity_of(model),
        _batch_size(model),
        tuple(name for name in getattr(model, "modalities", ("text",)) if isinstance(name, str)),
        lambda: fingerprint(model) if hasattr(model, "state_dict") else None,
        lambda side, modality: _context(model, side, modality),
    )


def _context(model: SentenceTransformer, side: Side, modality: str) -> str:
    parts = [side, modality, prompt_of(model, side)]
    if modality in CONVERSIONS:
        parts.append(f"conversion {CONVERSIONS[modality]}")
    return "\0".join(parts)


def similarity_of(model: SentenceTransformer) -> Similarity:
    """What a model compares by.

    Args:
        model: The model.

    Returns:
        Cosine or dot; cosine if it does not say.

    Raises:
        SearchError: If it compares by a distance.
    """
    name = getattr(model, "similarity_fn_name", None) or "cosine"
    if name not in get_args(Similarity):
        raise SearchError(
            f"the model compares by {name!r}; exact search knows 'cosine' and 'dot': set "
            "model.similarity_fn_name to one of them"
        )
    similarity: Similarity = "dot" if name == "dot" else "cosine"
    return similarity


def prompt_of(model: SentenceTransformer, side: Side) -> str:
    """The prompt that a sentence-transformers model puts before what it encodes; empty if none."""
    prompts: dict[str, str | None] = getattr(model, "prompts", None) or {}
    named = [name for name in _PROMPT_NAMES[side] if name in prompts]
    default = getattr(model, "default_prompt_name", None)
    return prompts.get(named[0] if named else default or "") or ""


def _follows_mteb(model: Any) -> bool:
    encode = getattr(model, "encode", None)
    if encode is None or hasattr(model, "mteb_model_meta"):
        return encode is not None
    try:
        return "task_metadata" in inspect.signature(encode).parameters
    except (TypeError, ValueError):
        return False


def _sentence_transformer_encode(model: SentenceTransformer) -> Encode:
    def encode(side: Side, modality: str, contents: list[str], *, batch_size: int, progress: bool) -> Any:
        method: Callable[..., Any] = model.encode_query if side == "query" else model.encode_document
        if modality != "text":
            opened = partial(open_media, modality, model=model)
            return _encode_opened(method, modality, opened, contents, batch_size, progress=progress)
        how: dict[str, Any] = {
            "batch_size": batch_size,
            "show_progress_bar": progress,
            "convert_to_numpy": True,
        }
        return _encode_texts(model, method, contents, how)

    return encode


def _encode_texts(
    model: SentenceTransformer, method: Callable[..., Any], texts: list[str], how: dict[str, Any]
) -> Any:
    """Vectors of texts; those that read like the address of a picture are encoded among their like."""
    inputs, options = as_texts(model, texts)
    apart = taken_for_media(model, inputs) if options else []
    if not apart or len(apart) == len(texts):
        return method(inputs, **how, **options)
    first, second = np.setdiff1d(np.arange(len(texts)), apart), np.array(apart)
    parts = [np.asarray(method([inputs[i] for i in part], **how, **options)) for part in (first, second)]
    vectors = np.empty((len(texts), parts[0].shape[1]), parts[0].dtype)
    vectors[first], vectors[second] = parts
    return vectors


def _encode_opened(
    method: Callable[..., Any],
    modality: str,
    opened: Callable[[list[str]], list[Any]],
    files: list[str],
    batch_size: int,
    *,
    progress: bool,
) -> npt.NDArray[np.floating]:
    """Vectors of files, opened as in training; while a batch is encoded, the next is opened."""
    from rich.console import Console
    from rich.progress import track

    parts = [files[start : start + batch_size] for start in range(0, len(files), batch_size)]
    vectors = []
    try:
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(opened, parts[0])
            console = Console(stderr=True)
            title = _TITLES.get(modality, modality)
            for following in track([*parts[1:], []], title, console=console, disable=not progress):
                inputs = [{modality: each} for each in opening.result()]
                opening = pool.submit(opened, following)
                given = method(inputs, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
                vectors.append(np.asarray(given))
    except MediaError as error:  # found on the way; what else is bad is said as well
        bad = find_bad_media((file, modality) for file in files)
        raise MediaError(list(dict.fromkeys([*error.problems, *bad.values()]))) from error
    return np.concatenate(vectors)


def _batch_size(model: Any) -> int:
    static = hasattr(model, "__getitem__") and type(model[0]).__name__ == "StaticEmbedding"
    return _STATIC_BATCH if static else _DEFAULT_BATCH
