"""What all arms of the experiment with photographs share: features, corpora, and the encoder they begin with.

    python configs/photographs/prepare.py --seeds 0 1 2

Reads the published files below ../shared/data, and writes to runs/photographs/ what is not there yet.
`run.py` calls it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from patches import PatchSettings, write_features

from isoglot.corpora import ParallelCorpus, read_dataset, write_corpus
from isoglot.encoders import build_static_encoder, feature_tower, join_towers, train_subwords
from isoglot.experiments.corpora import distinct_texts

ROOT = Path("runs/photographs")
"""Where the configurations beside this file look for corpora and encoders."""

DATASET = "multi30k-photographs"
TEST, DEV = "test_2016_flickr", "val"
TO_IMAGE, TO_TEXT, BETWEEN_TEXTS = "text_to_image", "image_to_text", "text_to_text"
PATCHES = PatchSettings()
DIMENSION = 256
HIDDEN = (1024,)
DROPOUT = 0.5
VOCABULARY_SIZE = 8_000
FIRST_LENGTH = 0.03
"""Of a subword's vector, over that of a normal one: a short one turns at the learning rate of a head."""


def galleries(split: str) -> dict[str, dict[str, Any]]:
    """What is searched: name -> options of the reader.

    Args:
        split: Whose captions ask; the large gallery has the photographs of the other split too, and those
            that Multi30K has not.

    Returns:
        The small gallery, the large one, each both ways, and captions alone.
    """
    small, large = [split], [split, *({DEV, TEST} - {split})]
    return {
        "small-text_to_image": {"direction": TO_IMAGE, "splits": small},
        "small-image_to_text": {"direction": TO_TEXT, "splits": small},
        "small-text_to_text": {"direction": BETWEEN_TEXTS, "splits": small},
        "large-text_to_image": {"direction": TO_IMAGE, "splits": large, "distractors": True},
        "large-image_to_text": {"direction": TO_TEXT, "splits": large},
    }


def prepare(data: Path, root: Path, split: str, seeds: Iterable[int]) -> None:
    """Writes what is not there yet.

    Args:
        data: The published files.
        root: Where to.
        split: What is searched.
        seeds: Of the encoders.
    """
    features = root / "features.npz"
    if not features.is_file():
        root.mkdir(parents=True, exist_ok=True)
        _write_features(data, features)
    for name, options in galleries(split).items():
        folder = root / "corpora" / f"{split}-{name}"
        if not (folder / "corpus.json").is_file():
            corpus = read_dataset(DATASET, data, features=str(features), **options)
            write_corpus(replace(corpus, info=replace(corpus.info, name=name)), folder)
    folders = {seed: root / f"start-{seed}" for seed in seeds}
    missing = {seed: folder for seed, folder in folders.items() if not (folder / "modules.json").is_file()}
    if missing:
        captions = read_dataset(DATASET, data, direction=BETWEEN_TEXTS, lines="all", splits=["train"])
        texts = distinct_texts([captions])
        for seed, folder in missing.items():
            _write_start(texts, seed, folder)


def _write_features(data: Path, target: Path) -> None:
    """Features of all photographs, those that Multi30K has not among them."""
    corpus = read_dataset(DATASET, data, distractors=True)
    trained = set(_paths(corpus.select(splits=["train"])))
    paths = list(_paths(corpus, judged=False))
    root = Path(corpus.media_root or data)
    write_features([root / path for path in paths], [path in trained for path in paths], target, PATCHES)


def _paths(corpus: ParallelCorpus, *, judged: bool = True) -> Iterator[str]:
    """Files of the photographs of a corpus: those that a caption asks for, or all."""
    rows = np.unique(corpus.judgements("train").document_rows) if judged else None
    paths = corpus.documents["path"]
    yield from (paths if rows is None else paths.take(rows)).to_pylist()


def _write_start(texts: list[str], seed: int, folder: Path) -> None:
    """A bag of subwords and a head on the features, both with random weights."""
    subwords = train_subwords(texts, VOCABULARY_SIZE, model="bpe")
    lengths = np.full(subwords.get_vocab_size(), FIRST_LENGTH, np.float32)
    speaking = build_static_encoder(subwords, DIMENSION, weights=lengths, seed=seed)
    seeing = feature_tower(PATCHES.width, DIMENSION, hidden=HIDDEN, dropout=DROPOUT, seed=seed)
    join_towers({"text": speaking, "image": seeing}).save(str(folder))


def main() -> None:
    """Writes what is not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default=TEST, choices=(TEST, DEV), help="What will be searched.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    prepare(options.data, ROOT, options.split, options.seeds)


if __name__ == "__main__":
    main()
