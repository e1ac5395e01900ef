"""The parts of a corpus that are searched apart."""

from __future__ import annotations

import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.errors import ConfigError, CorpusError
from isoglot.mteb_exchange.naming import revision, score_name, subset_name, task_name
from isoglot.mteb_exchange.subsets import direction_of, relevant_documents, subsets_of


@pytest.fixture
def screens():
    """Two words in each language, and pictures of which some show words."""
    builder = CorpusBuilder(CorpusInfo("screens"))
    for group in ("a", "b"):
        for language in ("de", "en"):
            builder.add_query(f"{group}-{language}", group, language, f"{group} {language}")
            builder.add_document(
                f"{group}-{language}", group, language, None, modality="image", path=f"{group}.png"
            )
        builder.add_document(group, group, None, None, modality="image", path=f"{group}.png")
    builder.judge_group("test", "a")
    builder.judge_group("dev", "b")
    return builder.build()


def _shape(subset):
    return subset.name, subset.tags, subset.query_rows.tolist(), subset.document_rows.tolist()


def test_documents_without_language_are_in_every_collection(screens):
    direction = direction_of(screens, "test", None, None)
    assert [_shape(subset) for subset in subsets_of(direction, "cross_lingual")] == [
        ("de-en", ("de", "en"), [0], [1, 2, 4, 5]),
        ("en-de", ("en", "de"), [1], [0, 2, 3, 5]),
    ]
    assert [_shape(subset) for subset in subsets_of(direction, "monolingual")] == [
        ("de", ("de",), [0], [0, 2, 3, 5]),
        ("en", ("en",), [1], [1, 2, 4, 5]),
    ]


def test_a_split_has_its_own_queries_and_the_whole_collection(screens):
    german, english = subsets_of(direction_of(screens, "dev", None, None), "multilingual")
    assert _shape(german) == ("de", ("de",), [2], [0, 1, 2, 3, 4, 5])
    assert _shape(english) == ("en", ("en",), [3], [0, 1, 2, 3, 4, 5])


def test_relevant_documents_are_those_of_the_collection(screens):
    direction = direction_of(screens, "test", None, None)
    pair = subsets_of(direction, "cross_lingual")[0]
    assert relevant_documents(direction, pair) == {"a-de": {"a-en": 1, "a": 1}}


def test_splits_and_media_must_exist(screens):
    with pytest.raises(CorpusError, match="has no split 'train'"):
        direction_of(screens, "train", None, None)
    with pytest.raises(ConfigError, match="document_modality must be one of image, the media of 'screens'"):
        direction_of(screens, "test", None, "text")


@pytest.mark.parametrize(
    ("corpus", "setting", "media", "name"),
    [
        ("xquad-r", "multilingual", ("text", "text"), "XquadRPooledRetrieval"),
        ("tico_19", "cross_lingual", ("text", "text"), "Tico19CrossLingualRetrieval"),
        ("xtd10", "monolingual", ("image", "text"), "Xtd10MonolingualI2TRetrieval"),
        ("msr-vtt", "multilingual", ("text", "*"), "MsrVttPooledT2AnyRetrieval"),
    ],
)
def test_names_of_tasks(corpus, setting, media, name):
    assert task_name(corpus, setting, *media) == name


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("nDCG@10", "ndcg_at_10"),
        ("AP", "map"),
        ("RR@3", "mrr_at_3"),
        ("success@1", "hit_rate_at_1"),
        ("Rprec", "r_precision"),
        ("same_language_preference@10", "same_language_preference_at_10"),
        ("rank_distance", "rank_distance"),
    ],
)
def test_names_of_scores(measure, name):
    assert score_name(measure) == name


def test_names_of_subsets_and_revisions():
    assert [subset_name("de", "de"), subset_name("de", "*"), subset_name("de", "en")] == ["de", "de", "de-en"]
    assert revision("2", {}) == "2"
    assert (
        revision("2", {"a": "1", "b": "2"})
        == revision("3", {"b": "2", "a": "1"})
        != revision("2", {"a": "1"})
    )
