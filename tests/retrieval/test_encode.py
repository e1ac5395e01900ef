"""Vectors of a corpus: prompts, duplicates, order, and everything that can be wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import SearchError
from isoglot.retrieval.encode import Embeddings, embed, normalize, read_embeddings, similarity_of


class Model:
    """A model that writes down what it is asked to encode."""

    similarity_fn_name = "cosine"

    def __init__(self, width=3):
        self.width = width
        self.seen = {"query": [], "document": []}

    def __getitem__(self, index):
        return self

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
