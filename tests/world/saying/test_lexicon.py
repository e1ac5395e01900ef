"""Every lexicon is complete and holds nothing idle; and what is wrong with one is named."""

from __future__ import annotations

from importlib.resources import files

import pytest

from isoglot.errors import ConfigError
from isoglot.world import LANGUAGES
from isoglot.world.saying import KINDS, SAID_LANGUAGES, num_paraphrases
from isoglot.world.saying.checking import check_lexicon
from isoglot.world.saying.lexicon import parse_lexicon, read_lexicon

GERMAN = (files("isoglot.world.saying") / "lexicon" / "de.toml").read_text(encoding="utf-8")


def test_the_languages_are_those_of_the_world_and_japanese_and_korean():
    assert set(SAID_LANGUAGES) == {*LANGUAGES, "ja", "ko"}


@pytest.mark.parametrize("language", SAID_LANGUAGES)
def test_is_complete_and_nothing_is_idle(language):
    check_lexicon(read_lexicon(language))
    assert all(num_paraphrases(language, kind) >= 3 for kind in KINDS)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('red = "rot"\n', "", r"de\.toml: lacks colour\.red; add it"),
        ('red = "rot"\n', 'red = "rot"\npink = "rosa"\n', r"colour\.pink is used for nothing"),
        ('"pl dat" = "Tönen"\n', '"sg dat" = "Tönen"\n', r"paradigm\.ton: row 2 \('Tönen'\) is never used"),
        ('"* pl * *" = "en"\n', "", r"derive\.ending: no row for '. pl dat no'; add one"),
        ('circle = { gender = "m", ', "circle = { ", "which nothing has"),
        ('[word]\n', '[word]\nidle = "x"\n', r"word\.idle is never used"),
        ('[forms]\n', '[forms]\nidle = { case = "nom", definite = "no" }\n', r"forms\.idle is never used"),
        ('as = "ton", ', 'as = "tun", ', r"tone\.tone: 'as' names the paradigm 'tun'"),
        ("{first.nom} und {second.nom}", "{first.voc} und {second.nom}", "asks for the form 'voc'"),
        ("{first.nom} und {second.nom}", "{first} und {second.nom}", "cannot read the braces"),
        ('stem = "Kreis"', 'stem = "Kreis", plural = "Kreise"', "'plural' is never used"),
        ('rewrite = [', "rewrite = [['Kries', 'Kreis'], ", "'Kries' never changes anything"),
        ('", "{first.the_nom} {motion}."]', '"]', r"captions\.moves: too few wordings"),
    ],
)  # fmt: skip
def test_names_what_is_wrong(old, new, problem):
    assert old in GERMAN
    with pytest.raises(ConfigError, match=problem):
        check_lexicon(parse_lexicon(GERMAN.replace(old, new, 1), "de"))


def test_a_file_that_is_no_toml_is_named():
    with pytest.raises(ConfigError, match=r"xx\.toml: .*line 2"):
        parse_lexicon("\nred = ]", "xx")


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(ConfigError, match=r"(?s)captions\.crosses.*colour\.blue.*timbre"):
        parse_lexicon("[colour]\nred = 'x'\n", "xx")
