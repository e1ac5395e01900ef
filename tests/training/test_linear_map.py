"""A linear map from one text encoder's space into another's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize

from isoglot.corpora import ParallelCorpus
from isoglot.encoders import build_image_tower, build_static_encoder, join_towers, train_subwords
from isoglot.errors import ConfigError, SearchError
from isoglot.training import linear_map, paired_vectors
from isoglot.training.linear_map import fit_linear_map

WORDS = 40
TEXTS = [" ".join(f"w{word}" for word in np.random.default_rng(seed).choice(WORDS, 6)) for seed in range(600)]


@pytest.fixture(scope="module")
def source() -> SentenceTransformer:
    return build_static_encoder(train_subwords(TEXTS, 120, model="bpe"), 16, seed=0)


def beside(source: SentenceTransformer, width: int, *, unit: bool) -> SentenceTransformer:
    """A model that is an affine map of the source, normalised or not."""
    generator = torch.Generator().manual_seed(1)
    dense = Dense(
        16,
        width,
        activation_function=None,
        init_weight=torch.randn(width, 16, generator=generator),
        init_bias=torch.randn(width, generator=generator),
    )
    modules = [*copy.deepcopy(list(source)), dense, *([Normalize()] if unit else [])]
    return SentenceTransformer(modules=modules, device="cpu", similarity_fn_name="cosine" if unit else "dot")


def test_a_known_linear_relation_is_recovered(source: SentenceTransformer) -> None:
    target = beside(source, 12, unit=False)
    fitted = fit_linear_map(source, target, TEXTS, ridges=0)
    assert fitted.report.explained_variance == pytest.approx(1, abs=1e-8)
    assert fitted.report.cosine == pytest.approx(1, abs=1e-5)
    for name in ("weight", "bias"):
        found, wanted = (getattr(model[-1].linear, name).detach() for model in (fitted.model, target))
        np.testing.assert_allclose(found, wanted, atol=2e-4)
    unseen = ["w1 w2 w39", "w0"]
    np.testing.assert_allclose(fitted.model.encode(unseen), target.encode(unseen), atol=1e-3)


def test_a_target_that_compares_by_cosine_is_met_in_direction(source: SentenceTransformer) -> None:
    target = beside(source, 12, unit=True)
    fitted = fit_linear_map(source, target, TEXTS)
    assert isinstance(fitted.model[-1], Normalize)
    assert fitted.model.similarity_fn_name == "cosine"
    likeness = (fitted.model.encode(TEXTS) * target.encode(TEXTS)).sum(axis=1).mean()
    assert likeness == pytest.approx(fitted.report.cosine, abs=0.01)
    assert fitted.report.cosine > fitted.report.cosine_of_mean + 0.2
    np.testing.assert_allclose(np.linalg.norm(fitted.model.encode(TEXTS), axis=1), 1, rtol=1e-5)


def test_the_penalty_is_chosen_on_texts_that_are_not_fitted(source: SentenceTransformer) -> None:
    """Few texts under a target that the source cannot explain: the largest penalties do best."""
    other = build_static_encoder(train_subwords(TEXTS, 90, model="bpe"), 24, seed=5)
    report = fit_linear_map(source, other, TEXTS[:60], held_out=0.5, ridges=(0.0, 0.1, 1e3)).report
    assert list(report.tried) == [0.0, 0.1, 1e3]
    assert report.ridge == max(report.tried, key=lambda ridge: report.tried[ridge])
    assert report.ridge != 0.0
    assert report.penalty is not None
    assert report.penalty > report.ridge * 1e-3
    assert report.num_texts + report.num_choosing + report.num_held_out == 60
    assert 0 < report.num_choosing < 30


def test_an_orthogonal_map_keeps_angles(source: SentenceTransformer) -> None:
    fitted = fit_linear_map(source, beside(source, 20, unit=True), TEXTS, method="orthogonal", centre=False)
    assert (fitted.report.ridge, fitted.report.penalty, fitted.report.tried) == (None, None, {})
    before, after = (model.encode(TEXTS[:50]) for model in (source, fitted.model))
    np.testing.assert_allclose(before @ before.T, after @ after.T, atol=1e-5)


def test_chunks_and_the_cache_change_nothing(
    source: SentenceTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = beside(source, 12, unit=True)
    whole = fit_linear_map(source, target, [*TEXTS, *TEXTS])
    monkeypatch.setattr(paired_vectors, "_TEXTS_AT_ONCE", 250)
    chunked = fit_linear_map(source, target, iter(TEXTS), cache=tmp_path)
    np.testing.assert_allclose(whole.model.encode(TEXTS[:9]), chunked.model.encode(TEXTS[:9]), atol=1e-5)
    assert whole.report.num_texts == chunked.report.num_texts
    assert whole.report.explained_variance == pytest.approx(chunked.report.explained_variance, abs=1e-6)
    monkeypatch.setattr(target, "encode_query", None)
    again = fit_linear_map(source, target, TEXTS, cache=tmp_path)
    assert again.report.cosine == pytest.approx(whole.report.cosine, abs=1e-6)


def test_the_cosine_is_of_the_first_texts_and_the_variance_of_all(
    source: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = beside(source, 12, unit=True)
    reports = [fit_linear_map(source, target, TEXTS).report]
    monkeypatch.setattr(paired_vectors, "_MOST_KEPT", 3)
    reports.append(fit_linear_map(source, target, TEXTS).report)
    assert reports[0].explained_variance == reports[1].explained_variance
    assert reports[0].num_held_out == reports[1].num_held_out > 3
    assert reports[0].cosine != reports[1].cosine


def test_a_mapped_model_is_an_ordinary_one(source: SentenceTransformer, tmp_path: Path) -> None:
    source.prompts.update({"query": "w1 ", "document": "w2 "})
    try:
        fitted = fit_linear_map(source, beside(source, 12, unit=True), TEXTS)
    finally:
        source.prompts.clear()
    joined = join_towers({"text": fitted.model, "image": build_image_tower(12)})
    for name, model in (("mapped", fitted.model), ("joined", joined)):
        model.save(str(tmp_path / name))
        loaded = SentenceTransformer(str(tmp_path / name), device="cpu")
        np.testing.assert_allclose(
            loaded.encode_query(["w3 w4"]), fitted.model.encode(["w1 w3 w4"]), atol=1e-6
        )
    files = {path.suffix for path in (tmp_path / "mapped").rglob("*") if path.is_file()}
    assert files <= {".json", ".safetensors", ".md"}


def test_a_corpus_gives_its_texts_in_one_language(toy_corpus: ParallelCorpus) -> None:
    texts = [f"{language}{word}" for language in ("en", "de") for word in range(60)]
    models = [build_static_encoder(train_subwords(texts, 200, model="bpe"), 8, seed=seed) for seed in (0, 1)]
    report = fit_linear_map(*models, toy_corpus, side="document", held_out=0.3).report
    assert report.num_texts + report.num_choosing + report.num_held_out == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "affine"}, "method must be 'ridge' or 'orthogonal', got 'affine'"),
        ({"ridges": ()}, "ridges must be one number >= 0 or more, got"),
        ({"ridges": (1.0, -1.0)}, r"ridges must be one number >= 0 or more, got \[1.0, -1.0\]"),
        ({"held_out": 1}, "held_out must be between 0 and 1, got 1"),
        ({"held_out": 0.001}, "to report on, got 599 to fit, 0 to choose, 1 to report; give more texts"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    source: SentenceTransformer, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        fit_linear_map(source, beside(source, 4, unit=True), TEXTS, **options)


def test_models_that_give_nothing_to_fit_are_refused(source: SentenceTransformer) -> None:
    target = beside(source, 4, unit=True)
    with pytest.raises(ConfigError, match=r"at least 2 distinct texts .* got none; give more texts"):
        fit_linear_map(source, target, [])
    with pytest.raises(
        SearchError, match="the target must encode texts, but it encodes image alone; give a model"
    ):
        fit_linear_map(source, build_image_tower(16), TEXTS)
    target[-2].linear.weight.data.zero_()
    with pytest.raises(ConfigError, match="gives one vector to all texts to fit and to choose and to report"):
        fit_linear_map(source, target, TEXTS)
    target[-2].linear.bias.data.fill_(float("nan"))
    with pytest.raises(
        SearchError, match=r"the target's vectors of 600 query texts, of shape \(600, 4\), are not all finite"
    ):
        fit_linear_map(source, target, TEXTS)
    short = copy.deepcopy(source)
    short.truncate_dim = 4
    with pytest.raises(ConfigError, match="truncate_dim of the source must be None, got 4"):
        fit_linear_map(short, target, TEXTS)


def test_the_default_grid_spans_what_matters() -> None:
    assert list(linear_map.RIDGES) == sorted(linear_map.RIDGES)
    assert linear_map.RIDGES[0] == 0.0
