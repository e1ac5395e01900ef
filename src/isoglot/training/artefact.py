"""What stands beside a trained model: `isoglot.json` with configuration, data, versions and provenance."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isoglot.corpora.manifest import condense
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError
from isoglot.training.durable import sync_tree, temporary_name, write_durably

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE_NAME = "isoglot.json"
_ROWS_A_CHUNK = 65_536
_PARTIAL = ".partial"
_LAST = frozenset({"config.json", "modules.json"})
"""Files without which nothing loads a model: the last to appear."""


def data_checksums(corpus: ParallelCorpus, split: str) -> dict[str, str]:
    """What tells one training corpus from another: SHA-256 by file, or of the content where it has no files.

    Args:
        corpus: The corpus.
        split: The split that is trained on.

    Returns:
        The checksums of the folder that the corpus was read from; else one of its ids, texts, judgements and
        hard negatives.
    """
    if corpus.checksums:
        return condense(corpus.checksums)
    digest = hashlib.sha256()
    for table in (corpus.queries, corpus.documents):
        for batch in table.select([table.column_names[0], "language", "text"]).to_batches(_ROWS_A_CHUNK):
            digest.update(json.dumps(batch.to_pydict(), ensure_ascii=False).encode("utf-8", "surrogatepass"))
    part = corpus.split(split)
    judged = part.judgements
    arrays = [part.groups] if judged is None else [judged.query_rows, judged.indptr, judged.document_rows]
    if (negatives := corpus.negatives.get(split)) is not None:
        arrays += [negatives.indptr, negatives.document_rows]
    for array in (corpus.query_groups, corpus.document_groups, *arrays):
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"content": digest.hexdigest()}


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record beside a model.

    Args:
        folder: Model directory.

    Returns:
        The record; None if there is none.

    Raises:
        CheckpointError: If it cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON ({error}); delete the folder to train again") from error
    return record


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Writes the record, in one piece."""
    text = json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_durably(folder / FILE_NAME, text.encode())


def is_untouched(folder: Path) -> bool:
    """Whether a folder holds nothing, or nothing but the beginning of a record that was never finished."""
    begun = temporary_name(folder / FILE_NAME)
    return not folder.is_dir() or all(path == begun for path in folder.iterdir())


def save_model(model: SentenceTransformer, folder: Path, record: dict[str, Any]) -> None:
    """Saves a model and its record; the record comes last, so a folder whose record says so is whole.

    Args:
        model: The model.
        folder: Where; files of an earlier model there are replaced.
        record: Content of `isoglot.json`.

    Raises:
        CheckpointError: If it cannot be written.
    """
    partial = folder / _PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _save_whole(model, partial, record)
    except Exception as error:  # disk full, no permission: each library has its own errors for it
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointError(
            f"{folder}: the model cannot be written: {error}; make room, and start the same command again: "
            "training goes on from its last checkpoint"
        ) from error
    for path in sorted(partial.iterdir(), key=lambda path: (path.name in _LAST, path.name)):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    partial.rmdir()
    sync_tree(folder)
    write_record(folder, record)


def _save_whole(model: SentenceTransformer, folder: Path, record: dict[str, Any]) -> None:
    _forget_last_texts(model)
    model.save(str(folder))
    card = folder / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + _card_section(record), encoding="utf-8")
    for path in folder.rglob("*.safetensors"):
        path.chmod(card.stat().st_mode)  # safetensors writes files that only their owner may read
    sync_tree(folder)


def _forget_last_texts(model: SentenceTransformer) -> None:
    """Takes padding and truncation of the texts that came last out of what tokenizers save of themselves."""
    for module in model.modules():
        backend = getattr(getattr(module, "tokenizer", None), "backend_tokenizer", None)
        if backend is not None:
            backend.no_padding()
            backend.no_truncation()


def _card_section(record: dict[str, Any]) -> str:
    drawn = record["provenance"]
    kinds = "\n".join(f"| {kind} | {count:,} |" for kind, count in drawn["batches"].items())
    parts = "\n".join(
        f"| {name} | {part['num_batches']:,} | {part['share_monolingual']:.1%} "
        f"| {sum(part['pairs'].values()):,} |"
        for name, part in drawn["parts"].items()
    )
    schemes = [part["scheme"] for part in record.get("parts", [record])]
    return (
        "\n## Training batches\n\n"
        f"Scheme: {', '.join(f'`{json.dumps(scheme)}`' for scheme in schemes)}, seed {record['seed']}. "
        f"{drawn['share_monolingual']:.1%} of {drawn['num_batches']:,} batches were monolingual. "
        f"Temperature at the end: {record['temperature']}.\n\n"
        f"| corpus | batches | monolingual | pairs |\n|---|---:|---:|---:|\n{parts}\n\n"
        f"| batch | drawn |\n|---|---:|\n{kinds}\n\n"
        "The number of pairs by language pair is in `isoglot.json`.\n"
    )
