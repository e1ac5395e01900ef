"""Vectors of a corpus: prompts, duplicates, order, and everything that can be wrong with them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import SearchError
from isoglot.evaluation import evaluate
from isoglot.retrieval.adapters import similarity_of
from isoglot.retrieval.encode import Embeddings, embed, normalize, read_embeddings


class Model:
    """A model that writes down what it is asked to encode."""

    similarity_fn_name = "cosine"

    def __init__(self, width=3):
        self.width = width
        self.seen = {"query": [], "document": []}

    def _encode(self, side, texts):
        self.seen[side].append(list(texts))
        numbers = [float(text.split()[-1]) for text in texts]
        return np.array([[number, 1.0, 2.0][: self.width] for number in numbers], np.float32)

    def encode_query(self, texts, **_):
        return self._encode("query", texts)

    def encode_document(self, texts, **_):
        return self._encode("document", texts)


def _corpus(texts=("a 1", "bbb 2", "a 1", "cc 3")):
    builder = CorpusBuilder(CorpusInfo("texts"))
    for number, text in enumerate(texts):
        builder.add_query(f"q{number}", f"g{number}", "de", text)
        builder.add_document(f"d{number}", f"g{number}", "de", text, title="Title" if number == 3 else None)
    return builder.build()


def _rows(*numbers):
    return np.array(numbers, np.int32)


def test_each_distinct_text_is_encoded_once_longest_first():
    model = Model()
    vectors = embed(model, _corpus(), _rows(0, 1, 2, 3), _rows(3, 2, 0))
    assert model.seen == {"query": [["bbb 2", "cc 3", "a 1"]], "document": [["Title\ncc 3", "a 1"]]}
    assert vectors.num_texts == 5
    expected = normalize(np.array([[n, 1, 2] for n in (1, 2, 1, 3)], np.float32))
    np.testing.assert_allclose(vectors.query_embeddings, expected)
    np.testing.assert_allclose(vectors.document_embeddings, expected[[3, 2, 0]])


def test_dot_similarity_leaves_lengths_alone():
    model = Model()
    model.similarity_fn_name = "dot"
    vectors = embed(model, _corpus(), _rows(3), _rows(1))
    assert vectors.query_embeddings.tolist() == [[3, 1, 2]]
    assert vectors.similarity == "dot"


def test_a_distance_is_no_similarity():
    model = Model()
    model.similarity_fn_name = "euclidean"
    with pytest.raises(SearchError, match="compares by 'euclidean'"):
        similarity_of(model)


def test_the_prompts_kept_in_a_model_apply():
    corpus = _corpus()
    tokenizer = train_subwords(["a bbb cc 1 2 3 query passage: Title"], 60, model="bpe")
    model = build_static_encoder(tokenizer, 4)
    plain = embed(model, corpus, _rows(0), _rows(0)).query_embeddings
    model.prompts.update({"query": "query: ", "document": "passage: "})
    prompted = embed(model, corpus, _rows(0), _rows(0))
    assert not np.allclose(plain, prompted.query_embeddings)
    expected = normalize(model.encode(["query: a 1"], convert_to_numpy=True))
    np.testing.assert_allclose(prompted.query_embeddings, expected, atol=1e-6)


def test_a_text_without_known_tokens_stays_zero_and_is_not_nan():
    class Blank(Model):
        def _encode(self, side, texts):
            return np.zeros((len(texts), 3), np.float32)

    vectors = embed(Blank(), _corpus(), _rows(0), _rows(0))
    assert vectors.query_embeddings.tolist() == [[0, 0, 0]]


def test_a_vector_that_is_not_finite_is_named():
    class Broken(Model):
        def encode_document(self, texts, **_):
            return np.array([[np.nan if "bbb" in text else 1.0] * 3 for text in texts], np.float32)

    with pytest.raises(SearchError, match="vector of document 'd1' is not finite"):
        embed(Broken(), _corpus(), _rows(0), _rows(0, 1, 2))


def test_widths_must_agree():
    class Lopsided(Model):
        def encode_document(self, texts, **_):
            return np.ones((len(texts), 2), np.float32)

    with pytest.raises(SearchError, match="width 3, document embeddings 2"):
        embed(Lopsided(), _corpus(), _rows(0), _rows(0))


def _ready(**changed):
    arrays = {
        "query_ids": ["q1", "q0"],
        "query_embeddings": np.array([[0, 2], [3, 4]], np.float32),
        "doc_ids": ["d0", "d1"],
        "document_embeddings": np.eye(2, dtype=np.float32),
    }
    return Embeddings(**(arrays | changed))


def test_ready_vectors_are_looked_up_by_id():
    vectors = embed(_ready(), _corpus(), _rows(0, 1), _rows(1))
    np.testing.assert_allclose(vectors.query_embeddings, [[0.6, 0.8], [0, 1]])
    assert vectors.document_embeddings.tolist() == [[0, 1]]
    assert vectors.num_texts == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"query_ids": ["q0", "q0"]}, "query 'q0' has two vectors"),
        ({"query_ids": ["q0", "q7"]}, r"no vector for query 'q1' \(1 of 2 are missing\)"),
        ({"query_embeddings": np.array([[1, 1], [0, 0]], np.float32)}, "query 'q0' is all zeros"),
        ({"document_embeddings": np.array([[1, 1], [0, np.inf]], np.float32)}, "document 'd1' is not finite"),
    ],
)
def test_bad_ready_vectors_name_the_item(changed, message):
    with pytest.raises(SearchError, match=message):
        embed(_ready(**changed), _corpus(), _rows(0, 1), _rows(0, 1))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"doc_ids": ["d0"]}, "1 document ids for document embeddings of shape"),
        ({"similarity": "l2"}, "got 'l2'"),
    ],
)
def test_vectors_and_ids_must_fit(changed, message):
    with pytest.raises(SearchError, match=message):
        _ready(**changed)


def test_vectors_survive_an_npz_file(tmp_path):
    _ready(similarity="dot").write(tmp_path / "v.npz")
    again = read_embeddings(tmp_path / "v.npz")
    assert (again.query_ids, again.similarity, again.name) == (["q1", "q0"], "dot", "v")
    np.testing.assert_array_equal(again.query_embeddings, _ready().query_embeddings)


def test_vectors_are_read_from_a_folder(tmp_path):
    np.save(tmp_path / "query_embeddings.npy", _ready().query_embeddings)
    np.save(tmp_path / "document_embeddings.npy", _ready().document_embeddings)
    (tmp_path / "query_ids.txt").write_text("q1\nq0\n")
    (tmp_path / "doc_ids.txt").write_text("d0\nd1\n")
    assert read_embeddings(tmp_path).query_ids == ["q1", "q0"]
    (tmp_path / "doc_ids.txt").unlink()
    with pytest.raises(SearchError, match="no doc_ids"):
        read_embeddings(tmp_path)


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "v.npz", query_ids=np.array([{"a": 1}], object))
    with pytest.raises(SearchError, match=r"not an \.npz file of plain arrays"):
        read_embeddings(tmp_path / "v.npz")
    np.save(tmp_path / "query_embeddings.npy", np.array([{"a": 1}], object))
    with pytest.raises(SearchError, match="not a plain array"):
        read_embeddings(tmp_path)
    (tmp_path / "x.npz").write_bytes(b"junk")
    with pytest.raises(SearchError, match=r"x\.npz: not"):
        read_embeddings(tmp_path / "x.npz")


def test_texts_and_pictures_are_encoded_in_their_places(tiny_clip, coloured):
    rows = np.arange(12, dtype=np.int32)
    vectors = embed(tiny_clip, coloured, rows, rows[::-1].copy())
    assert vectors.num_texts == 24
    paths = [f"{coloured.media_root}/{colour}.png" for colour in ("red", "green", "blue", "grey")]
    pictures = tiny_clip.encode([{"image": path} for path in paths])
    np.testing.assert_allclose(vectors.query_embeddings[2::3], pictures, atol=1e-6)
    np.testing.assert_allclose(vectors.document_embeddings[::-1][2::3], pictures, atol=1e-6)
    words = tiny_clip.encode(["red", "green", "blue", "grey"])
    np.testing.assert_allclose(vectors.query_embeddings[::3], words, atol=1e-6)
    assert np.linalg.norm(pictures[0] - pictures[1]) > 1e-4
    assert np.linalg.norm(words[0] - words[1]) > 1e-4


def test_a_model_of_texts_alone_refuses_pictures(coloured):
    with pytest.raises(
        SearchError, match="document side of 'coloured' has image, but the model encodes text"
    ):
        embed(Model(), coloured, _rows(), _rows(2))


def test_media_of_different_widths_are_refused(coloured):
    class Uneven(Model):
        modalities = ("text", "image")

        def encode_query(self, inputs, **_):
            return np.ones((len(inputs), 3 if isinstance(inputs[0], str) else 4), np.float32)

    with pytest.raises(SearchError, match=r"differ in width by medium: {'text': 3, 'image': 4}"):
        embed(Uneven(), coloured, _rows(0, 2), _rows(0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((2, 3)), r"3 query texts gave embeddings of shape \(2, 3\)"),
        (np.ones(3), r"3 query texts gave embeddings of shape \(3,\)"),
        ([[1.0, 2.0], [1.0], [3.0, 4.0]], "gave no array of numbers for 3 query texts"),
    ],
)
def test_vectors_of_the_wrong_shape_are_refused(given, message):
    class Odd(Model):
        def encode_query(self, texts, **_):
            return given

    with pytest.raises(SearchError, match=message):
        embed(Odd(), _corpus(), _rows(0, 1, 3), _rows(0))


def test_something_else_is_no_model():
    with pytest.raises(SearchError, match="dict is no model to search with"):
        embed({}, _corpus(), _rows(0), _rows(0))


@pytest.fixture
def static_model():
    return build_static_encoder(train_subwords(["a bbb cc 1 2 3 query passage: Title"], 60, model="bpe"), 4)


def test_with_a_cache_nothing_is_encoded_twice(static_model, tmp_path, monkeypatch):
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path))
    plain = embed(static_model, _corpus(), _rows(0, 1), _rows(0, 3))
    first = embed(static_model, _corpus(), _rows(0, 1), _rows(0, 3), cache=True)
    monkeypatch.setattr(static_model, "encode", None)  # From now on it cannot.
    again = embed(static_model, _corpus(), _rows(1, 0), _rows(3, 0), cache=True)
    assert [(v.num_texts, v.num_cached) for v in (plain, first, again)] == [(4, 0), (4, 0), (0, 4)]
    np.testing.assert_array_equal(first.query_embeddings, plain.query_embeddings)
    np.testing.assert_array_equal(again.query_embeddings[::-1], plain.query_embeddings)
    np.testing.assert_array_equal(again.document_embeddings[::-1], plain.document_embeddings)


def test_an_overlapping_corpus_is_encoded_where_it_is_new(static_model, tmp_path):
    embed(static_model, _corpus(), _rows(0), _rows(0, 1), cache=tmp_path)
    more = embed(static_model, _corpus(("cc 3", "bbb 2", "new 4")), _rows(1), _rows(0, 1, 2), cache=tmp_path)
    assert (more.num_texts, more.num_cached) == (3, 1)


def test_the_cache_knows_prompts_sides_and_similarities_apart(static_model, tmp_path):
    embed(static_model, _corpus(), _rows(0), _rows(0), cache=tmp_path)
    static_model.similarity_fn_name = "dot"
    assert embed(static_model, _corpus(), _rows(0), _rows(0), cache=tmp_path).num_texts == 0
    static_model.prompts["query"] = "query: "
    prompted = embed(static_model, _corpus(), _rows(0), _rows(0), cache=tmp_path)
    assert (prompted.num_texts, prompted.num_cached) == (1, 1)
    np.testing.assert_allclose(prompted.query_embeddings[0], static_model.encode("query: a 1"), atol=1e-6)
    static_model.default_prompt_name = "query"
    del static_model.prompts["document"]
    assert embed(static_model, _corpus(), _rows(0), _rows(0), cache=tmp_path).num_texts == 1


def test_pictures_are_cached_by_what_is_in_them(tiny_clip, coloured, tmp_path):
    cache, media = tmp_path / "cache", tmp_path / "media"
    rows = np.arange(12, dtype=np.int32)
    first = embed(tiny_clip, coloured, rows, rows, cache=cache)
    shutil.copytree(coloured.media_root, media)
    moved = replace(coloured, media_root=str(media))
    again = embed(tiny_clip, moved, rows, rows, cache=cache)
    assert (first.num_texts, again.num_texts, again.num_cached) == (24, 0, 24)
    np.testing.assert_array_equal(first.document_embeddings, again.document_embeddings)
    shutil.copyfile(media / "blue.png", media / "red.png")
    other = embed(tiny_clip, moved, rows, rows, cache=cache)
    assert (other.num_texts, other.num_cached) == (0, 24)  # It has met that picture under its own name.
    np.testing.assert_array_equal(other.document_embeddings[2], first.document_embeddings[8])


def test_a_model_that_cannot_be_identified_is_not_cached(tmp_path):
    with pytest.warns(UserWarning, match="cannot be told from others"):
        vectors = embed(Model(), _corpus(), _rows(0), _rows(0), cache=tmp_path)
    assert vectors.num_texts == 2
    assert list(tmp_path.iterdir()) == []


def test_directions_between_media_are_evaluated_with_a_model_of_both(tiny_clip, coloured):
    results = evaluate(tiny_clip, coloured, measures=["success@1", "R@10"], num_resamples=10)
    directions = {(record.query_modality, record.document_modality) for record in results.records}
    assert {("text", "image"), ("image", "text"), ("image", "image"), ("text", "text")} <= directions
    own = results.select(query_modality="image", document_modality="image", measure="success@1")
    assert [record.value for record in own] == [1.0] * len(own)
    assert own


def test_mapped_vectors_in_the_order_of_the_rows_stay_on_disk(toy_corpus, tmp_path):
    rng = np.random.default_rng(0)
    sides = {"query": toy_corpus.queries["query_id"], "doc": toy_corpus.documents["doc_id"]}
    for side, ids in sides.items():
        (tmp_path / f"{side}_ids.txt").write_text("\n".join(ids.to_pylist()), "utf-8")
        name = "query_embeddings" if side == "query" else "document_embeddings"
        np.save(tmp_path / f"{name}.npy", rng.standard_normal((len(ids), 8)).astype(np.float32))
    everything = np.arange(toy_corpus.documents.num_rows, dtype=np.int32)
    queries = toy_corpus.judgements("dev").query_rows
    vectors = read_embeddings(tmp_path)
    mapped = embed(vectors, toy_corpus, queries, everything, scale_documents=False)
    assert isinstance(mapped.document_embeddings, np.memmap)
    scaled = embed(vectors, toy_corpus, queries, everything)
    assert not isinstance(scaled.document_embeddings, np.memmap)
    np.testing.assert_allclose(np.linalg.norm(scaled.document_embeddings, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(scaled.document_embeddings, normalize(mapped.document_embeddings))
