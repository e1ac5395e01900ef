"""What the numbers say, in sentences. Every claim is derived from a value, and hedged by its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.results import Comparison, Result, Results
from isoglot.report.parts import Part, build_parts
from isoglot.report.values import (
    TITLES,
    direction_title,
    format_p,
    format_value,
    is_significant,
    language_name,
    measure_title,
)

_SETTING_WORDS = {
    "monolingual": "in the query's own language",
    "cross_lingual": "in one other language",
    "multilingual": "in all languages at once",
}
_PAIR_WORDS = {
    "monolingual": "within a language",
    "cross_lingual": "across languages",
    "multilingual": "over all languages at once",
}
_TASK_WORDS = {"retrieval": "", "pairs": "Pairs of texts", "bitext": "Translations", "tagging": "Tags"}


def headline(results: Results, corpus: str, split: str) -> list[str]:
    """Sentences on one corpus: who is best where with several models, and whom one favours.

    Args:
        results: The results.
        corpus: Name of the corpus.
        split: Which judged queries.

    Returns:
        Paragraphs of plain text.
    """
    parts = [part for part in build_parts(results) if (part.corpus, part.split) == (corpus, split)]
    if len(parts) == 1:
        return part_headline(parts[0])
    return [f"{part_title(part)}: {sentence}" for part in parts for sentence in part_headline(part)[:1]]


def part_title(part: Part) -> str:
    """What tells a part from the others of its corpus: its direction, its task."""
    direction = direction_title(part.query_modality, part.document_modality)
    task = _TASK_WORDS[part.task]
    return f"{task}, {direction}" if task else direction.capitalize()


def part_headline(part: Part) -> list[str]:
    """Sentences on one part of a corpus.

    Args:
        part: The part.

    Returns:
        Paragraphs of plain text; none if nothing was averaged over languages.
    """
    models = [m for m in part.models if any(part.macro(m, s, part.main_measure) for s in SETTINGS)]
    return list(_of_one(part, models[0]) if len(models) == 1 else _of_several(part, models))


def _of_one(part: Part, model: str) -> Iterator[str]:
    measure = part.main_measure
    found = {setting: part.macro(model, setting, measure) for setting in SETTINGS}
    words = _SETTING_WORDS if part.task == "retrieval" else _PAIR_WORDS
    parts = [f"{words[name]} {format_value(r.value, measure)}" for name, r in found.items() if r]
    name = "Mean average precision" if measure == "AP" else measure_title(measure)
    yield f"{name} of {model}: {', '.join(parts)}."
    mono, cross = found["monolingual"], found["cross_lingual"]
    if part.task == "retrieval" and mono and cross and mono.value and not _overlap(mono, cross):
        change = 100 * (cross.value / mono.value - 1)
        how = f"{abs(change):.0f} % {'less' if change < 0 else 'more'} than"
        yield f"Searching another language gives {how} searching the query's own."
    yield from _bias_of(part, model)
    yield from _spread_of_languages(part, model)


def _bias_of(part: Part, model: str) -> Iterator[str]:
    distance = part.macro(model, "multilingual", "rank_distance")
    chance = part.macro(model, "multilingual", "random_rank_distance")
    if distance and chance and chance.value:
        yield (
            "In the pool of all languages, the best and the worst placed translation of an answer are "
            f"{format_value(distance.value, 'rank_distance')} ranks apart on average, "
            f"{100 * distance.value / chance.value:.1f} % of what a random order would give."
        )
    excess = part.macro(model, "multilingual", "diagonal_excess")
    if excess:
        yield _pull(excess)


def _pull(excess: Result) -> str:
    if excess.low is not None and excess.low > 0:
        return (
            f"It favours the query's language: there, an answer in the pool has {excess.value:.3f} more "
            "average precision than in another language."
        )
    if excess.high is not None and excess.high < 0:
        return f"It favours other languages than the query's, by {-excess.value:.3f} average precision."
    return "No pull towards the query's own language can be told from chance."


def _spread_of_languages(part: Part, model: str) -> Iterator[str]:
    setting = "multilingual" if part.task == "retrieval" else "monolingual"
    by_language = [
        record
        for record in part.of(setting, part.main_measure)
        if record.model == model
        and record.query_language != ALL
        and record.document_language in (ALL, record.query_language if setting == "monolingual" else ALL)
    ]
    if len(by_language) < 2:
        return
    best = max(by_language, key=lambda record: record.value)
    worst = min(by_language, key=lambda record: record.value)
    if _overlap(best, worst):
        return
    where = " in the pool" if part.task == "retrieval" else ""
    who = {"retrieval": "Queries", "pairs": "Pairs", "bitext": "Sentences", "tagging": "Items"}[part.task]
    yield (
        f"{who} in {language_name(best.query_language)} do best{where} ({best.value:.3f}), those in "
        f"{language_name(worst.query_language)} worst ({worst.value:.3f})."
    )


def _of_several(part: Part, models: Sequence[str]) -> Iterator[str]:
    measure = part.main_measure
    for setting in SETTINGS:
        records = [r for model in models if (r := part.macro(model, setting, measure))]
        if len(records) > 1:
            yield f"{TITLES[setting]}: {_best_of(part, records, max)}"
    distances = [r for model in models if (r := part.macro(model, "multilingual", "rank_distance"))]
    if len(distances) > 1:
        yield f"Language bias: {_best_of(part, distances, min)}"


def _best_of(part: Part, records: Sequence[Result], choose: Callable[..., Result]) -> str:
    """The best of several values and the runner-up, and whether they can be told apart."""
    best = choose(records, key=lambda record: record.value)
    others = [record for record in records if record is not best]
    second = choose(others, key=lambda record: record.value)
    measure = best.measure
    name = "rank distance" if measure == "rank_distance" else measure_title(measure)
    numbers = f"{name} {format_value(best.value, measure)} against {format_value(second.value, measure)}"
    return f"{best.model} is best, {numbers} of {second.model}; {_told_apart(part, best, second)}."


def _told_apart(part: Part, best: Result, second: Result) -> str:
    """By the test where the two were compared, by their intervals where not."""
    for row in part.comparisons:
        if {row.model, row.baseline} == {best.model, second.model} and _same_value(row, best):
            found = "a real difference" if is_significant(row) else "no difference shown"
            return f"{found} (adjusted p {_equals(row.adjusted_p_value)})"
    return "their intervals overlap" if _overlap(best, second) else "their intervals are apart"


def _same_value(row: Comparison, record: Result) -> bool:
    names = ("setting", "measure", "query_language", "document_language")
    return all(getattr(row, name) == getattr(record, name) for name in names)


def _equals(p_value: float) -> str:
    text = format_p(p_value)
    return text if text.startswith("<") else f"= {text}"


def _overlap(one: Result, other: Result) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high
