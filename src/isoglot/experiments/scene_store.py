"""A store of the demo's own pictures and captions, to be searched in the search page."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.search import IndexReport

FOLDER = "store"


def check_engine() -> None:
    """Refuses to begin without what keeps the store.

    Raises:
        ConfigError: If it is not installed.
    """
    if find_spec("lancedb") is None:
        raise ConfigError(
            "the demo ends with a store to search, which needs lancedb; install it with: "
            "pip install 'isoglot[all]'"
        )


def index_scenes(corpus: ParallelCorpus, model_dir: Path, store: Path) -> IndexReport:
    """Indexes the scenes of the test: their pictures, and their captions in every language.

    Args:
        corpus: The scenes; pictures among their documents.
        model_dir: The encoder of texts and pictures that was trained on other scenes.
        store: Where to.

    Returns:
        What was indexed.

    Raises:
        CheckpointError: If the model cannot be loaded.
        SearchError: If there is no room, or there is a store of another model.
    """
    from isoglot.search import index

    tested = corpus.split("test").groups
    assert tested is not None
    return index(model_dir, [corpus.select_groups(tested)], store)
