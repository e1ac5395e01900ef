"""Cutting into words, and shares of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.robustness.perturbations.word_order import shuffle_words
from isoglot.robustness.perturbations.words import Word, choose, cut_words, edit_words, join_words


@given(st.text(max_size=60))
def test_words_put_together_are_the_text(text):
    assert join_words(*cut_words(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("“What's up, 'ey?”", ["What's", "up", "ey"]),
        ("l'Allemagne à 12 h", ["l'Allemagne", "à", "12", "h"]),
        ("जर्मनी की", ["जर्मनी", "की"]),
        ("德国的首都", ["德国", "的首", "都"]),
        ("GPT是什么", ["GPT", "是什", "么"]),
        ("เมืองหลวง", ["เมือง", "หลวง"]),
        ("…?!", []),
        ("col·lecció צה״ל", ["col·lecció", "צה״ל"]),
        ("Donau\u00addampf und\u200bso", ["Donau\u00addampf", "und", "so"]),
        ("人々が", ["人々", "が"]),
        ("👩\u200d💻 ok", ["ok"]),
        ("\u200fשלום\u200e, a\x00b", ["שלום", "a", "b"]),
    ],
)
def test_words_are_letters_with_marks_and_unspaced_texts_are_cut_into_pieces(text, words):
    assert [word.text for word in cut_words(text)[1]] == words


@given(st.integers(0, 40), st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
def test_a_larger_share_holds_a_smaller_one(number, first, second, seed):
    small, large = (
        set(choose(number, share, np.random.default_rng(seed)).tolist()) for share in sorted((first, second))
    )
    assert small <= large
    assert len(choose(number, 1.0, np.random.default_rng(seed))) == number


def test_a_share_is_right_on_average_though_texts_are_short():
    counts = [len(choose(3, 0.25, np.random.default_rng(seed))) for seed in range(2_000)]
    assert np.mean(counts) == pytest.approx(0.75, abs=0.04)


def test_strength_is_the_share_of_the_words_that_can_be_changed():
    text = "a b c 1 2 3 d e f g"
    upper = edit_words(text, 1.0, np.random.default_rng(0), lambda w, _: Word(w.text.upper(), w.gap))
    assert upper == text.upper()
    half = [
        edit_words(text, 0.5, np.random.default_rng(seed), lambda w, _: Word(w.text.upper(), w.gap))
        for seed in range(300)
    ]
    counts = [sum(c.isupper() for c in each) for each in half]
    assert {*counts} == {3, 4}  # of seven; what cannot be changed takes no part
    assert np.mean(counts) == pytest.approx(3.5, abs=0.1)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30, unique=True), st.floats(0.01, 1))
def test_no_word_moves_farther_than_the_strength_says(numbers, strength):
    words = [f"w{number}" for number in numbers]
    moved = shuffle_words(" ".join(words), "en", strength, np.random.default_rng(0)).split(" ")
    assert sorted(moved) == sorted(words)
    assert all(abs(words.index(word) - place) <= strength * len(words) for place, word in enumerate(moved))


def test_characters_move_where_no_spaces_are_written_and_punctuation_stays():
    moved = shuffle_words("德国的首都是哪里？", "zh", 1.0, np.random.default_rng(1))
    assert moved != "德国的首都是哪里？"
    assert sorted(moved) == sorted("德国的首都是哪里？")
    assert moved.endswith("？")
