"""What stands beside a trained model: `isoglot.json` with configuration, data, versions and provenance."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.errors import CheckpointError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE_NAME = "isoglot.json"
_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "torch", "numpy")


def versions() -> dict[str, str]:
    """Versions of the packages that decide what a training computes; one not installed is left out."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


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
    partial = folder / f".{FILE_NAME}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / FILE_NAME)


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
