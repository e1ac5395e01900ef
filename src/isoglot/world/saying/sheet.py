"""The review sheet: twenty scenes and melodies in every language, for a speaker to read."""

from __future__ import annotations

from collections.abc import Iterator

from isoglot.world.saying.captions import kind_of, num_paraphrases, say
from isoglot.world.saying.lexicon import said_languages
from isoglot.world.scenes.scene import Melody, Scene, Thing

_CIRCLE = Thing("circle", "red", "small", "striped", 1)
_SQUARES = Thing("square", "blue", "large", "plain", 2)
_STARS = Thing("star", "green", "large", "dotted", 3)
_HEARTS = Thing("heart", "orange", "small", None, 4)
_SHAPE = Thing(None, "black", None, None, 1)
_TRIANGLE = Thing("triangle", "white", None, None, 1)
_CROSSES = Thing("cross", "purple", None, "plain", 3)
_CIRCLES = Thing("circle", "yellow", None, None, 2)
_STAR = Thing("star", "blue", None, None, 1)
_HEART = Thing("heart", "white", None, "striped", 1)

SHEET_SCENES: tuple[Scene | Melody, ...] = (
    Scene(_CIRCLE),
    Scene(_SQUARES),
    Scene(_STARS),
    Scene(_HEARTS),
    Scene(_TRIANGLE, _CIRCLES, "left_of"),
    Scene(_CROSSES, _STAR, "right_of"),
    Scene(_STARS, _SHAPE, "above"),
    Scene(_HEART, _SQUARES, "below"),
    Scene(_CIRCLES, _HEART, "inside"),
    Scene(_STAR, _CROSSES, "larger_than"),
    Scene(_TRIANGLE, motion="moves_left"),
    Scene(_CIRCLES, motion="moves_up"),
    Scene(_STARS, motion="grows"),
    Scene(_HEART, motion="shrinks"),
    Scene(_CROSSES, motion="blinks"),
    Scene(_HEARTS, _CIRCLE, "right_of", "moves_down"),
    Scene(_STAR, _CIRCLES, None, "crosses"),
    Melody(1, "low", None, "flute", None),
    Melody(2, None, "rising", "bell", "fast"),
    Melody(3, "high", "falling", "buzzer", "slow"),
)
"""Chosen to show every shape, colour, count, relation and kind of caption."""


_HEADER = """\
## Twenty scenes

`isoglot.world.saying.say` gives a scene or a melody a caption in any of {number} languages, and
`read_caption` reads it back. Words, forms and templates come from `src/isoglot/world/saying/lexicon/`, one
file per language; `check_lexicon` refuses a file in which anything is missing, or never used. Below stands
every wording of twenty scenes; where a thing is left of, right of, above or below another, the same is also
said the other way round. No native speaker has read them yet: look for wrong endings, an odd order of
words, and what nobody would say."""


def scenes_sheet() -> str:
    """The sheet in Markdown.

    Returns:
        A section per scene with a table of its captions: a row per language, a line per wording, those of the
        converse left out.
    """
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEADER.format(number=len(said_languages()))
    for subject in SHEET_SCENES:
        yield f"\n### {subject.code}\n\n| | captions |\n|---|---|"
        for language in said_languages():
            yield f"| {language} | {'<br>'.join(_captions(subject, language))} |"
    yield ""


def _captions(subject: Scene | Melody, language: str) -> list[str]:
    kind = kind_of(subject)
    number = num_paraphrases(language, kind) // (2 if kind == "beside" else 1)
    return [say(subject, language, paraphrase=paraphrase) for paraphrase in range(number)]
