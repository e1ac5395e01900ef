"""What a gallery shows: an even draw, the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.corpora.building import group_codes
from isoglot.corpora.labelled import label_pairs
from isoglot.report.gallery.choosing import choose, draw_evenly, share_out


@pytest.mark.parametrize(
    ("sizes", "num", "shares"),
    [
        ([10, 10, 10], 6, [2, 2, 2]),
        ([10, 10, 10], 7, [3, 2, 2]),
        ([1, 10, 10], 9, [1, 4, 4]),
        ([1, 2, 10], 100, [1, 2, 10]),
        ([5, 5, 5], 2, [1, 1, 0]),
        ([0, 3], 2, [0, 2]),
        ([], 4, []),
        ([3], 0, [0]),
    ],
)
def test_shares(sizes, num, shares):
    assert share_out(sizes, num) == shares


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(0, 120))
def test_shares_are_even(sizes, num):
    shares = share_out(sizes, num)
    assert sum(shares) == min(num, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))
    held_back = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    assert not held_back or max(shares) - min(held_back) <= 1


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 2)), max_size=60), st.integers(0, 50))
def test_a_draw_is_even_and_in_order(kinds, num):
    table = np.array(kinds, np.int64).reshape(-1, 2)
    drawn = draw_evenly(table, num, seed=[1, 2])
    assert len(set(drawn.tolist())) == len(drawn) == min(num, len(kinds))
    order = [(*kinds[row], row) for row in drawn]
    assert order == sorted(order)
    there, counts = np.unique(table, axis=0, return_counts=True)
    shares = dict(zip(map(tuple, there.tolist()), share_out(counts.tolist(), num), strict=True))
    taken = {kind: sum(kinds[row] == kind for row in drawn) for kind in shares}
    assert taken == shares


def test_the_seed_decides(toy_corpus):
    one, same, other = (choose(toy_corpus, 10, seed=seed) for seed in (0, 0, 1))
    assert one.groups.tolist() == same.groups.tolist()
    assert one.groups.tolist() != other.groups.tolist()


def test_splits_have_the_same_share(toy_corpus):
    choice = choose(toy_corpus, 30, seed=0)
    train = set(toy_corpus.splits["train"].groups.tolist())
    assert sum(group in train for group in choice.groups.tolist()) == 15
    assert choice.num_groups == 120
    assert len(choose(toy_corpus, 1000, seed=0).groups) == 120
    assert choice.distractors.tolist() == np.flatnonzero(toy_corpus.document_groups < 0).tolist()


def test_media_have_the_same_share():
    builder = CorpusBuilder(CorpusInfo("media"))
    for number in range(40):
        group, is_rare = f"g{number}", number >= 37
        builder.add_query(f"{group}.q", group, "en", f"query {number}")
        builder.add_document(group, group, None, None, modality="video" if is_rare else "image", path="x")
        builder.judge_group("test", group)
    names = {code: name for name, code in group_codes(builder.build()).items()}
    chosen = [int(names[code][1:]) for code in choose(builder.build(), 6, seed=0).groups.tolist()]
    assert sum(number >= 37 for number in chosen) == 3
    assert len(chosen) == 6


def judged_corpus():
    """Queries whose relevant documents are in other groups; one document group that nothing leads to."""
    builder = CorpusBuilder(CorpusInfo("judged"))
    for number in range(3):
        builder.add_query(f"q{number}", f"ask{number}", "en", f"query {number}")
        builder.add_document(f"d{number}", f"answer{number}", "en", f"document {number}")
        builder.judge("test", f"q{number}", f"d{number}")
    builder.add_query("q3", "ask3", "en", "nobody judges this")
    builder.add_document("d3", "answer3", "en", "nothing leads here")
    builder.add_document("judged", None, "en", "a distractor that is judged")
    builder.add_document("free", None, "en", "a distractor that is not")
    builder.judge("test", "q0", "judged", 0)
    return builder.build()


def names_of(corpus, groups):
    names = {code: name for name, code in group_codes(corpus).items()}
    return {names[int(code)] for code in groups}


def test_documents_that_queries_of_other_groups_lead_to_are_no_group_of_their_own():
    corpus = judged_corpus()
    choice = choose(corpus, 60, seed=0)
    assert names_of(corpus, choice.groups) == {"ask0", "ask1", "ask2", "ask3", "answer3"}
    assert [corpus.document(row).doc_id for row in choice.distractors.tolist()] == ["free"]
    judged = choose(corpus, 60, seed=0, judged_only=True)
    assert names_of(corpus, judged.groups) == {"ask0", "ask1", "ask2"}
    assert judged.num_groups == 3


def test_groups_without_split_come_last():
    corpus = judged_corpus()
    splits = ["ask0", "ask1", "ask2"]
    names = {code: name for name, code in group_codes(corpus).items()}
    chosen = [names[int(code)] for code in choose(corpus, 60, seed=0).groups]
    assert chosen[:3] == splits


def test_pairs_are_drawn_evenly_over_labels(toy_corpus):
    groups = [f"g{number}" for number in range(100)]
    few = [(first, second, "1") for first, second in pairwise(groups[:4])]
    many = [(first, second, "0") for first, second in pairwise(groups)]
    corpus = label_pairs(toy_corpus, "dev", "paraphrase", many + few)
    graded = [(groups[0], group, 5.0 if number < 90 else 0.1) for number, group in enumerate(groups)]
    corpus = label_pairs(corpus, "test", "similarity", graded)
    pairs = choose(corpus, 24, seed=0).pairs
    labels = {key: corpus.labelled[key].labels[numbers].tolist() for key, numbers in pairs.items()}
    assert sorted(labels["dev", "paraphrase"]) == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert sorted(labels["test", "similarity"]) == [0.1, 0.1, 0.1, 5.0, 5.0, 5.0]
    assert choose(toy_corpus, 24, seed=0).pairs == {}


def test_groups_of_pairs_are_shown_with_their_pair():
    builder = CorpusBuilder(CorpusInfo("paired"))
    for name in ("judged", "one", "other", "free"):
        builder.add_sentence(name, name, "en", f"sentence {name}")
    builder.judge_group("test", "judged")
    corpus = label_pairs(
        builder.build(), "test", "paraphrase", [("one", "other", "0"), ("one", "judged", "1")]
    )
    choice = choose(corpus, 60, seed=0)
    assert names_of(corpus, choice.groups) == {"judged", "free"}
    assert (choice.num_groups, choice.num_pairs) == (2, 2)
    assert names_of(corpus, choose(corpus, 60, seed=0, judged_only=True).groups) == {"judged"}
