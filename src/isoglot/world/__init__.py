"""The built-in multilingual world: facts as texts, and scenes that are said, drawn, filmed and played."""

from isoglot.world.building import build_world_corpus
from isoglot.world.corpus import build_text_corpus, completeness, row_counts
from isoglot.world.lexicons import LANGUAGES

__all__ = ["LANGUAGES", "build_text_corpus", "build_world_corpus", "completeness", "row_counts"]
