"""Photographs with captions in unequal languages, and real sentences to compare encoders of text on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from media_arms import (
    PERTURBATIONS,
    ROOT,
    Arm,
    Column,
    Contrast,
    Test,
    own_languages,
    pairs_test,
    retained,
    search_test,
    searched,
)

from isoglot.corpora import ParallelCorpus, read_dataset, write_corpus
from isoglot.evaluation import Results, evaluate_bitext

DATA = Path("../shared/data")
FEATURES = Path("runs/photographs/features.npz")
DATASET = "multi30k-photographs"
SPLITS = {"test": "test_2016_flickr", "dev": "val"}
HIGH, LOW = ("en", "de"), ("fr", "cs")
AMOUNTS = {"fr": 0.1, "cs": 0.05}
"""Share of the captions of training that these languages keep."""
ARMS = ("photographs_text", "photographs_text_image")
BETWEEN_TEXTS = "text_to_text"


def prepare(seeds: Sequence[int]) -> None:
    """Makes the features, first weights and corpora that are not there yet."""
    wanted = [str(seed) for seed in seeds]
    script = Path(__file__).parents[1] / "photographs/prepare.py"
    subprocess.run([sys.executable, str(script), "--seeds", *wanted], check=True)  # noqa: S603 - our own script
    options: dict[str, dict[str, Any]] = {
        "other_captions": {"direction": BETWEEN_TEXTS, "lines": "other"},
        "captions": {"direction": BETWEEN_TEXTS, "lines": "photographed"},
        "photographed": {"features": str(FEATURES)},
    }
    for name, chosen in options.items():
        if not (ROOT / name / "corpus.json").exists():
            corpus = read_dataset(DATASET, DATA, splits=["train"], **chosen)
            write_corpus(unequal(corpus, AMOUNTS), ROOT / name)


def unequal(corpus: ParallelCorpus, amounts: Mapping[str, float]) -> ParallelCorpus:
    """The corpus with a part of the groups in some languages.

    Args:
        corpus: Captions, or captions and photographs.
        amounts: Language -> share of its groups that it keeps; the same ones on both sides, and the first in
            an order that looks random.

    Returns:
        The corpus without the other rows.
    """
    order = np.random.default_rng(0).permutation(corpus.num_groups)
    sides = (
        (corpus.query_languages, corpus.query_groups),
        (corpus.document_languages, corpus.document_groups),
    )
    return corpus.take(*(_kept(*side, order, amounts) for side in sides))


def _kept(
    languages: tuple[tuple[str, ...], np.ndarray],
    groups: np.ndarray,
    order: np.ndarray,
    amounts: Mapping[str, float],
) -> np.ndarray:
    """Rows of one side."""
    names, codes = languages
    shares = np.array([amounts.get(name, 1.0) for name in names] + [1.0])
    return np.flatnonzero(order[groups] < shares[codes] * len(order)).astype(np.int32)


def tests(split: str) -> Mapping[str, Test]:
    """What every arm is measured on.

    Args:
        split: `test`, or `dev` (Multi30K's val).

    Returns:
        The tests by name.
    """
    lines = SPLITS[split]
    captions = read_dataset(DATASET, DATA, direction=BETWEEN_TEXTS, lines="all", splits=[lines])
    similar = read_dataset("stsb-multi-mt", DATA / "stsb-multi-mt").select(["en", "de", "fr"])
    paraphrases = read_dataset("paws-x", DATA / "paws-x").select(["en", "de", "fr"])
    translations = read_dataset("tatoeba", DATA / "tatoeba-laser", languages=["en", "de", "fr", "cs"])
    return {
        "search": search_test(captions, lines),
        "similarity": pairs_test(similar, split, "similarity", ("spearman",)),
        "paraphrase": pairs_test(
            paraphrases, "dev", "paraphrase", ("AP",)
        ),  # test has no labels in these files
        "translation": partial(_translation, translations),
    }


def _translation(corpus: ParallelCorpus, model: Path, name: str) -> Results:
    return evaluate_bitext(model, corpus, name=name, num_resamples=100)


def translated(languages: Sequence[str]) -> Column:
    """Accuracy of finding the translation of an English sentence in these languages."""

    def accuracy(cell: Mapping[str, Results]) -> float:
        values = [
            cell["translation"].value(
                "cross_lingual", "tatoeba_accuracy", query_language="en", document_language=tag
            )
            for tag in languages
        ]
        return sum(values) / len(values)

    return accuracy


def quality() -> dict[str, Column]:
    """Similarity, paraphrase, translation and search, by amount of text."""
    return {
        "STSb en de": own_languages("similarity", "spearman", HIGH),
        "STSb fr": own_languages("similarity", "spearman", ["fr"]),
        "PAWS-X AP en de": own_languages("paraphrase", "AP", HIGH),
        "PAWS-X AP fr": own_languages("paraphrase", "AP", ["fr"]),
        "Tatoeba en → de": translated(["de"]),
        "Tatoeba en → fr cs": translated(LOW),
        "captions AP en de": searched(HIGH),
        "captions AP fr cs": searched(LOW),
    }


def perturbed() -> dict[str, Column]:
    """What perturbed queries leave of search."""
    return {
        f"{perturbation}: {' '.join(of)}": retained(perturbation, of)
        for perturbation in PERTURBATIONS
        for of in (HIGH, LOW)
    }


def tables(_: str) -> dict[str, dict[str, Column]]:
    """Title of each table, and its columns."""
    return {"photographs": quality(), "% left of AP": perturbed()}


COMPARED = ("photographs", "% left of AP")
"""Tables whose columns are told as differences too."""


def contrasts(epsilon: float) -> dict[str, Contrast]:
    """Photographs, and FGM."""
    text, image = (Arm(config) for config in ARMS)
    robust_text, robust_image = (Arm(config, epsilon) for config in ARMS)
    return {
        "photographs, plain": ((image, text),),
        "photographs, FGM": ((robust_image, robust_text),),
        "FGM": ((robust_text, text), (robust_image, image)),
    }
