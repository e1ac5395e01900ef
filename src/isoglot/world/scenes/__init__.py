"""Scenes: what can be said in every language of the world, and shown as a picture, a video or a sound."""

from isoglot.world.scenes.scene import Melody, Scene, Thing

__all__ = ["Melody", "Scene", "Thing"]
