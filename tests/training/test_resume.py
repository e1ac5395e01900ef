"""Resuming: everything that a training remembers comes back, and each of it matters."""

import json
import resource
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import Hybrid
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError
from isoglot.training import TrainingSettings, fit
from isoglot.training.provenance import Provenance
from isoglot.training.settings import ObjectiveSettings
from isoglot.training.trainer import PairTrainer

build = runpy.run_path(str(Path(__file__).parent / "programs" / "train.py"))["build"]
SETTINGS = TrainingSettings(
    steps=12,
    batch_size=8,
    learning_rate=0.01,
    evaluate_every_steps=4,
    objective=ObjectiveSettings(learn_temperature=True),
)


class AtStep(TrainerCallback):
    """Does something after a step."""

    def __init__(self, step: int, action: Callable[[], object]) -> None:
        self.step, self.action = step, action

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            self.action()


class AtEnd(TrainerCallback):
    """Does something when the training has ended and nothing is saved yet."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.action = action

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.action()


def stop() -> None:
    raise KeyboardInterrupt


def evaluate(model: SentenceTransformer) -> dict[str, float]:
    weight = next(iter(model.parameters())).detach()
    return {"mean_AP": float(weight.flatten()[:50].sum() * 1000) % 1}


def weights(model: torch.nn.Module) -> list[float]:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).tolist()


Outcome = dict[str, Any]


def outcome(
    corpus: ParallelCorpus, folder: Path, kind: str, *callbacks: TrainerCallback, log_every: int = 5
) -> Outcome:
    """What a training ends with, all of which a resumption must give again."""
    trainers: list[PairTrainer] = []
    last: list[float] = []
    patch = pytest.MonkeyPatch()
    finalize = PairTrainer._finalize_training
    initialise = PairTrainer.__init__

    def logs_seldom(self: PairTrainer, **kwargs: Any) -> None:
        kwargs["args"].logging_steps = log_every
        initialise(self, **kwargs)

    def noted(self: PairTrainer, *args: Any) -> Any:
        trainers.append(self)
        last.extend(weights(self.model))  # before the best checkpoint takes their place
        return finalize(self, *args)

    patch.setattr(PairTrainer, "_finalize_training", noted)
    patch.setattr(PairTrainer, "__init__", logs_seldom)
    model = build(kind, corpus.documents["text"].to_pylist(), dropout=0.1)
    try:
        trained = fit(
            model,
            corpus,
            scheme=Hybrid(),
            output_dir=folder,
            settings=SETTINGS,
            evaluator=evaluate,
            callbacks=list(callbacks),
        )
    finally:
        patch.undo()
    (trainer,) = trainers
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "weights": last,
        "best_weights": weights(trained),
        "temperature": trainer.pair_loss.log_scale.item(),
        "losses": [(entry["step"], entry["loss"], entry["contrastive"]) for entry in log],
        "rates": [entry["learning_rate"] for entry in log],
        "record": json.loads((folder / "isoglot.json").read_text()),
    }


@pytest.fixture(scope="module")
def undisturbed(toy_corpus: ParallelCorpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("undisturbed")
    return {kind: outcome(toy_corpus, folder / kind, kind) for kind in ("static", "transformer")}


def nothing(*_: Any, **__: Any) -> None:
    """In place of what reads something back."""


def forget_moments(self: PairTrainer, checkpoint: str | None) -> None:
    self.lr_scheduler.load_state_dict(torch.load(Path(str(checkpoint)) / "scheduler.pt", weights_only=True))


def forget_rate(self: PairTrainer, checkpoint: str | None) -> None:
    path = Path(str(checkpoint)) / "optimizer.pt"
    self.optimizer.load_state_dict(torch.load(path, weights_only=True))


def forget_temperature(self: PairTrainer, folder: Path) -> None:
    kept = {name: parameter.clone() for name, parameter in self.loss_parameters.items()}
    restore_course(self, folder)
    with torch.no_grad():
        for name, parameter in self.loss_parameters.items():
            parameter.copy_(kept[name])


def forget_losses(self: PairTrainer, folder: Path) -> None:
    before = self.accum_loss_components
    restore_course(self, folder)
    self._tr_loss *= 0
    self.accum_loss_components = before


restore_course = PairTrainer.restore_course
DROPPED: dict[str, tuple[str, str, Any, str]] = {
    "nothing": ("transformer", "", None, ""),
    "nothing of a static encoder": ("static", "", None, ""),
    "moments": ("transformer", "_load_optimizer_and_scheduler", forget_moments, "weights"),
    "moments of rows": ("static", "_load_optimizer_and_scheduler", forget_moments, "weights"),
    "rate": ("static", "_load_optimizer_and_scheduler", forget_rate, "rates"),
    "chance": ("transformer", "_load_rng_state", nothing, "weights"),
    "temperature": ("static", "restore_course", forget_temperature, "temperature"),
    "losses": ("static", "restore_course", forget_losses, "losses"),
}


@pytest.mark.parametrize("dropped", DROPPED)
def test_all_comes_back_and_no_part_of_it_is_idle(
    toy_corpus: ParallelCorpus,
    tmp_path: Path,
    undisturbed: dict[str, Outcome],
    monkeypatch: pytest.MonkeyPatch,
    dropped: str,
) -> None:
    kind, method, instead, spoilt = DROPPED[dropped]
    with pytest.raises(KeyboardInterrupt):
        outcome(toy_corpus, tmp_path / "model", kind, AtStep(7, stop))
    if method:
        monkeypatch.setattr(PairTrainer, method, instead)
    resumed = outcome(toy_corpus, tmp_path / "model", kind)
    differing = {key for key, value in undisturbed[kind].items() if resumed[key] != value}
    assert (spoilt in differing) if spoilt else not differing


def test_best_measure_and_counts_come_back(
    toy_corpus: ParallelCorpus,
    tmp_path: Path,
    undisturbed: dict[str, Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = undisturbed["static"]["record"]
    assert [entry["step"] for entry in record["dev"]] == [4, 8, 12]
    assert record["best_checkpoint_measure"] == max(entry["eval_mean_AP"] for entry in record["dev"])
    with pytest.raises(KeyboardInterrupt):
        outcome(toy_corpus, tmp_path / "model", "static", AtStep(7, stop))
    monkeypatch.setattr(
        Provenance, "load", lambda folder: Provenance.of_parts(toy_corpus.languages, ["forgotten"])
    )
    forgetful = outcome(toy_corpus, tmp_path / "model", "static")["record"]
    assert forgetful["dev"] == record["dev"]
    assert forgetful["best_checkpoint_measure"] == record["best_checkpoint_measure"]
    assert record["provenance"]["num_batches"] == 12
    assert forgetful["provenance"]["num_batches"] == 8


@contextmanager
def no_room() -> Iterator[None]:
    """No file can grow: what a full disk does to a program, as near as a test can come."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("step", "said"),
    [(7, "checkpoint-8: the checkpoint cannot be written"), (13, "the model cannot be written")],
)
def test_a_full_disk_does_no_damage(
    toy_corpus: ParallelCorpus, tmp_path: Path, undisturbed: dict[str, Outcome], step: int, said: str
) -> None:
    room = no_room()
    filling = AtEnd(room.__enter__) if step > SETTINGS.steps else AtStep(step, room.__enter__)
    try:
        with pytest.raises(CheckpointError, match=rf"{said}: .*make room, and start the same command again"):
            outcome(toy_corpus, tmp_path / "model", "static", filling)
    finally:
        room.__exit__(None, None, None)
    left = {path.name for path in (tmp_path / "model").iterdir()}
    assert left == {"isoglot.json", "checkpoints"}
    resumed = outcome(toy_corpus, tmp_path / "model", "static")
    assert resumed == undisturbed["static"]
