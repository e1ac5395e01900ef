"""Tagging: tags out of a vocabulary for items of any medium, in any language."""

from isoglot.tagging.calibrating import calibrate
from isoglot.tagging.calibration import Choice, TagChoice, Thresholds, read_thresholds
from isoglot.tagging.caption_tags import build_caption_tags
from isoglot.tagging.reading import read_templates, read_vocabulary
from isoglot.tagging.tagged import GivenTag, Tagged, TaggedItem
from isoglot.tagging.tagging import tag
from isoglot.tagging.vocabulary import Label, Tag, Vocabulary, vocabulary_of

__all__ = [
    "Choice",
    "GivenTag",
    "Label",
    "Tag",
    "TagChoice",
    "Tagged",
    "TaggedItem",
    "Thresholds",
    "Vocabulary",
    "build_caption_tags",
    "calibrate",
    "read_templates",
    "read_thresholds",
    "read_vocabulary",
    "tag",
    "vocabulary_of",
]
