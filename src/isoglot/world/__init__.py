"""The built-in multilingual world: true facts, and what fifteen languages say of them."""

from isoglot.world.corpus import build_text_corpus, completeness, row_counts
from isoglot.world.lexicons import LANGUAGES

__all__ = ["LANGUAGES", "build_text_corpus", "completeness", "row_counts"]
