"""TREC files, and agreement with trec_eval's own examples."""

from __future__ import annotations

import tarfile

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.trec import Run, measure_run, read_qrels, read_run, write_qrels, write_run

_NAMES = {"map": "AP", "recip_rank": "RR", "Rprec": "Rprec", "ndcg": "nDCG"}
_FAMILIES = {"map_cut": "AP", "P": "P", "recall": "R", "ndcg_cut": "nDCG", "success": "success"}


@pytest.fixture(scope="module")
def trec_eval_examples(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trec_eval")
    with tarfile.open(shared_data / "trec-eval-examples" / "trec_eval-test.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "test"


def _expected(path):
    """(measure, query) -> value, for the measures that this project has under another name."""
    values = {}
    for line in path.read_text().split("\n"):
        name, query, value = line.split() if len(line.split()) == 3 else ("", "", "")
        family, _, cutoff = name.rpartition("_")
        if name in _NAMES:
            values[_NAMES[name], query] = float(value)
        elif family in _FAMILIES and cutoff.isdigit():
            values[f"{_FAMILIES[family]}@{cutoff}", query] = float(value)
    return values


@pytest.mark.parametrize(
    ("qrels", "run", "expected"),
    [
        ("qrels.test", "results.test", "out.test.aq"),
        ("qrels.test", "results.trunc", "out.test.aqc"),
        ("qrels.test", "results.test", "out.test.a"),
    ],
)
def test_values_are_those_of_trec_eval(trec_eval_examples, qrels, run, expected):
    values = _expected(trec_eval_examples / expected)
    names = {name for name, _ in values}
    assert len(names) >= 40
    measured = measure_run(
        read_qrels(trec_eval_examples / qrels), read_run(trec_eval_examples / run), sorted(names)
    )
    for (name, query), value in values.items():
        of_queries = measured.values[name]
        ours = of_queries.mean() if query == "all" else of_queries[measured.query_ids.index(query)]
        assert ours == pytest.approx(value, abs=5.1e-5), (name, query)


def test_comments_and_long_runs_are_read_as_trec_eval_reads_them(trec_eval_examples):
    values = _expected(trec_eval_examples / "out.comment.test")
    measured = measure_run(
        read_qrels(trec_eval_examples / "qrels.comment.test"),
        read_run(trec_eval_examples / "results.comment.test"),
        sorted({name for name, _ in values}),
    )
    assert measured.means() == pytest.approx({n: v for (n, q), v in values.items() if q == "all"}, abs=5.1e-5)


def test_a_run_is_ranked_by_score_then_by_descending_id():
    run = Run.from_scores({"q": {"a": 0.5, "b": 1.0, "c": 0.5, "é": 0.5, "Z": 0.5}})
    assert run.doc_ids.tolist() == ["b", "é", "c", "a", "Z"]


def test_scores_tie_in_single_precision_as_in_trec_eval():
    import pytrec_eval

    scores = {"q": {"a": 0.5 + 1e-12, "b": 0.5}}
    oracle = pytrec_eval.RelevanceEvaluator({"q": {"b": 1}}, {"recip_rank"}).evaluate(scores)
    assert measure_run({"q": {"b": 1}}, Run.from_scores(scores), ["RR"]).values["RR"][0] == 1.0
    assert oracle["q"]["recip_rank"] == 1.0


def test_a_run_survives_writing_and_reading(tmp_path):
    rng = np.random.default_rng(0)
    run = Run.from_scores(
        {f"q{q}\u2028ß": {f"d{d}": float(s) for d, s in enumerate(rng.normal(size=20))} for q in range(5)}
    )
    write_run(run, tmp_path / "deep" / "a.trec", tag="m")
    again = read_run(tmp_path / "deep" / "a.trec")
    assert again.to_scores() == run.to_scores()
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["a.trec"]
    first = (tmp_path / "deep" / "a.trec").read_text("utf-8").split("\n")[0].split(" ")
    assert first[:4] == ["q0\u2028ß", "Q0", run.doc_ids[0], "1"]


def test_qrels_survive_writing_and_reading(tmp_path):
    qrels = {"q1": {"a": 1, "b": -1}, "q2": {"a": 3}}
    write_qrels(qrels, tmp_path / "qrels")
    assert read_qrels(tmp_path / "qrels") == qrels


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; there is nothing"),
        ("q Q0 d 1 0.5\n", r":1: need 6 columns .* got 5"),
        ("q Q0 d 1 0.5 t\nq Q0 d 2 0.4 t\n", r":2: document 'd' is ranked twice for query 'q'"),
        ("q Q0 d 1 nan t\n", r":1: score must be a number, got 'nan'"),
        ("q Q0 d 1 high t\nq Q0 e\n", r"(?s):1: score.*:2: need 6"),
        ("q Q0 d 1 x t\n" * 30, r"and \d+ more problems"),
        (b"\xff\xfe", "cannot be read as UTF-8"),
    ],
)
def test_bad_runs_are_refused_with_file_and_line(tmp_path, content, message):
    path = tmp_path / "bad.trec"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SearchError, match=message):
        read_run(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\n", "empty"),
        ("q 0 d\n", r":1: need 4 columns"),
        ("q 0 d 1\nq 0 d 1\n", r":2: document 'd' is judged twice"),
        ("q 0 d 1.5\n", r":1: grade must be a whole number, got '1.5'"),
    ],
)
def test_bad_qrels_are_refused_with_file_and_line(tmp_path, content, message):
    (tmp_path / "bad").write_text(content)
    with pytest.raises(SearchError, match=message):
        read_qrels(tmp_path / "bad")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SearchError, match=r"nowhere\.trec: cannot be read"):
        read_run(tmp_path / "nowhere.trec")


def test_runs_without_documents_or_with_nan_are_refused():
    with pytest.raises(SearchError, match="the run is empty"):
        Run.from_scores({})
    with pytest.raises(SearchError, match="query 'q' has no document"):
        Run.from_scores({"p": {"d": 1.0}, "q": {}})
    with pytest.raises(SearchError, match="document 'e' is NaN"):
        Run.from_scores({"q": {"d": 1.0, "e": float("nan")}})


def test_a_judged_query_that_the_run_does_not_hold_counts_0():
    measured = measure_run(
        {"q": {"d": 1}, "p": {"d": 1}, "n": {"d": 0}},
        Run.from_scores({"q": {"d": 1.0}, "x": {"d": 1.0}}),
        ["AP"],
    )
    assert dict(zip(measured.query_ids, measured.values["AP"], strict=True)) == {"q": 1.0, "p": 0.0, "n": 0.0}
    assert (measured.num_unjudged, measured.num_missing, measured.num_without_relevant) == (1, 1, 1)
    assert measured.means() == {"AP": pytest.approx(1 / 3)}


def test_measures_unknown_here_come_from_ir_measures():
    run = Run.from_scores({"q": {"d": 1.0, "e": 0.5}})
    assert measure_run({"q": {"e": 1}}, run, ["IPrec@0.5", "AP"]).means() == {"IPrec@0.5": 0.5, "AP": 0.5}
    with pytest.raises(SearchError, match="unknown measure 'nonsense'"):
        measure_run({"q": {"e": 1}}, run, ["nonsense"])


def test_a_tag_is_one_word(tmp_path):
    with pytest.raises(SearchError, match="one word, got 'two words'"):
        write_run(Run.from_scores({"q": {"d": 1.0}}), tmp_path / "x", tag="two words")


@pytest.mark.parametrize("in_order", [True, False])
def test_a_run_in_any_order_is_ranked_as_a_full_sort_ranks_it(in_order):
    rng = np.random.default_rng(0)
    scores = {}
    for query in range(50):
        values = rng.integers(0, 8, int(rng.integers(1, 20))) / 8
        values = np.sort(values)[::-1] if in_order else values
        scores[f"q{query}"] = {
            f"d{doc}": float(v) for doc, v in zip(rng.permutation(99), values, strict=False)
        }
    run = Run.from_scores(scores)
    assert run.query_ids == tuple(scores)
    for query, doc_ids, found in run:
        ranked = sorted(scores[query].items(), key=lambda item: (item[1], item[0].encode()), reverse=True)
        assert list(zip(doc_ids, found, strict=True)) == ranked
