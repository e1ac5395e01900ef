"""Training an encoder on a parallel corpus, resumable and with its record beside it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import PairBatchSampler, Scheme, training_pairs
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError, ConfigError
from isoglot.training.artefact import data_checksums, read_record, save_model, write_record
from isoglot.training.settings import TrainingSettings
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments

    from isoglot.training.trainer import PairTrainer

_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "torch", "numpy")
"""Whose versions decide what a training computes."""

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
    record: Mapping[str, Any] | None = None,
    callbacks: list[Any] | None = None,
) -> SentenceTransformer:
    """Trains an encoder; the same call goes on where an interrupted one stopped.

    Args:
        model: The encoder, changed in place.
        corpus: Queries and documents to train on.
        scheme: How the languages of a batch are drawn.
        output_dir: Where the model is saved, with checkpoints under way.
        settings: Steps, rates, batch size.
        split: Split of the corpus to train on.
        evaluator: Dev evaluation; its `settings.measure` chooses the checkpoint that is kept.
        record: Further facts for `isoglot.json` (a configuration, say); a resumption must repeat them.
        callbacks: Further callbacks of the trainer.

    Returns:
        The trained encoder: the best checkpoint by dev measure, or the last.

    Raises:
        ConfigError: If settings are out of range, or scheme and corpus do not fit.
        CheckpointError: If `output_dir` holds another training, or something that is not one.
    """
    from sentence_transformers import SentenceTransformer

    settings = settings or TrainingSettings()
    if problems := settings.problems():
        raise ConfigError("\n".join(problems))
    folder = Path(output_dir)
    sampler = PairBatchSampler(
        training_pairs(corpus, split), scheme, settings.batch_size, settings.steps, seed=settings.seed
    )
    identity = _identity(corpus, scheme, settings, split, record)
    if _claim(folder, identity):
        return SentenceTransformer(str(folder), device="cpu" if model.device.type == "cpu" else None)
    trainer = _run(model, sampler, settings, folder / "checkpoints", evaluator, callbacks)
    finished = {
        **identity,
        "finished": True,
        "provenance": trainer.provenance.to_dict(),
        "dev": _dev_history(trainer, evaluator, settings),
        "best_checkpoint_measure": trainer.state.best_metric,
        "versions": installed_versions(*_PACKAGES),
    }
    save_model(model, folder, finished)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return model


def _dev_history(
    trainer: PairTrainer, evaluator: Evaluator | None, settings: TrainingSettings
) -> list[dict[str, Any]]:
    """Dev measures by step: those taken on the way, or one evaluation of the finished model."""
    if evaluator is not None and not settings.evaluate_every_steps:
        measures = {f"eval_{name}": float(value) for name, value in evaluator(trainer.model).items()}
        return [{"step": settings.steps, **measures}]
    return [entry for entry in trainer.state.log_history if any(key.startswith("eval_") for key in entry)]


def _identity(
    corpus: ParallelCorpus,
    scheme: Scheme,
    settings: TrainingSettings,
    split: str,
    record: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What makes one training this one and no other."""
    assert not isinstance(scheme, type)
    return {
        "scheme": {"name": type(scheme).__name__, **asdict(scheme)},  # type: ignore[call-overload]
        "seed": settings.seed,
        "settings": asdict(settings),
        "corpus": corpus.name,
        "split": split,
        "num_queries": corpus.queries.num_rows,
        "num_documents": corpus.documents.num_rows,
        "checksums": data_checksums(corpus, split),
        **({"config": dict(record)} if record else {}),
    }


def _claim(folder: Path, identity: dict[str, Any]) -> bool:
    """Whether the training is finished already; otherwise the folder is made ready for it."""
    existing = read_record(folder)
    wanted = json.loads(json.dumps(identity))
    if existing is None:
        if folder.is_dir() and any(folder.iterdir()):
            raise CheckpointError(f"{folder} is not empty and holds no training; choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder, {**wanted, "finished": False})
        return False
    differing = [key for key in wanted if existing.get(key) != wanted[key]]
    if differing:
        raise CheckpointError(
            f"{folder} holds a training with another {', '.join(differing)}; "
            "choose another folder, or delete this one to train again"
        )
    return bool(existing.get("finished"))


def _run(
    model: SentenceTransformer,
    sampler: PairBatchSampler,
    settings: TrainingSettings,
    checkpoints: Path,
    evaluator: Evaluator | None,
    callbacks: list[Any] | None,
) -> PairTrainer:
    from transformers import PrinterCallback

    from isoglot.batches.collation import PairCollator
    from isoglot.retrieval.exact import fast_matmul
    from isoglot.training.loss import GroupContrastiveLoss
    from isoglot.training.provenance import Provenance
    from isoglot.training.sparse import sparse_updates
    from isoglot.training.trainer import DevEvaluation, PairTrainer, last_complete_checkpoint

    with sparse_updates(model) as sparse:
        loss = GroupContrastiveLoss(
            model,
            temperature=settings.temperature,
            learn_temperature=settings.learn_temperature,
            directions=settings.directions,
        )
        trainer = PairTrainer(
            sampler=sampler,
            collator=PairCollator(model, sampler),
            sparse=sparse,
            model=model,
            args=_arguments(model, settings, checkpoints, sparse=sparse, dev=evaluator is not None),
            loss=loss,
            evaluator=DevEvaluation(evaluator) if evaluator else None,
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        resumed = last_complete_checkpoint(checkpoints)
        if resumed is not None:
            trainer.provenance = Provenance.load(resumed)
        with fast_matmul() if model.device.type == "cpu" else nullcontext():
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    return trainer


def _arguments(
    model: SentenceTransformer, settings: TrainingSettings, checkpoints: Path, *, sparse: bool, dev: bool
) -> SentenceTransformerTrainingArguments:
    from sentence_transformers import SentenceTransformerTrainingArguments

    every = settings.evaluate_every_steps if dev else 0
    save_every = every or settings.checkpoint_every_steps
    choose = bool(every and settings.measure)
    return SentenceTransformerTrainingArguments(
        output_dir=str(checkpoints),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup_share * settings.steps),
        # Clipping by norm would make a sparse gradient dense.
        max_grad_norm=0.0 if sparse else 1.0,
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=settings.bf16,
        use_cpu=model.device.type == "cpu",
        eval_strategy="steps" if every else "no",
        eval_steps=every or None,
        save_strategy="steps" if save_every else "no",
        save_steps=save_every or 500,
        save_total_limit=2,
        load_best_model_at_end=choose,
        metric_for_best_model=f"eval_{settings.measure}" if choose else None,
        greater_is_better=settings.higher_is_better if choose else None,
        logging_steps=max(1, settings.steps // 50),
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=model.device.type != "cpu",
    )
