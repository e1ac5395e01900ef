from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from isoglot.errors import CheckpointError, SearchError
from isoglot.search import (
    Filter,
    Searcher,
    SearchSettings,
    StoredDocument,
    create_store,
    load_search_model,
    load_store_model,
)
from isoglot.search.searcher import with_languages

TEXTS = {
    "en-dog": ("en", "the dog sleeps"),
    "de-dog": ("de", "Der Hund schläft"),
    "fr-dog": ("fr", "le chien et le chat"),
    "de-cat": ("de", "Katze am Baum und im Garten"),
    "ja-dog": ("ja", "犬 は 家 に いる"),
    "en-house": ("en", "a house without anything"),
}


@pytest.fixture
def searcher(concepts, tmp_path):
    """A searcher over a few documents, one of them a picture."""
    store = create_store(tmp_path / "store", model="concepts", fingerprint="f1", dimension=4)
    found = Searcher(concepts.search_model(), store)
    documents = [StoredDocument(name, language=tag, text=text) for name, (tag, text) in TEXTS.items()]
    found.add([*documents, StoredDocument("picture", "image", path="a/red.png")])
    yield found
    store.close()


def ids(answer) -> list[str]:
    return [each.document.doc_id for each in answer.results]


def test_documents_of_any_language_and_medium_answer(searcher):
    answer = searcher.search("หมา")
    assert set(ids(answer)[:3]) == {"en-dog", "de-dog", "picture"}
    assert ids(answer)[3:5] == ["fr-dog", "ja-dog"]
    assert answer.results[0].score == pytest.approx(1, abs=1e-3)
    assert answer.results[0].why.text().startswith("1st by meaning (1.000)")


def test_a_picture_can_ask(searcher, concepts):
    answer = searcher.search({"image": "b/blue.png"}, SearchSettings(limit=1))
    assert ids(answer) == ["de-cat"]
    assert concepts.calls[-1] == ("query", "image", ["b/blue.png"])


def test_an_answer_says_what_made_it(searcher):
    answer = searcher.search(
        "dog", SearchSettings(limit=2, policy="prefer", my_languages=("deu",), dial=0.75)
    )
    record = json.loads(json.dumps(answer.record()))
    assert record["index_version"] == searcher.store.info.version
    assert (record["model"], record["fingerprint"], record["policy"], record["dial"]) == (
        "concepts",
        "f1",
        "prefer",
        0.75,
    )
    assert (record["my_languages"], record["guessed"]) == (["de"], False)
    first = record["results"][0]
    assert (first["rank"], first["doc_id"], first["language"]) == (1, "de-dog", "de")
    assert first["why"]["text"] == answer.results[0].why.text()
    assert "digest" not in first


@pytest.mark.parametrize(
    ("policy", "first", "there"),
    [
        ("any", None, True),
        ("prefer", "de-dog", True),
        ("mine-first", "de-dog", True),
        ("only", "de-dog", False),
    ],
)
def test_policies_are_about_the_readers_language(searcher, policy, first, there):
    answer = searcher.search("犬", SearchSettings(policy=policy, my_languages=("de",), dial=0.9))
    assert first in (None, ids(answer)[0])
    assert ("en-dog" in ids(answer)) == there
    assert "picture" in ids(answer)


def test_my_language_first_means_all_that_i_read_before_the_rest(searcher):
    answer = searcher.search("dog", SearchSettings(policy="mine-first", my_languages=("de",)))
    languages = [each.document.language for each in answer.results]
    assert set(languages[:3]) == {"de", None}
    assert not {"de", None} & set(languages[3:])


def test_what_the_reader_reads_is_found_however_deep_it_lies(concepts, tmp_path):
    with_many = create_store(tmp_path / "many", model="concepts", fingerprint="f1", dimension=4)
    found = Searcher(concepts.search_model(), with_many)
    others = [StoredDocument(f"en-{number}", language="en", text="dog") for number in range(40)]
    found.add([*others, StoredDocument("de", language="de", text="Katze Hund")])
    how = SearchSettings(limit=3, depth=5, policy="mine-first", my_languages=("de",))
    assert ids(found.search("dog", how))[0] == "de"
    assert found.search("dog", how).results[0].why.relevance_rank == 6
    with_many.close()


def test_the_language_is_guessed_among_those_of_the_documents(searcher):
    answer = searcher.search("der Hund und die Katze", SearchSettings(policy="only"))
    assert (answer.my_languages, answer.guessed) == (("de",), True)
    assert set(ids(answer)) == {"de-dog", "de-cat", "picture"}
    searcher.add([StoredDocument("zh", language="zh-Hant", text="犬")])
    assert searcher.search("首都", SearchSettings(policy="only")).my_languages == ("zh",)
    with pytest.raises(SearchError, match="policy 'only' must know your language; name it"):
        searcher.search("123", SearchSettings(policy="only"))
    with pytest.raises(SearchError, match="policy 'prefer' must know your language; name it"):
        searcher.search({"image": "red.png"}, SearchSettings(policy="prefer"))


def test_words_count_beside_meaning(searcher):
    assert "en-house" not in ids(searcher.search("anything dog", SearchSettings(limit=4)))
    answer = searcher.search("anything dog", SearchSettings(limit=4, hybrid=True))
    places = {each.document.doc_id: each.why for each in answer.results}
    assert places["en-house"].lexical_rank in (1, 2)
    assert places["en-dog"].dense_rank is not None
    assert places["en-house"].lexical_score > 0


def test_filters_hold_for_all_ways_of_searching(searcher):
    where = Filter.of(language=["en", "ja"])
    for hybrid in (False, True):
        how = SearchSettings(where=where, hybrid=hybrid, policy="mine-first", my_languages=("ja",))
        assert ids(searcher.search("dog", how))[0] == "ja-dog"
        assert set(ids(searcher.search("dog", how))) == {"en-dog", "en-house", "ja-dog"}


def test_queries_of_a_batch_share_a_pass(searcher, concepts):
    vectors = searcher.model.embed_queries(["dog", "cat", {"image": "red.png"}, "tree"])
    assert [call for call in concepts.calls if call[0] == "query"] == [
        ("query", "text", ["dog", "cat", "tree"]),
        ("query", "image", ["red.png"]),
    ]
    one = searcher.search("cat", SearchSettings(hybrid=True))
    again = searcher.search_vector(vectors[1], SearchSettings(hybrid=True), text="cat")
    assert again == one


def test_added_documents_get_a_language_and_replace_what_was_there(searcher):
    searcher.add([StoredDocument("en-dog", text="Das ist nun ein deutscher Satz über einen Baum")])
    assert searcher.store.get(["en-dog"])["en-dog"].language == "de"
    assert ids(searcher.search("arbre", SearchSettings(limit=2))) == ["en-dog", "de-cat"]
    with pytest.raises(SearchError, match="'en-dog' is there twice"):
        searcher.add([StoredDocument("en-dog", text="a"), StoredDocument("en-dog", text="b")])


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        (SearchSettings(limit=0), "limit must be 1 to 10,000, got 0"),
        (SearchSettings(depth=10**6), "depth must be 1 to 10,000"),
        (SearchSettings(dial=1.5), "dial must be 0 to 1, got 1.5"),
        (SearchSettings(dial=float("nan")), "dial must be 0 to 1, got nan"),
        (SearchSettings(policy="mine"), "policy must be one of any, prefer, mine-first, only, got 'mine'"),  # type: ignore[arg-type]
        (SearchSettings(my_languages=("xx-nothing",)), "not a language tag"),
    ],
)
def test_settings_that_cannot_be_are_refused(searcher, settings, rule):
    with pytest.raises(SearchError, match=rule):
        searcher.search("dog", settings)


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("  ", "the query is empty"),
        ({"audio": "a.wav"}, "model encodes text, image"),
        ({"image": "a.png", "text": "x"}, "a query must be of one of"),
    ],
)
def test_queries_that_cannot_be_are_refused(searcher, query, rule):
    with pytest.raises(SearchError, match=rule):
        searcher.search(query)


def test_a_model_whose_vectors_are_not_finite_is_found_out(searcher, concepts, monkeypatch):
    monkeypatch.setattr(concepts, "encode", lambda *_, **__: np.full((1, 4), np.nan))
    broken = Searcher(concepts.search_model(), searcher.store)
    with pytest.raises(SearchError, match="is not finite"):
        broken.search("dog")


def test_another_model_is_refused(searcher, concepts):
    with pytest.raises(
        SearchError, match=r"vectors of the model concepts \(f1\), and other \(f2\) is another"
    ):
        Searcher(concepts.search_model("other", "f2"), searcher.store)


def test_a_model_is_known_by_its_weights_and_prompts(tmp_path, toy_corpus):
    from isoglot.encoders import build_static_encoder, train_subwords

    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    encoder = build_static_encoder(tokenizer, 8)
    encoder.save_pretrained(str(tmp_path / "model"))
    loaded = load_search_model(tmp_path / "model")
    assert loaded.name == str(tmp_path / "model")
    assert load_search_model(encoder, "mine").fingerprint == loaded.fingerprint
    assert loaded.embed_queries(["de1 de2"]).shape == (1, 8)
    encoder.prompts["query"] = "Query: "
    assert load_search_model(encoder).fingerprint != loaded.fingerprint
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_search_model(tmp_path / "nothing")
    with pytest.raises(SearchError, match=r"a store: the model that it was indexed with cannot be loaded"):
        load_store_model("a store", str(tmp_path / "nothing"))


def test_a_query_that_is_no_unicode_is_refused(searcher):
    with pytest.raises(SearchError, match="the query holds half a surrogate pair"):
        searcher.search("half \ud800")


@pytest.mark.parametrize("damage", ["gone", "cut", "another"])
def test_a_model_that_is_damaged_or_another_is_told(model_folder, tmp_path, damage):
    shutil.copytree(model_folder, tmp_path / "model")
    known = load_store_model("store", str(tmp_path / "model")).fingerprint
    weights = next((tmp_path / "model").rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    if damage == "gone":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(content[: len(content) // 2])
    else:
        content[-2] ^= 1
        weights.write_bytes(content)
    if damage == "another":
        assert load_store_model("store", str(tmp_path / "model")).fingerprint != known
        return
    with pytest.raises(SearchError, match="store: the model that it was indexed with cannot be loaded"):
        load_store_model("store", str(tmp_path / "model"))


def test_a_model_is_the_same_on_every_processor(model_folder, monkeypatch):
    made = []
    for flags in (frozenset({"avx512_bf16"}), frozenset()):
        monkeypatch.setattr("isoglot.encoding.numerics._cpu_flags", lambda flags=flags: flags)
        made.append(load_search_model(model_folder))
    assert made[0].fingerprint == made[1].fingerprint
    assert made[0].adapter.context("query", "text") != made[1].adapter.context("query", "text")


def test_as_many_are_found_as_are_wanted_however_shallow_fusion_looks(searcher):
    assert len(ids(searcher.search("dog", SearchSettings(limit=5, depth=1, hybrid=True)))) == 5


def test_a_caption_says_nothing_of_the_language_of_its_picture():
    caption = "Der Hund und die Katze schlafen unter dem Baum"
    named = with_languages(
        [StoredDocument("a", text=caption), StoredDocument("b", "image", text=caption, path="b.png")]
    )
    assert [each.language for each in named] == ["de", None]
