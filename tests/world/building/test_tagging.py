"""Tagging: what is in a picture, by the names of every language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import evaluate_tagging
from isoglot.evaluation.tagging.items import TaggedItems
from isoglot.retrieval import Embeddings
from isoglot.world.building import build_world_corpus
from isoglot.world.saying import tag_name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tagging") / "corpus"


@pytest.fixture(scope="module")
def corpus(folder: Path) -> ParallelCorpus:
    return build_world_corpus(folder, groups=60, task="tagging", languages="en,ko,yo", side=32)


def tags_of(corpus: ParallelCorpus, split: str) -> dict[str, set[str]]:
    judged = corpus.judgements(split)
    found: dict[str, set[str]] = {}
    for query, document in zip(judged.pair_query_rows.tolist(), judged.document_rows.tolist(), strict=True):
        found.setdefault(corpus.query(query).query_id, set()).add(corpus.document(document).group_id or "")
    return found


def test_every_tag_has_its_name_in_every_language(corpus: ParallelCorpus) -> None:
    for row in corpus.documents.to_pylist():
        assert row["text"] == tag_name(row["group_id"], row["language"])
    fields = {row["group_id"].partition(":")[0] for row in corpus.documents.to_pylist()}
    assert fields == {"shape", "colour", "size", "texture", "count", "relation"}


def test_items_are_pictures_with_the_tags_of_their_scene(corpus: ParallelCorpus, folder: Path) -> None:
    found = tags_of(corpus, "test") | tags_of(corpus, "train") | tags_of(corpus, "dev")
    assert len(found) == corpus.queries.num_rows == 60
    code, tags = next((code, tags) for code, tags in found.items() if ".left_of." in code)
    first, second, *_ = code.split(".")
    values = {value for thing in (first, second) for value in thing.split("_")}
    assert {tag.partition(":")[2] for tag in tags} == values | {"left_of"}
    assert all((folder / "media" / path).is_file() for path in corpus.queries["path"].to_pylist())


def test_the_tagging_evaluation_reads_it_and_gives_an_ideal_model_full_marks(corpus: ParallelCorpus) -> None:
    names = sorted(set(corpus.documents["group_id"].to_pylist()))
    axes = dict(zip(names, np.eye(len(names), dtype=np.float32), strict=True))
    items = {**tags_of(corpus, "train"), **tags_of(corpus, "dev"), **tags_of(corpus, "test")}
    query_ids = corpus.queries["query_id"].to_pylist()
    vectors = Embeddings(
        query_ids,
        np.stack([sum(axes[tag] for tag in items[name]) for name in query_ids]),
        corpus.documents["doc_id"].to_pylist(),
        np.stack([axes[group] for group in corpus.documents["group_id"].to_pylist()]),
    )
    assert TaggedItems(corpus).num_tags == len(names)
    results = evaluate_tagging(vectors, corpus, num_resamples=2)
    values = {r.measure: r.value for r in results.records if r.document_language == "yo"}
    assert {values[name] for name in ("AP", "mAP", "micro_F1", "macro_F1")} == {1.0}


def test_sounds_have_tags_too(tmp_path: Path) -> None:
    sounds = build_world_corpus(
        tmp_path / "c", groups=20, task="tagging", languages="en", modalities="text,audio"
    )
    fields = {group.partition(":")[0] for group in sounds.documents["group_id"].to_pylist()}
    assert fields == {"tones", "pitch", "contour", "timbre", "rhythm"}
