"""Searching pictures with text in any language: the second half of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.batches import Hybrid
from isoglot.encoders import (
    build_image_tower,
    build_transformer_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.evaluation import Results, evaluate
from isoglot.experiments import scene_store
from isoglot.experiments.corpora import distinct_texts, without_training_documents
from isoglot.experiments.run import Progress
from isoglot.report.tables import Cell, TextTable
from isoglot.report.values import language_name
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.world import build_world_corpus

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.corpora.parallel import ParallelCorpus

NAME = "text_and_pictures"
CORPUS_FOLDER = "scenes"
NUM_GROUPS = 2_000
SETTINGS = TrainingSettings(
    steps=400,
    batch_size=128,
    learning_rate=3e-3,
    objective=ObjectiveSettings(temperature=0.07, learn_temperature=True, directions="both"),
)
DIMENSION = 128
VOCABULARY_SIZE = 2_000
"""Small, so that no caption of a language without spaces becomes a single piece."""

_SUBWORD_TEXTS = 20_000
_MAX_TOKENS = 64
_SHOWN = ("success@1", "R@10")


def search_pictures(
    output_dir: Path, *, seed: int = 0, progress: Progress, callbacks: list[Any] | None = None
) -> Results:
    """Trains an encoder of texts and pictures from nothing, and searches pictures with captions.

    Args:
        output_dir: Gets `scenes/`, the corpus with its pictures, the model directory, and `store/` with the
            test's pictures and captions.
        seed: Seed of corpus, encoder and batches.
        progress: Told what is being done.
        callbacks: Further callbacks of the trainer.

    Returns:
        The results of the model on the test captions; the collection is every picture that training has not
        shown, near misses among them.
    """
    progress("drawing pictures of scenes, and saying them in seventeen languages")
    corpus = build_world_corpus(
        output_dir / CORPUS_FOLDER, groups=NUM_GROUPS, modalities=("text", "image"), seed=seed
    )
    to_pictures = corpus.select(query_modalities=["text"], document_modalities=["image"])
    model = fit(
        picture_encoder(corpus, seed),
        to_pictures,
        scheme=Hybrid(alpha=0.5),
        output_dir=output_dir / NAME,
        settings=replace(SETTINGS, seed=seed),
        callbacks=callbacks,
    )
    progress("evaluating: captions in every language search pictures that training has not shown")
    searched = without_training_documents(to_pictures)
    results = evaluate(model, searched, split="test", name=NAME, run_depth=10, seed=seed)
    progress("indexing: pictures and captions of the test, for the search page")
    scene_store.index_scenes(corpus, output_dir / NAME, output_dir / scene_store.FOLDER)
    return results


def picture_encoder(corpus: ParallelCorpus, seed: int) -> SentenceTransformer:
    """A small transformer for captions and a residual network for pictures, both with random weights."""
    groups = corpus.split("train").groups
    assert groups is not None
    texts_alone = corpus.select(splits=["train"], query_modalities=["text"], document_modalities=["text"])
    said = texts_alone.select_groups(groups)
    texts = distinct_texts([said])[:_SUBWORD_TEXTS]
    text_model = build_transformer_encoder(
        train_subwords(texts, VOCABULARY_SIZE, model="bpe"),
        layers=1,
        hidden_size=DIMENSION,
        max_tokens=_MAX_TOKENS,
        dropout=0.0,
        seed=seed,
    )
    return build_two_tower_encoder(text_model, build_image_tower(DIMENSION, seed=seed))


def found_pictures(results: Results) -> TextTable:
    """How often the right picture is found, by language of the query.

    Args:
        results: Of `search_pictures`, alone or among others.

    Returns:
        A line for each language and one for their mean: how often the right picture comes first, and how
        often it is among the first ten.
    """
    return TextTable("Pictures found", ("Query language", *_SHOWN), tuple(_lines(results)))


def _lines(results: Results) -> Iterator[tuple[Cell, ...]]:
    found: dict[str, dict[str, float]] = {}
    for measure in _SHOWN:
        wanted = {"model": NAME, "setting": "multilingual", "document_language": "*", "measure": measure}
        for record in results.select(**wanted):
            found.setdefault(record.query_language, {})[measure] = record.value
    for language in sorted(found, key=lambda tag: (tag == "*", tag)):
        name = "all languages" if language == "*" else f"{language_name(language)} ({language})"
        yield Cell(name), *(Cell(f"{found[language][m]:.2f}", found[language][m]) for m in _SHOWN)
