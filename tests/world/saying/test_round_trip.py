"""What is said can be read back, in every language and wording; so no two scenes share a caption."""

from __future__ import annotations

import random
import unicodedata

import pytest

from isoglot.errors import ConfigError
from isoglot.world.saying import KINDS, SAID_LANGUAGES, kind_of, num_paraphrases, read_caption, say
from isoglot.world.saying.captions import speaker
from isoglot.world.saying.reading import KEYS, all_melodies, all_things
from isoglot.world.scenes import Melody, Scene, Thing
from isoglot.world.scenes.meaning import canonical
from isoglot.world.scenes.scene import scene_problems

RED, BLUE = Thing("circle", "red", None, None, 2), Thing("square", "blue", None, None, 1)


def random_subject(kind, relation, motion, rng):
    """A scene or melody of a kind, its things chosen among all there are."""
    if kind == "melody":
        return rng.choice(all_melodies())
    if kind in {"thing", "moves"}:
        return Scene(rng.choice(all_things()), None, relation, motion)
    while True:
        first, second = rng.choices(all_things(), k=2)
        if not scene_problems(first, second, relation, motion):
            return Scene(first, second, relation, motion)


def wrong(subject, language):
    """The captions of a scene that are not read as the scene."""
    captions = [
        say(subject, language, paraphrase=paraphrase)
        for paraphrase in range(num_paraphrases(language, kind_of(subject)))
    ]
    assert len(set(captions)) == len(captions) >= 3
    return [caption for caption in captions if read_caption(caption, language) != canonical(subject)]


@pytest.mark.parametrize("language", SAID_LANGUAGES)
def test_random_scenes_come_back_from_every_wording(language):
    rng = random.Random(f"round trip/{language}")
    subjects = [
        random_subject(kind, relation, motion, rng)
        for kind in KINDS
        for relation, motion in KEYS[kind]
        for _ in range(1 if kind == "moves_related" else 5)
    ]
    assert not [caption for subject in subjects for caption in wrong(subject, language)]


@pytest.mark.parametrize("language", SAID_LANGUAGES)
def test_no_two_things_have_the_same_name_in_any_form(language):
    speaks = speaker(language)
    for form in set(speaks.lexicon.forms) - {speaks.lexicon.texts["tags"]["form"]} or speaks.lexicon.forms:
        names = [speaks.phrase(thing, form) for thing in all_things()]
        assert len(set(names)) == len(names), form
    form = next(iter(speaks.lexicon.forms))
    tones = [speaks.phrase(melody, form) for melody in all_melodies()]
    assert len(set(tones)) == len(tones)


@pytest.mark.parametrize("language", SAID_LANGUAGES)
def test_captions_are_clean_text(language):
    rng = random.Random(f"clean/{language}")
    for kind in KINDS:
        subject = random_subject(kind, *KEYS[kind][0], rng)
        for paraphrase in range(num_paraphrases(language, kind)):
            caption = say(subject, language, paraphrase=paraphrase)
            assert caption == unicodedata.normalize("NFC", caption).strip()
            assert "  " not in caption
            assert not set("{}+|[]") & set(caption)


def test_a_converse_has_the_same_captions():
    for language in SAID_LANGUAGES:
        number = range(num_paraphrases(language, "beside"))
        left = {say(Scene(RED, BLUE, "left_of"), language, paraphrase=each) for each in number}
        right = {say(Scene(BLUE, RED, "right_of"), language, paraphrase=each) for each in number}
        assert left == right


def test_the_first_letter_may_be_small():
    assert read_caption("two red circles", "en") == Scene(RED)
    assert read_caption("iki kırmızı daire", "tr") == Scene(RED)


@pytest.mark.parametrize(
    ("language", "caption"),
    [
        ("en", "Two red circle"),
        ("en", "There is two red circles."),
        ("en", "Two red circles."),
        ("de", "Ein gelbe Kreis"),
        ("ru", "Два красные круга"),
        ("es", "Dos estrellas rojos"),
        ("ar", "ثلاثة دوائر حمراء"),
        ("zh", "两只红色圆形"),
        ("cy", "Tri cylch coch"),
        ("en", ""),
    ],
)
def test_wrong_agreement_is_not_read(language, caption):
    with pytest.raises(ConfigError, match="no caption of"):
        read_caption(caption, language)


def test_refuses_what_is_not_there():
    with pytest.raises(ConfigError, match="language must be one of ar, "):
        say(Scene(RED), "la")
    with pytest.raises(ConfigError, match=r"paraphrase must be in 0\.\.2 .*, got 3"):
        say(Scene(RED), "en", paraphrase=3)
    with pytest.raises(ConfigError, match="paraphrase must be in"):
        say(Melody(1, None, None, None, None), "en", paraphrase=-1)
    with pytest.raises(ConfigError, match="kind must be one of thing, "):
        num_paraphrases("en", "colour")
