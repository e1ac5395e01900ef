"""Tagging: tags out of a vocabulary for items of any medium, in any language."""
