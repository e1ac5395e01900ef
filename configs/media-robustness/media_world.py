"""The built-in world in unequal languages: scenes with pictures, melodies with sounds, and labelled pairs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from media_arms import (
    NUM_RESAMPLES,
    PERTURBATIONS,
    ROOT,
    Arm,
    Column,
    Contrast,
    Test,
    other_languages,
    own_languages,
    pairs_test,
    retained,
    search_test,
    searched,
)

from isoglot.corpora import ParallelCorpus, read_corpus, write_corpus
from isoglot.evaluation import Results, evaluate
from isoglot.experiments.corpora import without_training_documents
from isoglot.world import build_world_corpus

HIGH = ("de", "en", "es", "ru")
AMOUNTS = {"tr": 0.1, "hi": 0.1, "sw": 0.05, "yo": 0.01}
"""Share of the training scenes and melodies that these languages speak of; the others speak of all."""
LOW, LEAST = ("tr", "hi", "sw"), ("yo",)
LANGUAGES = (*HIGH, *AMOUNTS)

SCENES, MELODIES, PAIRS = 1_200, 64, 3_000
ARMS = ("text", "text_image", "text_audio", "text_image_audio")


def prepare(_: Sequence[int]) -> None:
    """Makes the corpora that are not there yet; they are the same with every seed."""
    shown = {"scenes": (SCENES, ("text", "image")), "melodies": (MELODIES, ("text", "audio"))}
    for name, (groups, media) in shown.items():
        if not (ROOT / name / "corpus.json").exists():
            build_world_corpus(
                ROOT / name, groups=groups, languages=LANGUAGES, modalities=media, low_resource=AMOUNTS
            )
    if not (ROOT / "pairs/corpus.json").exists():
        pairs = build_world_corpus(groups=PAIRS, languages=LANGUAGES, modalities=("text",), task="pairs")
        trained = {each for name in shown for each in trained_meanings(read_corpus(ROOT / name))}
        write_corpus(zero_shot_pairs(pairs, trained), ROOT / "pairs")


def trained_meanings(corpus: ParallelCorpus) -> set[str]:
    """Meanings that training shows: ids of its groups."""
    rows = corpus.judgements("train").query_rows
    return set(corpus.queries["group_id"].take(pa.array(rows)).to_pylist())


def zero_shot_pairs(pairs: ParallelCorpus, trained: Set[str]) -> ParallelCorpus:
    """Similarity and paraphrase of dev and test, of sentences that no caption of training means.

    Args:
        pairs: Labelled pairs of the world; a group's id is a meaning, with a wording behind `~`. What
            moves has its movement behind the last `.`, and melodies have none.
        trained: Meanings of the captions that are trained on.

    Returns:
        The pairs whose sentences are both of melodies or scenes at rest, as the captions are, and both new.
    """
    named = dict(zip(pairs.document_groups.tolist(), pairs.documents["group_id"].to_pylist(), strict=True))
    fit = np.zeros(pairs.num_groups, bool)
    for code, name in named.items():
        meaning = name.partition("~")[0]
        is_still = "." not in meaning or meaning.endswith(".-")
        fit[code] = is_still and meaning not in trained
    labelled = {
        key: found.take(fit[found.first_groups] & fit[found.second_groups])
        for key, found in pairs.labelled.items()
        if key[0] != "train" and key[1] != "entailment"
    }
    asked = [each for found in labelled.values() for each in (found.first_groups, found.second_groups)]
    rows = np.flatnonzero(np.isin(pairs.document_groups, np.concatenate(asked))).astype(np.int32)
    return replace(pairs, labelled=labelled).take(rows, rows)


def of_melodies(pairs: ParallelCorpus) -> ParallelCorpus:
    """The pairs of melodies alone, which is all that sounds show."""
    scenes = pairs.document_groups[[("." in each) for each in pairs.documents["group_id"].to_pylist()]]
    labelled = {
        key: found.take(~np.isin(found.first_groups, scenes) & ~np.isin(found.second_groups, scenes))
        for key, found in pairs.labelled.items()
    }
    return replace(pairs, labelled=labelled)


def tests(split: str) -> Mapping[str, Test]:
    """What every arm is measured on."""
    pairs = read_corpus(ROOT / "pairs")
    measures = ("AP", "accuracy") if split == "test" else ("AP",)
    found: dict[str, Test] = {
        "similarity": pairs_test(pairs, split, "similarity", ("spearman",)),
        "paraphrase": pairs_test(pairs, split, "paraphrase", measures),
        "melodies": pairs_test(of_melodies(pairs), split, "similarity", ("spearman",)),
    }
    for name, medium in (("scenes", "image"), ("melodies", "audio")):
        corpus = read_corpus(ROOT / name)
        if medium == "image":
            found["search"] = search_test(_unseen(corpus, "text"), split)
        found[medium] = partial(_shown, _unseen(corpus, medium), split)
    return found


def _unseen(corpus: ParallelCorpus, medium: str) -> ParallelCorpus:
    """Captions that look for a medium, in a collection that training has not shown."""
    part = corpus.select(query_modalities=["text"], document_modalities=[medium])
    return without_training_documents(part)


def _shown(corpus: ParallelCorpus, split: str, model: Path, name: str) -> Results:
    return evaluate(
        model, corpus, split=split, name=name, measures=("R@10",), num_resamples=NUM_RESAMPLES, head_depth=0
    )


def found_media(medium: str) -> Column:
    """R@10 of captions of the high-resource languages among pictures or sounds; NaN of arms without."""

    def recall(cell: Mapping[str, Results]) -> float:
        if medium not in cell:
            return math.nan
        return statistics.mean(cell[medium].value("multilingual", "R@10", query_language=tag) for tag in HIGH)

    return recall


MEASURES = (
    ("similarity", "spearman", "similarity, Spearman"),
    ("paraphrase", "AP", "paraphrase, AP"),
    ("paraphrase", "accuracy", "paraphrase, accuracy"),
)
GROUPS = {"high": HIGH, "low": LOW, "least": LEAST}


def quality(split: str = "test") -> dict[str, Column]:
    """Similarity and paraphrase by amount of text; there is no accuracy on dev, which thresholds are of."""
    found: dict[str, Column] = {}
    for test, measure, title in MEASURES[: 3 if split == "test" else 2]:
        found |= {f"{title}: {name}": own_languages(test, measure, of) for name, of in GROUPS.items()}
    for name in ("high", "low"):
        found[f"similarity of melodies: {name}"] = own_languages("melodies", "spearman", GROUPS[name])
    found["similarity across languages: high"] = other_languages("similarity", "spearman", HIGH)
    found["similarity across languages: low"] = other_languages("similarity", "spearman", LOW)
    return found


def search() -> dict[str, Column]:
    """Search as it is, and what perturbed queries leave of it."""
    found: dict[str, Column] = {f"AP: {name}": searched(of) for name, of in GROUPS.items()}
    for perturbation in PERTURBATIONS:
        found |= {
            f"{perturbation}, % left: {name}": retained(perturbation, GROUPS[name])
            for name in ("high", "low")
        }
    return found


def by_language() -> dict[str, Column]:
    """Similarity within each language."""
    return {tag: own_languages("similarity", "spearman", [tag]) for tag in LANGUAGES}


def shown() -> dict[str, Column]:
    """Whether anything was learnt of what was shown."""
    return {"pictures": found_media("image"), "sounds": found_media("audio")}


def tables(split: str) -> dict[str, dict[str, Column]]:
    """Title of each table, and its columns."""
    return {
        "world": quality(split),
        "search": search(),
        "similarity, Spearman": by_language(),
        "search of what was shown, R@10": shown(),
    }


COMPARED = ("world", "search")
"""Tables whose columns are told as differences too."""


def contrasts(epsilon: float) -> dict[str, Contrast]:
    """Pictures, sounds and FGM, each over both values of the others."""
    found: dict[str, Contrast] = {}
    for radius, name in ((0.0, "plain"), (epsilon, "FGM")):
        text, image, audio, both = (Arm(config, radius) for config in ARMS)
        found[f"pictures, {name}"] = ((image, text), (both, audio))
        found[f"sounds, {name}"] = ((audio, text), (both, image))
    found["FGM, text alone"] = ((Arm("text", epsilon), Arm("text")),)
    found["FGM, with media"] = tuple((Arm(config, epsilon), Arm(config)) for config in ARMS[1:])
    return found
