"""What can be evaluated: a model, ready vectors or ready rankings, by itself or by its path or name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.errors import SearchError
from isoglot.evaluation.trec import Run, join_runs, read_run

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings

RUN_SUFFIXES = frozenset({".trec", ".run", ".res"})
"""File names that are read as TREC runs."""


def load_model(
    model: SentenceTransformer | Embeddings | Run | str | Path,
) -> tuple[SentenceTransformer | Embeddings | Run, str]:
    """The model, vectors or run, and what results may call them.

    Args:
        model: A model, vectors or a run, which stay as they are; or a path or name: a model's folder or name,
            an `.npz` file or folder of vectors, or what `isoglot encode` wrote of both sides; a TREC run
            (`.trec`, `.run` or `.res`), or a folder of such runs, of distinct queries.

    Returns:
        The model, vectors or run, and a name.

    Raises:
        CheckpointError: If there is no such model, or it cannot be loaded.
        SearchError: If vectors or runs are malformed.
    """
    from isoglot.encoding.encodings import holds_encodings, read_encoded
    from isoglot.retrieval.encode import Embeddings, read_embeddings

    if isinstance(model, Embeddings):
        return model, model.name
    if isinstance(model, Run):
        return model, "run"
    if not isinstance(model, str | Path):
        return model, _name_of(model)
    path = Path(model)
    if path.suffix == ".npz" or (path / "query_embeddings.npy").is_file():
        return read_embeddings(path), path.stem
    if holds_encodings(path):
        return read_encoded(path), path.stem
    runs = _run_files(path)
    if runs:
        return join_runs([read_run(file) for file in runs]), path.stem
    from isoglot.encoders import load_encoder

    loaded = load_encoder(model, normalize=False)
    return loaded, path.resolve().name if path.is_dir() else str(model)


def _run_files(path: Path) -> list[Path]:
    """The TREC runs that a path stands for; none if it is something else."""
    if path.suffix in RUN_SUFFIXES:
        if not path.is_file():
            raise SearchError(f"{path}: no such run")
        return [path]
    if not path.is_dir() or (path / "modules.json").is_file():
        return []
    return sorted(file for file in path.iterdir() if file.suffix in RUN_SUFFIXES)


def _name_of(model: SentenceTransformer) -> str:
    of_mteb = getattr(getattr(model, "mteb_model_meta", None), "name", None)
    if isinstance(of_mteb, str):
        return of_mteb
    card = getattr(model, "model_card_data", None)
    for attribute in ("model_name", "model_id", "base_model"):
        found = getattr(card, attribute, None)
        if isinstance(found, str) and found:
            return Path(found).name if Path(found).is_dir() else found
    return "model"
