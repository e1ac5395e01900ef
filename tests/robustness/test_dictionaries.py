"""Dictionaries: read and written, induced from parallel texts, and made into neighbour tables."""

from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.robustness.dictionaries import (
    TranslationDictionary,
    induce_dictionary,
    pivoted_neighbours,
    read_dictionary,
    write_dictionary,
)
from isoglot.robustness.synonyms import NeighbourTable


def test_two_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text("dog hund\ndog\tköter\ncat katze\ndog hund\nhot\tsehr warm\n", encoding="utf-8")
    dictionary = read_dictionary(path, "eng", "de")
    assert (dictionary.source, dictionary.target) == ("en", "de")
    assert dictionary.translations == {"dog": ("hund", "köter"), "cat": ("katze",), "hot": ("sehr warm",)}
    assert dictionary.reversed().translations["köter"] == ("dog",)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    dictionary = TranslationDictionary("en", "de", {"dog": ("hund", "treuer hund"), "cat": ("katze",)})
    write_dictionary(dictionary, tmp_path / "made" / "en-de.tsv")
    again = read_dictionary(tmp_path / "made" / "en-de.tsv", "en", "de")
    assert again.translations == dictionary.translations


def test_all_bad_lines_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "en-de.txt"
    path.write_bytes(b"dog hund\ncat\nhot sehr warm\n\xff a\n")
    with pytest.raises(CorpusError, match="not UTF-8") as caught:
        read_dictionary(path, "en", "de")
    assert {problem.split(": ")[0] for problem in caught.value.problems} == {
        f"{path}:{line}" for line in (2, 3, 4)
    }


def test_an_empty_dictionary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en-de.txt").write_text("")
    with pytest.raises(CorpusError, match="the file is empty"):
        read_dictionary(tmp_path / "en-de.txt", "en", "de")


def test_a_dictionary_is_induced(toy_corpus: ParallelCorpus) -> None:
    """The corpus is parallel word by word, and its words carry numbers, which are no letters."""
    builder = CorpusBuilder(CorpusInfo("letters"))
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rng = np.random.default_rng(0)
    for group in range(200):
        words = rng.choice(letters, 4, replace=False)
        for language in ("en", "de"):
            text = " ".join(f"{language}{word}" for word in words)
            builder.add_document(f"{group}-{language}", f"g{group}", language, text)
            builder.add_query(f"{group}-{language}-q", f"g{group}", language, text.upper())
        builder.judge_group("train", f"g{group}")
    dictionary = induce_dictionary(builder.build(), "en", "de", threshold=0.9)
    assert dictionary.translations == {f"en{letter}": (f"de{letter}",) for letter in letters}
    with pytest.raises(CorpusError, match="no group with texts in 'en' and in 'fr'"):
        induce_dictionary(builder.build(), "en", "fr")
    with pytest.raises(CorpusError, match="no word in 'en' shares groups"):
        induce_dictionary(builder.build(), "en", "de", min_groups=201)
    with pytest.raises(ConfigError, match=r"threshold must be > 0 and <= 1, got 2\nmin_groups must be >= 1"):
        induce_dictionary(toy_corpus, "en", "de", threshold=2, min_groups=0)


def test_dice_is_that_of_a_count_by_hand() -> None:
    """x: 3 groups, y: 4 groups, 2 together: 2 * 2 / 7; z: 1 group, with x: 2 / 4."""
    builder = CorpusBuilder(CorpusInfo("four"))
    rows = [("x", "y z"), ("x w", "y"), ("x", "u"), ("w", "y"), ("v", "y")]
    for number, (english, german) in enumerate(rows):
        builder.add_query(f"q{number}", f"g{number}", "en", english)
        builder.add_document(f"d{number}", f"g{number}", "de", german)
        builder.judge_group("train", f"g{number}")
    corpus = builder.build()
    found = induce_dictionary(corpus, "en", "de", threshold=4 / 7, min_groups=1).translations
    assert found == {"w": ("y",), "x": ("y",)}
    assert induce_dictionary(corpus, "en", "de", threshold=4 / 7 + 1e-9).translations == {"w": ("y",)}
    found = induce_dictionary(corpus, "en", "de", threshold=0.5, min_groups=1).translations
    assert found["x"] == ("y", "u", "z")  # by coefficient, then by letter
    limited = induce_dictionary(corpus, "en", "de", threshold=0.5, min_groups=1, max_translations=2)
    assert limited.translations["x"] == ("y", "u")


def test_words_keep_their_marks_apostrophes_and_hyphens() -> None:
    builder = CorpusBuilder(CorpusInfo("marked"))
    rows = {"hi": "भारत की ISO-कोड 7", "yo": "ọ́jọ́ l’ójú", "fa": "می\u200cخواهم"}
    for group in range(2):
        for language, text in rows.items():
            builder.add_document(f"{group}-{language}", f"g{group}", language, text)
        builder.add_query(f"q{group}", f"g{group}", "en", "x")
        builder.judge_group("train", f"g{group}")
    corpus = builder.build()
    for language, words in (
        ("hi", ["iso-कोड", "की", "भारत"]),
        ("yo", ["l’ójú", "ọ́jọ́"]),
        ("fa", ["می\u200cخواهم"]),
    ):
        assert sorted(induce_dictionary(corpus, language, "en").translations) == words


def test_neighbours_come_by_way_of_another_language() -> None:
    to_english = TranslationDictionary("de", "en", {"hund": ("dog",), "köter": ("dog",), "film": ("movie",)})
    back = TranslationDictionary(
        "en", "de", {"dog": ("hund", "köter"), "movie": ("film",), "cinema": ("kino", "film theater")}
    )
    table = pivoted_neighbours(to_english, back)
    assert (table.language, table.neighbours) == ("de", {"hund": ("köter",), "köter": ("hund",)})
    richer = pivoted_neighbours(to_english, back, NeighbourTable("en", {"movie": ("cinema",)}))
    assert richer.neighbours["film"] == ("kino",)
    with pytest.raises(ConfigError, match="needs one back and a table in 'en', got 'de' to 'en'"):
        pivoted_neighbours(to_english, to_english)
