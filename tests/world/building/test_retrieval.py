"""The corpus of all media: two sides that mean the same in other words and pixels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from isoglot.corpora import read_corpus
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import evaluate
from isoglot.world.saying import SAID_LANGUAGES, read_caption
from isoglot.world.scenes.meaning import meaning_code


@pytest.fixture(scope="module")
def corpus(folder: Path) -> ParallelCorpus:
    return read_corpus(folder)


def test_every_judged_group_asks_and_answers_in_every_language_and_its_medium(corpus) -> None:
    queries = {(row["group_id"], row["language"], row["modality"]) for row in corpus.queries.to_pylist()}
    assert len(queries) == corpus.queries.num_rows == 40 * 4
    documents = Counter((row["group_id"], row["modality"]) for row in corpus.documents.to_pylist())
    for group, language, modality in queries:
        if language == NO_LANGUAGE:
            assert documents[group, modality] == (4 if modality == "audio" else 1)
        assert documents[group, "text"] == 3
    assert corpus.modalities == ("audio", "image", "text", "video")


def test_captions_say_what_their_group_means(texts) -> None:
    rows = [*texts.documents.to_pylist(), *texts.queries.to_pylist()]
    for row in (row for row in rows if row["language"] in ("de", "ja")):
        assert meaning_code(read_caption(row["text"], row["language"])) == row["group_id"]
    assert texts.languages == SAID_LANGUAGES


def test_equal_texts_give_next_to_nothing_away(texts) -> None:
    documents = set(texts.documents["text"].to_pylist())
    equal = sum(text in documents for text in texts.queries["text"].to_pylist())
    assert equal <= 0.002 * texts.queries.num_rows


def test_training_never_shows_what_is_held_out(corpus) -> None:
    train = set(corpus.split("train").groups.tolist())
    styles: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for table, codes in ((corpus.queries, corpus.query_groups), (corpus.documents, corpus.document_groups)):
        for path, code in zip(table["path"].to_pylist(), codes.tolist(), strict=True):
            if path is not None and not path.startswith("audio/"):
                styles[code in train][path.split("/")[1]] += 1
    assert styles[True]["night"] == 0
    assert len(styles[True]) == 4
    assert 0.2 < styles[False]["night"] / styles[False].total() < 0.8


def test_no_two_files_are_the_same(folder: Path) -> None:
    files = [path for path in (folder / "media").rglob("*") if path.is_file()]
    assert len({path.read_bytes() for path in files}) == len(files) > 100


def test_an_ideal_model_finds_everything(corpus, vectors_by) -> None:
    results = evaluate(vectors_by(corpus, str), corpus, measures=["AP"], num_resamples=2)
    # In the union of all languages the answers in one of them stand among those in the others.
    found = [
        record
        for record in results.records
        if record.measure == "AP" and (record.setting != "multilingual" or record.document_language == "*")
    ]
    directions = {(record.query_modality, record.document_modality) for record in found}
    for medium in ("image", "video", "audio"):
        assert {("text", medium), (medium, "text"), (medium, medium)} <= directions
    assert {record.value for record in found} == {1.0}


def test_near_misses_are_candidates_and_never_relevant(corpus) -> None:
    judged = {code for split in corpus.splits for code in corpus.split(split).groups.tolist()}
    others = [code for code in corpus.document_groups.tolist() if code not in judged]
    assert len(set(others)) == corpus.num_groups - 40 > 0
    assert min(others) >= 0
