"""Serving: an HTTP API over a store and its model, and a page to search with."""

from isoglot.serving.app import build_app
from isoglot.serving.engine import Engine, Place, open_engine
from isoglot.serving.server import serve
from isoglot.serving.service import Service
from isoglot.serving.settings import ServingSettings

__all__ = ["Engine", "Place", "Service", "ServingSettings", "build_app", "open_engine", "serve"]
