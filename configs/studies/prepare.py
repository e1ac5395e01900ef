"""Builds the corpora that the small studies have in common, where they are not there yet.

    python configs/studies/prepare.py

Writes to runs/studies/corpora/: `world` (captions and pictures; two languages never have pictures), `levels`
(captions, pictures and sounds; three languages have a twentieth of the training text), `levels-typos` (its
captions, those that ask with typing errors) and `pairs` (labelled pairs of sentences). Hardware: one CPU
core, a minute. The built-in world draws and words everything; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from isoglot.corpora import read_corpus, write_corpus
from isoglot.robustness.perturbations.registry import build_perturbations
from isoglot.world import build_world_corpus

OUT = Path("runs/studies/corpora")
LANGUAGES = ("de", "en", "es", "hi", "ru", "sw", "tr", "zh")
WITHOUT_PICTURES = ("hi", "sw")
LEVELS = ("de", "en", "es", "eu", "hi", "sw", "yo", "zh")
LOW_RESOURCE = {"eu": 0.05, "sw": 0.05, "yo": 0.05}
TYPOS = 0.3
"""Share of the words with a typing error."""


def build_world(folder: Path) -> None:
    """Captions and pictures."""
    build_world_corpus(
        folder,
        groups=800,
        languages=LANGUAGES,
        modalities=("text", "image"),
        side=32,
        near_misses=0,
        without_pictures=WITHOUT_PICTURES,
        text_only=0.25,
    )


def build_levels(folder: Path) -> None:
    """Captions, pictures and sounds, with little text in some languages."""
    build_world_corpus(
        folder,
        groups=800,
        languages=LEVELS,
        modalities=("text", "image", "audio"),
        side=32,
        near_misses=0,
        sounds=1,
        low_resource=LOW_RESOURCE,
    )


def build_pairs(folder: Path) -> None:
    """Labelled pairs in the languages of the levels."""
    build_world_corpus(folder, groups=800, languages=LEVELS, modalities=("text",), task="pairs")


def build_typos(folder: Path) -> None:
    """The captions of the levels; those that ask are typed carelessly."""
    corpus = read_corpus(OUT / "levels").select(query_modalities=["text"], document_modalities=["text"])
    (typos,) = build_perturbations(["typo"])
    queries = corpus.queries
    rows = zip(queries["text"].to_pylist(), queries["language"].cast(pa.string()).to_pylist(), strict=True)
    texts = pa.array([typos.perturb(text, language, TYPOS) for text, language in rows])
    column = queries.schema.get_field_index("text")
    field = queries.schema.field(column)
    changed = queries.set_column(column, field, texts.cast(field.type))
    info = replace(corpus.info, name="levels-typos", symmetric=False)
    write_corpus(replace(corpus, info=info, queries=changed), folder)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "world": build_world,
    "levels": build_levels,
    "levels-typos": build_typos,
    "pairs": build_pairs,
}


def main() -> None:
    """Builds what is not there."""
    for name, build in BUILDERS.items():
        if not (OUT / name / "corpus.json").is_file():
            build(OUT / name)
        print(f"{OUT / name}: {read_corpus(OUT / name)}")


if __name__ == "__main__":
    main()
