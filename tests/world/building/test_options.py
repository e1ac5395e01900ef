"""Options: every mistake is found, all at once, with what to change."""

from __future__ import annotations

import pytest

from isoglot.errors import ConfigError
from isoglot.world.building import TASKS, build_world_corpus
from isoglot.world.building.options import WorldOptions, check_names, names_of

IN_TEXT = {"modalities": "text"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"task": "retreival"}, "task must be one of .*, got 'retreival'; did you mean 'retrieval'"),
        ({"groups": 9}, "groups must be at least 10, got 9"),
        ({"groups": "many"}, "groups must be a whole number, got 'many'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"side": 33}, "side must be from 32 to 1024 pixels, even for videos, got 33"),
        ({"languages": "de,sv"}, "languages must be among .*, got 'sv'"),
        ({"modalities": "text,picture"}, "modalities must be one of text, image, .*, got 'picture'"),
        ({"modalities": ["image"]}, "modalities must hold text, got image"),
        ({"styles": "flat,nihgt"}, "got 'nihgt'; did you mean 'night'"),
        ({"styles": "flat", "held_out_styles": "flat"}, "held_out_styles must leave some of flat"),
        ({"held_out_styles": "night", "styles": "flat"}, "held_out_styles must be one of flat, got 'night'"),
        ({"near_misses": -1}, "near_misses must be at least 0, got -1"),
        ({"sounds": 0}, "sounds must be at least 1, got 0"),
        ({"low_resource": "sw"}, "low_resource must be tag:share, such as sw:0.1, got 'sw'"),
        ({"low_resource": {"sw": "few"}}, "low_resource must be tag:share, .* got 'sw' with 'few'"),
        ({"low_resource": {"sw": 1.5}}, "low_resource must keep a share above 0 and below 1, got sw:1.5"),
        ({"languages": "en", "unseen": "sw"}, "unseen must be among en, got 'sw'"),
        ({"unseen": "sw", "low_resource": "sw:0.1"}, "'sw' must be at one level, got several"),
        ({"languages": "en,sw", "unseen": "en,sw"}, "one language or more must be left at the full level"),
        ({"without_pictures": "sw"}, "without_pictures needs training groups without them; .*text_only=0.5"),
        ({**IN_TEXT, "text_only": 0.5}, "text_only is for groups beside those with a picture"),
        ({"text_only": 1}, "text_only must be a share of at least 0 and below 1, got 1"),
        ({"task": "questions", "modalities": "text,image"}, "task 'questions' is of texts alone"),
        ({"task": "tagging", **IN_TEXT}, "task 'tagging' needs something to tag"),
        ({"task": "tagging", "unseen": "sw"}, "task 'tagging' trains on no text"),
        ({}, "output_dir must be given for image, video, audio"),
    ],
)
def test_what_cannot_be_is_an_error(given: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_world_corpus(**given)


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(ConfigError, match=r"(?s)got 'xx'.*groups must be.*sounds must be"):
        build_world_corpus(groups=1, sounds=0, languages=["xx"])


def test_an_unknown_option_names_the_nearest() -> None:
    check_names({"groups": 10, "low_resource": "sw:0.1", "task": "pairs"})
    with pytest.raises(ConfigError, match="got 'unsen'; did you mean 'unseen'"):
        check_names({"unsen": "ko"})
    with pytest.raises(ConfigError, match="option of world must be one of"):
        check_names({"levels": "ko"})


def test_names_may_stand_in_one_text() -> None:
    assert names_of("a, b,,a") == names_of(["a", "b"]) == ("a", "b")
    assert names_of(None) == ()


def test_a_description_says_what_is_not_usual() -> None:
    assert WorldOptions().describe() == "task=retrieval groups=1000 seed=0"
    some = WorldOptions(task="pairs", modalities=("text",), languages=("en",), seed=3)
    assert some.describe() == "task=pairs groups=1000 seed=3 languages=en"
    assert len(TASKS) == 4
