"""Training an encoder on parallel corpora, resumable and with its record beside it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import PairBatchSampler, Scheme
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.retrieval.fingerprint import fingerprint
from isoglot.robustness.augmentation import TextAugmentation
from isoglot.robustness.augmentation_settings import build_augmentation
from isoglot.training.artefact import save_model
from isoglot.training.checkpoints import discard_newer, last_whole_checkpoint
from isoglot.training.parts import (
    CHECKPOINTS,
    TrainingPart,
    build_sampler,
    claim,
    identity,
    warn_of_idle_terms,
)
from isoglot.training.precision import bf16_problem
from isoglot.training.processes import Processes, join_processes
from isoglot.training.settings import TrainingSettings
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments

    from isoglot.training.loss import RetrievalLoss
    from isoglot.training.teacher import TeacherVectors
    from isoglot.training.trainer import PairTrainer

_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "torch", "numpy")
"""Whose versions decide what a training computes."""
_TIMES = frozenset(
    f"eval_{name}" for name in ("runtime", "samples_per_second", "steps_per_second", "jit_compilation_time")
)
"""What the trainer logs of an evaluation that is no measure, and that no two trainings have in common."""

Evaluator = Callable[[Any], dict[str, float]]
"""Called with the model, it returns measures by name; a sentence-transformers evaluator is one."""


def fit(
    model: SentenceTransformer,
    corpus: ParallelCorpus,
    *,
    scheme: Scheme,
    output_dir: str | Path,
    settings: TrainingSettings | None = None,
    split: str = "train",
    evaluator: Evaluator | None = None,
    teacher: TeacherVectors | None = None,
    record: Mapping[str, Any] | None = None,
    callbacks: list[Any] | None = None,
) -> SentenceTransformer:
    """Trains an encoder on one corpus; the same call goes on where an interrupted one stopped.

    Args:
        model: The encoder, changed in place.
        corpus: Queries and documents to train on.
        scheme: How the languages of a batch are drawn.
        output_dir: Where the model is saved, with checkpoints under way.
        settings: Steps, rates, batch size.
        split: Split of the corpus to train on.
        evaluator: Dev evaluation; its `settings.measure` chooses the checkpoint that is kept.
        teacher: What is distilled, if the settings give it a weight.
        record: Further facts for `isoglot.json` (a configuration, say); a resumption must repeat them.
        callbacks: Further callbacks of the trainer.

    Returns:
        The trained encoder: the best checkpoint by dev measure, or the last.

    Raises:
        ConfigError: If settings are out of range, or scheme and corpus do not fit.
        CorpusError: If a file that augments texts breaks a rule.
        CheckpointError: If `output_dir` holds another training or something that is not one, or cannot be
            written to.
    """
    return fit_parts(
        model,
        [TrainingPart(corpus, scheme, split)],
        output_dir=output_dir,
        settings=settings,
        evaluator=evaluator,
        teacher=teacher,
        record=record,
        callbacks=callbacks,
    )


def fit_parts(
    model: SentenceTransformer,
    parts: Sequence[TrainingPart],
    *,
    output_dir: str | Path,
    settings: TrainingSettings | None = None,
    evaluator: Evaluator | None = None,
    teacher: TeacherVectors | None = None,
    record: Mapping[str, Any] | None = None,
    callbacks: list[Any] | None = None,
) -> SentenceTransformer:
    """Trains an encoder on several corpora, each batch from one of them; otherwise as `fit`.

    Started by torchrun, all processes share every batch, and the first one writes.

    Args:
        model: The encoder, changed in place.
        parts: What is trained on, each with its own scheme, batch size and weight.
        output_dir: Where the model is saved, with checkpoints under way.
        settings: Steps, rates, batch size over all processes.
        evaluator: Dev evaluation; its `settings.measure` chooses the checkpoint that is kept.
        teacher: What is distilled, if the settings give it a weight; of a single part.
        record: Further facts for `isoglot.json` (a configuration, say); a resumption must repeat them.
        callbacks: Further callbacks of the trainer.

    Returns:
        The trained encoder: the best checkpoint by dev measure, or the last.

    Raises:
        ConfigError: If settings are out of range, or schemes and corpora do not fit.
        CorpusError: If a file that augments texts breaks a rule.
        CheckpointError: If `output_dir` holds another training or something that is not one, or cannot be
            written to.
    """
    from isoglot.encoders import load_encoder
    from isoglot.training.conditional import check_parts
    from isoglot.training.loss import build_loss

    settings = settings or TrainingSettings()
    if problems := [*settings.problems(), *_problems_of(model, settings)]:
        raise ConfigError("\n".join(problems))
    if teacher is not None and len(parts) > 1:
        raise ConfigError(f"a teacher knows the groups of one corpus; got {len(parts)} parts")
    warn_of_idle_terms(parts, settings.objective)
    folder = Path(output_dir)
    processes = join_processes(cpu=model.device.type == "cpu")
    sampler = build_sampler(parts, settings, processes)
    if settings.objective.conditional_weight:
        check_parts(sampler.parts)
    loss = build_loss(model, settings, teacher)  # refuses what cannot be before the folder is claimed
    if loss.perturbations is not None:
        loss.perturbations.check(model, sampler.parts)
    augmentation = build_augmentation(settings.augmentation, model, seed=settings.seed)
    facts = {**identity(parts, settings, record), **_facts_of(model, teacher)}
    if processes.by_first(lambda: claim(folder, facts)):
        return load_encoder(folder, device="cpu" if model.device.type == "cpu" else None, normalize=False)
    trainer = _train(
        _Job(model, loss, sampler, settings, processes, evaluator, tuple(callbacks or ()), augmentation),
        folder / CHECKPOINTS,
    )
    dev = _dev_history(trainer, evaluator, settings)
    temperature = loss.get_config_dict()["temperature"]
    found = {"temperature": temperature, "passes": settings.robust.passes}
    processes.by_first(lambda: _finish(trainer, folder, facts | found, dev))
    return model


def _problems_of(model: SentenceTransformer, settings: TrainingSettings) -> Iterator[str]:
    """Why an encoder cannot be trained."""
    if settings.bf16 and (lacking := bf16_problem(model.device)):
        yield lacking
    if not any(parameter.requires_grad for parameter in model.parameters()):
        yield "all of the encoder is frozen; put a head on it (isoglot.encoders.add_head; head in [encoder])"


def _facts_of(model: SentenceTransformer, teacher: TeacherVectors | None) -> dict[str, Any]:
    """What an encoder and its teacher add to what makes a training this one and no other."""
    from isoglot.encoders import frozen_parts

    # Not the values of its weights: a part that a checkpoint lacks is drawn at random whenever it is loaded.
    facts = {"encoder": fingerprint(model, with_weights=False), "frozen": frozen_parts(model)}
    return facts if teacher is None else {**facts, "teacher": dict(teacher.description)}


@dataclass(frozen=True, eq=False)
class _Job:
    """What is trained, on what, and how."""

    model: SentenceTransformer
    loss: RetrievalLoss
    sampler: PairBatchSampler
    settings: TrainingSettings
    processes: Processes
    evaluator: Evaluator | None
    callbacks: tuple[Any, ...]
    augmentation: TextAugmentation | None


def _finish(trainer: PairTrainer, folder: Path, facts: dict[str, Any], dev: list[dict[str, Any]]) -> None:
    """Saves the model with its record, after which the checkpoints are of no use."""
    finished = {
        **facts,
        "finished": True,
        "provenance": trainer.provenance.to_dict(),
        "dev": dev,
        "best_checkpoint_measure": trainer.state.best_metric,
        "num_processes": trainer.processes.count,
        "versions": installed_versions(*_PACKAGES),
    }
    save_model(trainer.model, folder, finished)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def _dev_history(
    trainer: PairTrainer, evaluator: Evaluator | None, settings: TrainingSettings
) -> list[dict[str, Any]]:
    """Dev measures by step: those taken on the way, or one evaluation of the finished model."""
    if evaluator is not None and not settings.evaluate_every_steps:
        from sentence_transformers.util.distributed import distributed_evaluation

        with distributed_evaluation(trainer.model) as evaluates:
            found = evaluator(trainer.model) if evaluates else {}
        return [{"step": settings.steps, **{f"eval_{name}": float(value) for name, value in found.items()}}]
    entries = [entry for entry in trainer.state.log_history if any(key.startswith("eval_") for key in entry)]
    return [{key: value for key, value in entry.items() if key not in _TIMES} for entry in entries]


def _train(job: _Job, checkpoints: Path) -> PairTrainer:
    from transformers import PrinterCallback

    from isoglot.batches.collation import PairCollator
    from isoglot.batches.features import passing_still_modules
    from isoglot.retrieval.exact import fast_matmul
    from isoglot.robustness.embeddings import taking_perturbations
    from isoglot.training.sparse import sparse_updates
    from isoglot.training.trainer import DevEvaluation, PairTrainer

    perturbed = nullcontext() if job.loss.perturbations is None else taking_perturbations(job.model)
    with sparse_updates(job.model) as sparse, passing_still_modules(job.model), perturbed:
        trainer = PairTrainer(
            sampler=job.sampler,
            collator=PairCollator(job.model, job.sampler, job.augmentation),
            sparse=sparse,
            processes=job.processes,
            model=job.model,
            args=_arguments(job, checkpoints, sparse=sparse),
            loss=job.loss,
            evaluator=DevEvaluation(job.evaluator, job.settings.measure) if job.evaluator else None,
            callbacks=list(job.callbacks),
        )
        trainer.remove_callback(PrinterCallback)
        resumed = job.processes.by_first(lambda: _resumption(checkpoints))
        with fast_matmul() if job.model.device.type == "cpu" else nullcontext():
            trainer.resume(resumed)
    return trainer


def _resumption(folder: Path) -> Path | None:
    """The checkpoint to go on from; what an interrupted training left after it is deleted."""
    checkpoint = last_whole_checkpoint(folder)
    discard_newer(folder, checkpoint)
    return checkpoint


def _arguments(job: _Job, checkpoints: Path, *, sparse: bool) -> SentenceTransformerTrainingArguments:
    from sentence_transformers import SentenceTransformerTrainingArguments

    settings = job.settings
    cpu = job.model.device.type == "cpu"
    every = settings.evaluate_every_steps if job.evaluator is not None else 0
    save_every = every or settings.checkpoint_every_steps
    choose = bool(every and settings.measure)
    return SentenceTransformerTrainingArguments(
        output_dir=str(checkpoints),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size // job.processes.count,
        # A model of several towers is refused without; its features say themselves where they go.
        router_mapping={"query": "query", "document": "document"},
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup_share * settings.steps),
        # Clipping by norm would make a sparse gradient dense.
        max_grad_norm=0.0 if sparse else 1.0,
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=settings.bf16,
        use_cpu=cpu,
        eval_strategy="steps" if every else "no",
        eval_steps=every or None,
        save_strategy="steps" if save_every else "no",
        save_steps=save_every or 500,
        save_total_limit=None,  # `PairTrainer` deletes old ones, once a new one is known to be whole
        load_best_model_at_end=choose,
        metric_for_best_model=f"eval_{settings.measure}" if choose else None,
        greater_is_better=settings.higher_is_better if choose else None,
        logging_steps=max(10, settings.steps // 50),
        report_to="none",
        disable_tqdm=True,
        dataloader_drop_last=job.processes.count > 1,  # what the trainer would do anyway, and warn of
        dataloader_pin_memory=not cpu,
    )
