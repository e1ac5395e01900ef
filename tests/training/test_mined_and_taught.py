"""Training with mined hard negatives, and towards a teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from isoglot.batches import Hybrid
from isoglot.corpora import ParallelCorpus
from isoglot.corpora.negatives import add_negatives
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.retrieval.encode import embed
from isoglot.retrieval.mining import mine_hard_negatives
from isoglot.retrieval.mining_rules import MiningRules
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.training.fit import fit_parts
from isoglot.training.parts import TrainingPart
from isoglot.training.teacher import TeacherVectors


def student(corpus: ParallelCorpus, seed: int = 0) -> SentenceTransformer:
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    return build_static_encoder(train_subwords(texts, 400, model="bpe"), 32, seed=seed)


def settings(**objective: float) -> TrainingSettings:
    return TrainingSettings(
        steps=60, batch_size=32, learning_rate=0.05, objective=ObjectiveSettings(**objective)
    )


def wins(model: SentenceTransformer, corpus: ParallelCorpus) -> float:
    """Share of the hard negatives that score below every answer in their language."""
    negatives = corpus.negatives["train"]
    owners = negatives.pair_query_rows
    everything = [np.arange(table.num_rows, dtype=np.int32) for table in (corpus.queries, corpus.documents)]
    vectors = embed(model, corpus, *everything)
    scores = vectors.query_embeddings @ vectors.document_embeddings.T
    languages = corpus.document_languages[1]
    below = []
    for query, document in zip(owners.tolist(), negatives.document_rows.tolist(), strict=True):
        right = np.flatnonzero(
            (corpus.document_groups == corpus.query_groups[query]) & (languages == languages[document])
        )
        if len(right):
            below.append(bool((scores[query, document] < scores[query, right]).all()))
    return float(np.mean(below))


def test_a_student_learns_from_what_was_mined(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    rules = MiningRules(num_negatives=2, relative_margin=None)
    untrained = student(toy_corpus)
    mined = mine_hard_negatives(untrained, toy_corpus, rules=rules)
    corpus = add_negatives(toy_corpus, "train", mined.negatives)
    shares = [wins(untrained, corpus)]
    for number in (0, 2):
        model = student(toy_corpus)
        part = TrainingPart(corpus, Hybrid(), "train", num_negatives=number)
        fit_parts(model, [part], output_dir=tmp_path / str(number), settings=settings())
        shares.append(wins(model, corpus))
    assert shares[2] > shares[1] + 0.01 > shares[0] + 0.2


def test_a_student_goes_where_the_teacher_is(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    teacher = student(toy_corpus, seed=1)
    vectors = TeacherVectors.build(teacher, toy_corpus, language="en", name="seed 1")
    likeness = []
    for number, options in enumerate(({}, {"distillation_weight": 5.0})):
        model = student(toy_corpus)
        given = {"teacher": vectors} if options else {}
        fit(model, toy_corpus, scheme=Hybrid(), output_dir=tmp_path / str(number),
            settings=settings(**options), **given)  # fmt: skip
        names, codes = toy_corpus.document_languages
        rows = np.flatnonzero((codes == names.index("th")) & (toy_corpus.document_groups >= 0))
        found = model.encode_document(toy_corpus.document_texts(rows.astype(np.int32)))
        wanted, known = vectors.lookup("document", torch.tensor(toy_corpus.document_groups[rows]))
        likeness.append(float((found * wanted.numpy())[known.numpy()].sum(axis=1).mean()))
    assert likeness[1] > likeness[0] + 0.2
    assert vectors.description["name"] == "seed 1"
