"""Augmented texts: the paper's rule, drawn uniformly, sides apart, and the same whenever it is done again."""

import numpy as np
import pytest
from scipy import stats

from isoglot.batches.augmented import Place
from isoglot.errors import ConfigError
from isoglot.robustness.augmentation import TextAugmentation, WordChanges, augment, augmented_pairs
from isoglot.robustness.chance import uniform
from isoglot.robustness.dictionaries import TranslationDictionary
from isoglot.robustness.synonyms import NeighbourTable

TABLE = NeighbourTable("en", {"film": ("movie", "cinema", "picture"), "good": ("fine",), "US": ("America",)})
CHANGES = WordChanges.of([TABLE])
GERMAN = TranslationDictionary("en", "de", {"film": ("Film", "Streifen"), "good": ("gut",)})
FRENCH = TranslationDictionary("en", "fr", {"film": ("pellicule",)})


def test_a_word_is_drawn_uniformly_from_itself_and_its_neighbours() -> None:
    drawn = augment(["a film"] * 8_000, "en", CHANGES, seed=1)
    words, counts = np.unique([text.removeprefix("a ") for text in drawn], return_counts=True)
    assert set(words) == {"film", "movie", "cinema", "picture"}
    assert stats.chisquare(counts).pvalue > 0.01


def test_words_of_a_text_are_drawn_apart() -> None:
    drawn = augment(["good film film"] * 8_000, "en", CHANGES, seed=2)
    options = [("good", "fine"), ("film", *TABLE.neighbours["film"]), ("film", *TABLE.neighbours["film"])]
    counts = np.zeros((2, 4, 4))
    for text in drawn:
        counts[tuple(each.index(word) for each, word in zip(options, text.split(), strict=True))] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 0.01


def test_the_rule_is_the_papers_word_for_word() -> None:
    """Split at single spaces, look up as written, draw from the word and its neighbours; by hand."""
    texts = ["film  good US, us US", "", " Film film.", "good\nfilm good"]
    found = augment(texts, "en", CHANGES, seed=5)
    by_hand = []
    for row, text in enumerate(texts):
        words = text.split(" ")
        for place, word in enumerate(words):
            options = [word, *TABLE.neighbours.get(word, ())]
            number = uniform((5, 1), np.array([row]), np.array([place]))[0]
            words[place] = options[int(number * len(options))]
        by_hand.append(" ".join(words))
    assert found == by_hand
    assert found[2] == " Film film."
    assert found != texts


def test_rate_is_the_share_of_words_that_are_drawn_anew() -> None:
    texts = ["film good"] * 4_000
    half = augment(texts, "en", WordChanges.of([TABLE], rate=0.5), seed=0)
    assert np.mean([text.split()[0] != "film" for text in half]) == pytest.approx(0.5 * 3 / 4, abs=0.03)
    assert augment(texts, "en", WordChanges.of([TABLE], rate=0.0), seed=0) == texts
    assert augment(texts, "en", WordChanges(), seed=0) == texts


def test_languages_have_their_own_tables_and_varieties_those_of_their_language() -> None:
    changes = WordChanges.of([TABLE, NeighbourTable("de", {"film": ("streifen",)})])
    languages = ["en-GB", "de", "fr", None] * 500
    drawn = augment(["film"] * 2_000, languages, changes, seed=0)
    assert set(drawn[::4]) == {"film", "movie", "cinema", "picture"}
    assert set(drawn[1::4]) == {"film", "streifen"}
    assert set(drawn[2::4]) == set(drawn[3::4]) == {"film"}


def test_a_text_comes_out_by_its_number_and_the_seed() -> None:
    texts = ["good film"] * 50
    whole = augment(texts, "en", CHANGES, seed=3)
    assert augment(texts[20:], "en", CHANGES, seed=3, first_row=20) == whole[20:]
    assert augment(texts, "en", CHANGES, seed=4) != whole


def test_code_switching_draws_language_then_translation() -> None:
    changes = WordChanges.of([], [GERMAN, FRENCH], switch_rate=1.0)
    drawn = augment(["film"] * 8_000, "en", changes, seed=0)
    words, counts = np.unique(drawn, return_counts=True)
    assert words.tolist() == ["Film", "Streifen", "pellicule"]
    assert stats.chisquare(counts, [2_000, 2_000, 4_000]).pvalue > 0.01
    assert set(augment(["(Good),"] * 20, "en", changes, seed=0)) == {"(gut),"}
    assert augment(["?! - bad", "film"], ["en", "de"], changes, seed=0) == ["?! - bad", "film"]
    some = augment(["film"] * 8_000, "en", WordChanges.of([], [GERMAN, FRENCH], switch_rate=0.3), seed=0)
    for word, share in (("pellicule", 0.15), ("Film", 0.075), ("Streifen", 0.075)):
        assert some.count(word) / 8_000 == pytest.approx(share, abs=0.015)


def test_marks_belong_to_a_word_and_punctuation_does_not() -> None:
    hindi = TranslationDictionary("hi", "en", {"की": ("of",), "भारत": ("India",)})
    changes = WordChanges.of([], [hindi], switch_rate=1.0)
    assert augment(["(भारत की।", "कीं"], "hi", changes, seed=0) == ["(India of।", "कीं"]


def test_both_at_once() -> None:
    changes = WordChanges.of([TABLE], [FRENCH], switch_rate=0.5)
    words, counts = np.unique(augment(["film"] * 8_000, "en", changes, seed=0), return_counts=True)
    assert dict(zip(words, counts, strict=True))["pellicule"] == pytest.approx(4_000, abs=200)
    assert set(words) == {"film", "movie", "cinema", "picture", "pellicule"}


def test_copies_of_pairs_are_drawn_apart_and_keep_their_labels() -> None:
    first, second, labels = augmented_pairs(
        ["film", "good film"], ["film", "bad"], [1, 0], ("en", "en"), CHANGES, copies=4_000, seed=0
    )
    assert labels == [1] * 4_000 + [0] * 4_000
    assert len(first) == len(second) == 8_000
    assert {text.split()[0] for text in first[4_000:]} == {"good", "fine"}
    assert set(second[4_000:]) == {"bad"}
    options = ("film", *TABLE.neighbours["film"])
    counts = np.zeros((4, 4))
    for left, right in zip(first[:4_000], second[:4_000], strict=True):
        counts[options.index(left), options.index(right)] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 0.01, "the sides are independent"
    again = augmented_pairs(
        ["film", "good film"], ["film", "bad"], [1, 0], ("en", "en"), CHANGES, copies=4_000, seed=0
    )
    assert again == (first, second, labels)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="copies must be >= 1, got 0"):
        augmented_pairs(["a"], ["b"], [0], ("en", "en"), CHANGES, copies=0, seed=0)
    with pytest.raises(ConfigError, match="two sentences and a label, got 1, 2 and 1"):
        augmented_pairs(["a"], ["b", "c"], [0], ("en", "en"), CHANGES, copies=1, seed=0)
    with pytest.raises(ConfigError, match="got 2 for 1 texts"):
        augment(["a"], ["en", "de"], CHANGES, seed=0)
    with pytest.raises(ConfigError, match="two neighbour tables for 'en'"):
        WordChanges.of([TABLE, NeighbourTable("en", {})])
    with pytest.raises(ConfigError, match="two dictionaries from 'en' to 'de'"):
        WordChanges.of([], [GERMAN, TranslationDictionary("en", "de", {})])
    with pytest.raises(ConfigError, match=r"rate must be between 0 and 1, got 2\nswitch_rate must be"):
        WordChanges(rate=2, switch_rate=-1)


def test_what_a_training_draws_is_of_its_seed_and_of_the_place() -> None:
    texts, languages = ["good film"] * 200, ["en"] * 200
    place, later = (Place((step, 0), np.arange(200)) for step in (0, 1))
    ours, other = (TextAugmentation(seed, CHANGES, copies=3) for seed in (0, 1))
    said = ours.words(texts, languages, place)
    assert said == TextAugmentation(0, CHANGES, copies=3).words(texts, languages, place)
    assert said != other.words(texts, languages, place)
    assert said != ours.words(texts, languages, later)
    numbers = ours.copy_numbers(place)
    assert stats.chisquare(np.bincount(numbers, minlength=3)).pvalue > 0.01
    for unlike in (other.copy_numbers(place), ours.copy_numbers(later)):
        assert not np.array_equal(numbers, unlike)


def test_a_place_of_no_texts_gives_none() -> None:
    assert CHANGES([], [], Place((0,), np.empty(0, np.int64))) == []
