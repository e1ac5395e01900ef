"""Ready features in place of pictures: a corpus of them is written, read, searched, cached as any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from isoglot.corpora import read_corpus, write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import build_static_encoder, feature_tower, join_towers, train_subwords
from isoglot.evaluation import evaluate
from isoglot.retrieval.encode import embed


def test_a_corpus_of_features_is_searched(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    source = tmp_path / "source"
    source.mkdir()
    np.savez(source / "all.npz", **{f"{number}.jpg": vector for number, vector in enumerate(vectors[:4])})
    for number in (4, 5):
        np.save(source / f"{number}.npy", vectors[number])
    builder = CorpusBuilder(CorpusInfo("features"))
    for number in range(6):
        path = f"all.npz#{number}.jpg" if number < 4 else f"{number}.npy"
        builder.add_query(f"q{number}", f"g{number}", "de", f"bild {number}")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=path)
        builder.judge_group("test", f"g{number}")
    write_corpus(replace(builder.build(), media_root=str(source)), tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")
    tokenizer = train_subwords(["bild 0 1 2 3 4 5"], 40, model="bpe")
    model = join_towers({"text": build_static_encoder(tokenizer, 4), "image": feature_tower(5, 4)})
    rows = np.arange(6, dtype=np.int32)
    order = [int(corpus.document(row).doc_id[1:]) for row in range(6)]
    expected = model.encode_document([{"image": vectors[number]} for number in order])
    found = [embed(model, corpus, rows, rows, cache=tmp_path / "cache") for _ in range(2)]
    for embedded in found:
        assert np.abs(embedded.document_embeddings - expected).max() < 1e-6
    assert [(each.num_texts, each.num_cached) for each in found] == [(12, 0), (0, 12)]
    results = evaluate(model, corpus, num_resamples=5)
    assert {record.document_modality for record in results.records} == {"image"}
