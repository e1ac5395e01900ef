"""Comparing models query by query: which differences are real, and which are luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.cells import is_fixed
from isoglot.evaluation.intervals import NUM_RESAMPLES
from isoglot.evaluation.measures import Floats, Integers
from isoglot.evaluation.per_query import KEY_COLUMNS
from isoglot.evaluation.placement import ALL, SETTINGS, Setting
from isoglot.evaluation.results import Comparison, Results
from isoglot.evaluation.significance import (
    NUM_ROUNDS,
    Tested,
    benjamini_hochberg,
    holm,
    paired_randomisation,
)

Correction = Literal["holm", "benjamini_hochberg", "none"]
_CORRECTIONS: dict[str, Callable[[Floats], Floats]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
    "none": lambda p_values: p_values,
}
_PLACE = ("corpus", "split", "query_modality", "document_modality")


def compare(
    results: Results,
    baseline: str,
    *,
    models: Iterable[str] | None = None,
    measures: Iterable[str] | None = None,
    correction: Correction = "holm",
    seed: int = 0,
    num_rounds: int = NUM_ROUNDS,
    num_resamples: int = NUM_RESAMPLES,
) -> Results:
    """Tests every other model against a baseline, in every setting, language and pair of languages.

    A paired randomisation test over groups of queries: translations of one question move together. In each
    setting and measure, the p of all languages (or pairs) are corrected together; a macro average, which is
    one test, stands for itself. Queries count that both models have a value for.

    Args:
        results: Evaluations of several models on the same queries, with values query by query (as `evaluate`
            gives them, and `read_results` reads them).
        baseline: Name of the model to compare with.
        models: Names of those to compare; None is all others.
        measures: Names; None is all that both have.
        correction: `holm`, `benjamini_hochberg` or `none`.
        seed: Seed of signs and resamples.
        num_rounds: How often signs are drawn.
        num_resamples: How often groups are resampled for the intervals of differences.

    Returns:
        The same results with comparisons, in place of those they had.

    Raises:
        ConfigError: If the correction or a model is unknown.
        SearchError: If there are no values query by query, the models have no measure or corpus in common, or
            were measured on different queries.
    """
    if correction not in _CORRECTIONS:
        raise ConfigError(f"correction must be one of {', '.join(_CORRECTIONS)}, got {correction!r}")
    table = results.per_query
    if table is None:
        raise SearchError("these results hold no values query by query; evaluate the models again")
    table = table.unify_dictionaries()
    named = table["model"].unique().to_pylist()
    chosen = [name for name in named if name != baseline] if models is None else list(models)
    unknown = [name for name in (baseline, *chosen) if name not in named]
    if unknown or not chosen:
        raise ConfigError(
            f"no model {unknown[0] if unknown else 'to compare'!r}; there is {', '.join(named)}"
        )
    wanted = None if measures is None else set(measures)
    comparisons: list[Comparison] = []
    for model in chosen:
        for place, ours, theirs in _shared(table, model, baseline):
            paired = _pair(ours, theirs, wanted, f"{model} and {baseline} on {place['corpus']}")
            tests = paired_randomisation(
                paired.groups,
                paired.cells,
                paired.differences,
                seed=seed,
                num_rounds=num_rounds,
                num_resamples=num_resamples,
                averages=paired.averages,
            )
            about = {"model": model, "baseline": baseline, **place}
            comparisons += _rows(paired, tests.cells, tests.averages, _CORRECTIONS[correction], about)
    if not comparisons:
        raise SearchError(f"{', '.join(chosen)} and {baseline} were not measured on the same corpus")
    return replace(results, comparisons=tuple(comparisons))


def _shared(
    table: pa.Table, model: str, baseline: str
) -> Iterator[tuple[dict[str, str], pa.Table, pa.Table]]:
    """Every corpus, split and direction that both models were measured in, and their rows."""
    places = table.group_by(["model", *_PLACE]).aggregate([]).to_pylist()
    of_model = {name: [row for row in places if row["model"] == name] for name in (model, baseline)}
    for row in of_model[model]:
        place = {name: row[name] for name in _PLACE}
        if {**row, "model": baseline} in of_model[baseline]:
            yield place, _rows_of(table, model, place), _rows_of(table, baseline, place)


def _rows_of(table: pa.Table, model: str, place: dict[str, str]) -> pa.Table:
    mask = pc.equal(table["model"], model)
    for name, value in place.items():
        mask = pc.and_(mask, pc.equal(table[name], value))
    return table.filter(mask)


@dataclass(frozen=True, eq=False)
class _Paired:
    """Two models' values of the same queries, by cell.

    Attributes:
        measures: Names.
        groups: (n,) code of each row's group.
        cells: (n,) cell of each row.
        names: Setting, query language and document language of each cell.
        averages: (settings, cells) cells of each setting.
        settings: The settings there are.
        differences: (n, measures) value of one minus that of the other.
    """

    measures: tuple[str, ...]
    groups: Integers
    cells: Integers
    names: list[tuple[Setting, str, str]]
    averages: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    settings: list[Setting]
    differences: Floats


def _pair(ours: pa.Table, theirs: pa.Table, wanted: set[str] | None, who: str) -> _Paired:
    measures = _measures(ours, theirs, wanted, who)
    order = _same_queries(ours, theirs, who)
    asked, searched = _texts(ours["query_language"]), _texts(ours["document_language"])
    pairs = list(zip(asked, searched, strict=True))
    names = sorted(
        {(_setting(*pair), *pair) for pair in pairs}, key=lambda name: (SETTINGS.index(name[0]), name)
    )
    number = {name[1:]: index for index, name in enumerate(names)}
    settings = [setting for setting in SETTINGS if any(name[0] == setting for name in names)]
    return _Paired(
        measures,
        ours["group_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64),
        np.array([number[pair] for pair in pairs], np.int64),
        names,
        np.array([[name[0] == setting for name in names] for setting in settings]),
        settings,
        np.stack([_values(ours[name]) - _values(theirs[name])[order] for name in measures], axis=1),
    )


def _measures(ours: pa.Table, theirs: pa.Table, wanted: set[str] | None, who: str) -> tuple[str, ...]:
    """Measures that both have any value of, and that a model has a hand in."""
    shared = [
        name
        for name in ours.column_names
        if name not in KEY_COLUMNS
        and not is_fixed(name)
        and name in theirs.column_names
        and ours[name].null_count < len(ours)
        and theirs[name].null_count < len(theirs)
    ]
    missing = (wanted or set()) - set(shared)
    if missing or not shared:
        what = f"measure {min(missing)!r}" if missing else "measure"
        raise SearchError(f"{who} have no {what} in common; they share {', '.join(shared) or 'none'}")
    return tuple(name for name in shared if wanted is None or name in wanted)


def _same_queries(ours: pa.Table, theirs: pa.Table, who: str) -> Integers:
    """The row of `theirs` for each of `ours`; the queries must be the same."""
    at = pc.index_in(_keys(ours), _keys(theirs))
    if at.null_count or len(ours) != len(theirs):
        raise SearchError(
            f"{who} were measured on different queries ({len(ours):,} and {len(theirs):,} values, "
            f"{len(ours) - at.null_count:,} in common); evaluate both on the same version of the corpus"
        )
    rows: Integers = at.to_numpy().astype(np.int64)
    return rows


def _keys(table: pa.Table) -> pa.Array:
    columns = [table[name].cast(pa.large_string()) for name in ("document_language", "query_id")]
    return pc.binary_join_element_wise(*columns, pa.scalar("\t", pa.large_string())).combine_chunks()


def _texts(column: pa.ChunkedArray) -> list[str]:
    texts: list[str] = column.cast(pa.large_string()).to_pylist()
    return texts


def _values(column: pa.ChunkedArray) -> Floats:
    values: Floats = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return values


def _setting(query_language: str, document_language: str) -> Setting:
    if document_language == ALL:
        return "multilingual"
    return "monolingual" if query_language == document_language else "cross_lingual"


def _rows(
    paired: _Paired,
    cells: Tested,
    averages: Tested,
    correct: Callable[[Floats], Floats],
    about: dict[str, str],
) -> Iterator[Comparison]:
    """A comparison for each measure and cell that has a value, and for each setting's average."""
    for column, measure in enumerate(paired.measures):
        named = {**about, "measure": measure}
        for number, setting in enumerate(paired.settings):
            inside = np.flatnonzero(paired.averages[number]).tolist()
            adjusted = correct(cells.p_values[inside, column]).tolist()
            for cell, p_value in zip(inside, adjusted, strict=True):
                yield from _row(cells, cell, column, paired.names[cell], p_value, named)
            whole = averages.p_values[number, column].item()
            yield from _row(averages, number, column, (setting, ALL, ALL), whole, named)


def _row(
    tested: Tested,
    row: int,
    column: int,
    place: tuple[Setting, str, str],
    adjusted: float,
    about: dict[str, str],
) -> Iterator[Comparison]:
    """One comparison; none where there is no value."""
    if tested.num_queries[row, column]:
        yield Comparison(
            **about,
            setting=place[0],
            query_language=place[1],
            document_language=place[2],
            value=float(tested.values[row, column]),
            num_queries=int(tested.num_queries[row, column]),
            low=float(tested.low[row, column]),
            high=float(tested.high[row, column]),
            p_value=float(tested.p_values[row, column]),
            adjusted_p_value=adjusted,
        )
