"""One self-contained HTML page of results: no request leaves it, it reads on a phone, dark and light."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoglot.errors import SearchError
from isoglot.evaluation.results import Result, Results, join_results
from isoglot.evaluation.settings import ALL, SETTINGS
from isoglot.files import whole_file
from isoglot.report.headline import headline
from isoglot.report.pictures import BarChart, HeatMap, bar_chart, heat_map
from isoglot.report.tables import TITLES, Cell, TextTable, macro_record, number_cell, settings_table

_NUM_COLOURS = 8
_LEAST_TOP = 0.25
"""Value of a heat map's deepest colour at the least, so that noise around 0 does not glow."""


@dataclass(frozen=True)
class Section:
    """What the page shows of one corpus.

    Attributes:
        corpus: Name.
        split: Which judged queries.
        models: Models measured on it.
        headline: Sentences.
        settings: Macro averages of the settings, and bias.
        measures: All measures, setting by setting.
        bias: Rank distance by language of the query.
        languages: AP by language of the query, a picture for each setting.
        pooled_maps: Language matrix of each model.
        pair_maps: AP by pair in one-language collections, for each model.
        facts: Name and value of what was measured and how.
    """

    corpus: str
    split: str
    models: tuple[str, ...]
    headline: list[str]
    settings: TextTable
    measures: TextTable
    bias: BarChart | None
    languages: list[BarChart]
    pooled_maps: list[HeatMap]
    pair_maps: list[HeatMap]
    facts: list[tuple[str, str]]


def write_html(results: Results | Iterable[Results], path: str | Path) -> None:
    """Writes the page.

    Args:
        results: One evaluation or several; several models on one corpus stand side by side.
        path: The file.

    Raises:
        SearchError: If there is nothing to show, or two evaluations have the same name.
    """
    page = render_html(results)
    with whole_file(path) as file:
        file.write(page.encode())


def render_html(results: Results | Iterable[Results]) -> str:
    """The page as text.

    Args:
        results: One evaluation or several.

    Returns:
        HTML, with everything from outside escaped.

    Raises:
        SearchError: If there is nothing to show, or two evaluations have the same name.
    """
    import jinja2

    joined = results if isinstance(results, Results) else join_results(results)
    if not joined.records:
        raise SearchError("no results to report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("isoglot.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    corpora = dict.fromkeys((record.corpus, record.split) for record in joined.records)
    sections = [_section(joined, corpus, split) for corpus, split in corpora]
    return environment.get_template("page.html.jinja").render(
        sections=sections, title=_title(joined), num_colours=_NUM_COLOURS
    )


def _title(results: Results) -> str:
    models, corpora = results.models, results.corpora
    who = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{who} on {corpora[0] if len(corpora) == 1 else f'{len(corpora)} corpora'}"


def _section(results: Results, corpus: str, split: str) -> Section:
    part = Results(results.select(corpus=corpus, split=split), results.config)
    pooled = part.select(setting="multilingual", measure="AP")
    pairs = part.select(setting="monolingual", measure="AP") + part.select(
        setting="cross_lingual", measure="AP"
    )
    return Section(
        corpus,
        split,
        part.models,
        headline(part, corpus, split),
        settings_table(part),
        _measures_table(part, corpus, split),
        bar_chart(
            "Rank distance by language of the query",
            "Ranks between the best and the worst placed translation of the answer; shorter is fairer.",
            part.select(measure="rank_distance"),
            part.models,
        ),
        _language_charts(part),
        _maps(part, pooled),
        _maps(part, pairs),
        _facts(part, corpus, split),
    )


def _language_charts(part: Results) -> list[BarChart]:
    charts = []
    notes = {
        "monolingual": "The collection is in the query's language.",
        "cross_lingual": "Mean over the collections in one other language each.",
        "multilingual": "One collection of all languages; every translation of the answer counts.",
    }
    for setting in SETTINGS:
        records = [
            record
            for record in part.select(setting=setting, measure="AP")
            if record.document_language in (ALL, record.query_language) and not _in_matrix(record)
        ]
        chart = bar_chart(f"{TITLES[setting]} AP", notes[setting], records, part.models, ceiling=1.0)
        charts += [chart] if chart else []
    return charts


def _in_matrix(record: Result) -> bool:
    """Whether a record is a cell of the language matrix, and not the value of a whole collection."""
    return record.setting == "multilingual" and record.document_language != ALL


def _maps(part: Results, records: Iterable[Result]) -> list[HeatMap]:
    shown = [record for record in records if ALL not in (record.query_language, record.document_language)]
    top = max((record.value for record in shown), default=1.0)
    top = max(top, _LEAST_TOP)
    maps = (heat_map(model, shown, top) for model in part.models)
    return [found for found in maps if found is not None]


def _measures_table(part: Results, corpus: str, split: str) -> TextTable:
    names = dict.fromkeys(
        record.measure for record in part.records if record.query_language == record.document_language == ALL
    )
    shown = [name for name in names if macro_in_any_setting(part, corpus, split, name)]
    rows = []
    for setting in SETTINGS:
        for model in part.models:
            records = [macro_record(part, model, corpus, split, setting, name) for name in shown]
            if any(records):
                cells = (_with_interval(record) for record in records)
                rows.append((Cell(TITLES[setting]), Cell(model), *cells))
    return TextTable("All measures", ("Setting", "Model", *shown), tuple(rows))


def macro_in_any_setting(part: Results, corpus: str, split: str, measure: str) -> bool:
    """Whether a measure has a macro average beyond the multilingual setting: those of bias have none."""
    others = ("monolingual", "cross_lingual")
    present = any(macro_record(part, m, corpus, split, s, measure) for m in part.models for s in others)
    only_pool = not any(record.setting in others for record in part.records)
    return present or (only_pool and "rank" not in measure)


def _with_interval(record: Result | None) -> Cell:
    if record is None:
        return number_cell(None, "")
    cell = number_cell(record.value, record.measure)
    if record.low is None or record.high is None:
        return cell
    half = max(record.high - record.value, record.value - record.low)
    return Cell(f"{cell.text} ± {half:.3f}", record.value)


def _facts(part: Results, corpus: str, split: str) -> list[tuple[str, str]]:
    configs = [c for c in part.config if (c.get("corpus"), c.get("split")) == (corpus, split)]
    if not configs:
        return []
    first: dict[str, Any] = dict(configs[0])
    left_out = sum(int(row["num_queries"]) for row in first.get("left_out", []))
    facts = [
        ("Corpus", f"{corpus}, version {first.get('corpus_version', '?')}, split {split}"),
        ("Queries", f"{first.get('num_queries', 0):,}"),
        ("Documents", f"{first.get('num_documents', 0):,}"),
        ("Languages", " ".join(first.get("languages", []))),
        ("Pairs of query and collection left out, as it holds no answer", f"{left_out:,}"),
        (
            "Intervals",
            f"95 %, {first.get('num_resamples', 0):,} resamples of groups, seed {first.get('seed')}",
        ),
        ("Versions", ", ".join(f"{name} {number}" for name, number in first.get("versions", {}).items())),
    ]
    similarities = {str(config["model"]): str(config.get("similarity")) for config in configs}
    facts.append(("Similarity", ", ".join(f"{model}: {name}" for model, name in similarities.items())))
    return [(name, value) for name, value in facts if value]
