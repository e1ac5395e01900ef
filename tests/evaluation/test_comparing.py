"""Models against a baseline, query by query."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation import compare, evaluate, join_results, read_results

LANGUAGES = ("ar", "de", "en", "zh")
QUICK = {"num_rounds": 500, "num_resamples": 100}


@pytest.fixture(scope="module")
def three(tiny, embed_by_meaning):
    """A good model, one as good with other noise, and a bad one."""
    makers = {"good": {}, "alike": {"seed": 1}, "bad": {"pull": 2.0, "noise": 2.0, "seed": 2}}
    return join_results(
        evaluate(
            embed_by_meaning(tiny, **({"noise": 1.0} | how)),
            tiny,
            measures=["AP", "R@10"],
            name=name,
            num_resamples=50,
        )
        for name, how in makers.items()
    )


@pytest.fixture(scope="module")
def compared(three):
    return compare(three, "good", **QUICK)


def _rows(compared, **wanted):
    return [row for row in compared.comparisons if all(getattr(row, k) == v for k, v in wanted.items())]


def test_every_value_is_the_difference_of_two_results(three, compared):
    table = {
        (r.model, r.setting, r.query_language, r.document_language, r.measure): (r.value, r.num_queries)
        for r in three.records
    }
    assert {row.measure for row in compared.comparisons} >= {"AP", "R@10", "rank_distance", "MRC@10"}
    for row in compared.comparisons:
        place = (row.setting, row.query_language, row.document_language, row.measure)
        ours, theirs = table[row.model, *place], table["good", *place]
        if "preference" in row.measure:  # a query may have a value of one model alone
            assert row.num_queries <= min(ours[1], theirs[1])
        else:
            assert row.value == pytest.approx(ours[0] - theirs[0]), place
            assert row.num_queries == ours[1]


def test_there_is_a_row_for_each_language_pair_and_setting(compared):
    of_one = _rows(compared, model="bad", measure="AP")
    places = {(row.setting, row.query_language, row.document_language) for row in of_one}
    own = {("monolingual", a, a) for a in LANGUAGES}
    crossed = {("cross_lingual", a, b) for a in LANGUAGES for b in LANGUAGES if a != b}
    union = {("multilingual", a, "*") for a in LANGUAGES}
    means = {(setting, "*", "*") for setting in ("monolingual", "cross_lingual", "multilingual")}
    assert places == own | crossed | union | means
    assert len(of_one) == len(places)


def test_a_real_difference_is_told_from_luck(compared):
    (bad,) = _rows(compared, model="bad", measure="AP", setting="multilingual", query_language="*")
    assert bad.p_value < 0.01
    assert bad.high < 0
    assert bad.low <= bad.value <= bad.high
    (alike,) = _rows(compared, model="alike", measure="AP", setting="multilingual", query_language="*")
    assert alike.p_value > 0.05
    assert alike.low < 0 < alike.high


def test_p_is_corrected_over_the_languages_of_a_setting_and_averages_stand_alone(compared, three):
    for row in compared.comparisons:
        if row.query_language == "*":
            assert row.adjusted_p_value == row.p_value
        else:
            assert row.adjusted_p_value >= row.p_value
    plain = compare(three, "good", correction="none", **QUICK)
    assert all(row.adjusted_p_value == row.p_value for row in plain.comparisons)
    holm = _rows(compared, model="alike", measure="AP", setting="monolingual")
    least = min((row for row in holm if row.query_language != "*"), key=lambda row: row.p_value)
    assert least.adjusted_p_value == pytest.approx(min(1, 4 * least.p_value))
    milder = compare(three, "good", correction="benjamini_hochberg", **QUICK)
    for strict, mild in zip(compared.comparisons, milder.comparisons, strict=True):
        assert mild.adjusted_p_value <= strict.adjusted_p_value + 1e-12


def test_translations_of_a_question_move_together(build_parallel, embed_by_meaning):
    """Two models that differ by luck per question, alike in all its languages: eleven times one question."""
    corpus = build_parallel(8)
    base = embed_by_meaning(corpus, noise=0.8)
    rng = np.random.default_rng(3)
    shift = {f"g{group}": rng.standard_normal(24) for group in range(8)}
    moved = np.stack([shift[name] for name in corpus.queries["group_id"].to_pylist()]).astype(np.float32)
    other = replace(base, query_embeddings=base.query_embeddings + 2 * moved)
    joined = join_results(
        evaluate(vectors, corpus, measures=["AP"], name=name, num_resamples=5)
        for name, vectors in (("one", base), ("other", other))
    )
    rows = compare(joined, "one", measures=["AP"]).comparisons
    (whole,) = (row for row in rows if row.setting == "multilingual" and row.query_language == "*")
    assert whole.p_value * 2**8 == pytest.approx(round(whole.p_value * 2**8))  # exact, over eight groups


def test_comparisons_survive_writing_and_reading(compared, tmp_path):
    compared.write(tmp_path)
    again = read_results(tmp_path)
    assert set(again.comparisons) == set(compared.comparisons)
    assert set(again.records) == set(compared.records)
    assert set(compare(again, "good", **QUICK).comparisons) == set(compared.comparisons)


def test_the_same_seed_gives_the_same_p(three, compared):
    assert compare(three, "good", **QUICK).comparisons == compared.comparisons


def test_models_and_measures_can_be_chosen(three):
    rows = compare(three, "bad", models=["good"], measures=["R@10"], **QUICK).comparisons
    assert {(row.model, row.baseline, row.measure) for row in rows} == {("good", "bad", "R@10")}


def test_what_cannot_be_compared_is_refused(three, tiny, embed_by_meaning):
    with pytest.raises(ConfigError, match="no model 'best'; there is good, alike, bad"):
        compare(three, "best")
    with pytest.raises(
        ConfigError, match="correction must be one of holm, benjamini_hochberg, none, got 'b'"
    ):
        compare(three, "good", correction="b")
    with pytest.raises(SearchError, match="hold no values query by query"):
        compare(replace(three, per_query=None), "good")
    with pytest.raises(SearchError, match="have no measure 'RR' in common"):
        compare(three, "good", measures=["RR"])


def test_other_queries_or_corpora_are_refused(build_parallel, embed_by_meaning, tiny):
    fewer = build_parallel(20)
    parts = [
        evaluate(embed_by_meaning(corpus), corpus, measures=["AP"], name=name, num_resamples=5)
        for name, corpus in (("long", tiny), ("short", fewer))
    ]
    with pytest.raises(SearchError, match=r"short and long on tiny were measured on different queries"):
        compare(join_results(parts), "long")
    elsewhere = replace(fewer, info=replace(fewer.info, name="elsewhere"))
    parts[1] = evaluate(embed_by_meaning(fewer), elsewhere, measures=["AP"], name="short", num_resamples=5)
    with pytest.raises(SearchError, match="short and long were not measured on the same corpus"):
        compare(join_results(parts), "long")
