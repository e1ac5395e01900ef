"""What an encoder is given: which medium each input is of, and texts that are taken for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.errors import MediaError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BY_AXES = {1: "audio", 2: "audio", 3: "image", 4: "video"}
"""Media of arrays without a name: samples, of several channels; one picture; frames."""


def medium_of(item: Any) -> str:
    """The medium of one input.

    A text is a text, whatever it reads like: a path or an address in it is never opened.

    Args:
        item: A text; a picture of Pillow; an array of samples (1 or 2 axes), a picture (3) or frames (4); a
            file or array under the name of its medium, such as `{"image": "dog.jpg"}`; or several of these
            under their names, which go together.

    Returns:
        The medium; of several together, their names in alphabetical order, joined by `+`.

    Raises:
        MediaError: If it is none of these.
    """
    if isinstance(item, str):
        return "text"
    if isinstance(item, Mapping):
        if "role" in item:
            return "message"
        if "array" in item:
            return "audio" if "sampling_rate" in item else "video"
        return "+".join(sorted(map(str, item)))
    if hasattr(item, "getbands"):
        return "image"
    if isinstance(item, list | tuple):  # a pair of texts, or the turns of a conversation
        return "text" if all(isinstance(part, str) for part in item) else "message"
    medium = _BY_AXES.get(getattr(item, "ndim", 0))
    if medium is None:
        what = f"{type(item).__name__} {str(item)!r}" if isinstance(item, Path) else type(item).__name__
        raise MediaError(f'{what}: of which medium is it? Name it, such as {{"image": "dog.jpg"}}')
    return medium


def as_texts(model: SentenceTransformer, texts: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Texts in the form in which a model takes them for texts, whatever they read like.

    Left to itself, sentence-transformers takes a text that reads like the address or path of a picture for
    one, if the model encodes pictures, and fetches it.

    Args:
        model: The model.
        texts: The texts.

    Returns:
        What to give to the model's `encode` or `preprocess`, and options that go with it.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Router, Transformer

    inputs = list(texts)
    if not isinstance(model, SentenceTransformer) or not _takes_more(model):
        return inputs, {}
    first: Any = model[0]
    routed = isinstance(first, Router)
    modules = _text_modules(first) if routed else [first]
    if all(isinstance(module, Transformer) and _takes_more(module) for module in modules):
        inputs = [{"text": text} if isinstance(text, str) else text for text in inputs]
    return inputs, {"modality": "text"} if routed else {}


def taken_for_media(model: SentenceTransformer, texts: Sequence[Any]) -> list[int]:
    """Texts that sentence-transformers takes for something else in a list with others.

    Args:
        model: A model of sentence-transformers.
        texts: The texts.

    Returns:
        Their places, ascending.
    """
    from sentence_transformers.base.modality import infer_modality

    known = list(model.modalities)
    return [place for place, text in enumerate(texts) if infer_modality(text, known) != "text"]


def _takes_more(module: Any) -> bool:
    return bool(set(getattr(module, "modalities", ("text",))) - {"text"})


def _text_modules(router: Any) -> list[Any]:
    """The first module of each route that a text may take."""
    routes = [route for (_, medium), route in router.route_mappings.items() if medium in ("text", None)]
    return [router.sub_modules[route][0] for route in routes or router.sub_modules]
