"""Measuring one model on corpora, data sets and suites, each by the task it is made for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.labelled import find_pairs
from isoglot.corpora.media_files import SkippedMedia, drop_bad_media
from isoglot.errors import CheckpointError, ConfigError, CorpusError, SearchError
from isoglot.evaluation import (
    DEFAULT_MEASURES,
    Results,
    TransferLanguages,
    evaluate,
    evaluate_bitext,
    evaluate_pairs,
    evaluate_tagging,
    join_results,
)
from isoglot.evaluation.loading import load_model
from isoglot.evaluation.references import CorpusReference, resolve
from isoglot.evaluation.robustness import Perturbing, evaluate_robustness
from isoglot.evaluation.transfer import languages_there, low_resource_languages
from isoglot.experiments.run import Progress, say_nothing
from isoglot.report.provenance import TRAINING
from isoglot.training.artefact import read_record

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.evaluation import Run
    from isoglot.retrieval.encode import Embeddings

TASKS = ("retrieval", "bitext", "similarity", "paraphrase", "entailment", "tagging")
"""What a corpus can be measured by."""
AUTO = "auto"
"""In place of low-resource languages: those of `isoglot.evaluation.transfer.low_resource_languages`."""
_RECORDED = ("scheme", "parts", "seed", "corpus", "split", "settings", "provenance")
"""What results tell of a model's training."""
_PAIRED = frozenset({"similarity", "paraphrase", "entailment"})
_PROBE = "_probe"


@dataclass(frozen=True)
class Measuring:
    """How corpora are measured.

    Attributes:
        task: One of `TASKS` for all corpora; None takes what each is made for.
        split: Which judged queries or labelled pairs; None takes what a suite says, or `test`.
        languages: Tags to keep; None keeps all.
        measures: Of rankings; None takes what a suite says, or the default ones.
        transfer: Which languages are the source, low in resources (`auto` is a published list) or unseen in
            training; of each corpus, those that it has. The source is also the language that thresholds and
            probes of other tasks are fitted in; English if there is none.
        head_depth: Documents at the head of the pooled ranking that language preference looks at.
        run_depth: Documents to keep of each query's pooled ranking.
        seed: Seed of bootstraps and probes.
        cache: Whether vectors are kept on disk and used again.
        skip_bad: Whether rows are left out whose media files cannot be read; the configuration of the results
            then says what is missing, as `skipped_media`.
        perturbing: What retrieval is also measured with perturbed; None for nothing.
    """

    task: str | None = None
    split: str | None = None
    languages: tuple[str, ...] | None = None
    measures: tuple[str, ...] | None = None
    transfer: TransferLanguages | None = None
    head_depth: int = 10
    run_depth: int = 0
    seed: int = 0
    cache: bool | str | Path = False
    skip_bad: bool = False
    perturbing: Perturbing | None = None

    def __post_init__(self) -> None:
        if self.task is not None and self.task not in TASKS:
            raise ConfigError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")


@dataclass(frozen=True)
class _Job:
    """One corpus, read, and how it is measured."""

    corpus: ParallelCorpus
    task: str
    split: str
    measures: tuple[str, ...]
    of_suite: bool
    skipped: SkippedMedia | None = None


def measure_all(
    model: SentenceTransformer | Embeddings | Run | str | Path,
    names: Iterable[str | Path],
    how: Measuring,
    *,
    data_dir: Path | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    show_bar: bool = False,
) -> Results:
    """Measures a model on everything that names stand for; all of it is read before the model is loaded.

    A member of a suite that cannot be measured (its files are not there, or the model does not encode its
    medium) is left out and named: to `progress`, and as `unavailable` in the configuration of the results. A
    corpus named by itself must be measured.

    Args:
        model: A model, vectors or a run, or their path or name.
        names: Corpus folders, data sets and suites.
        how: How they are measured.
        data_dir: Folder with a folder for each data set; None takes data sets from the hub.
        name: What results call the model; None takes it from the model.
        progress: Told what is being done.
        show_bar: Whether to show a progress bar while encoding.

    Returns:
        Everything measured.

    Raises:
        ConfigError: If an option is out of its range.
        CorpusError: If a corpus is missing or malformed, or there is nothing to measure.
        CheckpointError: If the model cannot be loaded, or its training was not finished.
        SearchError: If vectors are missing or malformed.
    """
    tell = progress or say_nothing
    training = _training_of(model)
    jobs, unavailable = _prepare(names, how, data_dir, tell)
    _check_transfer(how.transfer, jobs)
    loaded, own_name = load_model(model)
    parts = []
    for job in jobs:
        tell(f"{job.corpus.name}: {job.task}")
        try:
            measured = _measure(loaded, name or own_name, job, how, show_bar=show_bar)
            parts.append(_with_skipped(measured, job.skipped))
        except (CorpusError, SearchError) as error:
            if not job.of_suite:
                raise
            unavailable.append(_leave_out(job.corpus.name, error, tell))
    if not parts:
        raise CorpusError(["nothing could be measured", *unavailable])
    results = join_results(parts)
    about: dict[str, Any] = {"unavailable": unavailable} if unavailable else {}
    if training is not None:
        about[TRAINING] = training
    if not about:
        return results
    return replace(results, config=(*results.config, {"model": name or own_name, **about}))


def _with_skipped(results: Results, skipped: SkippedMedia | None) -> Results:
    """The results, whose configuration says what they are without."""
    if skipped is None:
        return results
    record = {"skipped_media": skipped.record()}
    return replace(results, config=tuple({**entry, **record} for entry in results.config))


def _training_of(model: object) -> dict[str, Any] | None:
    """What a trained model's folder says of its training, for the report; None of anything else.

    Args:
        model: What is measured.

    Returns:
        Some of the record beside the model.

    Raises:
        CheckpointError: If the training was not finished.
    """
    if not isinstance(model, str | Path) or not Path(model).is_dir():
        return None
    record = read_record(Path(model))
    if record is None:
        return None
    if not record.get("finished"):
        raise CheckpointError(f"{model}: its training was not finished; start its command again")
    told = {key: record[key] for key in _RECORDED if key in record}
    skipped = record.get("config", {}).get("skipped_media")
    return told if skipped is None else told | {"skipped_media": skipped}


def _prepare(
    names: Iterable[str | Path], how: Measuring, data_dir: Path | None, tell: Progress
) -> tuple[list[_Job], list[str]]:
    """The corpora to measure, and why others cannot be."""
    jobs: list[_Job] = []
    unavailable: list[str] = []
    for each in names:
        references = resolve(each, data_dir)
        for reference in references:
            tell(f"reading {reference.name}")
            try:
                job = _read(reference, how, of_suite=len(references) > 1)
                jobs.append(_readable(job, tell) if how.skip_bad else job)
            except CorpusError as error:
                if len(references) == 1:
                    raise
                unavailable.append(_leave_out(reference.name, error, tell))
    if not jobs:
        raise CorpusError(["nothing to measure", *unavailable])
    return jobs, unavailable


def _readable(job: _Job, tell: Progress) -> _Job:
    """The job without the rows whose media cannot be read."""
    corpus, skipped = drop_bad_media(job.corpus)
    if skipped is not None:
        tell(str(skipped))
    return replace(job, corpus=corpus, skipped=skipped)


def _leave_out(name: str, error: Exception, tell: Progress) -> str:
    """Says why a member of a suite is left out: the first of its problems, and how many there are."""
    first, *more = str(error).split("\n")
    reason = first if first.startswith(f"{name}: ") else f"{name}: {first}"
    if more:
        reason += " (and more of the kind)"
    tell(f"left out: {reason}")
    return reason


def _read(reference: CorpusReference, how: Measuring, *, of_suite: bool) -> _Job:
    task = how.task or reference.task
    split = how.split or reference.split or "test"
    measures = how.measures or reference.measures
    if task in (None, "retrieval"):
        corpus = reference.read(languages=how.languages, splits=[split], skip_bad=how.skip_bad)
        labelled = task is None and any(name == split for name, _ in corpus.labelled)
        if not labelled:
            return _Job(corpus, "retrieval", split, measures or DEFAULT_MEASURES, of_suite)
    # Thresholds and probes are fitted on other splits.
    corpus = replace(reference, split=None).read(languages=how.languages, skip_bad=how.skip_bad)
    if task in _PAIRED or task is None:
        task, _ = find_pairs(corpus, split, task)  # type: ignore[arg-type]
    return _Job(corpus, task, split, measures, of_suite)


def _check_transfer(transfer: TransferLanguages | None, jobs: Sequence[_Job]) -> None:
    """Refuses a language that none of the corpora has."""
    if transfer is not None:
        everywhere = tuple(sorted({tag for job in jobs for tag in job.corpus.languages}))
        named = tuple(tag for tag in transfer.low_resource if tag != AUTO)
        replace(transfer, low_resource=named).among(everywhere)


def _transfer_of(corpus: ParallelCorpus, transfer: TransferLanguages | None) -> TransferLanguages | None:
    """Those of the languages that a corpus has."""
    if transfer is None:
        return None
    there = corpus.query_languages[0]
    low = low_resource_languages(there) if AUTO in transfer.low_resource else ()
    source = transfer.source if transfer.source and languages_there([transfer.source], there) else None
    low_resource = (*low, *languages_there(transfer.low_resource, there))
    return TransferLanguages(source, low_resource, languages_there(transfer.unseen, there))


def _measure(
    model: SentenceTransformer | Embeddings | Run, name: str, job: _Job, how: Measuring, *, show_bar: bool
) -> Results:
    common: dict[str, Any] = {
        "split": job.split,
        "name": name,
        "seed": how.seed,
        "cache": how.cache,
        "progress": show_bar,
    }
    source = how.transfer.source if how.transfer is not None and how.transfer.source else "en"
    if job.task == "retrieval":
        common |= {
            "measures": job.measures,
            "transfer": _transfer_of(job.corpus, how.transfer),
            "head_depth": how.head_depth,
            "run_depth": how.run_depth,
        }
        if how.perturbing is None:
            return evaluate(model, job.corpus, **common)
        return evaluate_robustness(model, job.corpus, **vars(how.perturbing), **common).results
    if how.perturbing is not None and not job.of_suite:
        raise ConfigError(f"{job.corpus.name}: only retrieval is perturbed, and this is {job.task}")
    of_task: dict[str, Callable[..., Results]] = {"bitext": evaluate_bitext, "tagging": evaluate_tagging}
    if job.task == "tagging":
        common["source_language"] = source
    elif job.task in _PAIRED:
        of_task[job.task] = evaluate_pairs
        common |= {"source_language": source, "task": job.task, **_pair_measures(job.measures)}
    return of_task[job.task](model, job.corpus, **common)


def _pair_measures(measures: Sequence[str]) -> dict[str, Any]:
    if not measures:
        return {}
    return {"measures": measures, "probe": any(name.endswith(_PROBE) for name in measures)}
