"""Models that follow MTEB's `EncoderProtocol`, used unchanged: they get what MTEB would hand them."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

import langcodes
import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.retrieval.contents import Side
from isoglot.retrieval.fingerprint import fingerprint

if TYPE_CHECKING:
    from mteb import TaskMetadata

    from isoglot.retrieval.adapters import Adapter, Encode, Similarity

PROMPT = "Retrieve text based on user query."
"""What MTEB tells a model that takes instructions, where a retrieval task says nothing itself."""
_LETTERS = {"text": "t", "image": "i", "audio": "a", "video": "v"}
_SCRIPTS = {"Kore": "Hang"}
"""Scripts that MTEB calls by another name."""
_PROBE_WIDTH = 8


def adapt_mteb_encoder(model: Any, *, batch_size: int) -> Adapter:
    """Sees a model of MTEB's kind as exact search does.

    The model's `encode` gets a data loader over a `datasets.Dataset`, the metadata of a retrieval task, split
    `test`, subset `default`, and the prompt type of the side. Its similarity is found out by asking for it:
    the one of cosine and dot that gives the same numbers.

    Args:
        model: The model.
        batch_size: Contents per batch.

    Returns:
        The adapter.

    Raises:
        SearchError: If mteb is not installed, or the model's similarity is neither cosine nor dot.
    """
    from isoglot.retrieval.adapters import Adapter

    require_mteb()
    meta = getattr(model, "mteb_model_meta", None)
    return Adapter(
        _encode(model),
        _similarity(model),
        batch_size,
        tuple(getattr(meta, "modalities", None) or ("text",)),
        lambda: _identify(model),
        lambda side, modality: f"{side}\0{modality}\0{PROMPT}",
    )


def require_mteb() -> None:
    """Makes sure that mteb is there.

    Raises:
        SearchError: If it is not installed.
    """
    try:
        import mteb  # noqa: F401
    except ImportError as error:
        raise SearchError(
            "models and tasks of MTEB need the package mteb: pip install 'isoglot[mteb]'"
        ) from error


@cache
def language_script(tag: str) -> str:
    """A language as MTEB writes it: ISO 639-3 and script, such as `eng-Latn` for `en`.

    Args:
        tag: BCP 47 tag; without a script, the usual one of the language is meant.

    Returns:
        The code.

    Raises:
        SearchError: If there is no such code.
    """
    language = langcodes.Language.get(tag).maximize()
    try:
        code = langcodes.Language.get(language.language or "und").to_alpha3(variant="T")
    except LookupError as error:
        raise SearchError(f"language {tag!r} has no ISO 639-3 code, which MTEB needs") from error
    script = language.script or "Zyyy"
    return f"{code}-{_SCRIPTS.get(script, script)}"


def _metadata(modality: str) -> TaskMetadata:
    """A retrieval task in which one medium is searched with itself, as an encoder sees but one side."""
    import mteb

    letter = _LETTERS[modality]
    medium: Any = {"category": f"{letter}2{letter}", "modalities": [modality]}
    return mteb.TaskMetadata(
        name="IsoglotRetrieval",
        description="Retrieval with a corpus of isoglot.",
        dataset={"path": "isoglot/corpus", "revision": "1"},
        type="Retrieval" if modality == "text" else "Any2AnyRetrieval",
        **medium,
        eval_langs=["eng-Latn"],
        main_score="ndcg_at_10",
        prompt=PROMPT,
    )


def _encode(model: Any) -> Encode:
    def encode(side: Side, modality: str, contents: list[str], *, batch_size: int, progress: bool) -> Any:
        from mteb.types import PromptType

        vectors = model.encode(
            _loader(side, modality, contents, batch_size),
            task_metadata=_metadata(modality),
            hf_split="test",
            hf_subset="default",
            prompt_type=PromptType.query if side == "query" else PromptType.document,
            batch_size=batch_size,
            show_progress_bar=progress,
        )
        return vectors.detach().float().cpu().numpy() if hasattr(vectors, "detach") else vectors

    return encode


def _loader(side: Side, modality: str, contents: list[str], batch_size: int) -> Any:
    """A data loader of dictionaries of lists, as MTEB makes it; texts also stand under their other names."""
    from datasets import Audio, Dataset, Image, Video
    from torch.utils.data import DataLoader

    columns = {"id": [str(number) for number in range(len(contents))], modality: contents}
    if modality == "text":
        columns["query" if side == "query" else "body"] = contents
    dataset = Dataset.from_dict(columns)
    features = {"image": Image, "audio": Audio, "video": Video}
    if modality in features:
        dataset = dataset.cast_column(modality, features[modality]())

    def collate(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        return {name: [row[name] for row in rows] for name in rows[0]}

    return DataLoader(dataset, batch_size=batch_size, collate_fn=collate)


def _similarity(model: Any) -> Similarity:
    """The one of cosine and dot by which the model compares, found out with vectors of several lengths."""
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((2, _PROBE_WIDTH)).astype(np.float32)
    documents = (rng.standard_normal((3, _PROBE_WIDTH)) * [[1], [2], [3]]).astype(np.float32)
    name = getattr(getattr(model, "mteb_model_meta", None), "similarity_fn_name", None)
    try:
        given = np.asarray(model.similarity(queries, documents), np.float32)
    except Exception as error:  # A stranger's code: whatever it raises, there is no using it.
        raise SearchError(f"the model's similarity ({name}) cannot be computed: {error}") from error
    dots = queries @ documents.T
    cosines = dots / (_lengths(queries) * _lengths(documents).T)
    similarities: tuple[tuple[Similarity, npt.NDArray[np.float32]], ...] = (
        ("cosine", cosines),
        ("dot", dots),
    )
    for similarity, expected in similarities:
        if given.shape == expected.shape and np.allclose(given, expected, rtol=1e-3, atol=1e-4):
            return similarity
    raise SearchError(
        f"the model's similarity ({name}) is neither cosine nor dot, which are what exact search knows"
    )


def _lengths(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths: npt.NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return lengths


def _identify(model: Any) -> str | None:
    """By its weights, if it holds any; otherwise by name and revision, if it says both."""
    from torch import nn

    meta = getattr(model, "mteb_model_meta", None)
    name, revision = getattr(meta, "name", None), getattr(meta, "revision", None)
    prompts = [getattr(model, attribute, None) for attribute in ("model_prompts", "prompts_dict")]
    experiment = getattr(meta, "experiment_kwargs", None)
    lines = [type(model).__module__, type(model).__qualname__, str(name), str(prompts), str(experiment)]
    inside = [part for part in vars(model).values() if isinstance(part, nn.Module)]
    if inside:
        digests = [fingerprint(part) for part in inside]
        if None in digests:
            return None
        lines += [digest for digest in digests if digest is not None]
    elif not name or not revision or revision == "no_revision_available":
        return None
    lines.append(str(revision))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
