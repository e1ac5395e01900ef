"""Models of MTEB's kind, used unchanged. Importing mteb takes some seconds, once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import SearchError
from isoglot.evaluation import evaluate
from isoglot.retrieval.encode import embed
from isoglot.retrieval.mteb_encoder import language_script

mteb = pytest.importorskip("mteb")
from mteb.models import abs_encoder, model_meta, sentence_transformer_wrapper  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:The fill_missing parameter:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The `get_sentence_embedding_dimension` method:FutureWarning"),
]
"""MTEB warns of a parameter that it passes itself, and calls a method by its former name."""

COLOURS = {"red": 0, "rot": 0, "green": 1, "gruen": 1, "blue": 2, "blau": 2}


class Painter(abs_encoder.AbsEncoder):
    """An encoder as somebody would write it for MTEB: words and pictures as their colour."""

    def __init__(self, similarity="cosine", revision="1"):
        fields = {"name": "somebody/painter", "revision": revision, "modalities": ["text", "image"]}
        if similarity is not None:
            fields["similarity_fn_name"] = model_meta.ScoringFunction(similarity)
        self.mteb_model_meta = model_meta.ModelMeta.create_empty(fields)
        self.calls = []
        self.instructions = set()

    def encode(self, inputs, *, task_metadata, hf_split, hf_subset, prompt_type=None, **kwargs):
        vectors = []
        self.instructions.add(self.get_instruction(task_metadata, prompt_type))
        for batch in inputs:
            self.calls.append((prompt_type, task_metadata.type, sorted(batch), kwargs["batch_size"]))
            vectors += [self._word(word) for word in batch.get("text", ())]
            vectors += [np.asarray(picture).mean((0, 1)) / 255 for picture in batch.get("image", ())]
        return torch.tensor(np.array(vectors), dtype=torch.bfloat16)

    def _word(self, word):
        vector = np.full(3, 0.1)
        if word in COLOURS:
            vector[COLOURS[word]] = 1
        return vector


def test_an_encoder_of_mteb_runs_as_it_is(coloured):
    model = Painter()
    rows = np.arange(12, dtype=np.int32)
    vectors = embed(model, coloured, rows, rows, batch_size=5)
    query, document = mteb.types.PromptType.query, mteb.types.PromptType.document
    text, image = ["id", "query", "text"], ["id", "image"]
    retrieval, other = "Retrieval", "Any2AnyRetrieval"
    assert model.calls == [
        (query, retrieval, text, 5),
        (query, retrieval, text, 5),
        (query, other, image, 5),
        (document, retrieval, ["body", "id", "text"], 5),
        (document, retrieval, ["body", "id", "text"], 5),
        (document, other, image, 5),
    ]
    assert model.instructions == {"Retrieve text based on user query."}
    best = (vectors.query_embeddings[:9:3] @ vectors.document_embeddings[2:9:3].T).argmax(axis=1)
    assert best.tolist() == [0, 1, 2]
    assert np.allclose(np.linalg.norm(vectors.query_embeddings, axis=1), 1)


def test_evaluation_takes_it_by_its_own_name(coloured):
    results = evaluate(Painter(), coloured, measures=["success@1"], num_resamples=10)
    values = [
        r.value
        for r in results.records
        if (r.query_modality, r.document_modality, r.measure) == ("text", "image", "success@1")
    ]
    assert values
    assert min(values) >= 0.75  # Of four colours, it knows no grey.


def test_mtebs_own_wrapper_gives_what_the_model_inside_gives(toy_corpus):
    texts = toy_corpus.document_texts(np.arange(50, dtype=np.int32))
    model = build_static_encoder(train_subwords(texts, 200, model="bpe"), 8)
    model.prompts.update({"query": "query: ", "document": "passage: "})
    wrapped = sentence_transformer_wrapper.SentenceTransformerEncoderWrapper(model)
    rows = np.arange(40, dtype=np.int32)
    ours, theirs = embed(model, toy_corpus, rows, rows), embed(wrapped, toy_corpus, rows, rows)
    np.testing.assert_allclose(ours.query_embeddings, theirs.query_embeddings, atol=1e-6)
    np.testing.assert_allclose(ours.document_embeddings, theirs.document_embeddings, atol=1e-6)


@pytest.mark.parametrize("similarity", ["cosine", "dot", None])
def test_its_own_similarity_is_found_out(coloured, similarity):
    rows = np.arange(1, dtype=np.int32)
    assert embed(Painter(similarity), coloured, rows, rows).similarity == (similarity or "cosine")


def test_a_similarity_of_another_kind_is_refused(coloured):
    class Distant(Painter):
        def similarity(self, embeddings1, embeddings2):
            return -torch.cdist(torch.as_tensor(embeddings1), torch.as_tensor(embeddings2))

    class Broken(Painter):
        def similarity(self, embeddings1, embeddings2):
            raise RuntimeError("no such thing")

    rows = np.arange(1, dtype=np.int32)
    with pytest.raises(SearchError, match=r"similarity \(cosine\) is neither cosine nor dot"):
        embed(Distant(), coloured, rows, rows)
    with pytest.raises(SearchError, match="cannot be computed: no such thing"):
        embed(Broken(), coloured, rows, rows)


def test_it_is_cached_by_name_and_revision(coloured, tmp_path):
    rows = np.arange(12, dtype=np.int32)
    numbers = [
        embed(Painter(revision=revision), coloured, rows, rows, cache=tmp_path).num_texts
        for revision in ("1", "1", "2")
    ]
    assert numbers == [24, 0, 24]
    with pytest.warns(UserWarning, match="cannot be told from others"):
        assert embed(Painter(revision=None), coloured, rows, rows, cache=tmp_path).num_texts == 24


def test_a_wrapped_model_is_cached_by_its_weights(toy_corpus, tmp_path):
    rows = np.arange(5, dtype=np.int32)
    tokenizer = train_subwords(toy_corpus.document_texts(rows), 60, model="bpe")
    numbers = []
    for seed in (0, 0, 1):
        wrapped = sentence_transformer_wrapper.SentenceTransformerEncoderWrapper(
            build_static_encoder(tokenizer, 4, seed=seed)
        )
        numbers.append(embed(wrapped, toy_corpus, rows, rows, cache=tmp_path).num_texts)
    assert numbers == [10, 0, 10]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "eng-Latn"),
        ("zh", "zho-Hans"),
        ("zh-Hant", "zho-Hant"),
        ("ko", "kor-Hang"),
        ("ja", "jpn-Jpan"),
        ("pt-BR", "por-Latn"),
        ("ar", "ara-Arab"),
    ],
)
def test_languages_as_mteb_writes_them(tag, code):
    assert language_script(tag) == code
    mteb.languages.check_language_code(code)


def test_without_mteb_the_error_says_what_to_install(coloured, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mteb", None)
    rows = np.arange(1, dtype=np.int32)
    with pytest.raises(SearchError, match=r"pip install 'isoglot\[mteb\]'"):
        embed(Painter(), coloured, rows, rows)
