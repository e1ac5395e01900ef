"""Saying: captions of scenes and melodies in every language of the world, and reading them back."""

from isoglot.world.saying.captions import kind_of, num_paraphrases, say
from isoglot.world.saying.lexicon import KINDS, said_languages
from isoglot.world.saying.reading import read_caption
from isoglot.world.saying.tags import tag_name

SAID_LANGUAGES = said_languages()
"""The languages in which scenes and melodies can be said."""

__all__ = [
    "KINDS",
    "SAID_LANGUAGES",
    "kind_of",
    "num_paraphrases",
    "read_caption",
    "say",
    "tag_name",
]
