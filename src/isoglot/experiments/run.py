"""Running an experiment: builds what its configuration names, trains, and leaves the model in its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import Hybrid, Scheme
from isoglot.config import to_dict
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.experiments.config import EncoderConfig, ExperimentConfig
from isoglot.experiments.corpora import distinct_texts, read_configured
from isoglot.experiments.parts import training_parts
from isoglot.training import TrainingSettings, fit
from isoglot.training.fit import fit_parts
from isoglot.training.parts import identity, is_finished

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.training.teacher import TeacherVectors

_WEIGHTED_TEXTS = 50_000
"""Texts that subword frequencies are counted in."""

Progress = Callable[[str], None]
"""Takes a line on what is being done."""


def train(
    model: SentenceTransformer,
    corpus: ParallelCorpus,
    *,
    output_dir: str | Path,
    scheme: Scheme | None = None,
    settings: TrainingSettings | None = None,
    split: str = "train",
    evaluate_on: ParallelCorpus | None = None,
    dev_split: str = "dev",
    teacher: TeacherVectors | None = None,
    record: dict[str, Any] | None = None,
    callbacks: list[Any] | None = None,
) -> SentenceTransformer:
    """Trains an encoder with hybrid batches, choosing the checkpoint on dev data.

    Args:
        model: Any sentence-transformers model, changed in place.
        corpus: What is trained on.
        output_dir: Model directory; a second call goes on where an interrupted one stopped.
        scheme: Batch scheme; None is `Hybrid(alpha=0.5)`.
        settings: Steps and rates; None takes the defaults.
        split: Split that is trained on.
        evaluate_on: Dev corpus; evaluated in the three settings.
        dev_split: Its split.
        teacher: What is distilled, if the settings give it a weight.
        record: Further facts for `isoglot.json`.
        callbacks: Further callbacks of the trainer.

    Returns:
        The trained encoder.

    Raises:
        ConfigError: If settings are out of range, or scheme and corpus do not fit.
        CheckpointError: If `output_dir` holds another training.
    """
    return fit(
        model,
        corpus,
        scheme=scheme or Hybrid(),
        output_dir=output_dir,
        settings=settings,
        split=split,
        evaluator=None if evaluate_on is None else _dev_evaluator(evaluate_on, dev_split),
        teacher=teacher,
        record=record,
        callbacks=callbacks,
    )


def _dev_evaluator(corpus: ParallelCorpus, split: str) -> Callable[[Any], dict[str, float]]:
    from isoglot.evaluation import RetrievalEvaluator

    return RetrievalEvaluator(corpus, split=split)


def run_experiment(
    config: ExperimentConfig, *, progress: Progress | None = None, callbacks: list[Any] | None = None
) -> Path:
    """Carries out an experiment.

    Args:
        config: What to do.
        progress: Told what is being done.
        callbacks: Further callbacks of the trainer.

    Returns:
        The model directory.

    Raises:
        IsoglotError: If a corpus cannot be read, or the configuration does not fit it.
    """
    tell = progress or say_nothing
    tell("reading corpora")
    corpora = [read_configured(part) for part in config.corpora]
    parts = training_parts(config, corpora)
    output = Path(config.output.format(seed=config.training.seed))
    if is_finished(output, identity(parts, config.training, to_dict(config))):
        return output
    tell("building the encoder")
    model = build_encoder(config.encoder, [part.corpus for part in parts], config.training.seed)
    tell("training")
    fit_parts(
        model,
        parts,
        output_dir=output,
        settings=config.training,
        evaluator=_dev_evaluator(read_configured(config.dev), config.dev.splits[0]) if config.dev else None,
        teacher=_read_teacher(config, parts[0].corpus, model) if config.teacher else None,
        record=to_dict(config),
        callbacks=callbacks,
    )
    return output


def _read_teacher(
    config: ExperimentConfig, corpus: ParallelCorpus, student: SentenceTransformer
) -> TeacherVectors:
    from isoglot.encoders import load_encoder
    from isoglot.training.teacher import TeacherVectors

    assert config.teacher is not None
    path = config.teacher.path.format(seed=config.training.seed)
    return TeacherVectors.build(
        load_encoder(path),
        corpus,
        language=config.teacher.language or None,
        width=student.get_embedding_dimension(),
        name=path,
        cache=True,
    )


def say_nothing(line: str) -> None:
    """Progress that nobody is told of."""


def build_encoder(config: EncoderConfig, corpora: Iterable[ParallelCorpus], seed: int) -> SentenceTransformer:
    """The encoder that a configuration names; a new one's subwords are trained on the corpora.

    Args:
        config: Which encoder.
        corpora: Corpora of the training.
        seed: Seed of new weights.

    Returns:
        The encoder.

    Raises:
        IsoglotError: If a corpus or model cannot be read.
    """
    from isoglot import encoders

    if config.kind == "pretrained":
        assert config.path is not None
        return encoders.load_encoder(
            config.path.format(seed=seed),
            query_prompt=config.query_prompt,
            document_prompt=config.document_prompt,
            pooling=config.pooling,
            max_tokens=config.max_tokens,
        )
    texts = distinct_texts([*corpora, *(read_configured(part) for part in config.vocabulary_corpora)])
    tokenizer = encoders.train_subwords(texts, config.vocabulary_size, model=config.subwords)
    if config.kind == "static":
        weights = None
        if config.weighting == "inverse_frequency":
            weights = encoders.smooth_inverse_frequency(tokenizer, texts[:_WEIGHTED_TEXTS])
        model = encoders.build_static_encoder(tokenizer, config.dimension, weights=weights, seed=seed)
    else:
        model = encoders.build_transformer_encoder(
            tokenizer,
            layers=config.layers,
            hidden_size=config.dimension,
            heads=config.heads,
            max_tokens=config.max_tokens or 128,
            pooling=config.pooling or "mean",
            seed=seed,
        )
    model.prompts.update({"query": config.query_prompt or "", "document": config.document_prompt or ""})
    return model
