from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isoglot.classification import augment_pairs, pair_texts, part_pairs, with_parts
from isoglot.classification.examples import sentence_clusters
from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, read_dataset
from isoglot.corpora.labelled import Key, label_pairs
from isoglot.errors import ConfigError, CorpusError
from isoglot.robustness.augmentation import WordChanges
from isoglot.robustness.synonyms import NeighbourTable


def sentences(corpus: ParallelCorpus, split: str, language: str = "en") -> set[str]:
    pairs = pair_texts(corpus, split, language=language)
    return {*pairs.first, *pairs.second}


def test_pairs_in_one_language_keep_order_and_labels(paraphrases: ParallelCorpus) -> None:
    pairs = pair_texts(paraphrases, "test", language="de")
    assert len(pairs) == 40
    assert pairs.labels.tolist() == [0, 1] * 20
    assert all(text.startswith("de") for text in (*pairs.first, *pairs.second))
    same = [sorted(a.split()) == sorted(b.split()) for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert same == (pairs.labels == 1).tolist()


def test_pairs_without_a_sentence_are_left_out(paraphrases: ParallelCorpus) -> None:
    assert len(pair_texts(paraphrases, "test", language="fr")) == 32


def test_pairs_must_have_classes(paraphrases: ParallelCorpus) -> None:
    similar = label_pairs(paraphrases, "test", "similarity", [("test0a", "test1a", 2.5)])
    with pytest.raises(ConfigError, match="'similarity' has no classes"):
        pair_texts(similar, "test", task="similarity")
    only = paraphrases.select(languages=["de", "en"])
    with pytest.raises(CorpusError, match="fr"):
        pair_texts(only, "test", language="fr")


def test_parts_share_no_sentence_and_lose_no_pair(paraphrases: ParallelCorpus) -> None:
    parts = part_pairs(paraphrases, split="train")
    found = {name: sentences(parts, name) for name in ("train", "dev", "test")}
    assert not found["train"] & found["dev"]
    assert not found["train"] & found["test"]
    assert not found["dev"] & found["test"]
    assert sum(len(pair_texts(parts, name)) for name in found) == 150
    assert len(pair_texts(parts, "train")) > len(pair_texts(parts, "test")) > len(pair_texts(parts, "dev"))


def test_pairs_that_share_a_sentence_in_any_language_stay_together() -> None:
    builder = CorpusBuilder(CorpusInfo("doubles", symmetric=True))
    lines = []
    for number in range(200):
        # Of four pairs, two and two share the second sentence in French, the middle two the first in English.
        first = f"{number // 4}" if number % 4 in (1, 2) else f"{number}a"
        texts = {"a": {"en": first, "fr": f"{number}a"}, "b": {"en": f"{number}b", "fr": f"{number // 2}"}}
        for side, translations in texts.items():
            for language, text in translations.items():
                builder.add_sentence(f"{number}{side}.{language}", f"{number}{side}", language, text)
        lines.append((f"{number}a", f"{number}b", float(number % 2)))
    corpus = label_pairs(builder.build(), "dev", "paraphrase", lines)
    pairs = corpus.labelled["dev", "paraphrase"]
    clusters = sentence_clusters(corpus, pairs, corpus.languages)
    assert [len(set(clusters[at : at + 4])) for at in range(0, 200, 4)] == [1] * 50
    assert len(set(clusters.tolist())) == 50
    parts = part_pairs(corpus)
    for language in ("en", "fr"):
        found = [sentences(parts, name, language) for name in ("train", "dev", "test")]
        assert sum(map(len, found)) == len(set.union(*found))


def test_a_corpus_with_pairs_to_train_on_is_taken_as_it_is(paraphrases: ParallelCorpus) -> None:
    assert with_parts(paraphrases, "paraphrase") is paraphrases
    labelled = {key: pairs for key, pairs in paraphrases.labelled.items() if key[0] == "test"}
    only_dev = replace(paraphrases, labelled={("dev", "paraphrase"): labelled["test", "paraphrase"]})
    parted = with_parts(only_dev, "paraphrase", source_language="de")
    assert {split for split, _ in parted.labelled} == {"train", "dev", "test"}
    with pytest.raises(CorpusError, match="for entailment of 'orders' has no labelled pairs"):
        with_parts(paraphrases, "entailment")
    with pytest.raises(ConfigError, match="'similarity' has no classes"):
        with_parts(paraphrases, "similarity")


def test_pairs_that_hang_together_stay_together(paraphrases: ParallelCorpus) -> None:
    chain = [(f"train{i}a", f"train{i + 1}a", float(i % 2)) for i in range(100)]
    chained = label_pairs(paraphrases, "chain", "paraphrase", chain)
    with pytest.raises(CorpusError, match="none of the 100 pairs"):
        part_pairs(chained, split="chain")


def test_parts_depend_on_texts_alone(paraphrases: ParallelCorpus) -> None:
    key: Key = ("train", "paraphrase")
    backwards = paraphrases.labelled[key].take(np.arange(150)[::-1])
    turned = replace(paraphrases, labelled={**paraphrases.labelled, key: backwards})
    assert sentences(part_pairs(turned, split="train"), "test") == sentences(
        part_pairs(paraphrases, split="train"), "test"
    )


def test_shares_must_sum_to_one(paraphrases: ParallelCorpus) -> None:
    with pytest.raises(ConfigError, match=r"shares must be > 0 and sum to 1.*0\.5"):
        part_pairs(paraphrases, split="train", shares={"train": 0.5})


def test_copies_keep_the_class_and_change_sides_by_themselves(paraphrases: ParallelCorpus) -> None:
    pairs = pair_texts(paraphrases, "dev")
    table = NeighbourTable("en", {f"en{i}": (f"x{i}", f"y{i}") for i in range(24)})
    copied = augment_pairs(pairs, WordChanges.of([table]), copies=4, seed=1)
    assert len(copied) == 80
    assert copied.labels.tolist() == np.repeat(pairs.labels, 4).tolist()
    words = [word for text in copied.first for word in text.split()]
    shares = [np.mean([word.startswith(start) for word in words]) for start in ("en", "x", "y")]
    np.testing.assert_allclose(shares, 1 / 3, atol=0.12)
    assert copied.checksum == augment_pairs(pairs, WordChanges.of([table]), copies=4, seed=1).checksum
    assert copied.checksum != augment_pairs(pairs, WordChanges.of([table]), copies=4, seed=2).checksum


@pytest.mark.slow
@pytest.mark.parametrize(("name", "total"), [("paws-x", 2000), ("xnli", 2490)])
def test_published_pairs_are_parted_without_overlap(shared_data: Path, name: str, total: int) -> None:
    languages = ["en", "de", "es", "zh"] if name == "paws-x" else ["en", "de", "ur"]
    corpus = read_dataset(name, shared_data / name).select(languages=languages)
    parts = part_pairs(corpus)
    sizes = {split: len(pair_texts(parts, split)) for split in ("train", "dev", "test")}
    assert sum(sizes.values()) == total
    np.testing.assert_allclose([size / total for size in sizes.values()], (0.6, 0.1, 0.3), atol=0.04)
    for language in languages:
        assert not sentences(parts, "train", language) & sentences(parts, "test", language)
