"""A study of a second or two: a static encoder on made-up words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus

TOML = """
[study]
name = "toy"
question = "Do hybrid batches pay?"
output = "{root}/study"
seeds = [0, 1]

[base]
output = "elsewhere"
[[base.corpora]]
folder = "{root}/corpus"
[base.encoder]
vocabulary_size = 300
[base.training]
steps = {steps}
batch_size = 16
learning_rate = 0.02

[[axes]]
key = "scheme.name"
values = ["monolingual", "hybrid"]

[[axes]]
sizes = ["static-8", "static-16"]

[evaluate]
measures = ["AP"]
num_resamples = 10
[[evaluate.corpora]]
folder = "{root}/corpus"
split = "dev"
"""

WriteStudy = Callable[..., Path]


@pytest.fixture(scope="session")
def write_study_to(toy_corpus: ParallelCorpus) -> WriteStudy:
    """Writes the corpus and the study to a folder, with text replaced and more at its end; gives its path."""

    def write(root: Path, more: str = "", *, steps: int = 6, replaced: tuple[str, str] = ("", "")) -> Path:
        if not (root / "corpus").exists():
            write_corpus(toy_corpus, root / "corpus")
        path = root / "study.toml"
        text = TOML.format(root=root, steps=steps)
        path.write_text((text.replace(*replaced) if replaced[0] else text) + more)
        return path

    return write


@pytest.fixture
def write_study(write_study_to: WriteStudy, tmp_path: Path) -> WriteStudy:
    """The same, in a folder of the test."""
    return partial(write_study_to, tmp_path)
