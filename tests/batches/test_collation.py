"""Batches as tensors: what a model would get from the texts themselves."""

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.batches import CrossLingual, PairBatchSampler, training_pairs
from isoglot.batches.collation import PairCollator
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords


def encoder(corpus: ParallelCorpus, kind: str) -> SentenceTransformer:
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 300, model="bpe")
    if kind == "static":
        return build_static_encoder(tokenizer, 8)
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_a_batch_is_what_the_model_makes_of_the_texts(toy_corpus: ParallelCorpus, kind: str) -> None:
    model = encoder(toy_corpus, kind).eval()
    model.prompts.update({"query": "Query: ", "document": "Passage: "})
    sampler = PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 6, 3)
    collate = PairCollator(model, sampler)
    for share in sampler:
        batch = collate(share)
        for side, texts in (
            ("query", toy_corpus.query_texts(share.batch.query_rows)),
            ("document", toy_corpus.document_texts(share.batch.document_rows.ravel())),
        ):
            prefix = f"{side}_"
            features = {key[len(prefix) :]: value for key, value in batch.items() if key.startswith(prefix)}
            with torch.no_grad():
                embeddings = model(features)["sentence_embedding"].numpy()
            encode = model.encode_query if side == "query" else model.encode_document
            np.testing.assert_allclose(embeddings, encode(texts), atol=1e-5)


def test_groups_and_languages_travel_with_the_batch(toy_corpus: ParallelCorpus) -> None:
    sampler = PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 6, 1)
    (share,) = sampler
    batch = PairCollator(encoder(toy_corpus, "static"), sampler)(share)
    query_rows, document_rows = share.batch.query_rows, share.batch.document_rows[:, 0]
    groups = toy_corpus.query_groups[query_rows].tolist()
    assert batch["label"].tolist() == [[number, 1, group, group] for number, group in enumerate(groups)]
    names = sampler.pairs.languages
    drawn = [
        (toy_corpus.query(int(query)).language, toy_corpus.document(int(document)).language)
        for query, document in zip(query_rows, document_rows, strict=True)
    ]
    assert [(names[query], names[document]) for query, document in batch["provenance"].tolist()] == drawn


def test_processes_share_a_batch(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "static")
    pairs = training_pairs(toy_corpus)
    (whole,) = map(PairCollator(model, one := PairBatchSampler(pairs, CrossLingual(), 6, 1)), one)
    shares = []
    for process in range(3):
        sampler = PairBatchSampler(pairs, CrossLingual(), 6, 1, process=process, num_processes=3)
        shares += [PairCollator(model, sampler)(share) for share in sampler]
    for key in ("label", "query_input_ids", "document_input_ids"):
        assert torch.equal(torch.cat([share[key] for share in shares]), whole[key])
    assert all(torch.equal(share["provenance"], whole["provenance"]) for share in shares)
