"""The evaluator that sentence-transformers' trainer calls."""

from __future__ import annotations

import pytest

from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import CorpusError
from isoglot.evaluation import RetrievalEvaluator, evaluate
from isoglot.evaluation.reading import read_results


@pytest.fixture(scope="module")
def model(toy_corpus):
    texts = toy_corpus.documents["text"].to_pylist()
    return build_static_encoder(train_subwords(texts, 200, model="bpe"), 8)


def test_metrics_are_macro_averages_and_their_mean(toy_corpus, model):
    evaluator = RetrievalEvaluator(toy_corpus, split="dev")
    metrics = evaluator(model)
    results = evaluate(model, toy_corpus, split="dev", num_resamples=10)
    settings = ("monolingual", "cross_lingual", "multilingual")
    expected = {f"{setting}_AP": results.value(setting) for setting in settings}
    expected["mean_AP"] = sum(expected.values()) / 3
    expected["rank_distance"] = results.value("multilingual", "rank_distance")
    assert metrics == pytest.approx(expected)
    assert evaluator.primary_metric == "mean_AP"
    assert evaluator.greater_is_better
    assert evaluator.history == [(-1, -1, metrics)]


def test_a_name_prefixes_metrics_and_results_are_written(toy_corpus, model, tmp_path):
    evaluator = RetrievalEvaluator(toy_corpus, split="dev", name="toy", primary_metric="rank_distance")
    metrics = evaluator(model, str(tmp_path), epoch=1, steps=20)
    assert all(name.startswith("toy_") for name in metrics)
    assert evaluator.primary_metric == "toy_rank_distance"
    assert not evaluator.greater_is_better
    assert len(read_results(tmp_path / "toy" / "epoch-1-steps-20")) > 10
    assert evaluator.get_config_dict() == {"corpus": "toy", "split": "dev"}
    assert evaluator.description == "Multilingual Retrieval"


def test_an_unknown_split_or_metric_is_refused(toy_corpus, model):
    with pytest.raises(CorpusError, match="no split 'validation'"):
        RetrievalEvaluator(toy_corpus, split="validation")
    with pytest.raises(CorpusError, match="does not give nDCG"):
        RetrievalEvaluator(toy_corpus, split="dev", primary_metric="nDCG")(model)
