"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

# Shapes that annotations promise are checked while the tests run; before anything imports these modules.
install_import_hook(
    (
        "isoglot.batches.labels",
        "isoglot.objectives",
        "isoglot.training.encoded",
        "isoglot.training.encoding",
        "isoglot.training.gathering",
        "isoglot.training.sparse",
        "isoglot.training.terms",
    ),
    "beartype.beartype",
)

from isoglot.corpora.building import CorpusBuilder  # noqa: E402
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus  # noqa: E402

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published data sets beside the repository; tests that need it skip without it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data sets in {folder}")
    return folder


@pytest.fixture(scope="session")
def toy_corpus() -> ParallelCorpus:
    """120 groups of made-up words in three languages, word by word parallel; splits train and dev.

    Query: three of a document's five words. German lacks every fourth document, Thai every fifth query.
    """
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("toy"))
    for group in range(120):
        words = rng.choice(60, size=5, replace=False)
        for language in ("en", "de", "th"):
            name = f"g{group}"
            if not (language == "th" and group % 5 == 0):
                text = " ".join(f"{language}{word}" for word in words[:3])
                builder.add_query(f"{name}-{language}-q", name, language, text)
            if not (language == "de" and group % 4 == 0):
                text = " ".join(f"{language}{word}" for word in words)
                builder.add_document(f"{name}-{language}-d", name, language, text)
        builder.judge_group("train" if group < 100 else "dev", f"g{group}")
    builder.add_document("distractor", None, "en", "en1 en2 en3")
    return builder.build()
