"""Running an experiment: builds what its configuration names, trains, and leaves the model in its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import Hybrid, Scheme
from isoglot.config import to_dict
from isoglot.corpora.media_files import SkippedMedia, drop_bad_media
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.experiments.config import CorpusConfig, ExperimentConfig
from isoglot.experiments.corpora import read_configured
from isoglot.experiments.encoders import BuildEncoder, build_encoder
from isoglot.experiments.parts import of_media, training_parts
from isoglot.training import TrainingSettings, fit
from isoglot.training.fit import fit_parts
from isoglot.training.parts import identity, is_finished

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.training.teacher import TeacherVectors

Progress = Callable[[str], None]
"""Takes a line on what is being done."""
ReadCorpus = Callable[..., ParallelCorpus]
"""As `read_configured`."""


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
    skip_bad: bool = False,
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
        skip_bad: Whether queries and documents whose media files cannot be read are left out, of the dev
            corpus too; `isoglot.json` then says what is missing, as `skipped_media`.

    Returns:
        The trained encoder.

    Raises:
        ConfigError: If settings are out of range, or scheme and corpus do not fit.
        CheckpointError: If `output_dir` holds another training.
    """
    skipped = []
    if skip_bad:
        corpus, left_out = drop_bad_media(corpus)
        evaluate_on, left_out_of_dev = (None, None) if evaluate_on is None else drop_bad_media(evaluate_on)
        skipped = [each for each in (left_out, left_out_of_dev) if each is not None]
    return fit(
        model,
        corpus,
        scheme=scheme or Hybrid(),
        output_dir=output_dir,
        settings=settings,
        split=split,
        evaluator=None if evaluate_on is None else _dev_evaluator(evaluate_on, dev_split),
        teacher=teacher,
        record=with_skipped(record or {}, skipped) or None,
        callbacks=callbacks,
    )


def _dev_evaluator(corpus: ParallelCorpus, split: str) -> Callable[[Any], dict[str, float]]:
    from isoglot.evaluation import RetrievalEvaluator

    return RetrievalEvaluator(corpus, split=split)


def run_experiment(
    config: ExperimentConfig,
    *,
    progress: Progress | None = None,
    callbacks: list[Any] | None = None,
    read: ReadCorpus = read_configured,
    build: BuildEncoder = build_encoder,
) -> Path:
    """Carries out an experiment.

    Args:
        config: What to do.
        progress: Told what is being done.
        callbacks: Further callbacks of the trainer.
        read: Reads its corpora; another one may keep them for other experiments.
        build: Builds its encoder, likewise.

    Returns:
        The model directory.

    Raises:
        IsoglotError: If a corpus cannot be read, or the configuration does not fit it.
    """
    tell = progress or say_nothing
    tell("reading corpora")
    corpora, dev, skipped = _read_all(config, tell, read)
    parts = training_parts(config, corpora)
    output = Path(config.output.format(seed=config.training.seed))
    record = with_skipped(to_dict(config), skipped)
    if is_finished(output, identity(parts, config.training, record)):
        return output
    tell("building the encoder")
    model = build(config.encoder, [part.corpus for part in parts], config.training.seed)
    teacher = None
    if config.teacher is not None:
        from isoglot.experiments.distilling import build_lesson

        lesson = build_lesson(config.teacher, model, parts[0].corpus, config.training.seed)
        model, teacher = lesson.student, lesson.teacher
    tell("training")
    fit_parts(
        model,
        parts,
        output_dir=output,
        settings=config.training,
        evaluator=_dev_evaluator(dev, config.dev.splits[0]) if dev is not None and config.dev else None,
        teacher=teacher,
        record=record,
        callbacks=callbacks,
    )
    return output


def _read_all(
    config: ExperimentConfig, tell: Progress, read: ReadCorpus
) -> tuple[list[ParallelCorpus], ParallelCorpus | None, list[SkippedMedia]]:
    """The corpora that are trained on, the dev corpus, and what was left out of them."""
    skipped: list[SkippedMedia] = []

    def read_whole(each: CorpusConfig) -> ParallelCorpus:
        corpus = read(each, skip_bad=config.skip_bad)
        if not config.skip_bad:
            return corpus
        readable, left_out = drop_bad_media(corpus)
        if left_out is not None:
            tell(str(left_out))
            skipped.append(left_out)
        return readable

    corpora = [read_whole(each) for each in config.corpora]
    return corpora, None if config.dev is None else of_media(read_whole(config.dev), config.dev), skipped


def with_skipped(record: Mapping[str, Any], skipped: Sequence[SkippedMedia]) -> dict[str, Any]:
    """A training's record, with what was left out of its corpora, if anything was."""
    if not skipped:
        return dict(record)
    return {**record, "skipped_media": [each.record() for each in skipped]}


def say_nothing(line: str) -> None:
    """Progress that nobody is told of."""
