"""Tags: the name of one value, as a label of a picture, a video or a sound."""

from __future__ import annotations

from isoglot.errors import ConfigError
from isoglot.world.saying.captions import speaker, wordings
from isoglot.world.saying.lexicon import COUNTS
from isoglot.world.scenes.meaning import TAGS
from isoglot.world.scenes.scene import Melody, Thing

_BARE = {tag.partition(":")[2]: tag for tag in TAGS if tag.partition(":")[2] not in COUNTS}


def tag_name(value: str, language: str) -> str:
    """The name of a value as a tag.

    Args:
        value: A tag of `isoglot.world.scenes.meaning.TAGS` such as "colour:red" or "count:2", or its value
            alone; a number needs its field.
        language: One of `SAID_LANGUAGES`.

    Returns:
        A noun in the singular, an adjective in the form in which dictionaries or labels have it, or a phrase:
        "two shapes". Every tag has a name of its own within a language.

    Raises:
        ConfigError: If there is no such value or language.
    """
    field, _, key = _BARE.get(value, value).partition(":")
    if f"{field}:{key}" not in TAGS:
        raise ConfigError(f"value must be a shape, colour, relation or another tag of a scene, got {value!r}")
    names = speaker(language).lexicon.texts["tags"]
    if key in names:
        return names[key]
    return _counted(field, int(key), language) if key in COUNTS else _cited(field, key, language)


def _cited(field: str, key: str, language: str) -> str:
    """A word in its citation form, agreeing with the noun that the lexicon names for that."""
    speaks = speaker(language)
    names = speaks.lexicon.texts["tags"]
    noun = key if field == "shape" else names["agrees_with"]
    features = speaks.features("thing", noun, "1", names["form"])
    return speaks.lexicon.words[field][key].form(features)


def _counted(field: str, count: int, language: str) -> str:
    """So many shapes or tones, in the form in which captions name them."""
    tones = field == "tones"
    subject = Melody(count, None, None, None, None) if tones else Thing(None, None, None, None, count)
    wording = wordings(language, "melody" if tones else "thing", None, None)[0]
    return speaker(language).phrase(subject, next(piece.name for piece in wording.pieces if piece.is_phrase))
