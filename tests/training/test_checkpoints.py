"""Checkpoints: what is damaged is seen, and passed over."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from isoglot.errors import CheckpointError
from isoglot.training import checkpoints
from isoglot.training.checkpoints import MARK


def write_checkpoint(folder: Path, step: int, best: int | None = None, *, sealed: bool = True) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "1_Pooling").mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(bytes(range(100)))
    (checkpoint / "1_Pooling" / "config.json").write_text("{}")
    (checkpoint / "trainer_state.json").write_text(json.dumps({"best_global_step": best}))
    if sealed:
        checkpoints.seal(checkpoint)
    return checkpoint


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "was not written to its end": lambda folder: (folder / MARK).unlink(),
    "'complete' cannot be read": lambda folder: (folder / MARK).write_text("{"),
    "'complete' cannot be read ": lambda folder: (folder / MARK).write_text("[1]"),
    "model.safetensors is missing": lambda folder: (folder / "model.safetensors").unlink(),
    "model.safetensors is not what": lambda folder: (folder / "model.safetensors").write_bytes(b"\0"),
    "model.safetensors is not what ": lambda folder: flip(folder / "model.safetensors"),
    "config.json is not what": lambda folder: (folder / "1_Pooling" / "config.json").write_text(""),
}


@pytest.mark.parametrize(("said", "harm"), DAMAGES.items(), ids=range(len(DAMAGES)))
def test_damage_is_seen_and_the_checkpoint_before_is_used(
    tmp_path: Path, said: str, harm: Callable[[Path], object]
) -> None:
    before, newest = write_checkpoint(tmp_path, 9), write_checkpoint(tmp_path, 10)
    assert checkpoints.damage(newest) is None
    assert checkpoints.last_whole_checkpoint(tmp_path) == newest
    harm(newest)
    with pytest.warns(UserWarning, match=rf"checkpoint-10 is passed over: .*{said.strip()}"):
        assert checkpoints.last_whole_checkpoint(tmp_path) == before
    with pytest.raises(CheckpointError, match=rf"{said.strip()}.*start the same command again"):
        checkpoints.check_whole(newest)


def test_a_checkpoint_is_of_no_use_without_its_best(tmp_path: Path) -> None:
    best = write_checkpoint(tmp_path, 5, best=5)
    write_checkpoint(tmp_path, 10, best=5)
    assert checkpoints.last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    flip(best / "model.safetensors")
    with pytest.warns(UserWarning, match="checkpoint-5") as warned:
        assert checkpoints.last_whole_checkpoint(tmp_path) is None
    assert "checkpoint-10 is passed over: of its best checkpoint checkpoint-5, model.safetensors" in str(
        warned[0].message
    )


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert checkpoints.last_whole_checkpoint(tmp_path / "none") is None


def test_two_whole_ones_and_the_best_are_kept(tmp_path: Path) -> None:
    best = write_checkpoint(tmp_path, 2, best=2)
    for step in (4, 8, 10):
        write_checkpoint(tmp_path, step, best=2)
    write_checkpoint(tmp_path, 12, sealed=False)
    checkpoints.prune(tmp_path, checkpoints.best_checkpoint(tmp_path / "checkpoint-10"))
    left = [checkpoint.name for checkpoint in checkpoints.checkpoints_below(tmp_path)]
    assert left == ["checkpoint-12", "checkpoint-10", "checkpoint-8", best.name]


def test_what_came_after_the_resumption_is_deleted(tmp_path: Path) -> None:
    for step in (9, 10, 11):
        write_checkpoint(tmp_path, step)
    checkpoints.discard_newer(tmp_path, tmp_path / "checkpoint-9")
    assert checkpoints.checkpoints_below(tmp_path) == [tmp_path / "checkpoint-9"]
    checkpoints.discard_newer(tmp_path, None)
    assert checkpoints.checkpoints_below(tmp_path) == []
