"""Training on augmented texts: another model, resumed bit for bit; the plain one where nothing changes."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from isoglot.batches import Hybrid
from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError
from isoglot.robustness.augmentation_settings import AugmentationSettings
from isoglot.training import TrainingSettings, fit

TRAIN = Path(__file__).parent / "programs" / "train.py"
build = runpy.run_path(str(TRAIN))["build"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """English words and the two after them."""
    path = tmp_path / "en.tsv"
    path.write_text("".join(f"en{word}\ten{word + 1}\ten{word + 2}\n" for word in range(58)))
    return path


def trained(
    corpus: ParallelCorpus,
    folder: Path,
    augmentation: AugmentationSettings,
    kind: str = "static",
    **changes: Any,
) -> list[torch.Tensor]:
    model = build(kind, corpus.documents["text"].to_pylist())
    settings = TrainingSettings(
        **{"steps": 8, "batch_size": 8, "learning_rate": 0.01, "checkpoint_every_steps": 3}
        | {key: value for key, value in changes.items() if key != "callbacks"},
        augmentation=augmentation,
    )
    fit(
        model,
        corpus,
        scheme=Hybrid(),
        output_dir=folder,
        settings=settings,
        callbacks=changes.get("callbacks"),
    )
    return [parameter.detach().clone() for parameter in model.parameters()]


def same(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> bool:
    return all(torch.equal(left, right) for left, right in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("kind", ["static", pytest.param("transformer", marks=pytest.mark.slow)])
def test_what_changes_nothing_trains_the_plain_model(
    toy_corpus: ParallelCorpus, tmp_path: Path, table: Path, kind: str
) -> None:
    plain = trained(toy_corpus, tmp_path / "plain", AugmentationSettings(), kind)
    idle = AugmentationSettings(tables={"en": str(table)}, rate=0.0, copies=2)
    assert same(plain, trained(toy_corpus, tmp_path / "idle", idle, kind))
    table.write_text("word\tthat no text has\n".replace(" ", "_"))
    empty = AugmentationSettings(tables={"en": str(table)})
    assert same(plain, trained(toy_corpus, tmp_path / "empty", empty, kind))


class Stop(runpy.run_path(str(TRAIN))["StopAt"]):  # type: ignore[misc]
    """Ends a training as a kill would."""


ALL = {"rate": 1.0, "subword_rate": 0.2}


@pytest.mark.parametrize(
    ("kind", "copies"),
    [("static", 0), ("static", 3), pytest.param("transformer", 0, marks=pytest.mark.slow)],
)
def test_a_resumed_training_is_an_undisturbed_one(
    toy_corpus: ParallelCorpus, tmp_path: Path, table: Path, kind: str, copies: int
) -> None:
    changed = AugmentationSettings(tables={"en": str(table)}, copies=copies, **ALL)
    whole = trained(toy_corpus, tmp_path / "whole", changed, kind)
    with pytest.raises(SystemExit, match="stopped on purpose"):
        trained(toy_corpus, tmp_path / "stopped", changed, kind, callbacks=[Stop(5)])
    assert (tmp_path / "stopped" / "checkpoints" / "checkpoint-3").is_dir()
    assert same(whole, trained(toy_corpus, tmp_path / "stopped", changed, kind))
    assert not same(whole, trained(toy_corpus, tmp_path / "plain", AugmentationSettings(), kind))
    record = json.loads((tmp_path / "whole" / "isoglot.json").read_text())
    assert record["augmentation_checksums"].keys() == {"tables.en"}
    assert record["settings"]["augmentation"]["copies"] == copies


def test_another_table_is_another_training(toy_corpus: ParallelCorpus, tmp_path: Path, table: Path) -> None:
    changed = AugmentationSettings(tables={"en": str(table)})
    trained(toy_corpus, tmp_path / "model", changed)
    table.write_text("en1\ten2\n")
    with pytest.raises(CheckpointError, match="another augmentation_checksums"):
        trained(toy_corpus, tmp_path / "model", changed)


@pytest.mark.slow
@pytest.mark.parametrize("copies", [0, 3])
def test_two_processes_train_what_one_does(
    launch: Any, toy_corpus: ParallelCorpus, tmp_path: Path, table: Path, copies: int
) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    changes = [
        "steps=6",
        f"augmentation={json.dumps({'tables': {'en': str(table)}, 'copies': copies, **ALL})}",
    ]
    for name, processes in (("one", 1), ("two", 2)):
        arguments = (TRAIN, tmp_path / "corpus", tmp_path / name, "static", *changes)
        launch(*arguments, num_processes=processes)
    one, two = (load_file(next((tmp_path / name).rglob("*.safetensors"))) for name in ("one", "two"))
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-4)
