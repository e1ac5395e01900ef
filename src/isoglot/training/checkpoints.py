"""Checkpoints that are known to be whole: a mark with the checksum of every file is written last.

A checkpoint is a folder `checkpoint-<step>` as transformers' trainer writes it. Training goes on from the
newest one whose files are those of its mark, and whose state names a best checkpoint that is whole too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isoglot.errors import CheckpointError
from isoglot.training.durable import sync, sync_tree, temporary_name, write_durably

MARK = "complete"
"""File that is written last into a checkpoint: size and SHA-256 of all others."""
_STATE = "trainer_state.json"
_NUM_KEPT = 2


def step_of(checkpoint: Path) -> int:
    """Number of steps that a checkpoint was written after; -1 for a folder of another name."""
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def checkpoints_below(folder: Path) -> list[Path]:
    """The checkpoints in a folder, whole or not, the newest first."""
    return sorted(folder.glob("checkpoint-*"), key=step_of, reverse=True)


def seal(checkpoint: Path) -> None:
    """Marks a checkpoint as whole, once all of it is on the disk.

    Args:
        checkpoint: A folder that nothing is written to any more.
    """
    sync_tree(checkpoint)
    sums = {path.relative_to(checkpoint).as_posix(): _checksum(path) for path in _files(checkpoint)}
    write_durably(checkpoint / MARK, json.dumps(sums, indent=1, sort_keys=True).encode())


def damage(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint.

    Args:
        checkpoint: A checkpoint's folder.

    Returns:
        The first problem; None if every file is as it was when the mark was written.
    """
    mark = checkpoint / MARK
    if not mark.is_file():
        return "it was not written to its end"
    try:
        sums: dict[str, dict[str, Any]] = json.loads(mark.read_bytes())
        expected = {checkpoint / name: dict(checksum) for name, checksum in sums.items()}
    except (ValueError, TypeError, AttributeError):
        return f"its mark {MARK!r} cannot be read"
    for path, checksum in expected.items():
        if not path.is_file():
            return f"{path.name} is missing"
        if path.stat().st_size != checksum.get("bytes") or _checksum(path) != checksum:
            return f"{path.name} is not what was written"
    return None


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that training can go on from; warns of those that are passed over.

    Args:
        folder: Folder of the checkpoints; may be missing.

    Returns:
        The checkpoint; None if there is none.
    """
    for checkpoint in checkpoints_below(folder):
        problem = damage(checkpoint) or _damage_of_best(checkpoint)
        if problem is None:
            return checkpoint
        warnings.warn(f"{checkpoint} is passed over: {problem}", stacklevel=2)
    return None


def best_checkpoint(checkpoint: Path) -> Path | None:
    """The best checkpoint by dev measure, as a checkpoint's state names it; None if it names none."""
    state = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    step = state.get("best_global_step")
    return checkpoint.with_name(f"checkpoint-{step}") if step else None


def check_whole(checkpoint: Path) -> None:
    """Refuses a checkpoint that is not whole.

    Args:
        checkpoint: A checkpoint's folder.

    Raises:
        CheckpointError: If its files are not those of its mark.
    """
    problem = damage(checkpoint)
    if problem is not None:
        raise CheckpointError(
            f"{checkpoint}: {problem}; start the same command again: training goes on from the last "
            "checkpoint that is whole"
        )


def discard_newer(folder: Path, than: Path | None) -> None:
    """Deletes what an interrupted training left after the checkpoint that is gone on from.

    Args:
        folder: Folder of the checkpoints.
        than: The checkpoint; None deletes them all.
    """
    last = -1 if than is None else step_of(than)
    delete(checkpoint for checkpoint in checkpoints_below(folder) if step_of(checkpoint) > last)


def prune(folder: Path, best: Path | None) -> None:
    """Deletes all but the newest two checkpoints that are sealed, and the best.

    Args:
        folder: Folder of the checkpoints.
        best: The best by dev measure, or None.
    """
    sealed = [checkpoint for checkpoint in checkpoints_below(folder) if (checkpoint / MARK).is_file()]
    delete(checkpoint for checkpoint in sealed[_NUM_KEPT:] if best is None or checkpoint.name != best.name)


def delete(checkpoints: Iterable[Path]) -> None:
    """Deletes checkpoints, the mark of each first.

    Args:
        checkpoints: Their folders.
    """
    for checkpoint in checkpoints:
        (checkpoint / MARK).unlink(missing_ok=True)
        sync(checkpoint)
        shutil.rmtree(checkpoint)


def _damage_of_best(checkpoint: Path) -> str | None:
    best = best_checkpoint(checkpoint)
    if best is None or best == checkpoint:
        return None
    problem = damage(best)
    return None if problem is None else f"of its best checkpoint {best.name}, {problem}"


def _files(checkpoint: Path) -> list[Path]:
    ours = {checkpoint / MARK, temporary_name(checkpoint / MARK)}
    return sorted(path for path in checkpoint.rglob("*") if path.is_file() and path not in ours)


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
