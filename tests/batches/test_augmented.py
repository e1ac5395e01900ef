"""Batches of augmented texts: what the model would be given of the changed texts, wherever it is made."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.batches import Hybrid, PairBatchSampler, collation, training_pairs
from isoglot.batches.augmented import Texts, drawn_place, words_of_copies
from isoglot.batches.collation import PairCollator
from isoglot.batches.sampler import BatchShare
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import (
    add_head,
    build_static_encoder,
    build_transformer_encoder,
    freeze,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.robustness.augmentation import TextAugmentation, WordChanges
from isoglot.robustness.subword_noise import SubwordNoise
from isoglot.robustness.synonyms import NeighbourTable

KINDS = ["static", "transformer", "frozen"]
TABLES = [
    NeighbourTable(
        language,
        {f"{language}{word}": (f"{language}{word + 1}", f"{language}{word + 2}") for word in range(58)},
    )
    for language in ("en", "de")
]


def encoder(corpus: ParallelCorpus, kind: str) -> SentenceTransformer:
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 300, model="bpe")
    if kind == "static":
        return build_static_encoder(tokenizer, 8)
    model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)
    return add_head(freeze(model), 8) if kind == "frozen" else model


def augmentation(
    copies: int = 0, noise: SubwordNoise | None = None, *, words: bool = True
) -> TextAugmentation:
    return TextAugmentation(5, WordChanges.of(TABLES if words else ()), noise, copies)


def noise_of(model: SentenceTransformer) -> SubwordNoise:
    tokenizer: Any = model[0].tokenizer
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    return SubwordNoise.of(tokenizer, 0.3, seed=5, max_tokens=16)


def sampler(corpus: ParallelCorpus, process: int = 0, num_processes: int = 1) -> PairBatchSampler:
    return PairBatchSampler(
        training_pairs(corpus), Hybrid(), 8, 6, process=process, num_processes=num_processes
    )


def equal(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], value) if torch.is_tensor(value) else ours[name] == value
        for name, value in theirs.items()
    )


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_words_are_those_of_the_rule_for_step_side_and_row(toy_corpus: ParallelCorpus, kind: str) -> None:
    model, changes = encoder(toy_corpus, kind), augmentation()
    names, codes = toy_corpus.query_languages
    collate = PairCollator(model, batches := sampler(toy_corpus), changes)
    unlike = 0
    for step, share in enumerate(batches):
        assert share.step == step
        rows = share.batch.query_rows
        texts = toy_corpus.query_texts(rows)
        place = drawn_place(step, "query", 0, len(rows))
        changed = changes.words(texts, [names[code] for code in codes[rows]], place)
        unlike += changed != texts
        wanted = model.preprocess(changed, task="query")
        found = collate(share)
        assert equal({name: found[f"query_{name}"] for name in wanted}, dict(wanted))
    assert unlike >= 4, "all but the batches in Thai, which has no table"


def test_each_step_side_and_row_has_words_of_its_own() -> None:
    changes, text = augmentation(), " ".join(f"en{word}" for word in range(8))

    def said(step: int, side: str, first_row: int = 0, count: int = 16) -> list[str]:
        place = drawn_place(step, side, first_row, count)
        return changes.words([text] * count, ["en"] * count, place)

    every = [*said(0, "query"), *said(1, "query"), *said(0, "document")]
    assert len(set(every)) == len(every)
    assert said(0, "query", 10, 6) == every[10:16]


def test_a_copy_of_a_text_is_another_on_each_side_and_has_the_same_words_alone() -> None:
    text = " ".join(f"en{word}" for word in range(8))
    table = Texts(lambda rows: [text] * len(rows), lambda rows: ["en"] * len(rows), 4)
    rows, copies = np.arange(8, dtype=np.int32) % 4, np.arange(8) // 4
    every = [words_of_copies(table, augmentation(2), side, rows, copies) for side in ("query", "document")]
    assert len({*every[0], *every[1]}) == 16
    assert words_of_copies(table, augmentation(2), "query", rows[5:6], copies[5:6]) == every[0][5:6]


@pytest.mark.parametrize("cut", [True, False])
def test_copies_are_few_and_each_is_drawn(toy_corpus: ParallelCorpus, cut: bool) -> None:
    model, changes = encoder(toy_corpus, "static"), augmentation(copies=3)
    batches = sampler(toy_corpus)
    with mock.patch.object(collation, "_ALWAYS_CUT", 50_000 if cut else 0):
        collate = PairCollator(model, batches, changes)
    (share, *_) = batches
    seen = set()
    for step in range(60):
        found = collate(BatchShare(share.batch, slice(0, 1), step=step))
        seen.add(tuple(found["query_input_ids"].tolist()))
    assert 2 <= len(seen) <= 3
    with mock.patch.object(collation, "_ALWAYS_CUT", 0 if cut else 50_000):
        other = PairCollator(model, batches, changes)
    assert all(equal(collate(each), other(each)) for each in batches), "cut beforehand or not"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copies", [0, 2])
def test_processes_draw_what_one_does_and_twice_the_same(
    toy_corpus: ParallelCorpus, kind: str, copies: int
) -> None:
    model = encoder(toy_corpus, kind)
    noise = noise_of(model)
    whole = PairCollator(model, batches := sampler(toy_corpus), augmentation(copies, noise))
    shares = [sampler(toy_corpus, number, 2) for number in range(2)]
    halves = [PairCollator(model, each, augmentation(copies, noise)) for each in shares]
    for one, first, second in zip(batches, *shares, strict=True):
        found = whole(one)
        assert equal(found, whole(one))
        if kind == "static":
            parts = [collate(share) for collate, share in zip(halves, (first, second), strict=True)]
            for name in ("query_input_ids", "document_input_ids"):
                assert torch.equal(found[name], torch.cat([part[name] for part in parts]))


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_subword_noise_says_the_same_in_other_subwords(toy_corpus: ParallelCorpus, kind: str) -> None:
    model = encoder(toy_corpus, kind)
    noise = noise_of(model)
    collate = PairCollator(model, batches := sampler(toy_corpus), augmentation(0, noise, words=False))
    plain = PairCollator(model, batches)

    def said(ids: torch.Tensor) -> str:
        return "".join(noise.pieces[code] for code in ids.flatten().tolist())

    longer = 0
    for share in batches:
        ours, theirs = collate(share), plain(share)
        assert ours.keys() == theirs.keys()
        if kind == "static":
            assert said(ours["query_input_ids"]) == said(theirs["query_input_ids"])
        else:
            assert ours["document_attention_mask"].shape == ours["document_input_ids"].shape
            assert ours["document_input_ids"].shape[1] <= 16
        longer += ours["query_input_ids"].numel() > theirs["query_input_ids"].numel()
    assert longer > 3


def test_words_that_stay_give_the_plain_batch(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "static")
    thai = TextAugmentation(5, WordChanges.of([NeighbourTable("th", {"en1": ("en2",)})]))
    for copies in (0, 2):
        changed = TextAugmentation(5, thai.changes, None, copies)
        collate = PairCollator(model, batches := sampler(toy_corpus), changed)
        plain = PairCollator(model, batches)
        assert all(equal(collate(share), plain(share)) for share in batches)


def test_a_frozen_encoder_runs_ahead_over_copies(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "frozen")
    collate = PairCollator(model, batches := sampler(toy_corpus), augmentation(copies=2))
    assert all("query_input_features" in collate(share) for share in batches)
    fresh = PairCollator(model, batches, augmentation())
    assert all("query_input_ids" in fresh(share) for share in batches)


def test_input_that_is_no_subwords_is_refused(toy_corpus: ParallelCorpus) -> None:
    model = encoder(toy_corpus, "static")
    noise = noise_of(model)
    with (
        mock.patch.object(model, "preprocess", lambda texts, **_: {"texts": texts}),
        pytest.raises(ConfigError, match="subword_rate must be 0 for this encoder: its query input"),
    ):
        PairCollator(model, sampler(toy_corpus), augmentation(0, noise, words=False))
