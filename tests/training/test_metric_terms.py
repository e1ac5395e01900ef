"""PATR, M3L and the repulsion of texts as terms of a loss: masks, sides, processes, settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn import functional

from isoglot.batches.labels import BatchLabels
from isoglot.config import read_config
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.objectives import Negatives, cosine_distances, patr_loss, ratio_loss, repulsion_loss
from isoglot.training import ObjectiveSettings, TrainingSettings
from isoglot.training.encoded import EncodedBatch, Meaning
from isoglot.training.loss import build_loss
from isoglot.training.metric_terms import Repelled, answer_anchors, query_anchors, repelled_sides

LABELS = BatchLabels(
    owners=torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]),
    positive=torch.tensor([True, True, True, False] * 2),
    query_groups=torch.tensor([1, 1, 3, 3, 1, 1, 5, 5]),
    document_groups=torch.tensor([1, 1, 3, 1, 1, 1, 5, 6]),
)
"""Queries 0 and 2 are translations, with two answers each; 1 and 3 have an answer and a hard negative."""

DRAWN = torch.tensor(
    [[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0]]
).bool()
RELATED = torch.tensor(
    [[1, 1, 0, 1, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0]]
).bool()
"""Which documents mean what a query's answers mean: document 3, drawn against query 1, does for 0 and 2."""

ANSWERS = [0, 1, 2, 4, 5, 6]
OWNERS = [0, 0, 1, 2, 2, 3]
ALIKE = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]).bool()
"""Which queries mean the same."""

METRIC = ObjectiveSettings(
    contrastive="m3l",
    directions="both",
    ratio_exponents=(0.5, 2.0),
    ratio_weights=(0.75, 0.25),
    repulsion_weight=0.5,
    repelled="queries",
    margin=1.2,
    matryoshka_dimensions=(4,),
)


def whole_batch(seed: int = 0) -> EncodedBatch:
    random = torch.Generator().manual_seed(seed)
    queries, documents = (
        functional.normalize(torch.randn(rows, 6, generator=random, dtype=torch.float64)).requires_grad_()
        for rows in (4, 8)
    )
    return EncodedBatch(queries, documents, Meaning(LABELS), torch.tensor(5.0))


@pytest.fixture(scope="module")
def encoder(toy_corpus: ParallelCorpus) -> SentenceTransformer:
    texts = toy_corpus.document_texts(np.arange(toy_corpus.documents.num_rows, dtype=np.int32))
    return build_static_encoder(train_subwords(texts, 400, model="bpe"), 16)


def term_of(
    encoder: SentenceTransformer, objective: ObjectiveSettings, name: str, batch: EncodedBatch
) -> Tensor:
    return build_loss(encoder, TrainingSettings(objective=objective)).terms[name].value(batch)


def test_what_means_the_same_is_known_on_either_side() -> None:
    batch = whole_batch()
    asked, answered = query_anchors(batch, "ignored"), answer_anchors(batch, "ignored")
    assert torch.equal(asked.positives, DRAWN)
    assert torch.equal(asked.related, RELATED)
    assert torch.equal(asked.alike, ALIKE)
    assert torch.equal(answered.positives, DRAWN.T[ANSWERS])
    assert torch.equal(answered.related, RELATED.T[ANSWERS])
    assert torch.equal(answered.alike, RELATED[OWNERS])
    assert torch.equal(answered.own, batch.document_embeddings[ANSWERS])
    second = replace(batch, process=1, num_processes=2)
    assert torch.equal(query_anchors(second, "ignored").alike, ALIKE[2:])
    assert torch.equal(answer_anchors(second, "ignored").alike, RELATED[OWNERS][3:])
    generous = query_anchors(batch, "positive"), answer_anchors(batch, "positive")
    assert torch.equal(generous[0].positives, RELATED)
    assert torch.equal(generous[1].positives, RELATED.T[ANSWERS])


@pytest.mark.parametrize("negatives", get_args(Negatives))
@pytest.mark.parametrize("translations", ["ignored", "positive"])
def test_patr_is_its_loss_of_queries_and_of_answers(
    encoder: SentenceTransformer, translations: str, negatives: Negatives
) -> None:
    batch = whole_batch()
    one_way = ObjectiveSettings(
        contrastive="patr", margin=1.3, negatives=negatives, translations=translations
    )
    distances = cosine_distances(batch.query_embeddings, batch.document_embeddings)
    right = RELATED if translations == "positive" else DRAWN
    there = patr_loss(distances, right, RELATED, margin=1.3, negatives=negatives)
    back = patr_loss(
        distances.T[ANSWERS], right.T[ANSWERS], RELATED.T[ANSWERS], margin=1.3, negatives=negatives
    )
    torch.testing.assert_close(term_of(encoder, one_way, "contrastive", batch), there)
    both_ways = replace(one_way, directions="both")
    torch.testing.assert_close(term_of(encoder, both_ways, "contrastive", batch), (there + back) / 2)


def test_m3l_is_two_ratios(encoder: SentenceTransformer) -> None:
    batch = whole_batch()
    across = cosine_distances(batch.query_embeddings, batch.document_embeddings)
    texts = cosine_distances(batch.query_embeddings, batch.query_embeddings)
    pictures = cosine_distances(batch.document_embeddings[ANSWERS], batch.document_embeddings)
    back = across.T[ANSWERS], DRAWN.T[ANSWERS]
    media = (
        ratio_loss(across, DRAWN, across, RELATED, exponent=0.5)
        + ratio_loss(*back, across.T[ANSWERS], RELATED.T[ANSWERS], exponent=0.5)
    ) / 2
    of_texts = ratio_loss(across, DRAWN, texts, ALIKE, exponent=2.0)
    of_pictures = ratio_loss(*back, pictures, RELATED[OWNERS], exponent=2.0)
    for repelled, within in (
        ("queries", of_texts),
        ("documents", of_pictures),
        ("both", (of_texts + of_pictures) / 2),
    ):
        found = term_of(encoder, replace(METRIC, repelled=repelled), "contrastive", batch)
        torch.testing.assert_close(found, 0.75 * media + 0.25 * within)


@pytest.mark.parametrize(
    ("media", "sides"),
    [
        (("text", "image"), "queries"),
        (("image", "text"), "documents"),
        (("text", "text"), "both"),
        (("audio", "image"), "both"),
    ],
)
def test_texts_are_repelled_on_whichever_side_they_are(
    encoder: SentenceTransformer, media: tuple[str, str], sides: Repelled
) -> None:
    batch = replace(whole_batch(), media=media)
    assert repelled_sides(batch, "texts") == repelled_sides(batch, sides)
    for name in ("contrastive", "repulsion"):
        found, expected = (
            term_of(encoder, replace(METRIC, repelled=repelled), name, batch) for repelled in ("texts", sides)
        )
        torch.testing.assert_close(found, expected)


def test_the_loss_knows_the_media_of_a_batch(toy_corpus: ParallelCorpus) -> None:
    """Pictures that ask and texts that answer: what is repelled by default are the answers."""
    texts = toy_corpus.document_texts(np.arange(90, dtype=np.int32))
    speaking = build_static_encoder(train_subwords(texts, 100, model="bpe"), 8)
    model = build_two_tower_encoder(speaking, build_image_tower(8, side=32, widths=(8,))).eval()
    pictures = [Image.new("RGB", (32, 32), (60 * number, 20, 90)) for number in range(4)]
    labels = BatchLabels.of_pairs(torch.arange(4)[:, None].repeat(1, 2)).pack()
    features = [model.preprocess(pictures), model.preprocess(texts[::20][:4])]
    found = {}
    for repelled in get_args(Repelled):
        objective = ObjectiveSettings(repulsion_weight=1.0, repelled=repelled, margin=2.0)
        loss = build_loss(model, TrainingSettings(objective=objective))
        found[repelled] = loss([dict(column) for column in features], labels)["repulsion"].item()
    assert found["texts"] == found["documents"]
    assert len(set(found.values())) == 3


def test_repulsion_pushes_texts_of_other_groups_alone(encoder: SentenceTransformer) -> None:
    batch = whole_batch()
    objective = ObjectiveSettings(repulsion_weight=1.0, repelled="queries", margin=2.0, negatives="all")
    loss = term_of(encoder, objective, "repulsion", batch)
    distances = cosine_distances(batch.query_embeddings, batch.query_embeddings)
    torch.testing.assert_close(
        loss, repulsion_loss(distances, ALIKE, distances, ALIKE, margin=2.0, negatives="all")
    )
    # Query 2 is a translation of query 0: where it is placed makes no difference to query 0's row.
    moved = batch.query_embeddings.detach().clone().requires_grad_()
    alone = replace(batch, query_embeddings=moved)
    rows = query_anchors(alone, "ignored").distances_to_kin.masked_fill(ALIKE, 0.0)
    (gradient,) = torch.autograd.grad(rows[0].sum(), moved)
    assert gradient[2].count_nonzero() == 0
    assert gradient[[1, 3]].count_nonzero() > 0


@pytest.mark.parametrize("contrastive", ["patr", "m3l"])
@pytest.mark.parametrize("repelled", ["queries", "documents", "both"])
@pytest.mark.parametrize("negatives", get_args(Negatives))
def test_shares_of_several_processes_have_the_mean_of_the_whole(
    encoder: SentenceTransformer, contrastive: str, repelled: str, negatives: str
) -> None:
    objective = replace(METRIC, contrastive=contrastive, repelled=repelled, negatives=negatives)
    terms = build_loss(encoder, TrainingSettings(objective=objective)).terms
    assert terms.keys() == {"contrastive", "repulsion"}
    batch = whole_batch()
    shares = [replace(batch, process=process, num_processes=2) for process in range(2)]
    given = (batch.query_embeddings, batch.document_embeddings)
    for name, term in terms.items():
        whole = term.value(batch)
        mean = (term.value(shares[0]) + term.value(shares[1])) / 2
        torch.testing.assert_close(mean, whole, msg=lambda text, name=name: f"{name}: {text}")
        for expected, found in zip(
            torch.autograd.grad(whole, given, retain_graph=True, materialize_grads=True),
            torch.autograd.grad(mean, given, retain_graph=True, materialize_grads=True),
            strict=True,
        ):
            torch.testing.assert_close(found, expected)


QUERIES = ["en1 en2", "de3 de4", "th1 th2", "en5 en6"]
DOCUMENTS = ["de1 de2 de7", "th1 th2 th7", "en3", "en1 en2 en7", "th7", "de7 de1", "en5", "th5 th6 th7"]


@pytest.mark.parametrize("contrastive", ["patr", "m3l"])
def test_mini_batches_change_neither_loss_nor_gradients(contrastive: str) -> None:
    tokenizer = train_subwords([*QUERIES, *DOCUMENTS], 60, model="bpe")
    model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, dropout=0.0)
    features = [model.preprocess(QUERIES), model.preprocess(DOCUMENTS)]
    objective = replace(METRIC, contrastive=contrastive)
    found = []
    for size in (0, 3):
        loss = build_loss(model, TrainingSettings(mini_batch_size=size, objective=objective))
        parts = loss([dict(column) for column in features], LABELS.pack())
        assert list(parts) == ["contrastive", "repulsion", "contrastive@4", "repulsion@4"]
        model.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        gradients = [each.grad.flatten() for each in model.parameters() if each.grad is not None]
        found.append((torch.stack(list(parts.values())), torch.cat(gradients)))
    torch.testing.assert_close(found[1][0], found[0][0])
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("contrastive", ["patr", "m3l"])
def test_neither_lengths_nor_temperature_matter(encoder: SentenceTransformer, contrastive: str) -> None:
    batch = whole_batch()
    other = replace(
        batch,
        query_embeddings=3 * batch.query_embeddings,
        document_embeddings=0.5 * batch.document_embeddings,
        scale=torch.tensor(20.0),
    )
    objective = replace(METRIC, contrastive=contrastive)
    for name in ("contrastive", "repulsion"):
        torch.testing.assert_close(
            term_of(encoder, objective, name, other), term_of(encoder, objective, name, batch)
        )


def test_settings_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text(
        "[objective]\ncontrastive = 'm3l'\nnegatives = 'semi_hard'\nmargin = 0.4\n"
        "ratio_exponents = [1, 0.5]\nratio_weights = [1.0, 0.0]\nrepulsion_weight = 0.2\n"
    )
    settings = read_config(path, TrainingSettings, ["objective.repelled=both"])
    assert settings.objective == ObjectiveSettings(
        contrastive="m3l",
        negatives="semi_hard",
        margin=0.4,
        ratio_exponents=(1.0, 0.5),
        ratio_weights=(1.0, 0.0),
        repulsion_weight=0.2,
        repelled="both",
    )


def test_all_broken_rules_are_told_once(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text(
        "[objective]\ncontrastive = 'patr'\nmargin = 2.5\nratio_exponents = [0, 1]\nratio_weights = [0, 0]\n"
        "repulsion_weight = -1\nlearn_temperature = true\nseveral_answers = 'any'\n"
    )
    with pytest.raises(ConfigError, match=r"margin must be > 0 and <= 2, got 2\.5") as raised:
        read_config(path, TrainingSettings)
    rules = (
        "ratio_exponents must be > 0, got (0.0, 1.0)",
        "ratio_weights must be >= 0, and not both 0, got (0.0, 0.0)",
        "repulsion_weight must be >= 0, got -1.0",
        "learn_temperature must be false where no term has a softmax, got True",
        "several_answers must be each where contrastive is not info_nce, got any",
    )
    assert len(str(raised.value).split("\n")) == 6
    assert all(f"objective.{rule}" in str(raised.value) for rule in rules)
    beside = ObjectiveSettings(contrastive="m3l", learn_temperature=True, translation_weight=1.0)
    assert not TrainingSettings(objective=beside).problems()
    unweighted = ObjectiveSettings(contrastive_weight=0.0, distillation_weight=1.0, learn_temperature=True)
    assert TrainingSettings(objective=unweighted).problems() == [
        "objective.learn_temperature must be false where no term has a softmax, got True"
    ]
    path.write_text("[objective]\ncontrastive = 'triplet'\n")
    with pytest.raises(ConfigError, match='must be one of "info_nce", "patr", "m3l", got "triplet"'):
        read_config(path, TrainingSettings)
