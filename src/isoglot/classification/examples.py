"""What a classifier of pairs learns from: pairs of sentences in one language, and what is kept from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isoglot.corpora.components import connected_components
from isoglot.corpora.labelled import CLASSES, LabelledPairs, Task, find_pairs
from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.paired.scores import PairSentences, components
from isoglot.robustness.augmentation import WordChanges, augmented_pairs

SHARES: Mapping[str, float] = {"train": 0.6, "dev": 0.1, "test": 0.3}
"""Shares of clusters by which `part_pairs` parts pairs."""
_SIDES = 2


@dataclass(frozen=True, eq=False)
class PairTexts:
    """Pairs of sentences with their classes.

    Attributes:
        task: What the classes say.
        first: The first sentence of each pair; the premise.
        second: The second; the hypothesis.
        labels: (P,) class of each pair, by index in `isoglot.corpora.labelled.CLASSES`.
    """

    task: Task
    first: tuple[str, ...]
    second: tuple[str, ...]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """K."""
        return len(CLASSES[self.task])

    @property
    def checksum(self) -> str:
        """SHA-256 of texts and classes in their order."""
        digest = hashlib.sha256(self.labels.astype("<i8").tobytes())
        for text in (*self.first, *self.second):
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(f"{len(encoded)} ".encode() + encoded)
        return digest.hexdigest()


def pair_texts(
    corpus: ParallelCorpus, split: str, *, task: Task | None = None, language: str = "en"
) -> PairTexts:
    """The labelled pairs of a split in one language.

    Args:
        corpus: A corpus with labelled pairs.
        split: Its split.
        task: `paraphrase` or `entailment`; None takes the only one that the split has.
        language: Language of both sentences.

    Returns:
        The pairs of which both sentences are there, in their order.

    Raises:
        ConfigError: If the task has no classes, or the language names several.
        CorpusError: If there are no such pairs, or the language is missing.
    """
    found_task, pairs = find_pairs(corpus, split, task)
    check_classes(found_task)
    tag = one_language(language, corpus)
    sentences = PairSentences.of(corpus, pairs, [tag])
    there = sentences.take(sentences.present[:, 0, 0])
    if not len(there):
        raise CorpusError(
            f"no labelled pair of split {split!r} of {corpus.name!r} has both sentences in {tag!r}; name "
            "another language"
        )
    first, second = (
        tuple(corpus.document_texts(rows[:, 0])) for rows in (there.first_rows, there.second_rows)
    )
    return PairTexts(found_task, first, second, there.labels.astype(np.int64))


def part_pairs(
    corpus: ParallelCorpus,
    *,
    split: str = "dev",
    task: Task | None = None,
    source_language: str = "en",
    shares: Mapping[str, float] = SHARES,
) -> ParallelCorpus:
    """Parts the pairs of a published split, where no others are at hand to train on.

    Pairs that share a sentence in any language, directly or through other pairs, are a cluster and stay
    together: two sentences that differ in one language may be alike in another. A cluster goes where a hash
    of its first sentence by the alphabet, in the source language, says. So no sentence that is trained on is
    measured, in the source language or translated, and the parts depend on nothing but the texts of the
    languages that the corpus has. Pairs without both sentences in the source language are in no part.

    Args:
        corpus: A corpus with labelled pairs.
        split: The published split.
        task: Which task, if the split has several; None takes the only one.
        source_language: Language of the sentences that are hashed.
        shares: Name of each new split -> its share of the clusters; they sum to 1.

    Returns:
        The corpus with the new splits of labelled pairs, for this task in place of all others.

    Raises:
        ConfigError: If the shares are not shares, or the language names several.
        CorpusError: If there are no such pairs, or too few for one of the parts.
    """
    if not np.isclose(sum(shares.values()), 1.0) or min(shares.values(), default=0.0) <= 0:
        raise ConfigError(f"shares must be > 0 and sum to 1, got {dict(shares)}")
    found_task, pairs = find_pairs(corpus, split, task)
    sentences = PairSentences.of(corpus, pairs, [one_language(source_language, corpus)])
    there = np.flatnonzero(sentences.present[:, 0, 0])
    pairs, sentences = pairs.take(there), sentences.take(there)
    if not len(pairs):
        raise CorpusError(f"no pair of split {split!r} of {corpus.name!r} is in {source_language!r}")
    part = _part_of_pairs(
        corpus, sentences, sentence_clusters(corpus, pairs, corpus.languages), list(shares.values())
    )
    parts = {name: pairs.take(part == number) for number, name in enumerate(shares)}
    if empty := [name for name, found in parts.items() if not len(found)]:
        raise CorpusError(
            f"none of the {len(pairs)} pairs of split {split!r} of {corpus.name!r} falls into "
            f"{', '.join(empty)}; give larger shares"
        )
    kept = {key: found for key, found in corpus.labelled.items() if key[1] != found_task}
    return replace(corpus, labelled={**kept, **_keyed(parts, found_task)})


def with_parts(corpus: ParallelCorpus, task: Task, *, source_language: str = "en") -> ParallelCorpus:
    """A corpus that a classifier can be trained, chosen and measured on.

    Args:
        corpus: A corpus with labelled pairs.
        task: Which task.
        source_language: Language of the sentences that decide where pairs are parted.

    Returns:
        The corpus itself if it has pairs to train on; one of which only a published `dev` is at hand with its
        pairs parted (`part_pairs`).

    Raises:
        ConfigError: If the task has no classes, or the language names several.
        CorpusError: If it has pairs in neither `train` nor `dev`, or too few to part.
    """
    check_classes(task)
    if ("train", task) in corpus.labelled:
        return corpus
    return part_pairs(corpus, task=task, source_language=source_language)


def augment_pairs(
    pairs: PairTexts, changes: WordChanges, *, copies: int, seed: int, language: str = "en"
) -> PairTexts:
    """Pairs to train on with data augmentation (RS-DA of arXiv 2104.08645), in place of the pairs themselves.

    The two sentences of a pair are changed independently of each other, and the class is kept. The paper
    takes ten copies for PAWS-X and three for XNLI.

    Args:
        pairs: The pairs.
        changes: What words may become.
        copies: N.
        seed: Seed.
        language: Language of all sentences.

    Returns:
        N pairs for each; copies of a pair follow each other.

    Raises:
        ConfigError: If copies < 1.
    """
    first, second, labels = augmented_pairs(
        pairs.first,
        pairs.second,
        pairs.labels.tolist(),
        (language, language),
        changes,
        copies=copies,
        seed=seed,
    )
    return PairTexts(pairs.task, tuple(first), tuple(second), np.array(labels, np.int64))


def sentence_clusters(
    corpus: ParallelCorpus, pairs: LabelledPairs, languages: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Which pairs hang together: those that share a sentence in any language, directly or through others.

    Args:
        corpus: The corpus.
        pairs: Some of its pairs.
        languages: Its tags whose sentences are compared.

    Returns:
        (P,) number of the cluster of each pair.
    """
    links: list[tuple[str, str]] = []
    for language in languages:
        sharing = components(corpus, PairSentences.of(corpus, pairs, [language]))
        links += [(str(pair), f"{language} {cluster}") for pair, cluster in enumerate(sharing.tolist())]
    found = connected_components(links)
    _, numbers = np.unique([found[str(pair)] for pair in range(len(pairs))], return_inverse=True)
    return numbers.astype(np.int64)


def check_classes(task: Task) -> None:
    """Refuses a task whose labels are no classes.

    Args:
        task: The task.

    Raises:
        ConfigError: If it is similarity.
    """
    if not CLASSES[task]:
        raise ConfigError(f"task {task!r} has no classes; a classifier takes paraphrase or entailment")


def one_language(language: str, corpus: ParallelCorpus) -> str:
    """The language as the corpus spells it.

    Args:
        language: Tag in any spelling.
        corpus: The corpus.

    Returns:
        Its own tag.

    Raises:
        ConfigError: If it names several.
    """
    found = match_languages([language], corpus.languages)
    if len(found) > 1:
        raise ConfigError(f"language {language!r} must name one language, not {', '.join(found)}")
    return found[0]


def _part_of_pairs(
    corpus: ParallelCorpus,
    sentences: PairSentences,
    clusters: npt.NDArray[np.int64],
    shares: Sequence[float],
) -> npt.NDArray[np.int64]:
    """(P,) number of the part of each pair."""
    names: dict[int, str] = {}
    rows = np.concatenate([sentences.first_rows[:, 0], sentences.second_rows[:, 0]])
    for text, cluster in zip(corpus.document_texts(rows), np.tile(clusters, _SIDES).tolist(), strict=True):
        names[cluster] = min(text, names.get(cluster, text))
    places = np.array([_place(names[cluster]) for cluster in clusters.tolist()])
    return np.searchsorted(np.cumsum(shares)[:-1], places, side="right").astype(np.int64)


def _place(text: str) -> float:
    """A number from 0 to below 1 that a text has for good."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def _keyed(parts: Mapping[str, LabelledPairs], task: Task) -> dict[tuple[str, Task], LabelledPairs]:
    return {(name, task): found for name, found in parts.items()}
