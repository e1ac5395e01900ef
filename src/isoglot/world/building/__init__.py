"""Corpora out of scenes: retrieval among all languages and media, questions, tagging and labelled pairs."""

from isoglot.world.building.corpus import build_world_corpus
from isoglot.world.building.options import TASKS, WorldTask

__all__ = ["TASKS", "WorldTask", "build_world_corpus"]
