"""The demo: why hybrid batches matter, and pictures found in any language, in three minutes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import CrossLingual, Hybrid, Monolingual, Scheme
from isoglot.encoders import build_static_encoder, smooth_inverse_frequency, train_subwords
from isoglot.errors import CheckpointError
from isoglot.experiments import picture_search, scene_store
from isoglot.experiments.corpora import distinct_texts
from isoglot.experiments.run import Progress
from isoglot.training import TrainingSettings, fit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.evaluation import Results

SCHEMES: dict[str, Scheme] = {
    "monolingual": Monolingual(),
    "cross_lingual": CrossLingual(),
    "hybrid": Hybrid(alpha=0.5),
}
BASELINE = "monolingual"
SETTINGS = TrainingSettings(steps=3_000, batch_size=128, learning_rate=0.05)
DIMENSION = 256
VOCABULARY_SIZE = 8_000

_MORE_RESULTS = ("examples.json", "per_query.parquet")

Callbacks = Callable[[str], list[Any]]
"""Callbacks of the trainer for the model of that name."""


def run_demo(
    output_dir: Path, *, seed: int = 0, progress: Progress, callbacks: Callbacks | None = None
) -> Results:
    """Trains a text encoder under three batch schemes, then one of texts and pictures; measures all of them.

    Args:
        output_dir: Gets `corpus/` and `scenes/`, a model directory per scheme and one of texts and pictures,
            `store/`, `results.json`, `runs/` and `report.html`.
        seed: Seed of corpora, encoders and batches.
        progress: Told what is being done.
        callbacks: Makes the trainer's callbacks for a scheme, or for `text_and_pictures`.

    Returns:
        The results of the three models on the test facts, and of the fourth on the test scenes.

    Raises:
        CheckpointError: If the folder holds something other than an earlier demo.
        ConfigError: If a package is missing that the demo needs at its end.
    """
    from isoglot.evaluation import join_results

    scene_store.check_engine()
    _clear(output_dir)
    make: Callbacks = callbacks or (lambda _: [])
    schemes = compare_schemes(output_dir, seed=seed, progress=progress, callbacks=make)
    pictures = picture_search.search_pictures(
        output_dir, seed=seed, progress=progress, callbacks=make(picture_search.NAME)
    )
    results = join_results([schemes, pictures])
    results.write(output_dir)
    results.to_html(output_dir / "report.html")
    return results


def compare_schemes(output_dir: Path, *, seed: int, progress: Progress, callbacks: Callbacks) -> Results:
    """Trains one static encoder under three batch schemes and measures all of them.

    Args:
        output_dir: Gets `corpus/` and a model directory per scheme.
        seed: Seed of corpus, encoder and batches.
        progress: Told what is being done.
        callbacks: Makes the trainer's callbacks for a scheme.

    Returns:
        The results of the three models on the test facts, with their differences.
    """
    from isoglot.corpora import write_corpus
    from isoglot.evaluation import compare, evaluate, join_results
    from isoglot.world import build_text_corpus

    progress("building the corpus: parallel facts in fifteen languages")
    corpus = build_text_corpus(seed=seed)
    write_corpus(corpus, output_dir / "corpus")
    parts = []
    for name, scheme in SCHEMES.items():
        model = demo_encoder(corpus, seed)
        fit(
            model,
            corpus,
            scheme=scheme,
            output_dir=output_dir / name,
            settings=replace(SETTINGS, seed=seed),
            callbacks=callbacks(name),
        )
        progress(f"evaluating {name}: monolingual, cross-lingual and pooled")
        parts.append(evaluate(model, corpus, split="test", name=name, run_depth=10, seed=seed))
    progress("comparing: which differences are more than luck")
    return compare(join_results(parts), BASELINE, seed=seed)


def demo_encoder(corpus: ParallelCorpus, seed: int) -> SentenceTransformer:
    """A static encoder with random vectors, its subwords trained on the training facts alone."""
    groups = corpus.split("train").groups
    assert groups is not None
    texts = distinct_texts([corpus.select(splits=["train"]).select_groups(groups)])
    tokenizer = train_subwords(texts, VOCABULARY_SIZE, model="bpe")
    weights = smooth_inverse_frequency(tokenizer, texts)
    return build_static_encoder(tokenizer, DIMENSION, weights=weights, seed=seed)


def gains(results: Results) -> dict[str, float]:
    """What hybrid batches change against monolingual ones: AP by setting, and rank distance.

    Args:
        results: Of the demo.

    Returns:
        Setting -> difference of mean AP; `rank_distance` -> ratio.
    """
    settings = ("monolingual", "cross_lingual", "multilingual")
    changes = {
        setting: results.value(setting, model="hybrid") - results.value(setting, model="monolingual")
        for setting in settings
    }
    hybrid, monolingual = (
        results.value("multilingual", "rank_distance", model=model) for model in ("hybrid", "monolingual")
    )
    return {**changes, "rank_distance": hybrid / monolingual}


def _clear(output_dir: Path) -> None:
    """Removes an earlier demo; refuses to remove anything else."""
    if not output_dir.exists():
        return
    made = {*SCHEMES, "corpus", picture_search.NAME, picture_search.CORPUS_FOLDER, scene_store.FOLDER}
    known = {*made, "runs", "report.html", "config.json", "results.json", *_MORE_RESULTS}
    foreign = sorted(path.name for path in output_dir.iterdir() if path.name not in known)
    if foreign:
        raise CheckpointError(
            f"{output_dir} holds {foreign[0]!r}, which no demo wrote; choose another folder"
        )
    shutil.rmtree(output_dir)
