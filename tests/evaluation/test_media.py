"""Directions between media: each against ranking that one collection by itself."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.evaluation import evaluate
from isoglot.retrieval import Embeddings

LANGUAGES = ("de", "en")


@pytest.fixture(scope="module")
def mixed():
    """Questions as text and as pictures; answers as texts in two languages and as pictures."""
    builder = CorpusBuilder(CorpusInfo("mixed"))
    for group in range(25):
        for language in LANGUAGES:
            builder.add_query(f"q{group}.{language}", f"g{group}", language, f"question {group} {language}")
            builder.add_document(f"d{group}.{language}", f"g{group}", language, f"answer {group} {language}")
        builder.add_query(f"q{group}.zxx", f"g{group}", "zxx", None, modality="image", path=f"q{group}.png")
        builder.add_document(f"d{group}.png", f"g{group}", None, None, modality="image", path=f"{group}.png")
        builder.judge_group("test", f"g{group}")
    return builder.build()


@pytest.fixture(scope="module")
def vectors(mixed):
    rng = np.random.default_rng(0)
    parts = rng.standard_normal((25, 16))

    def embed(ids):
        groups = [int(name.partition(".")[0][1:]) for name in ids]
        found = parts[groups] + 0.9 * rng.standard_normal((len(ids), 16))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    query_ids = mixed.queries["query_id"].to_pylist()
    doc_ids = mixed.documents["doc_id"].to_pylist()
    return Embeddings(query_ids, embed(query_ids), doc_ids, embed(doc_ids))


def _success(vectors, query_suffix, document_suffixes):
    """Share of queries whose best document, of some kinds, is of their group."""
    wanted = [number for number, name in enumerate(vectors.doc_ids) if name.endswith(document_suffixes)]
    hits = []
    for name, query in zip(vectors.query_ids, vectors.query_embeddings, strict=True):
        if name.endswith(query_suffix):
            best = wanted[int(np.argmax(vectors.document_embeddings[wanted] @ query))]
            hits.append(vectors.doc_ids[best].partition(".")[0][1:] == name.partition(".")[0][1:])
    return np.mean(hits)


def _value(results, setting, query_language, document_language, media):
    found = results.select(
        setting=setting,
        query_language=query_language,
        document_language=document_language,
        query_modality=media[0],
        document_modality=media[1],
        measure="success@1",
    )
    assert len(found) == 1
    return found[0].value


def test_every_direction_has_the_value_of_its_own_collection(mixed, vectors):
    results = evaluate(vectors, mixed, measures=["success@1"], num_resamples=5)
    directions = {(record.query_modality, record.document_modality) for record in results.records}
    assert directions == {(q, d) for q in ("text", "image") for d in ("text", "image", "*")}
    cases = [
        ("multilingual", "de", "*", ("text", "image"), (".de", (".png",))),
        ("multilingual", "de", "*", ("text", "text"), (".de", (".de", ".en"))),
        ("monolingual", "de", "de", ("text", "text"), (".de", (".de",))),
        ("cross_lingual", "de", "en", ("text", "text"), (".de", (".en",))),
        ("multilingual", "de", "*", ("text", "*"), (".de", (".de", ".en", ".png"))),
        ("monolingual", "de", "de", ("text", "*"), (".de", (".de", ".png"))),
        ("cross_lingual", "zxx", "en", ("image", "text"), (".zxx", (".en",))),
        ("multilingual", "zxx", "*", ("image", "*"), (".zxx", (".de", ".en", ".png"))),
    ]
    for setting, query_language, document_language, media, kinds in cases:
        found = _value(results, setting, query_language, document_language, media)
        assert found == pytest.approx(_success(vectors, *kinds)), (setting, query_language, media)


def test_pictures_alone_are_one_collection(mixed, vectors):
    results = evaluate(vectors, mixed, measures=["success@1"], num_resamples=5)
    to_pictures = results.select(query_modality="text", document_modality="image")
    assert {record.setting for record in to_pictures} == {"multilingual"}


def test_per_query_values_tell_directions_apart(mixed, vectors):
    results = evaluate(vectors, mixed, measures=["success@1"], num_resamples=5)
    rows = results.per_query.to_pylist()
    of_text = [
        row["success@1"]
        for row in rows
        if (row["query_modality"], row["document_modality"]) == ("text", "image")
        and row["document_language"] == "*"
        and row["query_language"] == "de"
    ]
    assert np.mean(of_text) == pytest.approx(_value(results, "multilingual", "de", "*", ("text", "image")))
