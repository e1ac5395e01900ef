"""What a page shows of each kind of result, and that it stays readable and small."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import pairwise

import pytest

from isoglot.evaluation.examples import Example, Placed
from isoglot.evaluation.results import Comparison, Result, Results
from isoglot.report import values
from isoglot.report.bias import bias_measures_table
from isoglot.report.headline import headline
from isoglot.report.html import render_html
from isoglot.report.parts import build_parts
from isoglot.report.sections import build_sections

EVIL = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e'


@pytest.fixture(scope="module")
def page(everything, read_page):
    return read_page(render_html(everything))


def words(page) -> str:
    return " ".join(" ".join(page.text).split())


def titles(results, corpus) -> list[str]:
    section = next(found for found in build_sections(results) if found.corpus == corpus)
    return [block.title for direction in section.directions for block in direction.blocks]


def test_links_stay_on_the_page(page):
    links = [found["href"] for tag, found in page.tags if tag == "a"]
    targets = {f"#{found['id']}" for _, found in page.tags if "id" in found}
    assert len(links) == 5
    assert set(links) == targets
    assert not {"src", "srcset", "action"} & {name for _, found in page.tags for name in found}


def test_each_kind_of_result_has_its_sections_and_no_other(everything):
    assert titles(everything, "questions") == [
        "Three settings", "Is the difference real?", "Differences in AP by language",
        "Whom the search favours", "Language bias by language of the query", "Language matrix",
        "By language of the query", "One language at a time", "Transfer", "All measures",
    ]  # fmt: skip
    assert titles(everything, "sentences") == [
        "Pairs of texts", "Is the difference real?", "By language of the first text", "Language by language"
    ]  # fmt: skip
    assert titles(everything, "translations")[0] == "Translations found"
    assert titles(everything, "labels") == [
        "Tags", "Is the difference real?", "By language of the tags"
    ]  # fmt: skip


@pytest.mark.parametrize("corpus", ["sentences", "translations", "labels"])
def test_a_corpus_without_retrieval_has_a_page_and_a_headline(build_results, read_page, corpus):
    for models in (("m",), ("m", "n")):
        results = build_results(models, ("de", "en", "ja"), (corpus,))
        sentences = headline(results, corpus, "test")
        assert len(sentences) >= 1
        assert sentences[0] in words(read_page(render_html(results)))
    assert "Three settings" not in titles(results, corpus)


def test_headlines_of_pairs_say_within_and_across_languages(build_results):
    results = build_results(("m",), ("de", "en"), ("sentences",))
    assert headline(results, "sentences", "test")[0] == (
        "Spearman of m: within a language 0.700, across languages 0.700, over all languages at once 0.700."
    )


def test_directions_between_media_are_never_mixed(everything):
    section = next(found for found in build_sections(everything) if found.corpus == "photographs")
    assert [found.title for found in section.directions] == ["Text → image", "Image → text"]
    for direction, document in zip(section.directions, ("image", "text"), strict=True):
        table = direction.blocks[0].tables[0]
        shown = {row[0].text: row[1].value for row in table.rows}
        assert shown == {
            record.model: record.value
            for record in everything.records
            if (record.corpus, record.document_modality) == ("photographs", document)
            and (record.setting, record.measure) == ("monolingual", "AP")
            and record.query_language == record.document_language == "*"
        }
    overview = section.overview.tables[0]
    assert overview.columns[:3] == ("Model", "Direction", "Monolingual AP")
    assert [row[1].text for row in overview.rows] == ["text → image"] * 3 + ["image → text"] * 3


def test_preferences_lean_to_either_side_of_zero(everything):
    section = build_sections(everything)[0]
    block = next(b for b in section.directions[0].blocks if b.title.startswith("Language bias by"))
    chart = next(chart for chart in block.charts if chart.title == "Same-language preference@10")
    assert chart.zero == 50
    assert chart.ends == ("less own language", "more own language")
    english = next(chart for chart in block.charts if chart.title == "English preference@10")
    found = {
        (r.model, r.query_language): r.value
        for r in everything.select(corpus="questions", measure="english_preference@10")
    }
    for group in english.groups:
        for bar, model in zip(group.bars, everything.models, strict=True):
            value = found[model, group.tag]
            assert (bar.start == 50) == (value >= 0)
            assert bar.start + bar.width == pytest.approx(50, abs=0.02) or value >= 0
            assert bar.text == f"{value:+.3f}"


def test_each_measure_of_bias_says_what_it_tells(page):
    shown = words(page)
    for sentence in ("How many places the worst placed translation", "How often the first right answer"):
        assert sentence in shown


def test_a_difference_is_called_real_only_if_its_adjusted_p_is_small(everything):
    block = next(
        b for b in build_sections(everything)[0].directions[0].blocks if b.title.startswith("Is the diff")
    )
    rows = [[cell.text for cell in row] for row in block.tables[0].rows]
    assert rows[0][:5] == ["Monolingual", "labse", "minilm-l12", "AP", "+0.040"]
    assert rows[0][5:] == ["0.020 to 0.060", "< 0.001", "< 0.001", "better"]
    assert rows[3][6:] == ["0.300", "0.600", "no difference shown"]


@pytest.mark.parametrize(
    ("measure", "value", "p_value", "verdict"),
    [
        ("AP", 0.1, 0.01, "better"),
        ("AP", -0.1, 0.01, "worse"),
        ("AP", 0.1, 0.05, "no difference shown"),
        ("rank_distance", -10.0, 0.01, "better"),
        ("worst_rank", 10.0, 0.01, "worse"),
        ("AP_transfer_gap", 0.1, 0.01, "worse"),
        ("same_language_preference@10", 0.1, 0.01, "higher"),
        ("language_preference_rate", -0.1, 0.01, "lower"),
        ("random_MRC@10", 0.1, 0.01, "higher"),
    ],
)
def test_the_verdict_follows_from_what_is_good(everything, measure, value, p_value, verdict):
    row = replace(everything.comparisons[0], measure=measure, value=value, adjusted_p_value=p_value)
    assert values.verdict(row) == verdict


def test_the_headline_takes_the_test_over_the_intervals(build_results):
    results = build_results(("m", "n"), ("de", "en"), ("questions",))
    assert (
        "n is best, AP 0.620 against 0.600 of m; no difference shown (adjusted p = 0.600)."
        in (headline(results, "questions", "test")[0])
    )
    sure = tuple(replace(row, adjusted_p_value=0.0002) for row in results.comparisons)
    told = headline(replace(results, comparisons=sure), "questions", "test")[0]
    assert told.endswith("a real difference (adjusted p < 0.001).")


def test_differences_by_pair_have_a_star_where_they_are_real(everything):
    block = next(
        b for b in build_sections(everything)[0].directions[0].blocks if b.title.startswith("Differences in")
    )
    assert [found.title for found in block.maps] == [
        "labse minus minilm-l12",
        "xlm-r-hybrid minus minilm-l12",
    ]
    real = {
        (row.query_language, row.document_language): row.adjusted_p_value < 0.05
        for row in everything.comparisons
        if row.model == "labse" and row.corpus == "questions" and row.setting != "multilingual"
    }
    for query, cells in block.maps[0].rows:
        for document, cell in zip(block.maps[0].columns, cells, strict=True):
            assert cell.text.endswith("*") == real[query, document]
            assert cell.below == (cell.text.startswith("-"))


def test_worst_queries_show_languages_and_what_stands_above(page):
    shown = words(page)
    assert "ما هي عاصمة البلاد التي وُلد فيها مكتشف البنسلين؟" in shown
    assert "The bridge <b>stays</b> closed & guarded." in shown
    assert "Rank 1,234 Right answer zh Chinese" in shown
    assert "Above it, the first 4:" in shown
    assert "the query's language" in shown
    said = [found for tag, found in page.tags if "said" in (found.get("class") or "").split()]
    texts = [found for found in said if "dir" in found]
    assert {found["dir"] for found in texts} == {"auto"}
    assert {found["lang"] for found in texts} == {"ar", "de", "en", "zh"}
    paths = [found for tag, found in page.tags if tag == "code"]
    assert {found["dir"] for found in paths} == {"ltr"}
    assert len(paths) == 2 * 3


def test_long_texts_are_clamped_and_whole(page):
    clamps = sum(tag == "details" and found.get("class") == "clamp" for tag, found in page.tags)
    assert clamps == 3 * 3
    assert max(len(text) for text in page.text) > 900


def test_everything_from_outside_is_escaped(everything, read_page):
    def evil(row):
        names = [f.name for f in fields(row) if isinstance(getattr(row, f.name), str)]
        kept = {"setting", "split"} | ({"measure"} if isinstance(row, Result | Comparison) else set())
        return replace(row, **{name: getattr(row, name) + EVIL for name in names if name not in kept})

    placed = Placed(1, "d" + EVIL, "en" + EVIL, "text", EVIL * 20, False)
    example = Example(
        "labse", "questions", "test", "q", "de", EVIL, placed, (replace(placed, modality=EVIL),)
    )
    own = [record for record in everything.records if record.corpus == "questions"]
    results = Results(
        tuple(map(evil, own)),
        ({"model": EVIL, "corpus": "questions" + EVIL, "split": "test", "languages": [EVIL]},),
        comparisons=tuple(evil(r) for r in everything.comparisons if r.corpus == "questions"),
        examples=(evil(example),),
    )
    text = render_html(results)
    assert "<img" not in text
    assert text.count("<script") == text.count("</script") == 1
    parsed = read_page(text)
    assert "alert(1)" in words(parsed)
    assert not any(name.startswith("on") for _, found in parsed.tags for name in found)


def test_a_page_of_many_languages_and_models_stays_small(build_results, read_page):
    languages = tuple(f"{a}{b}" for a in "abcdef" for b in "abcdef")[:34]
    page = render_html(build_results(tuple(f"model-{i}" for i in range(5)), languages, ("questions",)))
    assert len(page.encode()) < 3_000_000
    parsed = read_page(page)
    wide = [index for index, (tag, found) in enumerate(parsed.tags) if tag == "table"]
    for index in wide:
        container = parsed.tags[index - 1][1]
        assert (container["class"], container["tabindex"]) == ("scroll", "0")
        assert container["aria-label"]
    folded = sum(tag == "details" and found.get("class") == "fold" for tag, found in parsed.tags)
    assert folded >= 3 + 4 + 4


def test_a_table_can_be_sorted_by_keyboard(page):
    headings = [i for i, (tag, found) in enumerate(page.tags) if tag == "th" and found.get("scope") == "col"]
    buttons = [i for i in headings if page.tags[i + 1][0] == "button"]
    tables = sum(tag == "table" and found["class"] == "data" for tag, found in page.tags)
    assert len(buttons) >= 3 * tables
    assert {page.tags[i + 1][1]["type"] for i in buttons} == {"button"}


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_what_chance_gives_stands_behind_its_measure_and_is_never_best(everything):
    block = next(b for b in build_sections(everything)[0].directions[0].blocks if b.title.startswith("Whom"))
    rows = {row[0].text: row for row in block.tables[0].rows}
    names = list(rows)
    assert names[0] == "Rank distance"
    assert names.index("Rank distance by chance") == 1
    assert not any(cell.best for cell in rows["Rank distance by chance"])
    assert sum(cell.best for cell in rows["Rank distance"]) == 1


def test_pictures_beyond_a_few_screens_are_folded(build_results):
    languages = tuple(f"{a}{b}" for a in "abcdef" for b in "abcdef")[:34]
    for models, num_first in ((("m",), 3), (("m", "n", "o"), 2), (tuple("mnopqrst"), 1)):
        sections = build_sections(build_results(models, languages, ("questions",)))
        block = next(b for b in sections[0].directions[0].blocks if b.title == "By language of the query")
        assert len(block.first_charts) == num_first
        assert (*block.first_charts, *block.more_charts) == block.charts


def test_of_measures_that_are_fair_at_zero_the_nearest_to_it_is_best(everything):
    table = bias_measures_table(everything)
    assert table.columns == ("Measure", "Corpus", "Direction", *everything.models, "Good", "Meaning")
    rows = {tuple(cell.text for cell in row[:3]): row for row in table.rows}
    row = rows["Same-language preference, relevant@10", "questions/test", "text → text"]
    distances = [abs(cell.value) for cell in row[3:6]]
    assert [cell.best for cell in row[3:6]] == [value == min(distances) for value in distances]
    assert row[-2].text == "0 is fair"
    assert row[-1].text.startswith("Among the right answers on the first page")


def test_the_table_of_worst_queries_has_what_stands_above_and_the_answer(everything):
    table = next(iter(build_sections(everything))).worst.exported[0]
    first = [row for row in table.rows if (row[0].text, row[1].text) == ("labse", "q-ar-1")]
    assert [row[4].value for row in first] == [1, 2, 3, 4, 1234]
    assert [row[5].text for row in first] == ["no"] * 4 + ["yes"]
    assert [row[7].text for row in first] == ["ar", "en", "de", "none", "zh"]


@pytest.mark.parametrize(
    ("measures", "tasks"),
    [
        (["AP", "rank_distance"], ["retrieval"]),
        (["AP"], ["retrieval"]),
        (["AP", "accuracy", "F1", "accuracy_probe", "macro_F1_probe"], ["pairs"]),
        (["spearman", "spearman_transfer_gap"], ["pairs"]),
        (["mAP", "AP", "micro_F1", "macro_F1", "macro_F1_probe"], ["tagging"]),
        (["macro_F1"], ["tagging"]),
        (["tatoeba_accuracy", "mining_F1", "mining_F1_oracle"], ["bitext"]),
        (["AP", "nDCG@10", "tatoeba_accuracy"], ["bitext", "retrieval"]),
        (["AP", "nDCG@10", "accuracy", "macro_F1_probe"], ["pairs", "retrieval"]),
    ],
)
def test_measures_tell_the_task(measures, tasks):
    record = Result("m", "c", "test", "monolingual", "de", "de", "text", "text", "AP", 0.5, 4)
    results = Results(tuple(replace(record, measure=measure) for measure in measures))
    assert sorted(part.task for part in build_parts(results)) == tasks


def test_the_facts_say_what_is_missing():
    place = ("toy", "test", "multilingual", "*", "*", "text", "image", "AP", 0.5, 10)
    skipped = {"corpus": "toy", "num_queries": 0, "num_documents": 3, "problems": ["a", "b", "c"]}
    configs = [{"model": model, "corpus": "toy", "split": "test"} for model in ("one", "two")]

    def told(*records):
        entries = [
            each if record is None else each | {"skipped_media": record}
            for each, record in zip(configs, records, strict=True)
        ]
        results = Results(tuple(Result(model, *place) for model in ("one", "two")), tuple(entries))
        (section,) = build_sections(results)
        return [value for name, value in section.facts if name.startswith("Left out with media files")]

    lacking = "0 queries and 3 documents with 3 bad files"
    assert told(None, None) == []
    assert told(skipped, skipped) == [lacking]
    assert told(skipped, None) == [f"one: {lacking}; two: nothing"]
