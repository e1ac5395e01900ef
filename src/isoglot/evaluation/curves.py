"""How values fall as queries are perturbed more and more: curves, read from results and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from isoglot.evaluation.measures import is_measure
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Comparison, Result, Results

PERTURBATION = "perturbation"
"""Key of a configuration of results under which stands what was perturbed: `name`, `strength`, `side`,
`seed`, `meaning`, `model` (what the unperturbed values are of), `num_changed`, `num_perturbed`."""


@dataclass(frozen=True)
class Point:
    """A value at one strength.

    Attributes:
        strength: From 0, where nothing is perturbed, to 1.
        value: The value.
        low: Lower bound of its 95 % interval; None if there is none.
        high: Upper bound.
        retained: The value as a share of that at strength 0; None if that is 0.
        adjusted_p: Of the difference to strength 0, by the paired test; None if there was none.
        changed: Share of all texts or pictures in question, whatever their language, that were changed; None
            if the results do not say.
    """

    strength: float
    value: float
    low: float | None
    high: float | None
    retained: float | None
    adjusted_p: float | None
    changed: float | None = None


@dataclass(frozen=True)
class Curve:
    """Values of one measure over strength, of one language of the query or the mean of all.

    Attributes:
        model: The model.
        corpus: Name of the corpus.
        split: Which judged queries.
        setting: `monolingual`, `cross_lingual` or `multilingual`.
        query_language: Tag, or `*` for the macro average.
        query_modality: Medium of the queries.
        document_modality: Medium of the documents.
        measure: Its name.
        perturbation: What was done, and to which side if not the queries.
        points: By ascending strength, the first at 0.
    """

    model: str
    corpus: str
    split: str
    setting: str
    query_language: str
    query_modality: str
    document_modality: str
    measure: str
    perturbation: str
    points: tuple[Point, ...]


_Key = tuple[str, ...]


def build_curves(
    results: Results, measure: str | None = None, setting: str = "multilingual"
) -> tuple[Curve, ...]:
    """The curves of one measure in one setting.

    Args:
        results: Results with perturbed queries or documents among them.
        measure: Name; None takes `shown_measure`.
        setting: `monolingual`, `cross_lingual` or `multilingual`.

    Returns:
        One for each model, corpus, direction, perturbation and language of the query, the mean of the
        languages first; none where nothing was perturbed.
    """
    measure = shown_measure(results) if measure is None else measure
    chosen = [r for r in results.records if (r.measure, r.setting) == (measure, setting) and _is_of_query(r)]
    values = {_key(record): record for record in chosen}
    p_values = {
        _key(row): row.adjusted_p_value
        for row in results.comparisons
        if (row.measure, row.setting) == (measure, setting) and _is_of_query(row)
    }
    strengths = _conditions(results)
    found = []
    for (model, corpus, split, perturbation), names in strengths.items():
        clean = (r for r in chosen if (r.model, r.corpus, r.split) == (model, corpus, split))
        for start in sorted(clean, key=lambda r: (r.query_language != ALL, r.query_language)):
            place = _key(start)[1:]
            points = [_point(0.0, start, start)]
            for strength, (name, changed) in sorted(names.items()):
                key = (name, *place)
                if key in values:
                    points.append(_point(strength, values[key], start, p_values.get(key), changed))
            if len(points) > 1:
                about = (start.query_language, start.query_modality, start.document_modality)
                found.append(
                    Curve(model, corpus, split, setting, *about, measure, perturbation, tuple(points))
                )
    return tuple(found)


def shown_measure(results: Results) -> str:
    """The measure that is shown of perturbed results where none is named.

    Args:
        results: The results.

    Returns:
        AP where it was measured, or else the first measure of quality; AP of no results at all.
    """
    averages = (r for r in results.records if r.query_language == r.document_language == ALL)
    names = dict.fromkeys(record.measure for record in averages if is_measure(record.measure))
    return "AP" if "AP" in names else next(iter(names), "AP")


def unperturbed(results: Results) -> Results:
    """The results without what was measured on perturbed queries or documents.

    Args:
        results: The results.

    Returns:
        The others; the results themselves where nothing was perturbed.
    """
    gone = perturbed_names(results)
    if not gone:
        return results
    table = results.per_query
    if table is not None:
        names = pc.cast(table["model"], pa.string())
        table = table.filter(pc.invert(pc.is_in(names, pa.array(sorted(gone)))))
    return replace(
        results,
        records=tuple(record for record in results.records if record.model not in gone),
        config=tuple(entry for entry in results.config if entry.get("model") not in gone),
        comparisons=tuple(row for row in results.comparisons if not {row.model, row.baseline} & gone),
        examples=tuple(example for example in results.examples if example.model not in gone),
        per_query=table,
    )


def perturbed_names(results: Results) -> frozenset[str]:
    """What results call models on perturbed queries or documents."""
    return frozenset(str(entry["model"]) for entry in results.config if entry.get(PERTURBATION))


def _conditions(
    results: Results,
) -> dict[tuple[str, str, str, str], dict[float, tuple[str, float | None]]]:
    """Model, corpus, split and perturbation -> strength -> what results call that, and the share changed."""
    found: dict[tuple[str, str, str, str], dict[float, tuple[str, float | None]]] = {}
    for entry in results.config:
        about: Mapping[str, Any] = entry.get(PERTURBATION) or {}
        if about:
            title = perturbation_title(about)
            key = (str(about["model"]), str(entry["corpus"]), str(entry["split"]), title)
            total = about.get("num_perturbed")
            changed = about["num_changed"] / total if total else None
            found.setdefault(key, {})[float(about["strength"])] = str(entry["model"]), changed
    return found


def perturbation_title(about: Mapping[str, Any]) -> str:
    """A perturbation by name, with the side if that is not the queries."""
    return str(about["name"]) if about["side"] == "queries" else f"{about['name']} ({about['side']})"


def _key(row: Result | Comparison) -> _Key:
    language, modalities = row.query_language, (row.query_modality, row.document_modality)
    return (row.model, row.corpus, row.split, language, *modalities)


def _is_of_query(record: Result | Comparison) -> bool:
    """Whether a record is of one language of the query or of all, over all that its setting has it search."""
    own = record.setting == "monolingual" and record.document_language == record.query_language
    return own or record.document_language == ALL


def _point(
    strength: float,
    record: Result,
    clean: Result,
    p_value: float | None = None,
    changed: float | None = None,
) -> Point:
    retained = record.value / clean.value if clean.value else None
    return Point(strength, record.value, record.low, record.high, retained, p_value, changed)


def mean_curves(curves: Iterable[Curve]) -> tuple[Curve, ...]:
    """Those that are macro averages over the languages."""
    return tuple(curve for curve in curves if curve.query_language == ALL)
