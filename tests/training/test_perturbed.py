"""Robust training: what is added to the loss, what it costs, and that it adds nothing where it shall not."""

from __future__ import annotations

import json
import runpy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor
from transformers import TrainerCallback

from isoglot.batches import Hybrid
from isoglot.batches.labels import BatchLabels
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import PERTURBATION, taking_perturbations
from isoglot.robustness.settings import RobustSettings
from isoglot.training import ObjectiveSettings, TrainingSettings, fit, perturbed
from isoglot.training.loss import RetrievalLoss, build_loss
from isoglot.training.perturbed import Perturbations

build = runpy.run_path(str(Path(__file__).parent / "programs" / "train.py"))["build"]
QUERIES = ["en1 en2", "de1 de2", "th3 th4", "en5 en6"]
DOCUMENTS = ["de1 de2 de7", "th1 th2 th7 th9", "en3 en4", "en5"]
LABELS = BatchLabels(
    owners=torch.arange(4),
    positive=torch.ones(4, dtype=torch.bool),
    query_groups=torch.tensor([1, 1, 3, 5]),
    document_groups=torch.tensor([1, 1, 3, 5]),
).pack()
FGM = RobustSettings(method="adversarial", epsilon=0.05)
PGD = replace(FGM, steps=3, norm="linf")
NOISE = RobustSettings(method="random", epsilon=0.05)
SETTINGS = TrainingSettings(steps=6, batch_size=8, learning_rate=0.01)


@pytest.fixture(scope="module")
def texts(toy_corpus: ParallelCorpus) -> list[str]:
    return toy_corpus.documents["text"].to_pylist()


def loss_of(model: SentenceTransformer, robust: RobustSettings, **settings: Any) -> RetrievalLoss:
    return build_loss(model, TrainingSettings(robust=robust, **settings))


def parts_of(model: SentenceTransformer, loss: RetrievalLoss) -> dict[str, Tensor]:
    with taking_perturbations(model):
        return loss([model.preprocess(QUERIES), model.preprocess(DOCUMENTS)], LABELS)


def gradients(model: SentenceTransformer, loss: RetrievalLoss) -> list[Tensor]:
    model.zero_grad()
    with taking_perturbations(model):
        parts = loss([model.preprocess(QUERIES), model.preprocess(DOCUMENTS)], LABELS)
        torch.stack(list(parts.values())).sum().backward()
    return [each.grad.clone() for each in model.parameters() if each.grad is not None]


@pytest.mark.parametrize("kind", ["static", "transformer", "towers"])
@pytest.mark.parametrize("robust", [FGM, PGD], ids=["fgm", "pgd"])
def test_an_attack_raises_the_loss_and_noise_hardly_does(
    kind: str, robust: RobustSettings, texts: list[str]
) -> None:
    model = build(kind, texts)
    if kind == "towers":
        model.prompts.clear()
    plain = build_loss(model, TrainingSettings())
    columns = [
        model.preprocess(each, task=side) for each, side in ((QUERIES, "query"), (DOCUMENTS, "document"))
    ]
    clean = plain(columns, LABELS)["contrastive"]
    with taking_perturbations(model):
        attacked = loss_of(model, robust)(columns, LABELS)
        one_side = loss_of(model, replace(robust, sides="queries"))(columns, LABELS)
        random = loss_of(model, NOISE)(columns, LABELS)
    torch.testing.assert_close(2 * attacked["contrastive"], clean)
    rise, drift = (2 * each["contrastive@perturbed"] - clean for each in (attacked, random))
    assert rise > 0.02
    assert 0 < 2 * one_side["contrastive@perturbed"] - clean < rise
    assert abs(drift) < 0.5 * rise


def test_more_steps_find_a_higher_loss(texts: list[str]) -> None:
    model = build("transformer", texts)
    found = [
        parts_of(model, loss_of(model, replace(FGM, epsilon=0.5, weight=1.0, steps=steps)))
        for steps in (1, 5)
    ]
    assert all(list(parts) == ["contrastive@perturbed"] for parts in found)
    assert found[1]["contrastive@perturbed"] > found[0]["contrastive@perturbed"]


@pytest.mark.parametrize("robust", [PGD, replace(FGM, weight=1.0), NOISE], ids=["pgd", "attacked", "random"])
def test_mini_batches_are_attacked_by_the_loss_of_the_whole_batch(
    robust: RobustSettings, texts: list[str]
) -> None:
    model = build("transformer", texts)
    whole, cached = (loss_of(model, robust, mini_batch_size=size) for size in (0, 3))
    one, two = parts_of(model, whole), parts_of(model, cached)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, msg=name)
    for here, there in zip(gradients(model, whole), gradients(model, cached), strict=True):
        torch.testing.assert_close(there, here, atol=1e-5, rtol=1e-3)


def test_the_gradient_is_that_of_both_losses_in_their_shares(texts: list[str]) -> None:
    """The attack leaves nothing behind in the parameters' gradients."""
    model = build("transformer", texts)
    clean = gradients(model, build_loss(model, TrainingSettings()))
    attacked = gradients(model, loss_of(model, replace(FGM, weight=1.0)))
    both = gradients(model, loss_of(model, replace(FGM, weight=0.3)))
    for mixed, one, other in zip(both, clean, attacked, strict=True):
        torch.testing.assert_close(mixed, 0.7 * one + 0.3 * other, atol=1e-6, rtol=1e-4)


def test_random_perturbations_are_those_of_the_step_and_their_copies_differ(texts: list[str]) -> None:
    model = build("static", texts)
    loss = loss_of(model, NOISE)
    once, again = (parts_of(model, loss)["contrastive@perturbed"] for _ in range(2))
    assert torch.equal(once, again)
    loss.step = 1
    assert not torch.equal(once, parts_of(model, loss)["contrastive@perturbed"])
    several = parts_of(model, loss_of(model, replace(NOISE, copies=3)))["contrastive@perturbed"]
    assert not torch.equal(once, several)


def seen(
    model: SentenceTransformer,
    robust: RobustSettings,
    seed: int = 0,
    step: int = 0,
    queries: Sequence[str] = tuple(QUERIES),
) -> list[Tensor]:
    """Perturbations of queries and of documents, which are the same texts, as they are asked for."""
    found: list[Tensor] = []

    def evaluate(*columns: dict[str, Any]) -> dict[str, Tensor]:
        found.extend(column[PERTURBATION] for column in columns if PERTURBATION in column)
        return {"contrastive": torch.tensor(0.0)}

    columns = [model.preprocess(list(queries)) for _ in range(2)]
    Perturbations(robust, seed).parts(evaluate, model, *columns, step)
    return found


def test_noise_is_another_of_each_seed_step_side_and_copy(texts: list[str]) -> None:
    model = build("static", texts)
    robust = replace(NOISE, copies=2)
    once = seen(model, robust)
    assert len(once) == 4
    assert all(torch.equal(ours, again) for ours, again in zip(once, seen(model, robust), strict=True))
    all_seen = [*once, *seen(model, robust, seed=1), *seen(model, robust, step=1)]
    for number, noise in enumerate(all_seen):
        assert noise.abs().amax(dim=1).min() > 0
        assert not any(torch.allclose(noise, other) for other in all_seen[:number])


def test_a_process_draws_what_one_process_draws_for_its_rows(texts: list[str]) -> None:
    model = build("static", texts)
    shares = []
    for rank in range(2):
        with (
            mock.patch.object(perturbed, "num_processes", return_value=2),
            mock.patch.object(perturbed.distributed, "get_rank", return_value=rank),
        ):
            shares.append(seen(model, NOISE, queries=QUERIES[2 * rank : 2 * rank + 2]))
    for whole, *parts in zip(seen(model, NOISE), *shares, strict=True):
        torch.testing.assert_close(torch.cat(parts), whole)


def test_an_attack_climbs_the_sum_of_all_terms(texts: list[str]) -> None:
    """On terms that are linear in the perturbation it is the closed form, per text."""
    model = build("static", texts)
    means = model.preprocess(QUERIES)
    width = model.get_embedding_dimension()
    slopes = torch.randn(2, len(QUERIES), width, generator=torch.Generator().manual_seed(0))
    found: list[Tensor] = []

    def evaluate(queries: dict[str, Any], _: dict[str, Any]) -> dict[str, Tensor]:
        found.append(queries[PERTURBATION])
        return {name: (slope * found[-1]).sum() for name, slope in zip("ab", slopes, strict=True)}

    robust = replace(FGM, sides="queries")
    Perturbations(robust, 0).parts(evaluate, model, means, model.preprocess(QUERIES), 0)
    points = model[0](dict(means))["sentence_embedding"].detach()
    steepest = torch.nn.functional.normalize(slopes.sum(dim=0))
    assert not found[0].any()
    torch.testing.assert_close(found[1], 0.05 * points.norm(dim=1, keepdim=True) * steepest)


def test_only_the_sides_that_are_asked_for_are_perturbed(texts: list[str]) -> None:
    model = build("static", texts)
    assert len(seen(model, replace(NOISE, sides="both"))) == 2
    one, other = (seen(model, replace(NOISE, sides=side)) for side in ("queries", "documents"))
    assert torch.equal(one[0], seen(model, NOISE)[0])
    assert torch.equal(other[0], seen(model, NOISE)[1])
    assert len(one) == len(other) == 1


def test_the_copies_losses_are_averaged_and_take_their_share(texts: list[str]) -> None:
    model = build("static", texts)
    losses = iter([1.0, 2.0, 6.0])
    parts = Perturbations(replace(NOISE, copies=2, weight=0.25), 0).parts(
        lambda *_: {"contrastive": torch.tensor(next(losses))}, model, *2 * [model.preprocess(QUERIES)], 0
    )
    assert {name: value.item() for name, value in parts.items()} == {
        "contrastive": 0.75 * 1.0,
        "contrastive@perturbed": 0.25 * 4.0,
    }


def test_every_term_is_attacked_in_all_dimensions(texts: list[str]) -> None:
    objective = ObjectiveSettings(
        consistency_weight=0.5, intra_modal_weight=0.3, matryoshka_dimensions=(8,), learn_temperature=True
    )
    model = build("transformer", texts)
    loss = loss_of(model, FGM, objective=objective)
    parts = parts_of(model, loss)
    names = {name.removesuffix("@perturbed") for name in parts}
    assert len(parts) == 2 * len(names)
    assert names == {
        f"{term}{of}" for term in ("contrastive", "consistency", "intra_modal") for of in ("", "@8")
    }
    torch.stack(list(parts.values())).sum().backward()
    assert loss.log_scale.grad is not None


@pytest.mark.parametrize("robust", [PGD, NOISE], ids=["pgd", "random"])
def test_in_mixed_precision_the_loss_is_nearly_the_same(robust: RobustSettings, texts: list[str]) -> None:
    model = build("transformer", texts)
    loss = loss_of(model, robust, mini_batch_size=3)
    exact = parts_of(model, loss)
    with torch.autocast("cpu", torch.bfloat16):
        rough = parts_of(model, loss)
    for name, value in exact.items():
        torch.testing.assert_close(rough[name], value, rtol=0.1, atol=0.02)


def train(
    corpus: ParallelCorpus,
    folder: Path,
    robust: RobustSettings,
    kind: str = "static",
    callbacks: Any = None,
    **changes: Any,
) -> tuple[list[Tensor], dict[str, Any]]:
    model = build(kind, corpus.documents["text"].to_pylist(), dropout=0.1)
    settings = replace(SETTINGS, robust=robust, **changes)
    fit(model, corpus, scheme=Hybrid(), output_dir=folder, settings=settings, callbacks=callbacks)
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    return weights, json.loads((folder / "isoglot.json").read_text())


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(here, there) for here, there in zip(one, other, strict=True))


@pytest.mark.slow
def test_without_radius_or_weight_training_is_bitwise_plain(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    plain, _ = train(toy_corpus, tmp_path / "plain", RobustSettings())
    for number, robust in enumerate((replace(PGD, epsilon=0.0), replace(NOISE, weight=0.0))):
        weights, record = train(toy_corpus, tmp_path / f"{number}", robust)
        assert same(weights, plain)
        assert record["passes"] == {"forward": 1, "backward": 1}
    attacked, record = train(toy_corpus, tmp_path / "attacked", PGD)
    assert not same(attacked, plain)
    assert record["passes"] == {"forward": 4, "backward": 5}
    assert record["settings"]["robust"]["method"] == "adversarial"


def test_frozen_encoders_are_refused_before_the_folder_is_claimed(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="nothing can be perturbed of text as document, text as query"):
        train(toy_corpus, tmp_path / "model", FGM, "frozen")
    assert not (tmp_path / "model").exists()


def test_settings_out_of_range_are_told_with_the_others(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    robust = RobustSettings(method="adversarial", epsilon=-1.0, steps=0, weight=2.0)
    with pytest.raises(ConfigError, match=r"robust\.epsilon must be >= 0 and finite, got -1.0") as error:
        train(toy_corpus, tmp_path / "model", robust)
    assert "robust.steps must be >= 1, got 0\nrobust.weight must be between 0 and 1, got 2.0" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("robust", "passes"),
    [
        (RobustSettings(), (1, 1)),
        (FGM, (2, 3)),
        (replace(FGM, weight=1.0), (2, 2)),
        (PGD, (4, 5)),
        (NOISE, (2, 2)),
        (replace(NOISE, copies=3, weight=1.0), (3, 3)),
    ],
)
def test_as_many_passes_are_made_as_are_told(
    robust: RobustSettings, passes: tuple[int, int], texts: list[str]
) -> None:
    model = build("transformer", texts)
    forward, backward = [], []

    def count(module: Any, args: Any, output: dict[str, Any]) -> None:
        forward.append(1)
        output["sentence_embedding"].register_hook(lambda _: backward.append(1))

    with model[-1].register_forward_hook(count):
        gradients(model, loss_of(model, robust))
    assert (robust.passes["forward"], robust.passes["backward"]) == passes
    assert (len(forward), len(backward)) == (2 * passes[0], 2 * passes[1])  # of both columns


def test_the_steps_of_an_attack_overshoot_together_and_none_leaves_the_ball() -> None:
    assert [replace(FGM, steps=steps).step_share for steps in (1, 2, 5)] == [1.0, 1.0, 0.5]
    assert replace(FGM, steps=5, step_size=0.1).step_share == 0.1


class StopAt(TrainerCallback):
    """Interrupts a training after a step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt("on purpose")


@pytest.mark.parametrize(
    ("kind", "robust"),
    [pytest.param("transformer", PGD, marks=pytest.mark.slow), ("static", replace(NOISE, copies=2))],
)
def test_a_resumed_training_is_bitwise_an_undisturbed_one(
    kind: str, robust: RobustSettings, toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    changes = {"checkpoint_every_steps": 2, "mini_batch_size": 3 if kind == "transformer" else 0}
    undisturbed, record = train(toy_corpus, tmp_path / "one", robust, kind, **changes)
    with pytest.raises(KeyboardInterrupt, match="on purpose"):
        train(toy_corpus, tmp_path / "two", robust, kind, callbacks=[StopAt()], **changes)
    assert (tmp_path / "two" / "checkpoints" / "checkpoint-4").is_dir()
    resumed, again = train(toy_corpus, tmp_path / "two", robust, kind, **changes)
    assert same(resumed, undisturbed)
    assert again == record
