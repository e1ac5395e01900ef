"""Training a classifier of pairs: resumable, and a function of its data and settings alone.

Everything random has an address: the order of the pairs is one of seed and epoch, dropout and perturbations
are those of seed and step. So a checkpoint holds weights and optimiser and nothing else, and a training that
was interrupted ends bit by bit where it would have ended.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from isoglot.classification.classifier import Features, PairClassifier, load_classifier
from isoglot.classification.examples import PairTexts
from isoglot.classification.predicting import predict_texts
from isoglot.classification.settings import ClassifierSettings
from isoglot.encoders import freeze, frozen_parts
from isoglot.errors import ConfigError
from isoglot.retrieval.fingerprint import fingerprint
from isoglot.training.artefact import write_record
from isoglot.training.checkpoints import discard_newer, last_whole_checkpoint, prune, seal
from isoglot.training.parts import CHECKPOINTS, claim
from isoglot.versions import installed_versions

PairLoss = Callable[[PairClassifier, Sequence[Features], Tensor, tuple[int, ...]], Tensor]
"""Classifier, model input of the pairs, (P,) classes, and the key (seed, step) of what is drawn -> loss."""

Tell = Callable[[int, int], None]
"""Told how many steps are done, of how many."""

_STATE = "trainer_state.json"
_WEIGHTS = "classifier.pt"
_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "torch", "numpy")


def cross_entropy(
    classifier: PairClassifier, columns: Sequence[Features], labels: Tensor, _: tuple[int, ...] = ()
) -> Tensor:
    """The mean negative log probability of the right classes, in nats."""
    return functional.cross_entropy(classifier(columns), labels)


def fit_classifier(
    classifier: PairClassifier,
    pairs: PairTexts,
    *,
    output_dir: str | Path,
    settings: ClassifierSettings | None = None,
    dev: PairTexts | None = None,
    loss: PairLoss = cross_entropy,
    record: Mapping[str, Any] | None = None,
    progress: Tell | None = None,
) -> PairClassifier:
    """Trains a classifier; the same call goes on where an interrupted one stopped.

    AdamW with linear decay; a checkpoint after every epoch.

    Args:
        classifier: What is trained, in place.
        pairs: What it learns from.
        output_dir: Where it is saved, with checkpoints under way.
        settings: Epochs, rates, batch size.
        dev: Pairs in the source language whose accuracy chooses the epoch that is kept, the first of those
            that do as well; None keeps the last.
        loss: What is minimised, such as cross-entropy under attack; `record` must tell what it is.
        record: Further facts for `isoglot.json`; a resumption must repeat them.
        progress: Told of every step.

    Returns:
        The trained classifier, for use.

    Raises:
        ConfigError: If settings are out of range, or pairs and classifier are of different tasks.
        CheckpointError: If `output_dir` holds another training or something that is not one.
    """
    settings = settings or ClassifierSettings()
    _check(classifier, [pairs, *([dev] if dev else [])], settings)
    if settings.frozen:
        freeze(classifier.encoder)
    folder = Path(output_dir)
    facts = _facts(classifier, pairs, dev, settings, record)
    if claim(folder, facts):
        return load_classifier(folder, device=str(classifier.encoder.device))
    job = _Job(classifier, pairs, dev, settings, loss, folder / CHECKPOINTS, progress)
    history = _train(job)
    classifier.save(folder)
    versions = installed_versions(*_PACKAGES)
    write_record(folder, {**facts, "finished": True, "dev": history, "versions": versions})
    shutil.rmtree(job.checkpoints, ignore_errors=True)
    return classifier.eval()


@dataclass(frozen=True, eq=False)
class _Job:
    """What is trained, on what, and how."""

    classifier: PairClassifier
    pairs: PairTexts
    dev: PairTexts | None
    settings: ClassifierSettings
    loss: PairLoss
    checkpoints: Path
    progress: Tell | None

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.pairs) / self.settings.batch_size)

    @property
    def num_steps(self) -> int:
        return self.steps_per_epoch * self.settings.epochs


def _check(classifier: PairClassifier, parts: Sequence[PairTexts], settings: ClassifierSettings) -> None:
    problems = settings.problems()
    problems += [
        f"the classifier is of {classifier.task} and pairs are of {part.task}; give pairs of its task"
        for part in parts
        if part.task != classifier.task
    ]
    if settings.joint != classifier.joint:
        problems.append(f"joint is {settings.joint} in the settings and {classifier.joint} in the classifier")
    problems += ["there are no pairs to train on or to choose by" for part in parts if not len(part)]
    if problems:
        raise ConfigError("\n".join(problems))


def _facts(
    classifier: PairClassifier,
    pairs: PairTexts,
    dev: PairTexts | None,
    settings: ClassifierSettings,
    record: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What makes one training this one and no other."""
    return {
        "seed": settings.seed,
        "task": classifier.task,
        "settings": asdict(settings),
        "pairs": {"number": len(pairs), "checksum": pairs.checksum},
        "chosen_on": {"number": len(dev), "checksum": dev.checksum} if dev else None,
        "encoder": fingerprint(classifier.encoder),
        "frozen": frozen_parts(classifier.encoder),
        **({"config": dict(record)} if record else {}),
    }


def _train(job: _Job) -> list[dict[str, float]]:
    """Dev accuracy by step; the classifier has the weights of the epoch that is kept."""
    optimizer = _optimizer(job.classifier, job.settings)
    history = _resume(job, optimizer)
    for epoch in range(len(history), job.settings.epochs):
        for step, rows in enumerate(_batches(job, epoch), start=epoch * job.steps_per_epoch):
            _step(job, optimizer, step, rows)
            if job.progress is not None:
                job.progress(step + 1, job.num_steps)
        last = (epoch + 1) * job.steps_per_epoch
        history.append({"step": last, **_dev_accuracy(job)})
        _write_checkpoint(job, optimizer, history)
    best = job.checkpoints / f"checkpoint-{_best_step(history)}"
    saved = torch.load(best / _WEIGHTS, weights_only=True, map_location=job.classifier.encoder.device)
    job.classifier.load_state_dict(saved["classifier"])
    return history


def _batches(job: _Job, epoch: int) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Numbers of the pairs of each step of an epoch."""
    order = np.random.default_rng((job.settings.seed, epoch)).permutation(len(job.pairs))
    for start in range(0, len(order), job.settings.batch_size):
        yield order[start : start + job.settings.batch_size]


def _step(
    job: _Job, optimizer: torch.optim.Optimizer, step: int, rows: np.ndarray[Any, np.dtype[np.int64]]
) -> None:
    classifier, settings = job.classifier.train(), job.settings
    device = classifier.encoder.device
    columns = classifier.features(
        [job.pairs.first[row] for row in rows], [job.pairs.second[row] for row in rows]
    )
    labels = torch.from_numpy(job.pairs.labels[rows]).to(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(np.random.SeedSequence((settings.seed, step)).generate_state(1)[0]))
        loss = job.loss(classifier, columns, labels, (settings.seed, step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
    if settings.max_gradient_norm:
        torch.nn.utils.clip_grad_norm_(classifier.parameters(), settings.max_gradient_norm)
    share = _share_of_rate(step, job.num_steps, math.ceil(settings.warmup_share * job.num_steps))
    for group in optimizer.param_groups:
        group["lr"] = share * group["highest"]
    optimizer.step()


def _share_of_rate(step: int, num_steps: int, warmup: int) -> float:
    """Of the highest rate: up in a straight line during warm-up, then down to 0 after the last step."""
    if step < warmup:
        return (step + 1) / warmup
    return (num_steps - step) / max(1, num_steps - warmup)


def _optimizer(classifier: PairClassifier, settings: ClassifierSettings) -> torch.optim.Optimizer:
    of_encoder = [each for each in classifier.encoder.parameters() if each.requires_grad]
    groups = [{"params": list(classifier.head.parameters()), "highest": settings.head_learning_rate}]
    if of_encoder:
        groups.append({"params": of_encoder, "highest": settings.learning_rate})
    return torch.optim.AdamW(groups, lr=settings.head_learning_rate, weight_decay=settings.weight_decay)


def _dev_accuracy(job: _Job) -> dict[str, float]:
    if job.dev is None:
        return {}
    said = predict_texts(job.classifier, job.dev.first, job.dev.second).argmax(axis=1)
    return {"accuracy": float(np.mean(said == job.dev.labels))}


def _best_step(history: Sequence[Mapping[str, float]]) -> int:
    """The first step of the highest accuracy; the last where none was taken."""
    highest = max(entry.get("accuracy", 0.0) for entry in history)
    chosen = [entry for entry in history if entry.get("accuracy", -1.0) == highest] or history[-1:]
    return int(chosen[0]["step"])


def _write_checkpoint(
    job: _Job, optimizer: torch.optim.Optimizer, history: Sequence[Mapping[str, float]]
) -> None:
    folder = job.checkpoints / f"checkpoint-{int(history[-1]['step'])}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.save(
        {"classifier": job.classifier.state_dict(), "optimizer": optimizer.state_dict()}, folder / _WEIGHTS
    )
    state = {"best_global_step": _best_step(history), "history": list(history)}
    (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")
    seal(folder)
    prune(job.checkpoints, job.checkpoints / f"checkpoint-{_best_step(history)}")


def _resume(job: _Job, optimizer: torch.optim.Optimizer) -> list[dict[str, float]]:
    """The history so far, with weights and optimiser as they were; empty at the beginning."""
    checkpoint = last_whole_checkpoint(job.checkpoints)
    discard_newer(job.checkpoints, checkpoint)
    if checkpoint is None:
        return []
    saved = torch.load(checkpoint / _WEIGHTS, weights_only=True, map_location=job.classifier.encoder.device)
    job.classifier.load_state_dict(saved["classifier"])
    optimizer.load_state_dict(saved["optimizer"])
    state = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    return list(state["history"])
