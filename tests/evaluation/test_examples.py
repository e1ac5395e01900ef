"""Examples: the worst queries with what stands above their answers, and of pictures a fair draw."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.errors import SearchError
from isoglot.evaluation import evaluate, read_results
from isoglot.evaluation.examples import read_examples, typical_queries, worst_queries
from isoglot.evaluation.thumbnails import make_thumbnail


def test_the_worst_of_each_language_in_turn_and_no_group_twice():
    ranks = np.array([9, 8, 7, 1, 6, 5])
    languages = np.array([0, 0, 0, 1, 1, 1])
    groups = np.array([0, 0, 1, 2, 3, 4])
    assert worst_queries(ranks, languages, groups, 3).tolist() == [0, 2, 4]
    assert worst_queries(ranks, languages, groups, 2).tolist() == [0, 4]
    assert worst_queries(np.ones(6, int), languages, groups).tolist() == []


def test_typical_queries_are_drawn_from_every_language_and_no_group_twice():
    languages, groups = np.repeat([0, 1, 2], 40), np.tile(np.arange(40), 3)
    drawn = typical_queries(languages, groups, 9)
    assert languages[drawn].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert len(set(groups[drawn].tolist())) == 9
    assert drawn.tolist() == typical_queries(languages, groups, 9).tolist()
    assert drawn.tolist() != sorted(drawn.tolist())[::-1]
    # Whatever is asked for, no language goes without.
    assert set(languages[typical_queries(languages, groups, 1)].tolist()) == {0, 1, 2}


def test_a_draw_is_fair_to_right_and_wrong_alike():
    # 2,000 queries of one language, every fourth of them right: about as many are shown.
    right = np.arange(2_000) % 4 == 0
    drawn = typical_queries(np.zeros(2_000, int), np.arange(2_000), 400)
    assert right[drawn].mean() == pytest.approx(0.25, abs=0.06)


@pytest.fixture(scope="module")
def results(tiny, embed_by_meaning):
    return evaluate(embed_by_meaning(tiny, pull=1.0, noise=1.0), tiny, run_depth=20, num_resamples=5)


def test_an_example_says_what_the_run_says(results):
    assert results.examples
    for example in results.examples:
        ranked = results.runs[f"embeddings.tiny.{example.query_language}"].to_scores()[example.query_id]
        found = list(ranked)
        group = example.query_id.partition(".")[0][1:]
        answers = [name for name in found if name.partition(".")[0][1:] == group]
        if answers:
            assert example.best.doc_id == answers[0]
            assert example.best.rank == found.index(answers[0]) + 1
        assert example.best.rank > 1
        assert example.best.relevant
        assert [placed.doc_id for placed in example.top] == found[: min(5, example.best.rank - 1)]
        assert [placed.rank for placed in example.top] == list(range(1, len(example.top) + 1))
        assert all(placed.doc_id.endswith(f".{placed.language}") for placed in example.top)
        assert example.query == f"question {group} {example.query_language}"


def test_examples_survive_writing_and_reading(results, tmp_path):
    results.write(tmp_path)
    assert read_results(tmp_path).examples == results.examples


@pytest.mark.parametrize(
    "content", ['{"0": 1}', "[1]", '[{"model": "m"}]', "[", '[{"best": {}, "top": []}]', "7"]
)
def test_bad_examples_are_refused(tmp_path, content):
    file = tmp_path / "examples.json"
    file.write_text(content, "utf-8")
    with pytest.raises(SearchError, match=r"examples\.json: cannot be read as a list of examples"):
        read_examples(file)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Captions in two languages of thirty grey pictures, one of which is torn."""
    root = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("greys"))
    for group in range(30):
        Image.new("L", (32, 32), 8 * group).save(root / f"{group}.png")
        for language in ("de", "en"):
            builder.add_query(
                f"q{group}.{language}", f"g{group}", language, f"grey {group} <b>{language}</b>"
            )
        builder.add_document(f"d{group}", f"g{group}", None, None, modality="image", path=f"{group}.png")
        builder.judge_group("test", f"g{group}")
    (root / "3.png").write_bytes(b"torn")
    return replace(builder.build(), media_root=str(root))


@pytest.fixture(scope="module")
def found(pictures, embed_by_meaning):
    return evaluate(embed_by_meaning(pictures, noise=1.2), pictures, run_depth=20, num_resamples=5)


def test_typical_examples_say_what_came_first_right_and_wrong(pictures, found):
    typical = [example for example in found.examples if example.chosen == "typical"]
    assert {example.query_language for example in typical} == {"de", "en"}
    rights = [placed.relevant for example in typical for placed in example.top]
    assert {True, False} == set(rights)
    for example in typical:
        group = example.query_id.partition(".")[0][1:]
        assert [placed.rank for placed in example.top] == [1, 2, 3, 4, 5]
        assert [placed.relevant for placed in example.top] == [p.doc_id == f"d{group}" for p in example.top]
        if example.best.rank <= 5:
            assert example.top[example.best.rank - 1] == example.best
        for placed in example.top:
            assert placed.picture == make_thumbnail(f"{pictures.media_root}/{placed.text}")
            assert (placed.picture is None) == (placed.doc_id == "d3")


def test_a_picture_that_asks_is_shown(pictures, embed_by_meaning):
    builder = CorpusBuilder(CorpusInfo("asking"))
    for group in range(8):
        path = f"{group}.png"
        builder.add_query(f"q{group}", f"g{group}", "zxx", None, modality="image", path=path)
        builder.add_document(f"d{group}", f"g{group}", "de", f"Grau {group}")
        builder.judge_group("test", f"g{group}")
    corpus = replace(builder.build(), media_root=pictures.media_root)
    examples = evaluate(embed_by_meaning(corpus), corpus, num_resamples=5).examples
    assert len(examples) >= 8
    for example in examples:
        assert example.query_modality == "image"
        assert example.query_picture == make_thumbnail(f"{pictures.media_root}/{example.query}")


def test_another_model_is_shown_at_the_same_queries(pictures, found, embed_by_meaning):
    other = evaluate(embed_by_meaning(pictures, noise=3.0, seed=5), pictures, num_resamples=5)
    names = [
        [example.query_id for example in each.examples if example.chosen == "typical"]
        for each in (found, other)
    ]
    assert names[0] == names[1]


def test_a_text_corpus_has_the_worst_queries_alone(results):
    assert {example.chosen for example in results.examples} == {"worst"}
    assert all(placed.picture is None for example in results.examples for placed in example.top)


def test_pictures_survive_and_nothing_else_passes_for_one(found, tmp_path):
    found.write(tmp_path)
    assert read_results(tmp_path).examples == found.examples
    entries = json.loads((tmp_path / "examples.json").read_text())
    entries[0]["top"][0]["picture"] = "javascript:alert(1)"
    (tmp_path / "examples.json").write_text(json.dumps(entries))
    with pytest.raises(SearchError, match="a picture must begin with 'data:image/jpeg;base64,', got 'javasc"):
        read_examples(tmp_path / "examples.json")
