"""Results as MTEB keeps them: `results/<organisation>__<model>/<revision>/<Task>.json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.errors import SearchError
from isoglot.evaluation.measures import is_measure
from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.results import Result, Results
from isoglot.mteb_exchange.naming import MAIN_SCORE, revision, score_name, subset_name, task_name
from isoglot.retrieval.mteb_encoder import language_script, require_mteb

if TYPE_CHECKING:
    from mteb import TaskResult

NO_REVISION = "no_revision_available"
"""What MTEB writes for a model that has no revision."""


def to_task_results(results: Results) -> dict[str, list[TaskResult]]:
    """Results as MTEB's `TaskResult`, one for each corpus, setting, and direction between media.

    A subset is a language of the query (pooled and monolingual) or a pair of languages (cross-lingual). Its
    scores have MTEB's names (`ndcg_at_10`; `map` is AP without cut-off); what MTEB has no name for, such as
    `rank_distance`, keeps its own. `<score>_low` and `<score>_high` are the 95 % interval, `<score>_only_de`
    counts documents in German alone as relevant in the pooled collection. A number that holds for the whole
    collection, such as `diagonal_excess`, stands in every subset, so that MTEB's mean over subsets gives it
    back; other macro averages are left to MTEB. Paired tasks, comparisons and examples have no place there
    and are left out.

    Args:
        results: The results.

    Returns:
        Model -> its task results.

    Raises:
        SearchError: If mteb is not installed, there is nothing to export, or a language has no code.
    """
    require_mteb()
    from mteb import TaskResult

    found: dict[str, list[TaskResult]] = {}
    for (model, corpus, setting, query_modality, document_modality), records in _groups(results).items():
        found.setdefault(model, []).append(
            TaskResult(
                dataset_revision=_revision(results.config, corpus),
                task_name=task_name(corpus, setting, query_modality, document_modality),
                mteb_version=version("mteb"),
                scores=_scores(records),
                evaluation_time=None,
            )
        )
    if not found:
        raise SearchError("there is nothing to export: no value of a ranking in these results")
    return found


def write_task_results(
    results: Results, folder: str | Path, *, revision: str = NO_REVISION, organization: str = "local"
) -> list[Path]:
    """Writes results where `mteb.ResultCache(folder)` finds them, with a `model_meta.json` for each model.

    Scores are rounded to six digits, as MTEB does.

    Args:
        results: The results.
        folder: The folder that holds, or will hold, MTEB's `results/`.
        revision: Revision of the models.
        organization: Whose they are, for models whose name does not say `organization/model`.

    Returns:
        The files of the tasks.

    Raises:
        SearchError: If mteb is not installed, there is nothing to export, or a language has no code.
    """
    task_results = to_task_results(results)
    from mteb import ResultCache
    from mteb.models import ModelMeta

    cache = ResultCache(Path(folder))
    files = []
    for model, tasks in task_results.items():
        name = (model if "/" in model else f"{organization}/{model}").replace(" ", "_")
        meta = ModelMeta.create_empty({"name": name, "revision": revision})
        for task in tasks:
            cache.save_to_cache(task, meta)
            files.append(cache.get_task_result_path(task.task_name, meta))
    return files


def _groups(results: Results) -> dict[tuple[str, ...], list[Result]]:
    """The records of each model, corpus, setting and direction that has values of a ranking."""
    groups: dict[tuple[str, ...], list[Result]] = {}
    for record in results.records:
        if record.setting in SETTINGS:
            key = record.model, record.corpus, record.setting, record.query_modality, record.document_modality
            groups.setdefault(key, []).append(record)
    return {
        key: records
        for key, records in groups.items()
        if any(is_measure(record.measure) and _subset(record) for record in records)
    }


def _subset(record: Result) -> str | None:
    """The subset that a record belongs to; None for a macro average."""
    if record.query_language == ALL or (
        record.setting == "cross_lingual" and record.document_language == ALL
    ):
        return None
    pooled = record.setting == "multilingual"
    return subset_name(record.query_language, ALL if pooled else record.document_language)


def _scores(records: Sequence[Result]) -> dict[str, list[Any]]:
    """Split -> scores of each subset."""
    per_language = {record.measure for record in records if _subset(record)}
    subsets: dict[tuple[str, str], dict[str, Any]] = {}
    everywhere: dict[str, dict[str, float]] = {}
    for record in records:
        name = _subset(record)
        if name is not None:
            empty = {"hf_subset": name, "languages": _languages(record)}
            subsets.setdefault((record.split, name), empty).update(_values(record))
        elif record.measure not in per_language and record.document_language == ALL:
            everywhere.setdefault(record.split, {}).update(_values(record))
    scores: dict[str, list[Any]] = {}
    for (split, _), subset in subsets.items():
        entry = everywhere.get(split, {}) | subset
        main = MAIN_SCORE if MAIN_SCORE in entry else next(name for name in entry if _is_score(name))
        scores.setdefault(split, []).append({**entry, "main_score": entry[main]})
    return scores


def _is_score(name: str) -> bool:
    return name.partition("_at_")[0] in {
        "map",
        "ndcg",
        "mrr",
        "recall",
        "precision",
        "hit_rate",
        "r_precision",
    }


def _values(record: Result) -> dict[str, float]:
    """A record's value and interval, by MTEB's names."""
    name = score_name(record.measure)
    if record.setting == "multilingual" and record.document_language != ALL:
        name = f"{name}_only_{record.document_language}"
    values = {name: record.value, f"{name}_num_queries": record.num_queries}
    if record.low is not None and record.high is not None:
        values |= {f"{name}_low": record.low, f"{name}_high": record.high}
    return values


def _languages(record: Result) -> list[str]:
    tags = [record.query_language]
    if record.setting == "cross_lingual":
        tags.append(record.document_language)
    return [language_script(tag) for tag in tags]


def _revision(config: Iterable[Mapping[str, Any]], corpus: str) -> str:
    entry = next((entry for entry in config if entry.get("corpus") == corpus), {})
    return revision(str(entry.get("corpus_version", "1")), entry.get("corpus_checksums") or {})
