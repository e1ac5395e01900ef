"""Resource levels: exact counts in training, and nothing lost elsewhere."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.world.building import build_world_corpus
from isoglot.world.building.levels import Levels

LANGUAGES = ["en", "ko", "sw", "th", "yo"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    return build_world_corpus(
        tmp_path_factory.mktemp("levels") / "corpus",
        groups=80,
        languages=LANGUAGES,
        modalities="text,image",
        side=32,
        low_resource="sw:0.1,yo:0.5",
        unseen="ko",
        without_pictures=["th"],
        text_only=0.4,
    )


def texts_of(corpus: ParallelCorpus, split: str) -> tuple[Counter[str], Counter[str]]:
    """How many queries and documents there are in each language among the groups of a split."""
    groups = set(corpus.split(split).groups.tolist())
    return tuple(
        Counter(
            language
            for language, code in zip(table["language"].to_pylist(), codes, strict=True)
            if code in groups
        )
        for table, codes in (
            (corpus.queries, corpus.query_groups.tolist()),
            (corpus.documents, corpus.document_groups.tolist()),
        )
    )


def test_training_has_exactly_what_a_level_leaves(corpus: ParallelCorpus) -> None:
    queries, documents = texts_of(corpus, "train")
    assert queries == {"en": 60, "sw": 6, "yo": 30, "th": 24, "zxx": 36}
    assert documents == {"en": 60, "sw": 6, "yo": 30, "th": 24, None: 36}


def test_a_language_without_pictures_is_never_beside_one(corpus: ParallelCorpus) -> None:
    rows = corpus.queries.to_pylist()
    train = set(corpus.split("train").groups.tolist())
    shown = {row["group_id"] for row in rows if row["modality"] == "image"}
    thai = {
        row["group_id"]
        for row, code in zip(rows, corpus.query_groups.tolist(), strict=True)
        if row["language"] == "th" and code in train
    }
    assert thai
    assert not thai & shown


@pytest.mark.parametrize(("split", "number"), [("dev", 8), ("test", 12)])
def test_dev_and_test_are_complete(corpus: ParallelCorpus, split: str, number: int) -> None:
    queries, documents = texts_of(corpus, split)
    assert queries == dict.fromkeys([*LANGUAGES, "zxx"], number)
    assert documents == {**dict.fromkeys(LANGUAGES, number), None: number}


def test_a_smaller_share_keeps_a_part_of_a_larger() -> None:
    groups = [f"g{number}" for number in range(50)]
    kept = [Levels({"sw": share}).spoken("sw", groups, (), seed=0) for share in (0.001, 0.1, 0.3, 0.9)]
    assert [len(each) for each in kept] == [1, 5, 15, 45]
    assert all(few < many for few, many in pairwise(kept))
    assert Levels({"sw": 0.3}).spoken("sw", groups, (), seed=1) != kept[2]


def test_levels_describe_themselves() -> None:
    levels = Levels({"sw": 0.1}, ("ko",), ("th",))
    assert levels.described == {"low_resource": "sw:0.1", "unseen": "ko", "without_pictures": "th"}
    assert Levels().described == {}
