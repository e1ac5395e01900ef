"""Names of single values, and the review sheet."""

from __future__ import annotations

from itertools import chain

import pytest

from isoglot.errors import ConfigError
from isoglot.world.saying import SAID_LANGUAGES, tag_name
from isoglot.world.saying.sheet import SHEET_SCENES, scenes_sheet
from isoglot.world.scenes import scene
from isoglot.world.scenes.meaning import TAGS


@pytest.mark.parametrize("language", SAID_LANGUAGES)
def test_every_tag_has_a_name_of_its_own(language):
    names = {}
    for tag in TAGS:
        name = tag_name(tag, language)
        assert name
        assert name == name.strip()
        assert names.setdefault(name, tag) == tag


def test_numbers_are_named_with_what_they_count():
    assert tag_name("count:1", "de") == "eine Form"
    assert tag_name("count:2", "ar") == "شكلان"
    assert tag_name("count:3", "ru") == "три фигуры"
    assert tag_name("tones:3", "cy") == "tri nodyn"
    assert tag_name("tones:2", "en") == "two tones"


def test_names_are_citation_forms():
    assert tag_name("red", "de") == tag_name("colour:red", "de") == "rot"
    assert tag_name("star", "de") == "Stern"
    assert tag_name("high", "de") == "hoch"
    assert tag_name("large", "ru") == "большой"
    assert tag_name("red", "ar") == "أحمر"
    assert tag_name("heart", "cy") == "calon"
    assert tag_name("star", "eu") == "izar"


@pytest.mark.parametrize(
    "value", ["pink", "any", "1", "tone", "agrees_with", "form", "shape:red", "count:5", "", ":"]
)
def test_refuses_what_is_no_value(value):
    with pytest.raises(ConfigError, match="value must be a shape"):
        tag_name(value, "en")


def test_the_sheet_shows_twenty_scenes_in_every_language():
    assert len({each.code for each in SHEET_SCENES}) == 20
    sheet = scenes_sheet()
    for part in sheet.split("\n### ")[1:]:
        assert all(f"\n| {language} | " in part for language in SAID_LANGUAGES)
    shown = set(chain.from_iterable(each.code.replace(".", "_").split("_") for each in SHEET_SCENES))
    assert {*scene.SHAPES, *scene.TIMBRES, "1", "2", "3", "4"} <= shown
