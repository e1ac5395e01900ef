"""The training loss: its parts, and shares of a batch in several processes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn import functional
from transformers import TrainerCallback

from isoglot.batches import Pooled
from isoglot.batches.labels import BatchLabels
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    join_towers,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.objectives import (
    alignment_loss,
    info_nce_loss,
    ranking_divergence_loss,
    score_divergence_loss,
    score_variance_loss,
)
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.training.encoded import EncodedBatch, Meaning
from isoglot.training.group_vectors import GroupVectors
from isoglot.training.loss import RetrievalLoss, build_loss
from isoglot.training.teacher import TeacherVectors

QUERIES = ["en1 en2", "de1 de2", "th3 th4", "en5 en6"]
"""The first two mean the same."""

DOCUMENTS = ["de1 de2 de7", "th1 th2 th7", "th1 th2 th7", "en1 en2 en7", "en3 en4", "de3 de4", "en5", "th5"]

LABELS = BatchLabels(
    owners=torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]),
    positive=torch.tensor([True, True, True, True, True, False, True, True]),
    query_groups=torch.tensor([1, 1, 1, 1, 3, 3, 5, 5]),
    document_groups=torch.tensor([1, 1, 1, 1, 3, 4, 5, 5]),
)
EVERYTHING = ObjectiveSettings(
    temperature=0.1,
    directions="both",
    consistency_weight=0.3,
    query_consistency_weight=0.5,
    alignment_weight=0.7,
    matryoshka_dimensions=(4, 8),
    matryoshka_weights=(0.25, 0.5),
)


@pytest.fixture(scope="module")
def encoder(toy_corpus: ParallelCorpus) -> SentenceTransformer:
    texts = toy_corpus.document_texts(np.arange(toy_corpus.documents.num_rows, dtype=np.int32))
    return build_static_encoder(train_subwords(texts, 400, model="bpe"), 16)


def loss_of(model: SentenceTransformer, objective: ObjectiveSettings) -> RetrievalLoss:
    return build_loss(model, TrainingSettings(objective=objective))


def parts_of(model: SentenceTransformer, objective: ObjectiveSettings) -> dict[str, Tensor]:
    features = [model.preprocess(QUERIES), model.preprocess(DOCUMENTS)]
    return loss_of(model, objective)(features, LABELS.pack())


def total(parts: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(parts.values())).sum()


def embedded(model: SentenceTransformer, texts: list[str]) -> Tensor:
    return model(model.preprocess(texts))["sentence_embedding"]


def test_the_parts_are_the_weighted_terms_in_all_dimensions_and_in_the_first(
    encoder: SentenceTransformer,
) -> None:
    parts = parts_of(encoder, EVERYTHING)
    queries, documents = embedded(encoder, QUERIES), embedded(encoder, DOCUMENTS)
    drawn, parallel = LABELS.drawn(torch.arange(4)), LABELS.parallel(torch.arange(4))
    groups = torch.tensor([1, 1, 3, 5])
    answers = LABELS.positive
    expected = {}
    for width, weight in ((16, 1.0), (8, 0.5), (4, 0.25)):
        name = "" if width == 16 else f"@{width}"
        scores = 10 * functional.normalize(queries[:, :width]) @ functional.normalize(documents[:, :width]).T
        there = info_nce_loss(scores, drawn, parallel)
        back = info_nce_loss(scores.T[answers], drawn.T[answers], parallel.T[answers])
        expected[f"contrastive{name}"] = weight * (there + back) / 2
        expected[f"consistency{name}"] = weight * 0.3 * score_divergence_loss(scores, LABELS.document_groups)
        expected[f"query_consistency{name}"] = weight * 0.5 * ranking_divergence_loss(scores, groups)
    expected["alignment"] = 0.7 * (
        alignment_loss(documents, LABELS.document_groups) + alignment_loss(queries, groups)
    )
    assert parts.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(parts[name], value, msg=lambda text, name=name: f"{name}: {text}")
        assert value.item() > 0


def test_only_what_has_a_weight_is_computed(encoder: SentenceTransformer) -> None:
    assert list(parts_of(encoder, ObjectiveSettings())) == ["contrastive"]
    assert list(parts_of(encoder, ObjectiveSettings(consistency_weight=1.0))) == [
        "contrastive",
        "consistency",
    ]


def test_the_variance_of_scores_is_another_consistency(encoder: SentenceTransformer) -> None:
    parts = parts_of(encoder, ObjectiveSettings(consistency_weight=2.0, consistency="variance"))
    scores = 20 * embedded(encoder, QUERIES) @ embedded(encoder, DOCUMENTS).T
    torch.testing.assert_close(parts["consistency"], 2 * score_variance_loss(scores, LABELS.document_groups))


def test_a_teacher_can_be_all_there_is(encoder: SentenceTransformer) -> None:
    vectors = functional.normalize(torch.randn(4, 16, generator=torch.Generator().manual_seed(0)))
    groups = np.array([1, 3, 5, 7], np.int32)
    teacher = TeacherVectors(*(GroupVectors(groups, vectors.numpy() * side) for side in (1, -1)))
    objective = ObjectiveSettings(contrastive_weight=0.0, distillation_weight=0.5)
    loss = build_loss(encoder, TrainingSettings(objective=objective), teacher)
    parts = loss([encoder.preprocess(QUERIES), encoder.preprocess(DOCUMENTS)], LABELS.pack())
    queries = (embedded(encoder, QUERIES) - vectors[[0, 0, 1, 2]]).square().sum(dim=1).mean()
    known = [0, 1, 2, 3, 4, 6, 7]  # of group 4 the teacher says nothing
    documents = embedded(encoder, DOCUMENTS)[known] + vectors[[0, 0, 0, 0, 1, 2, 2]]
    assert list(parts) == ["distillation"]
    torch.testing.assert_close(parts["distillation"], 0.5 * (queries + documents.square().sum(dim=1).mean()))
    narrow = TeacherVectors(*[GroupVectors(groups, vectors.numpy()[:, :8])] * 2)
    with pytest.raises(ConfigError, match="have width 16, the teacher's vectors 8"):
        build_loss(encoder, TrainingSettings(objective=objective), narrow)


def test_translations_of_answers_can_be_answers(encoder: SentenceTransformer) -> None:
    ignored, positive = (
        parts_of(encoder, ObjectiveSettings(translations=way))["contrastive"]
        for way in ("ignored", "positive")
    )
    scores = 20 * embedded(encoder, QUERIES) @ embedded(encoder, DOCUMENTS).T
    answers = torch.zeros(4, 8, dtype=torch.bool)
    answers[:2, :4] = True
    answers[2, 4] = answers[3, 6] = answers[3, 7] = True
    torch.testing.assert_close(positive, info_nce_loss(scores, answers, torch.zeros_like(answers)))
    assert positive.item() != pytest.approx(ignored.item())


def test_order_of_queries_and_documents_does_not_matter(encoder: SentenceTransformer) -> None:
    order = [6, 2, 4, 0, 7, 3, 1, 5]
    features = [
        encoder.preprocess(QUERIES),
        encoder.preprocess([DOCUMENTS[place] for place in order]),
    ]
    shuffled = loss_of(encoder, EVERYTHING)(features, LABELS.pack()[order])
    parts = parts_of(encoder, EVERYTHING)
    for name, value in shuffled.items():
        torch.testing.assert_close(value, parts[name])


def test_a_learned_temperature_moves(encoder: SentenceTransformer) -> None:
    loss = loss_of(encoder, ObjectiveSettings(temperature=0.1, learn_temperature=True))
    total(loss([encoder.preprocess(QUERIES), encoder.preprocess(DOCUMENTS)], LABELS.pack())).backward()
    assert loss.log_scale.grad is not None
    assert loss.log_scale.grad.item() != 0
    with torch.no_grad():
        loss.log_scale.fill_(-np.log(0.05))
    card = loss.get_config_dict()
    assert (card["temperature"], card["learn_temperature"]) == (0.05, True)
    assert card["directions"] == "query_to_document"
    fixed = loss_of(encoder, ObjectiveSettings(temperature=0.1))
    assert not any(name == "log_scale" for name, _ in fixed.named_parameters())


def test_what_does_not_fit_the_encoder_is_refused(encoder: SentenceTransformer) -> None:
    settings = TrainingSettings(mini_batch_size=4, objective=ObjectiveSettings(matryoshka_dimensions=(8, 16)))
    with pytest.raises(ConfigError, match=r"below the width of the embeddings, 16, got 16\nmini_batch_size "):
        build_loss(encoder, settings)
    joined = join_towers({"text": encoder, "image": build_image_tower(16, side=32, widths=(8,))})
    with pytest.raises(
        ConfigError, match="mini_batch_size must be 0 for a static encoder, or several with one"
    ):
        build_loss(joined, TrainingSettings(mini_batch_size=4))
    with pytest.raises(ConfigError, match=r"distillation_weight is 0.5, and there is no teacher; give both"):
        loss_of(encoder, ObjectiveSettings(distillation_weight=0.5))
    with pytest.raises(ConfigError, match="temperature must be > 0, got 0"):
        RetrievalLoss(encoder, {}, temperature=0)


def test_embeddings_of_a_model_that_compares_by_cosine_are_normalised(encoder: SentenceTransformer) -> None:
    bare = SentenceTransformer(modules=[encoder[0]], device="cpu")
    bare.similarity_fn_name = "cosine"
    for name, value in parts_of(bare, EVERYTHING).items():
        torch.testing.assert_close(value, parts_of(encoder, EVERYTHING)[name])
    bare.similarity_fn_name = "dot"
    assert parts_of(bare, EVERYTHING)["contrastive"] != parts_of(encoder, EVERYTHING)["contrastive"]


def transformer() -> SentenceTransformer:
    tokenizer = train_subwords([*QUERIES, *DOCUMENTS], 60, model="bpe")
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, dropout=0.0)


def gradients(model: SentenceTransformer, parts: dict[str, Tensor]) -> Tensor:
    model.zero_grad()
    total(parts).backward()
    return torch.cat(
        [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
    )


def test_mini_batches_change_neither_loss_nor_gradients() -> None:
    model = transformer()
    features = [model.preprocess(QUERIES), model.preprocess(DOCUMENTS)]
    found = []
    for size in (0, 3):
        loss = build_loss(model, TrainingSettings(mini_batch_size=size, objective=EVERYTHING))
        parts = loss([dict(column) for column in features], LABELS.pack())
        found.append((parts, gradients(model, parts)))
    assert found[0][0].keys() == found[1][0].keys()
    for name, value in found[0][0].items():
        torch.testing.assert_close(found[1][0][name], value)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-4, atol=1e-5)


def test_scores_of_half_precision_embeddings_are_exact() -> None:
    halves = functional.normalize(torch.randn(8, 64, generator=torch.Generator().manual_seed(0))).bfloat16()
    batch = EncodedBatch(halves[:4], halves, Meaning(LABELS), torch.tensor(20.0))
    with torch.autocast("cpu", torch.bfloat16):
        scores = batch.own_scores
    torch.testing.assert_close(scores, 20 * halves[:4].float() @ halves.float().T)


@pytest.mark.parametrize("mini_batch_size", [0, 3])
def test_mixed_precision_gives_nearly_the_same(mini_batch_size: int) -> None:
    model = transformer()
    features = [model.preprocess(QUERIES), model.preprocess(DOCUMENTS)]
    loss = build_loss(model, TrainingSettings(mini_batch_size=mini_batch_size, objective=EVERYTHING))
    exact = loss([dict(column) for column in features], LABELS.pack())
    exact_gradients = gradients(model, exact)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss([dict(column) for column in features], LABELS.pack())
    mixed_gradients = gradients(model, mixed)
    assert total(mixed).dtype == torch.float32
    torch.testing.assert_close(total(mixed), total(exact), rtol=0.03, atol=0)
    assert functional.cosine_similarity(mixed_gradients, exact_gradients, dim=0) > 0.98


@pytest.mark.parametrize("several", ["each", "share", "any"])
@pytest.mark.parametrize("translations", ["ignored", "positive"])
@pytest.mark.parametrize("consistency", ["divergence", "variance"])
def test_shares_of_several_processes_have_the_mean_of_the_whole(
    encoder: SentenceTransformer, several: str, translations: str, consistency: str
) -> None:
    """With all embeddings gathered, the processes' losses and gradients have those of one as their mean."""
    objective = replace(
        EVERYTHING, several_answers=several, translations=translations, consistency=consistency
    )
    terms = loss_of(encoder, objective).terms
    random = torch.Generator().manual_seed(0)
    queries, documents = (
        functional.normalize(torch.randn(rows, 6, generator=random, dtype=torch.float64)).requires_grad_()
        for rows in (4, 8)
    )
    # Two queries and three answers each; the first and the third query are translations, in different shares.
    labels = BatchLabels(
        owners=LABELS.owners,
        positive=torch.tensor([True, True, True, False] * 2),
        query_groups=torch.tensor([1, 1, 3, 3, 1, 1, 5, 5]),
        document_groups=torch.tensor([1, 1, 3, 1, 1, 1, 5, 5]),
    )
    batch = EncodedBatch(queries, documents, Meaning(labels), torch.tensor(5.0))
    shares = [replace(batch, process=process, num_processes=2) for process in range(2)]
    for name, term in terms.items():
        whole = term.value(batch)
        mean = (term.value(shares[0]) + term.value(shares[1])) / 2
        torch.testing.assert_close(mean, whole, msg=lambda text, name=name: f"{name}: {text}")
        for expected, found in zip(
            torch.autograd.grad(whole, (queries, documents), retain_graph=True, materialize_grads=True),
            torch.autograd.grad(mean, (queries, documents), retain_graph=True, materialize_grads=True),
            strict=True,
        ):
            torch.testing.assert_close(found, expected)


class Logged(TrainerCallback):
    """Keeps what the trainer logs of the losses."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.steps.append(dict(logs))


@pytest.mark.parametrize("kind", ["static", pytest.param("transformer", marks=pytest.mark.slow)])
def test_the_trainer_logs_parts_that_sum_to_the_loss(
    toy_corpus: ParallelCorpus, tmp_path: Path, kind: str
) -> None:
    tokenizer = train_subwords(toy_corpus.document_texts(np.arange(90, dtype=np.int32)), 100, model="bpe")
    model = (
        build_static_encoder(tokenizer, 16)
        if kind == "static"
        else build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)
    )
    settings = TrainingSettings(
        steps=20, batch_size=32, mini_batch_size=0 if kind == "static" else 16, objective=EVERYTHING
    )
    logged = Logged()
    fit(model, toy_corpus, scheme=Pooled(2), output_dir=tmp_path, settings=settings, callbacks=[logged])
    assert logged.steps
    for logs in logged.steps:
        parts = {name: logs[name] for name in parts_of(model, EVERYTHING)}
        assert sum(parts.values()) == pytest.approx(logs["loss"], abs=1e-3)
        assert all(value > 0 for value in parts.values())
