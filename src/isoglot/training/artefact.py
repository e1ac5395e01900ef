"""What stands beside a trained model: `isoglot.json` with configuration, data, versions and provenance."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError
from isoglot.files import whole_file

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE_NAME = "isoglot.json"
_ROWS_A_CHUNK = 65_536


def data_checksums(corpus: ParallelCorpus, split: str) -> dict[str, str]:
    """What tells one training corpus from another: SHA-256 by file, or of the content where it has no files.

    Args:
        corpus: The corpus.
        split: The split that is trained on.

    Returns:
        The checksums of the folder that the corpus was read from; else one of its ids, texts and judgements.
    """
    if corpus.checksums:
        return dict(corpus.checksums)
    digest = hashlib.sha256()
    for table in (corpus.queries, corpus.documents):
        for batch in table.select([table.column_names[0], "language", "text"]).to_batches(_ROWS_A_CHUNK):
            digest.update(json.dumps(batch.to_pydict(), ensure_ascii=False).encode("utf-8", "surrogatepass"))
    part = corpus.split(split)
    judged = part.judgements
    arrays = [part.groups] if judged is None else [judged.query_rows, judged.indptr, judged.document_rows]
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
    with whole_file(folder / FILE_NAME) as file:
        file.write(text.encode())


def save_model(model: SentenceTransformer, folder: Path, record: dict[str, Any]) -> None:
    """Saves a model and its record; the record comes last, so a folder that has one is whole.

    Args:
        model: The model.
        folder: Where; files of an earlier model there are replaced.
        record: Content of `isoglot.json`.
    """
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    model.save(str(partial))
    card = partial / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + _card_section(record), encoding="utf-8")
    for path in partial.rglob("*.safetensors"):
        path.chmod(card.stat().st_mode)  # safetensors writes files that only their owner may read
    for path in sorted(partial.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    partial.rmdir()
    write_record(folder, record)


def _card_section(record: dict[str, Any]) -> str:
    drawn = record["provenance"]
    rows = "\n".join(f"| {kind} | {count:,} |" for kind, count in drawn["batches"].items())
    return (
        "\n## Training batches\n\n"
        f"Scheme: `{json.dumps(record['scheme'])}`, seed {record['seed']}. "
        f"{drawn['share_monolingual']:.1%} of {drawn['num_batches']:,} batches were monolingual.\n\n"
        f"| batch | drawn |\n|---|---:|\n{rows}\n\n"
        "The number of pairs by language pair is in `isoglot.json`.\n"
    )
