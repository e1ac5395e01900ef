from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from isoglot.classification import (
    ClassifierSettings,
    PairClassifier,
    Smoothing,
    evaluate_classifier,
    fit_classifier,
    generalised_mean,
    pair_texts,
)
from isoglot.classification.predicting import Noise, predict_pairs, predict_texts
from isoglot.corpora import ParallelCorpus
from isoglot.corpora.labelled import find_pairs, label_pairs
from isoglot.errors import ConfigError
from isoglot.evaluation import compare, join_results, read_results
from isoglot.evaluation.paired.scores import PairSentences

Build = Callable[..., PairClassifier]


def sentences_of(corpus: ParallelCorpus) -> PairSentences:
    return PairSentences.of(corpus, find_pairs(corpus, "test")[1], corpus.languages)


@pytest.mark.parametrize("kind", ["static", "transformer", "joint"])
def test_every_pair_of_languages_is_predicted_as_by_itself(
    build: Build, paraphrases: ParallelCorpus, kind: str
) -> None:
    classifier, sentences = build(kind), sentences_of(paraphrases)
    found = predict_pairs(classifier, paraphrases, sentences)
    assert found.shape == (40, 3, 3, 2)
    assert (np.isnan(found).any(axis=-1) == ~sentences.present).all()
    for i, j in ((0, 0), (1, 2), (2, 1)):
        there = np.flatnonzero(sentences.present[:, i, j])
        first = paraphrases.document_texts(sentences.first_rows[there, i])
        second = paraphrases.document_texts(sentences.second_rows[there, j])
        np.testing.assert_allclose(found[there, i, j], predict_texts(classifier, first, second), atol=1e-5)


@pytest.mark.parametrize("kind", ["static", "joint"])
def test_noise_is_the_same_by_pairs_and_by_languages(
    build: Build, paraphrases: ParallelCorpus, kind: str
) -> None:
    classifier, noise = build(kind), Noise(0.5, (7, 1))
    sentences = sentences_of(paraphrases)
    texts = pair_texts(paraphrases, "test")
    place = paraphrases.languages.index("en")
    found = predict_pairs(classifier, paraphrases, sentences, noise=noise)[:, place, place]
    by_texts = predict_texts(classifier, texts.first, texts.second, noise=noise)
    np.testing.assert_allclose(found, by_texts, atol=1e-5)
    assert not np.allclose(found, predict_texts(classifier, texts.first, texts.second), atol=1e-3)


def test_values_are_those_of_scikit_learn(build: Build, paraphrases: ParallelCorpus, tmp_path: Path) -> None:
    classifier, sentences = build(seed=3), sentences_of(paraphrases)
    results = evaluate_classifier(classifier, paraphrases, num_resamples=20, name="c")
    classes = predict_pairs(classifier, paraphrases, sentences)
    assert len(set(np.nan_to_num(classes).argmax(axis=-1).ravel().tolist())) == 2
    values = []
    for i, first in enumerate(paraphrases.languages):
        for j, second in enumerate(paraphrases.languages):
            there = sentences.present[:, i, j]
            truth, said = sentences.labels[there], classes[there, i, j].argmax(axis=-1)
            setting = "monolingual" if first == second else "cross_lingual"
            found = {
                record.measure: record.value
                for record in results.select(setting=setting, query_language=first, document_language=second)
            }
            np.testing.assert_allclose(found["accuracy_head"], accuracy_score(truth, said))
            np.testing.assert_allclose(found["macro_F1_head"], f1_score(truth, said, average="macro"))
            values.append(found["accuracy_head"])
    np.testing.assert_allclose(generalised_mean(results), np.mean(values))
    present = sentences.present
    right = (np.nan_to_num(classes).argmax(axis=-1) == sentences.labels[:, None, None]) & present
    np.testing.assert_allclose(results.value("multilingual", "accuracy_head"), right.sum() / present.sum())
    results.write(tmp_path)
    assert set(read_results(tmp_path).records) == set(results.records)
    assert results.config[0]["num_pairs"] == 40
    assert {record.measure for record in results.records} == {
        "accuracy_head",
        "macro_F1_head",
        "accuracy_head_transfer_gap",
        "macro_F1_head_transfer_gap",
    }


def test_classifiers_are_compared_pair_by_pair(
    build: Build, paraphrases: ParallelCorpus, tmp_path: Path
) -> None:
    parts = [
        evaluate_classifier(build(seed=seed), paraphrases, num_resamples=5, name=f"c{seed}")
        for seed in (3, 4)
    ]
    for results in parts:
        results.write(tmp_path / results.models[0])
    joined = join_results([read_results(tmp_path / name) for name in ("c3", "c4")])
    compared = compare(joined, "c3", num_rounds=50, num_resamples=5).comparisons
    assert {row.measure for row in compared} == {"accuracy_head"}
    for row in compared:
        place = (row.setting, row.measure)
        languages = {"query_language": row.query_language, "document_language": row.document_language}
        theirs, ours = (joined.value(*place, **languages, model=name) for name in ("c3", "c4"))
        np.testing.assert_allclose(row.value, ours - theirs, atol=1e-7)
    # French lacks a sentence of every fifth pair, on the second side.
    counts = {(row.query_language, row.document_language): row.num_queries for row in compared}
    assert (counts["fr", "de"], counts["de", "fr"]) == (40, 32)
    assert parts[0].per_query is not None
    assert len(set(parts[0].per_query["group_id"].to_pylist())) == 40


def test_pairs_that_share_a_sentence_are_one_group(build: Build, paraphrases: ParallelCorpus) -> None:
    chain = [(f"test{number}a", f"test{number + 1}a", float(number % 2)) for number in range(0, 30, 3)]
    chain += [(f"test{number + 1}a", f"test{number + 2}a", 1.0) for number in range(0, 30, 3)]
    chained = label_pairs(paraphrases, "chain", "paraphrase", chain)
    results = evaluate_classifier(build(), chained, split="chain", num_resamples=5)
    assert results.per_query is not None
    groups = {
        query.partition(".")[0]: group
        for query, group in zip(
            results.per_query["query_id"].to_pylist(), results.per_query["group_id"].to_pylist(), strict=True
        )
    }
    assert len(set(groups.values())) == 10
    assert all(groups[str(number)] == groups[str(number + 10)] for number in range(10))


def test_a_smoothed_classifier_is_the_average_of_its_copies(
    build: Build, paraphrases: ParallelCorpus
) -> None:
    classifier = build(seed=3)
    plain, faint, strong = (
        evaluate_classifier(classifier, paraphrases, num_resamples=5, smoothing=smoothing)
        for smoothing in (None, Smoothing(2, 1e-7), Smoothing(2, 5.0))
    )
    assert [each.value for each in faint.records] == [each.value for each in plain.records]
    assert [each.value for each in strong.records] != [each.value for each in plain.records]
    assert plain.config[0]["smoothing"] is None
    assert strong.config[0]["smoothing"]["sigma"] == 5.0


def test_what_was_learnt_in_english_shows_in_the_gap(
    build: Build, paraphrases: ParallelCorpus, tmp_path: Path
) -> None:
    settings = ClassifierSettings(epochs=3, batch_size=16, learning_rate=0.01, head_learning_rate=0.03)
    classifier = fit_classifier(
        build(), pair_texts(paraphrases, "train"), output_dir=tmp_path, settings=settings
    )
    results = evaluate_classifier(classifier, paraphrases, num_resamples=5)
    # Nothing brought these languages together: pairs in two of them all look like other words.
    assert results.value("monolingual", "accuracy_head") > 0.9
    assert results.value("cross_lingual", "accuracy_head") < 0.7


def test_numbers_out_of_range_are_refused(build: Build, paraphrases: ParallelCorpus) -> None:
    with pytest.raises(ConfigError, match="num_resamples and batch_size must be >= 1, got 0 and 8"):
        evaluate_classifier(build(), paraphrases, num_resamples=0, batch_size=8)
    results = evaluate_classifier(build(), paraphrases, num_resamples=5)
    with pytest.raises(ConfigError, match=r"'AP' must be there.* got 0 values"):
        generalised_mean(results, "AP")
