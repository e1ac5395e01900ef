"""Suites: named lists of data sets under one protocol.

XMIR (cross-lingual multimodal retrieval) is this project's own: no public benchmark of that name exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isoglot.corpora.datasets import Task
from isoglot.errors import CorpusError

BUILT_IN = ("world", "world-text")
"""Corpora that are made and not read: captions of scenes, and facts."""
"""Name of the built-in corpus, which needs no files."""

_ANSWERS = ("AP", "nDCG@10", "R@10", "success@1")
_PICTURES = ("success@1", "success@5", "success@10", "RR")


@dataclass(frozen=True)
class Member:
    """A data set in a suite, and how it is read and measured there.

    Attributes:
        dataset: Its name, as `isoglot data list` shows it.
        split: Which judged queries or labelled pairs.
        task: What it is measured by here.
        measures: What is reported, with its cut-offs.
        options: Of the reader, such as which captions are read.
        protocol: What a number of another table must share to be compared, in a sentence.
    """

    dataset: str
    split: str
    task: Task
    measures: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = ""


@dataclass(frozen=True)
class Suite:
    """Data sets under one protocol: three settings, language bias, every direction between media.

    Attributes:
        name: What it is called.
        description: One line on what it measures.
        members: The data sets.
    """

    name: str
    description: str
    members: tuple[Member, ...]


def list_suites() -> tuple[Suite, ...]:
    """All suites."""
    return tuple(_SUITES.values())


def find_suite(name: str) -> Suite:
    """A suite by name.

    Args:
        name: One of `list_suites`.

    Returns:
        The suite.

    Raises:
        CorpusError: If there is none of that name.
    """
    if name not in _SUITES:
        raise CorpusError(f"no suite {name!r}; there is {', '.join(_SUITES)}")
    return _SUITES[name]


def _both_ways(
    dataset: str, split: str, medium: str, protocol: str, options: Mapping[str, Any] | None = None
) -> tuple[Member, Member]:
    """The two directions between texts and a medium, as two members."""
    to_medium, to_text = (
        Member(dataset, split, "retrieval", _PICTURES, {**(options or {}), "direction": direction}, protocol)
        for direction in (f"text_to_{medium}", f"{medium}_to_text")
    )
    return to_medium, to_text


_XMIR = Suite(
    "xmir",
    "Text, pictures and videos in many languages, and similarity of sentences.",
    (
        *(Member(name, "test", "retrieval", _ANSWERS, {}, "This project's own.") for name in BUILT_IN),
        Member(
            "xquad-r",
            "test",
            "retrieval",
            _ANSWERS,
            {"context": False},
            "LAReQA: AP over the pool of 13,014 sentences; XTREME-R: AP@20, sentence with paragraph.",
        ),
        Member(
            "mlqa-r",
            "test",
            "retrieval",
            _ANSWERS,
            {"context": False},
            "LAReQA: AP over the pool of 20,534 sentences, from MLQA's development set.",
        ),
        Member(
            "miracl",
            "dev",
            "retrieval",
            ("nDCG@10", "R@100"),
            {"documents": "all"},
            "nDCG@10 and R@100 over all passages of a language; judged passages alone give other numbers.",
        ),
        Member(
            "belebele",
            "test",
            "retrieval",
            ("nDCG@10", "R@10", "success@1"),
            {},
            "488 passages a language; MTEB reports nDCG@10 pair by pair of languages.",
        ),
        Member(
            "tatoeba",
            "test",
            "bitext",
            ("accuracy",),
            {"duplicates": "keep"},
            "Accuracy of the nearest neighbour, pair by pair with English, as published.",
        ),
        Member(
            "mewsli-x",
            "test",
            "retrieval",
            ("AP@20", "R@100"),
            {"window": 0},
            "AP@20 over one index of 1,003,893 descriptions; XTREME-R's paper has an older version.",
        ),
        *_both_ways("xtd10", "test", "image", "1,000 pictures, one caption a language; papers print R@10."),
        *_both_ways(
            "multi30k",
            "test_2016_flickr",
            "image",
            "Test 2016, task 1: 1,000 pictures, one caption a language; papers sum R@1, 5, 10 both ways.",
            {"task": 1},
        ),
        *_both_ways(
            "xm3600",
            "test",
            "image",
            "The first caption of each language, as CLIP_benchmark; papers that take all are not comparable.",
            {"captions": "first"},
        ),
        *_both_ways("xflickr-co", "test", "image", "IGLUE: 2,000 pictures, one caption a language; R@1."),
        *_both_ways(
            "msr-vtt",
            "test",
            "video",
            "1k-A (JSFusion): 1,000 videos with the one listed sentence each, translated.",
            {"captions": "first"},
        ),
        *_both_ways(
            "vatex",
            "validation",
            "video",
            "All ten captions a language, all of validation; papers take 1,500 videos of it (option videos).",
            {"captions": "all"},
        ),
        Member(
            "stsb-multi-mt",
            "test",
            "similarity",
            ("spearman",),
            {},
            "Machine translations of the English test set; Spearman of cosine similarity.",
        ),
        Member(
            "paws-x", "test", "paraphrase", ("accuracy", "accuracy_probe", "F1", "AP"), {}, "2,000 pairs."
        ),
        Member("xnli", "test", "entailment", ("accuracy", "accuracy_probe"), {}, "5,010 pairs a language."),
    ),
)
_SUITES = {suite.name: suite for suite in (_XMIR,)}
