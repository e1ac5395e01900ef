"""Vectors of tags: labels in templates with glosses, averaged over templates and languages."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError, SearchError
from isoglot.retrieval.adapters import adapt
from isoglot.tagging import Label, Tag, Vocabulary
from isoglot.tagging.columns import embed_columns, plan_columns
from isoglot.tagging.templates import checked_templates

from .conftest import WORDS, ColourModel


def unit(*vectors: object) -> np.ndarray:
    """The mean of vectors, each and itself of length 1."""
    lengths = [np.asarray(each, float) / np.linalg.norm(np.asarray(each, float)) for each in vectors]
    mean = np.mean(lengths, axis=0)
    return mean / np.linalg.norm(mean)


def test_languages_that_agree_have_one_vector_out_of_all(colours: Vocabulary, model: ColourModel) -> None:
    columns = plan_columns(colours, ["de"], {}, agree=True)
    assert [(column.tag, column.language) for column in columns] == [(0, "*"), (1, "*"), (2, "*")]
    assert columns == plan_columns(colours, ["fr", "en"], {}, agree=True)
    vectors = embed_columns(adapt(model), columns)
    np.testing.assert_allclose(vectors[0], unit(WORDS["red"], WORDS["rot"], WORDS["rouge"]), atol=1e-6)
    np.testing.assert_allclose(vectors[2], unit(WORDS["blue"]), atol=1e-6)
    assert len(model.seen) == 6  # each text once


def test_languages_apart_have_a_vector_each(colours: Vocabulary, model: ColourModel) -> None:
    columns = plan_columns(colours, ["de", "fr"], {}, agree=False)
    assert [(column.tag, column.language) for column in columns] == [
        (0, "de"), (1, "de"), (2, "de"), (0, "fr"), (1, "fr"), (2, "fr"),
    ]  # fmt: skip
    vectors = embed_columns(adapt(model), columns)
    np.testing.assert_allclose(vectors[0], unit(WORDS["rot"]), atol=1e-6)
    np.testing.assert_allclose(vectors[2], unit(WORDS["blue"]), atol=1e-6)  # no German label: the English
    np.testing.assert_allclose(vectors[3], unit(WORDS["rouge"]), atol=1e-6)
    np.testing.assert_allclose(vectors[4], unit(WORDS["green"]), atol=1e-6)


def test_templates_of_a_language_are_averaged(colours: Vocabulary, model: ColourModel) -> None:
    templates = checked_templates({"en": ["{label}", "a photo of a {label}"], "fr": "une photo: {label}"})
    assert templates["fr"] == ("une photo: {label}",)
    columns = plan_columns(colours, ["en"], templates, agree=False)
    assert columns[1].texts == (("green", "a photo of a green"),)
    with_photo = np.add(WORDS["green"], WORDS["photo"])
    np.testing.assert_allclose(
        embed_columns(adapt(model), columns)[1], unit(WORDS["green"], with_photo), atol=1e-6
    )


def test_languages_count_alike_however_many_templates_they_have(model: ColourModel) -> None:
    one = Vocabulary("one", (Tag("red", {"en": Label("red"), "de": Label("rot")}),))
    columns = plan_columns(one, ["en"], checked_templates({"en": ["{label}", "cold {label}"]}), agree=True)
    english = unit(WORDS["red"], np.add(WORDS["red"], WORDS["cold"]))
    np.testing.assert_allclose(
        embed_columns(adapt(model), columns)[0], unit(english, WORDS["rot"]), atol=1e-6
    )


def test_a_dot_product_keeps_lengths(colours: Vocabulary, model: ColourModel) -> None:
    model.similarity_fn_name = "dot"
    columns = plan_columns(colours, ["en"], {}, agree=True)
    mean = np.mean([WORDS[word] for word in ("red", "rot", "rouge")], axis=0)
    np.testing.assert_allclose(embed_columns(adapt(model), columns)[0], mean, atol=1e-6)


def springs(*glosses: str | None) -> Vocabulary:
    """One word in several senses."""
    return Vocabulary("springs", tuple(Tag(str(gloss), {"en": Label("spring", gloss)}) for gloss in glosses))


def test_the_gloss_makes_the_vector_through_the_text_encoder() -> None:
    texts = ["spring is the season after winter", "the coil of a spring is of steel", "season coil"]
    encoder = build_static_encoder(train_subwords(texts, 80, model="bpe"), 16)
    columns = plan_columns(springs("season", "coil", None), ["en"], {}, agree=True)
    season, coil, bare = embed_columns(adapt(encoder), columns)
    said = encoder.encode_document(["spring (season)", "spring (coil)"], normalize_embeddings=True)
    np.testing.assert_allclose([season, coil], said, atol=1e-6)
    assert season @ coil < 0.999
    assert season @ bare < 0.999
    about_winter, about_steel = encoder.encode_query(["season", "coil"], normalize_embeddings=True)
    assert about_winter @ season > about_winter @ coil
    assert about_steel @ coil > about_steel @ season


def test_templates_that_cannot_be_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"must hold \{label\} once, got 'a photo'") as raised:
        checked_templates({"en": "a photo", "xx9": "{label}", "de": [], "eng": "{label}"})
    assert "'xx9' is not a language tag" in str(raised.value)
    assert "templates of 'de' must be there once" in str(raised.value)
    assert "templates of 'eng' must be there once" in str(raised.value)


def test_a_model_without_texts_is_refused(colours: Vocabulary, model: ColourModel) -> None:
    model.modalities = ("image",)
    with pytest.raises(SearchError, match="'red' is text, but the model encodes image"):
        embed_columns(adapt(model), plan_columns(colours, ["en"], {}, agree=True))
