"""What the numbers say, in sentences. Every claim is derived from a value, and hedged by its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from isoglot.evaluation.results import Result, Results
from isoglot.evaluation.settings import ALL, SETTINGS
from isoglot.report.pictures import language_name
from isoglot.report.tables import TITLES, format_value, macro_record

_SETTING_WORDS = {
    "monolingual": "in the query's own language",
    "cross_lingual": "in one other language",
    "multilingual": "in all languages at once",
}


def headline(results: Results, corpus: str, split: str) -> list[str]:
    """Sentences on one corpus: who is best where with several models, and whom one favours.

    Args:
        results: The results.
        corpus: Name of the corpus.
        split: Which judged queries.

    Returns:
        Paragraphs of plain text.
    """
    models = [model for model in results.models if _record(results, model, corpus, split, "AP")]
    if len(models) == 1:
        return list(_of_one(results, models[0], corpus, split))
    return list(_of_several(results, models, corpus, split))


def _record(
    results: Results, model: str, corpus: str, split: str, measure: str, setting: str = "multilingual"
) -> Result | None:
    return macro_record(results, model, corpus, split, setting, measure)


def _of_one(results: Results, model: str, corpus: str, split: str) -> Iterator[str]:
    found = {setting: _record(results, model, corpus, split, "AP", setting) for setting in SETTINGS}
    parts = [f"{_SETTING_WORDS[name]} {record.value:.3f}" for name, record in found.items() if record]
    yield f"Mean average precision of {model}: {', '.join(parts)}."
    mono, cross = found["monolingual"], found["cross_lingual"]
    if mono and cross and mono.value and not _overlap(mono, cross):
        change = 100 * (cross.value / mono.value - 1)
        how = f"{abs(change):.0f} % {'less' if change < 0 else 'more'} than"
        yield f"Searching another language gives {how} searching the query's own."
    yield from _bias_of(results, model, corpus, split)


def _bias_of(results: Results, model: str, corpus: str, split: str) -> Iterator[str]:
    distance = _record(results, model, corpus, split, "rank_distance")
    chance = _record(results, model, corpus, split, "random_rank_distance")
    if distance and chance and chance.value:
        yield (
            "In the pool of all languages, the best and the worst placed translation of an answer are "
            f"{format_value(distance.value, 'rank_distance')} ranks apart on average, "
            f"{100 * distance.value / chance.value:.1f} % of what a random order would give."
        )
    excess = _record(results, model, corpus, split, "diagonal_excess")
    if excess:
        yield _pull(excess)
    yield from _spread_of_languages(results, model, corpus, split)


def _pull(excess: Result) -> str:
    if excess.low is not None and excess.low > 0:
        return (
            f"It favours the query's language: there, an answer in the pool has {excess.value:.3f} more "
            "average precision than in another language."
        )
    if excess.high is not None and excess.high < 0:
        return f"It favours other languages than the query's, by {-excess.value:.3f} average precision."
    return "No pull towards the query's own language can be told from chance."


def _spread_of_languages(results: Results, model: str, corpus: str, split: str) -> Iterator[str]:
    of_model = results.select(
        model=model, corpus=corpus, split=split, setting="multilingual", measure="AP", document_language=ALL
    )
    by_language = [record for record in of_model if record.query_language != ALL]
    if len(by_language) < 2:
        return
    best = max(by_language, key=lambda record: record.value)
    worst = min(by_language, key=lambda record: record.value)
    if _overlap(best, worst):
        return
    yield (
        f"Queries in {language_name(best.query_language)} do best in the pool ({best.value:.3f}), those in "
        f"{language_name(worst.query_language)} worst ({worst.value:.3f})."
    )


def _of_several(results: Results, models: Sequence[str], corpus: str, split: str) -> Iterator[str]:
    for setting in SETTINGS:
        records = [r for model in models if (r := _record(results, model, corpus, split, "AP", setting))]
        if len(records) > 1:
            yield f"{TITLES[setting]}: {_comparison(records, max, 'AP')}"
    distances = [r for model in models if (r := _record(results, model, corpus, split, "rank_distance"))]
    if len(distances) > 1:
        yield f"Language bias: {_comparison(distances, min, 'rank_distance')}"


def _comparison(records: Sequence[Result], choose: Callable[..., Result], measure: str) -> str:
    """The best of several and the runner-up, and whether their intervals part them."""
    best = choose(records, key=lambda record: record.value)
    others = [record for record in records if record is not best]
    second = choose(others, key=lambda record: record.value)
    name = "AP" if measure == "AP" else "rank distance"
    numbers = f"{name} {format_value(best.value, measure)} against {format_value(second.value, measure)}"
    parted = "their intervals overlap" if _overlap(best, second) else "their intervals are apart"
    return f"{best.model} is best, {numbers} of {second.model}; {parted}."


def _overlap(one: Result, other: Result) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high
