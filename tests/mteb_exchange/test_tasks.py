"""Corpora as MTEB's tasks: the same numbers as ours, from `mteb.evaluate` itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.evaluation import evaluate
from isoglot.mteb_exchange import build_task

mteb = pytest.importorskip("mteb")
from mteb.models import abs_encoder, model_meta  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:The fill_missing parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The `get_sentence_embedding_dimension` method:FutureWarning"),
]
"""MTEB warns of a parameter that it passes itself, and calls a method by its former name."""

ROUNDED = 5.1e-6
"""MTEB rounds most means to five digits."""
MEASURES = ("AP", "AP@10", "nDCG@10", "RR@10", "R@5", "P@3", "success@1")
THEIR_NAMES = {
    "AP@10": "map_at_10",
    "nDCG@10": "ndcg_at_10",
    "RR@10": "mrr_at_10",
    "R@5": "recall_at_5",
    "P@3": "precision_at_3",
    "success@1": "hit_rate_at_1",
}
TAGS = {"de": "deu-Latn", "en": "eng-Latn", "th": "tha-Thai"}


@pytest.fixture(scope="module")
def model(toy_corpus):
    texts = toy_corpus.document_texts(np.arange(toy_corpus.documents.num_rows, dtype=np.int32))
    return build_static_encoder(train_subwords(texts, 400, model="bpe"), 32)


@pytest.fixture(scope="module")
def ours(model, toy_corpus):
    return evaluate(model, toy_corpus, split="dev", measures=MEASURES, num_resamples=10)


def _run(model, task):
    with np.errstate(all="ignore"):
        result = mteb.evaluate(model, task, cache=None, co2_tracker=False, show_progress_bar=False)
    (scores,) = result.task_results[0].scores.values()
    return result.task_results[0], {entry["hf_subset"]: entry for entry in scores}


def _our_values(ours, setting, query, document):
    wanted = {"setting": setting, "query_language": query, "document_language": document}
    return {record.measure: record.value for record in ours.select(**wanted)}


def test_a_pooled_corpus_has_our_values_and_our_bias(model, toy_corpus, ours):
    num_documents = toy_corpus.documents.num_rows
    task = build_task(toy_corpus, split="dev", depth=num_documents)
    result, found = _run(model, task)
    assert result.task_name == "ToyPooledRetrieval"
    assert {name: entry["languages"] for name, entry in found.items()} == {k: [v] for k, v in TAGS.items()}
    for tag, theirs in found.items():
        values = _our_values(ours, "multilingual", tag, "*")
        for measure, name in THEIR_NAMES.items():
            assert theirs[name] == pytest.approx(values[measure], abs=ROUNDED), name
        assert theirs[f"map_at_{num_documents}"] == pytest.approx(values["AP"], abs=ROUNDED)
        for name in ("rank_distance", "worst_rank", "random_rank_distance"):
            assert theirs[name] == pytest.approx(values[name], abs=1e-6), name
        assert theirs["main_score"] == theirs["ndcg_at_10"]
    assert result.get_score() == pytest.approx(ours.value("multilingual", "nDCG@10"), abs=ROUNDED)


def test_before_rounding_the_values_are_the_same(model, toy_corpus, ours, monkeypatch):
    task = build_task(toy_corpus, split="dev")
    means = {}

    def keep(scores, qrels, results, hf_split, hf_subset):
        means[hf_subset] = {
            name: np.mean([s[name] for s in scores.values()]) for name in ("ndcg_cut_10", "map_cut_10")
        }
        return {}

    monkeypatch.setattr(task, "task_specific_scores", keep)
    _run(model, task)
    assert set(means) == set(TAGS)
    for tag, theirs in means.items():
        values = _our_values(ours, "multilingual", tag, "*")
        assert theirs["ndcg_cut_10"] == pytest.approx(values["nDCG@10"], abs=1e-6)
        assert theirs["map_cut_10"] == pytest.approx(values["AP@10"], abs=1e-6)


@pytest.mark.parametrize(
    ("setting", "subsets"),
    [("cross_lingual", {"de-en", "de-th", "en-de", "en-th", "th-de", "th-en"}), ("monolingual", set(TAGS))],
)
def test_other_settings_have_our_values(model, toy_corpus, ours, setting, subsets):
    _, found = _run(model, build_task(toy_corpus, setting, split="dev"))
    assert set(found) == subsets
    for name, theirs in found.items():
        query, _, document = name.partition("-")
        values = _our_values(ours, setting, query, document or query)
        for measure, their_name in THEIR_NAMES.items():
            assert theirs[their_name] == pytest.approx(values[measure], abs=ROUNDED), (name, measure)
        assert theirs["languages"] == [TAGS[query], TAGS[document or query]][: 1 + bool(document)]
        assert not {key for key in theirs if key.startswith("rank_distance")}


def test_a_cut_ranking_gives_lower_bounds_by_another_name(model, toy_corpus, ours):
    _, found = _run(model, build_task(toy_corpus, split="dev", depth=15))
    for tag, theirs in found.items():
        values = _our_values(ours, "multilingual", tag, "*")
        assert theirs["worst_rank_at_15"] < values["worst_rank"]
        assert theirs["rank_distance_at_15"] < values["rank_distance"]
        assert "rank_distance" not in theirs


class Painter(abs_encoder.AbsEncoder):
    """Words and pictures as their colour, with a little of the word's own."""

    def __init__(self):
        fields = {"name": "somebody/painter", "revision": "1", "modalities": ["text", "image"]}
        self.mteb_model_meta = model_meta.ModelMeta.create_empty(fields)

    def encode(self, inputs, **kwargs):
        vectors = []
        for batch in inputs:
            vectors += [
                np.array([ord(word[0]), ord(word[1]), ord(word[-1])]) for word in batch.get("text", ())
            ]
            vectors += [np.asarray(picture).mean((0, 1)) for picture in batch.get("image", ())]
        return np.array(vectors, np.float32) - 100


def test_what_was_not_ranked_counts_as_if_it_came_next(toy_corpus):
    task = build_task(toy_corpus, split="dev", depth=10)
    ranking = {"q": {f"d{number}": float(-number) for number in range(1, 11)}}
    relevant = {"q": {"d2": 1, "elsewhere": 1, "nowhere": 1}}
    scores = task.task_specific_scores({}, relevant, ranking, "dev", "de")
    assert (scores["rank_distance_at_10"], scores["worst_rank_at_10"]) == (11 - 2, 11)
    assert scores["random_rank_distance"] == (toy_corpus.documents.num_rows + 1) * 2 / 4
    assert task.task_specific_scores({}, {"q": {"d2": 1}}, ranking, "dev", "de") == {}
    apart = build_task(toy_corpus, "monolingual", split="dev", depth=10)
    assert apart.task_specific_scores({}, relevant, ranking, "dev", "de") == {}


def test_documents_of_equal_score_stand_in_the_same_order():
    """Three documents have the same text, so the order of their ids decides."""
    builder = CorpusBuilder(CorpusInfo("ties"))
    for number, (group, letter) in enumerate(zip("abc", "efg", strict=True)):
        builder.add_query(f"q{number}", group, "en", f"e{letter}f")
        builder.add_document(f"d{number}", group, "en", "eef")
        builder.add_document(f"c{number}", group, "de", f"x{letter}x")
        builder.judge_group("test", group)
    corpus = builder.build()
    ours = evaluate(Painter(), corpus, measures=["nDCG@10", "AP@10", "RR@10"], num_resamples=10)
    _, found = _run(Painter(), build_task(corpus, depth=10))
    for measure, name in (("nDCG@10", "ndcg_at_10"), ("AP@10", "map_at_10"), ("RR@10", "mrr_at_10")):
        assert found["en"][name] == pytest.approx(ours.value("multilingual", measure), abs=ROUNDED)
    assert found["en"]["mrr_at_10"] == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Twelve pictures with captions in two languages, as XTD10 has them; queries and documents are both."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    builder = CorpusBuilder(CorpusInfo("xtd10", licence="CC BY-NC 4.0", description="Captions of pictures."))
    rng = np.random.default_rng(0)
    for number in range(12):
        name, points = f"p{number}.png", rng.integers(97, 123, 3)
        Image.fromarray(np.tile(points, (8, 8, 1)).astype(np.uint8)).save(folder / name)
        for language in ("en", "it"):
            points = np.clip(points + rng.integers(-3, 4, 3), 97, 122)
            caption = "".join(map(chr, points))
            builder.add_query(f"{name}-{language}", name, language, caption)
            builder.add_document(f"{name}-{language}", name, language, caption)
        builder.add_query(name, name, "zxx", None, modality="image", path=name)
        builder.add_document(name, name, None, None, modality="image", path=name)
        builder.judge_group("test", name)
    return replace(builder.build(), media_root=str(folder))


def test_text_to_image_has_our_values(pictures):
    ours = evaluate(Painter(), pictures, measures=["nDCG@10", "RR@10"], num_resamples=10)
    task = build_task(pictures, query_modality="text", document_modality="image")
    result, found = _run(Painter(), task)
    assert result.task_name == "Xtd10PooledT2IRetrieval"
    assert set(found) == {"en", "it"}
    for tag, theirs in found.items():
        wanted = {"query_modality": "text", "document_modality": "image", "query_language": tag}
        values = {record.measure: record.value for record in ours.select(**wanted, setting="multilingual")}
        assert theirs["ndcg_at_10"] == pytest.approx(values["nDCG@10"], abs=ROUNDED)
        assert theirs["mrr_at_10"] == pytest.approx(values["RR@10"], abs=ROUNDED)
        assert 0.2 < theirs["ndcg_at_10"] < 1


def test_image_to_text_searches_each_language_or_all(pictures):
    directions = {"query_modality": "image", "document_modality": "text"}
    ours = evaluate(Painter(), pictures, measures=["nDCG@10"], num_resamples=10)
    _, pooled = _run(Painter(), build_task(pictures, **directions))
    (theirs,) = pooled.values()
    assert theirs["languages"] == ["eng-Latn", "ita-Latn"]
    wanted = {**directions, "setting": "multilingual", "measure": "nDCG@10", "query_language": "zxx"}
    (ours_pooled,) = [r for r in ours.select(**wanted) if r.document_language == "*"]
    assert theirs["ndcg_at_10"] == pytest.approx(ours_pooled.value, abs=ROUNDED)
    _, apart = _run(Painter(), build_task(pictures, "monolingual", **directions))
    assert {name: entry["languages"] for name, entry in apart.items()} == {
        "en": ["eng-Latn"],
        "it": ["ita-Latn"],
    }


def test_the_metadata_is_filled(pictures, toy_corpus):
    task = build_task(pictures, query_modality="text", document_modality="image")
    assert task.metadata.is_filled()
    assert (task.metadata.category, task.metadata.license) == ("t2i", "cc-by-nc-4.0")
    assert task.metadata.type == "Any2AnyMultilingualRetrieval"
    other = build_task(toy_corpus, split="dev", date=("2020-01-01", "2020-12-31"), main_score="map_at_10")
    assert other.metadata.date == ("2020-01-01", "2020-12-31")
    assert other.metadata.main_score == "map_at_10"
    assert other.metadata.license == "not specified"


def test_instructions_are_found_for_a_task_that_mteb_does_not_list(toy_corpus):
    metadata = build_task(toy_corpus, split="dev").metadata
    query = mteb.types.PromptType.query
    assert Painter().get_instruction(metadata, query) == "Retrieve text based on user query."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"setting": "pooled"},
            "setting must be one of monolingual, cross_lingual, multilingual, got 'pooled'",
        ),
        ({"depth": 5}, "depth must be >= 10, as the main score is nDCG@10, got 5"),
        ({"query_modality": "audio"}, "query_modality must be one of text, the media of 'toy', got 'audio'"),
        ({"colour": "red"}, "MTEB does not accept the description of 'toy'"),
    ],
)
def test_arguments_are_checked(toy_corpus, arguments, message):
    with pytest.raises(ConfigError, match=message):
        build_task(toy_corpus, **({"split": "dev"} | arguments))


def test_a_direction_must_be_chosen_where_there_are_several(pictures):
    with pytest.raises(ConfigError, match="query_modality must be one of image, text"):
        build_task(pictures)
    with pytest.raises(ConfigError, match="no part of the setting 'cross_lingual' in this direction"):
        build_task(pictures, "cross_lingual", query_modality="text", document_modality="image")


def test_a_symmetric_corpus_has_but_one_setting(toy_corpus):
    symmetric = replace(toy_corpus, info=CorpusInfo("toy", symmetric=True))
    with pytest.raises(ConfigError, match="every query is also a document"):
        build_task(symmetric, split="dev")
    assert len(build_task(symmetric, "cross_lingual", split="dev").hf_subsets) == 6
