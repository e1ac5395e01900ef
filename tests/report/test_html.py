"""The HTML page: self-contained, escaped, and true to the numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.results import Result, Results, join_results
from isoglot.report.headline import headline
from isoglot.report.html import render_html, write_html

LANGUAGES = ("ar", "de", "en")
EVIL = '<img src=x onerror=alert(1)>"&\u202e'


def _results(model="m", shift=0.0, corpus="c", config=None, distance=20.0):
    def result(setting, query, document, measure, value, half=0.01):
        bounds = (value - half, value + half)
        return Result(
            model, corpus, "test", setting, query, document, "text", "text", measure, value, 10, *bounds
        )

    records = []
    for row, query in enumerate(LANGUAGES):
        records.append(result("multilingual", query, "*", "AP", 0.4 + 0.1 * row + shift))
        records.append(result("multilingual", query, "*", "rank_distance", distance + row))
        records.append(result("monolingual", query, query, "AP", 0.8))
        records.append(result("cross_lingual", query, "*", "AP", 0.6))
        for document in LANGUAGES:
            records.append(result("multilingual", query, document, "AP", 0.6 if query == document else 0.1))
            if query != document:
                records.append(result("cross_lingual", query, document, "AP", 0.6))
    records += [
        result("monolingual", "*", "*", "AP", 0.8 + shift),
        result("cross_lingual", "*", "*", "AP", 0.6 + shift),
        result("multilingual", "*", "*", "AP", 0.5 + shift),
        result("multilingual", "*", "*", "diagonal_excess", 0.5),
        result("multilingual", "*", "*", "rank_distance", distance),
        result("multilingual", "*", "*", "random_rank_distance", 200.0),
    ]
    return Results(tuple(records), tuple(config or ()))


def test_the_page_is_well_formed_and_asks_for_nothing_outside(read_page):
    page = render_html(_results())
    parsed = read_page(page)
    attributes = {name for _, found in parsed.tags for name in found}
    assert not attributes & {"src", "href", "srcset", "action", "onclick"}
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page


def test_everything_from_outside_is_escaped(read_page):
    config = [{"model": EVIL, "corpus": EVIL, "split": "test", "languages": [EVIL], "similarity": EVIL}]
    page = render_html(_results(model=EVIL, corpus=EVIL, config=config))
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;&#34;&amp;") >= 5
    assert not any(tag == "img" for tag, _ in read_page(page).tags)


def test_values_intervals_and_pictures_are_there(read_page):
    parsed = read_page(render_html(_results()))
    text = " ".join(" ".join(parsed.text).split())
    assert "0.800 ± 0.010" in text
    assert "German" in text
    heat = [found for tag, found in parsed.tags if tag == "td" and "--v" in found.get("style", "")]
    assert len(heat) == 2 * 9
    assert sum("own" in found.get("class", "") for found in heat) == 2 * 3
    bars = [found for tag, found in parsed.tags if tag == "rect" and found["class"] == "s0"]
    assert len(bars) == 4 * 3
    assert {float(found["width"]) for found in bars} >= {80.0, 40.0}


def test_several_models_stand_side_by_side_with_the_best_marked(read_page):
    page = render_html([_results("one"), _results("two", shift=0.1, distance=10.0)])
    parsed = read_page(page)
    assert sum(tag == "strong" and found.get("class") == "best" for tag, found in parsed.tags) == 12
    assert "two is best, AP 0.600 against 0.500 of one; their intervals are apart." in page
    assert "two is best, rank distance 10.0 against 20.0 of one" in page


def test_the_headline_of_one_model_follows_from_its_numbers():
    sentences = headline(_results("m"), "c", "test")
    assert sentences == [
        "Mean average precision of m: in the query's own language 0.800, in one other language 0.600, "
        "in all languages at once 0.500.",
        "Searching another language gives 25 % less than searching the query's own.",
        "In the pool of all languages, the best and the worst placed translation of an answer are 20.0 ranks "
        "apart on average, 10.0 % of what a random order would give.",
        "It favours the query's language: there, an answer in the pool has 0.500 more average precision than "
        "in another language.",
        "Queries in English do best in the pool (0.600), those in Arabic worst (0.400).",
    ]


def test_intervals_that_overlap_are_said_to():
    sentences = headline(join_results([_results("one"), _results("two", shift=0.015)]), "c", "test")
    assert sentences[0] == "Monolingual: two is best, AP 0.815 against 0.800 of one; their intervals overlap."


def test_a_pull_within_its_interval_is_not_claimed():
    results = _results()
    records = [r for r in results.records if r.measure != "diagonal_excess"]
    excess = next(r for r in results.records if r.measure == "diagonal_excess")
    unsure = Results((*records, replace(excess, value=0.01, low=-0.02, high=0.03)))
    assert "No pull towards the query's own language can be told from chance." in headline(
        unsure, "c", "test"
    )
    other = Results((*records, replace(excess, value=-0.1, low=-0.2, high=-0.05)))
    assert any(
        "favours other languages than the query's, by 0.100" in s for s in headline(other, "c", "test")
    )


def test_differences_within_their_intervals_are_not_claimed():
    wide = [replace(r, low=0.0, high=1.0) if r.measure == "AP" else r for r in _results().records]
    sentences = " ".join(headline(Results(tuple(wide)), "c", "test"))
    assert "Searching another language" not in sentences
    assert "do best in the pool" not in sentences


def test_facts_come_from_the_config(tmp_path, read_page):
    config = [
        {
            "model": "m", "corpus": "c", "split": "test", "similarity": "cosine", "corpus_version": "7",
            "num_queries": 13090, "num_documents": 13014, "languages": list(LANGUAGES), "seed": 5,
            "num_resamples": 1000, "versions": {"isoglot": "0.1.0"},
            "left_out": [{"query_language": "de", "document_language": "en", "num_queries": 3}],
        }
    ]  # fmt: skip
    write_html(_results(config=config), tmp_path / "deep" / "report.html")
    text = " ".join("".join(read_page((tmp_path / "deep" / "report.html").read_text("utf-8")).text).split())
    for fact in (
        "version 7",
        "13,090",
        "13,014",
        "1,000 resamples of groups, seed 5",
        "isoglot 0.1.0",
        "m: cosine",
    ):
        assert fact in text
    assert re.search(r"left out, as it holds no answer\s*3", text)


def test_a_corpus_with_the_multilingual_setting_alone_has_a_page(read_page):
    only = Results(tuple(r for r in _results().records if r.setting == "multilingual"))
    text = " ".join(read_page(render_html(only)).text)
    assert "Multilingual AP" in text
    assert "0.500" in text


def test_nothing_to_report_is_an_error():
    with pytest.raises(SearchError, match="no results to report"):
        render_html(Results(()))
