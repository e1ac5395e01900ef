"""Values with and without perturbation, from one encoding of the documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import isoglot
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.curves import (
    PERTURBATION,
    build_curves,
    mean_curves,
    perturbed_names,
    shown_measure,
    unperturbed,
)
from isoglot.evaluation.reading import read_results
from isoglot.evaluation.robustness import Perturbing, RobustnessResults, evaluate_robustness
from isoglot.robustness.perturbations import Tables, TextPerturbation

MEASURES = ("AP", "RR")


class Counting:
    """A static encoder that keeps what it was asked to encode."""

    similarity_fn_name = "cosine"
    modalities = ("text",)

    def __init__(self, model):
        self.model = model
        self.queries, self.documents = [], []

    def encode_query(self, texts, **options):
        self.queries.append(list(texts))
        return self.model.encode_query(texts, **options)

    def encode_document(self, texts, **options):
        self.documents.append(list(texts))
        return self.model.encode_document(texts, **options)


@pytest.fixture(scope="module")
def model(toy_corpus):
    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    return build_static_encoder(tokenizer, 16)


@pytest.fixture(scope="module")
def measured(model, toy_corpus) -> RobustnessResults:
    return isoglot.evaluate_robustness(
        model,
        toy_corpus,
        split="dev",
        name="m",
        perturbations=["typo", "code_switch"],
        strengths=(0.6, 0.2),
        measures=MEASURES,
        num_resamples=20,
    )


def test_unperturbed_values_are_those_of_evaluate(model, toy_corpus, measured):
    plain = isoglot.evaluate(model, toy_corpus, split="dev", name="m", measures=MEASURES, num_resamples=20)
    clean = unperturbed(measured.results)
    assert clean.records == plain.records
    assert clean.examples == plain.examples
    assert clean.per_query.equals(plain.per_query)
    assert clean.comparisons == ()
    assert clean.config[0]["similarity"] == "cosine"


def test_values_at_a_strength_are_those_of_a_corpus_with_perturbed_texts(model, toy_corpus, measured):
    from isoglot.robustness.perturbations import READY

    table = toy_corpus.queries
    texts = [
        READY["typo"].perturb(text, tag, 0.6)
        for text, tag in zip(table["text"].to_pylist(), table["language"].to_pylist(), strict=True)
    ]
    place = table.column_names.index("text")
    table = table.set_column(place, "text", pa.array(texts, pa.large_string()))
    by_hand = isoglot.evaluate(
        model,
        replace(toy_corpus, queries=table),
        split="dev",
        name="m + typo@0.6",
        measures=MEASURES,
        num_resamples=20,
    )
    found = tuple(r for r in measured.results.records if r.model == "m + typo@0.6")
    assert found == by_hand.records


def test_documents_are_encoded_once_and_only_what_changed_again(model, toy_corpus):
    counting = Counting(model)
    evaluate_robustness(
        counting,
        toy_corpus,
        split="dev",
        perturbations=["diacritics", "typo"],
        strengths=(0.5, 1.0),
        num_resamples=5,
    )
    first, *more = counting.documents
    assert len(first) == len(set(toy_corpus.documents["text"].to_pylist()))
    assert [len(texts) for texts in more] == [1, 1]  # twice for typo, never for what has no diacritics
    clean = set(counting.queries[0])
    assert len(counting.queries) == 3
    assert all(not clean & set(texts) for texts in counting.queries[1:])


def test_curves_begin_at_0_and_say_what_is_retained(measured):
    curves = measured.curves()
    typo = [curve for curve in curves if curve.perturbation == "typo"]
    assert [curve.query_language for curve in typo] == ["*", "de", "en", "th"]
    points = typo[0].points
    assert [point.strength for point in points] == [0.0, 0.2, 0.6]
    assert points[0].value == measured.results.value("multilingual", model="m")
    assert points[1].value == measured.results.value("multilingual", model="m + typo@0.2")
    assert points[0].retained == 1.0
    assert points[2].retained == pytest.approx(points[2].value / points[0].value)
    assert points[2].value < points[0].value
    assert points[0].adjusted_p is None
    assert 0 < points[2].adjusted_p <= 1
    assert mean_curves(curves) == tuple(curve for curve in curves if curve.query_language == "*")
    assert {curve.setting for curve in measured.curves(setting="monolingual")} == {"monolingual"}
    assert [point.changed for point in points[:1]] == [None]
    assert 0 < points[1].changed < points[2].changed <= 1
    assert {point.adjusted_p for curve in measured.curves("RR") for point in curve.points} == {None}


def test_results_are_the_same_after_writing_and_reading(measured, tmp_path):
    measured.write(tmp_path)
    again = read_results(tmp_path)
    assert perturbed_names(again) == {f"m + {n}@{s}" for n in ("typo", "code_switch") for s in (0.2, 0.6)}
    assert build_curves(again) == measured.curves()
    about = [entry[PERTURBATION] for entry in again.config if PERTURBATION in entry]
    assert all(0 < entry["num_changed"] <= entry["num_perturbed"] for entry in about)


def test_the_other_side_can_be_perturbed_and_both(model, toy_corpus):
    counting = Counting(model)
    common = {"split": "dev", "name": "m", "perturbations": ["typo"], "strengths": [1.0], "num_resamples": 5}
    documents = evaluate_robustness(counting, toy_corpus, side="documents", significance=False, **common)
    assert documents.results.models == ("m", "m + typo@1 (documents)")
    assert documents.results.comparisons == ()
    assert [curve.perturbation for curve in mean_curves(documents.curves())] == ["typo (documents)"]
    assert len(counting.queries[1]) == 1
    both = evaluate_robustness(model, toy_corpus, side="both", **common)
    queries = evaluate_robustness(model, toy_corpus, **common)
    values = {mean_curves(each.curves())[0].points[-1].value for each in (queries, documents, both)}
    assert len(values) == 3
    assert max(values) < both.results.value("multilingual", model="m")


def test_a_query_that_loses_every_known_token_finds_nothing_and_is_no_error(model, toy_corpus):
    class Empty(Counting):
        def encode_query(self, texts, **options):
            vectors = np.array(self.model.encode_query(texts, **options))
            vectors[[index for index, text in enumerate(texts) if not text.strip()]] = 0
            return vectors

    gone = TextPerturbation("gone", "nothing is left", "of no account", lambda *_: " ")
    found = evaluate_robustness(
        Empty(model),
        toy_corpus,
        split="dev",
        name="m",
        perturbations=[gone],
        strengths=[0.5],
        num_resamples=5,
    )
    assert found.results.value("multilingual", "R@10", model="m + gone@0.5") < 0.2


def test_what_cannot_be_is_refused_with_what_to_do(model, toy_corpus):
    common = {"split": "dev", "perturbations": ["typo"]}
    with pytest.raises(ConfigError, match="did you mean typo"):
        evaluate_robustness(model, toy_corpus, split="dev", perturbations=["tipo"])
    with pytest.raises(CorpusError, match="blur perturbs image, and 'toy' has no query of that medium"):
        evaluate_robustness(model, toy_corpus, split="dev", perturbations=["blur"])
    with pytest.raises(ConfigError, match=r"strength must be from 0 .* got 1\.5"):
        evaluate_robustness(model, toy_corpus, strengths=[1.5], **common)
    with pytest.raises(ConfigError, match="strength 0 is measured anyway"):
        evaluate_robustness(model, toy_corpus, strengths=[0, 0.5], **common)
    with pytest.raises(ConfigError, match="side must be one of queries") as caught:
        Perturbing(("tipo", "code_switch", "synonyms"), (0, 2.0, 2.0), side="query")
    assert str(caught.value).split("\n")[:5] == [
        "side must be one of queries, documents, both, got 'query'",
        "strengths must be one number or more, none twice, got (0, 2.0, 2.0)",
        "strength 0 is measured anyway; leave it out",
        "strength must be from 0 (nothing is changed) to 1, got 2.0",
        "unknown perturbation 'tipo'; did you mean typo?",
    ]
    assert "synonyms needs a table" in str(caught.value)
    assert "code_switch needs" not in str(caught.value)  # the corpus may have translations
    with pytest.raises(ConfigError, match="give a model, not ready vectors or a run"):
        evaluate_robustness(_ready(toy_corpus), toy_corpus, **common)


def test_tables_for_other_languages_are_refused_and_those_of_a_language_serve_its_varieties(
    model, toy_corpus
):
    common = {"split": "dev", "perturbations": ["synonyms"], "strengths": [1.0], "num_resamples": 5}
    tables = Tables(synonyms={"fr": {"film": ("cinéma",)}})
    message = "synonyms has tables for fr, and what is perturbed of 'toy' is in de, en, th; give one"
    with pytest.raises(CorpusError, match=message):
        evaluate_robustness(model, toy_corpus, tables=tables, **common)
    with pytest.raises(CorpusError, match="is in de; give one"):
        evaluate_robustness(
            model, toy_corpus, tables=Tables(synonyms={"en": {"a": ("b",)}}), languages=["de"], **common
        )
    words = {text.split()[0]: ("other",) for text in toy_corpus.queries["text"].to_pylist()}
    found = evaluate_robustness(model, toy_corpus, tables=Tables(synonyms={"en": words}), **common)
    changed = found.curves()[0].points[-1].changed
    assert 0 < changed < 0.4  # one language of three


def test_another_measure_is_shown_where_ap_is_not_asked_for(model, toy_corpus):
    common = {"split": "dev", "name": "m", "strengths": [1.0], "num_resamples": 5, "significance": False}
    found = evaluate_robustness(model, toy_corpus, perturbations=["typo"], measures=["RR"], **common)
    assert shown_measure(found.results) == "RR"
    assert {curve.measure for curve in found.curves()} == {"RR"}
    assert found.curves() == found.curves("RR")
    assert found.table().title.startswith("RR")
    assert not found.curves("AP")


def _ready(corpus):
    from isoglot.retrieval import Embeddings

    names = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    made = [np.ones((len(each), 2), np.float32) for each in names]
    return Embeddings(names[0], made[0], names[1], made[1])


class Seeing:
    """A model whose vectors are the mean colour of a picture, and of a text the colour that it names."""

    similarity_fn_name = "cosine"
    modalities = ("text", "image")

    def __init__(self):
        self.seen = []

    def encode(self, inputs):
        return np.array([self._vector(each) for each in inputs], np.float32)

    def _vector(self, given):
        if isinstance(given, str):
            return np.array([float(part) for part in given.split("-")])
        self.seen.append(given["image"])
        return np.asarray(given["image"], np.float64).mean(axis=(0, 1))

    def encode_query(self, inputs, **options):
        return self.encode(inputs)

    def encode_document(self, inputs, **options):
        return self.encode(inputs)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Queries that are pictures of one colour each, or its name; documents are names."""
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("colours"))
    rng = np.random.default_rng(0)
    for group in range(20):
        colour = rng.integers(0, 256, 3)
        image.new("RGB", (8, 8), tuple(colour.tolist())).save(folder / f"{group}.png")
        name = "-".join(map(str, colour))
        builder.add_query(f"p{group}", f"g{group}", "zxx", None, modality="image", path=f"{group}.png")
        builder.add_query(f"t{group}", f"g{group}", "en", name)
        builder.add_document(f"d{group}", f"g{group}", "en", name)
        builder.judge_group("test", f"g{group}")
    return replace(builder.build(), media_root=str(folder))


def test_pictures_are_perturbed_in_memory_and_nothing_is_written(pictures):
    before = sorted(Path(pictures.media_root).iterdir())
    model = Seeing()
    found = evaluate_robustness(
        model, pictures, name="m", perturbations=["noise", "jpeg"], strengths=[0.3, 1.0], num_resamples=5
    )
    assert sorted(Path(pictures.media_root).iterdir()) == before
    assert len(model.seen) == 20 * 5
    assert len({each.tobytes() for each in model.seen}) >= 20 * 3
    records = found.results.select(model="m + noise@1")
    assert {record.query_modality for record in records} == {"image"}
    clean = found.results.select(model="m")
    assert {record.query_modality for record in clean} >= {"image", "text"}
    noise = next(curve for curve in found.curves() if curve.perturbation == "noise")
    assert noise.query_modality == "image"
    assert noise.points[-1].value < noise.points[0].value == 1.0


def test_towers_of_sentence_transformers_see_perturbed_pictures_and_unperturbed_texts(pictures):
    text = build_static_encoder(train_subwords(pictures.documents["text"].to_pylist(), 40, model="bpe"), 8)
    model = build_two_tower_encoder(text, build_image_tower(8, seed=0))
    found = evaluate_robustness(
        model,
        pictures.select(query_modalities=["image"]),
        name="m",
        perturbations=["blur", "noise"],
        strengths=[1.0],
        num_resamples=5,
    )
    with pytest.raises(CorpusError, match="blur perturbs image, and 'colours' has no query of that medium"):
        evaluate_robustness(model, pictures.select(query_modalities=["text"]), perturbations=["blur"])
    values = [found.results.value("multilingual", "RR", model=name) for name in found.results.models]
    assert len(values) == 3
    assert values[0] == values[1] != values[2]  # a blur leaves one colour as it is


def test_a_model_that_takes_no_pictures_from_memory_is_refused(pictures):
    class OfMteb(Seeing):
        mteb_model_meta = None

    from isoglot.evaluation.perturbed_vectors import PerturbingModel
    from isoglot.robustness.perturbations import READY

    with pytest.raises(ConfigError, match="noise needs a model that takes pictures from memory"):
        PerturbingModel(OfMteb(), READY["noise"], 0.5, 0)
    ready = PerturbingModel(Seeing(), READY["noise"], 0.5, 0)
    with pytest.raises(ConfigError, match="ready features of pictures cannot be perturbed"):
        ready.encode_query([{"image": "features.npy"}])
