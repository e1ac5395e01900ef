"""Which groups, labelled pairs and distractors a gallery shows: drawn evenly from what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.labelled import CLASSES, Key
from isoglot.records import MODALITIES

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

NO_SPLIT = -1
_QUERY_BIT, _DOCUMENT_BIT = 1, 1 << len(MODALITIES)
_NUM_BINS = 5
"""Ranges of the same width from which pairs with graded labels are drawn evenly."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What a gallery shows of a corpus.

    Attributes:
        groups: Codes of groups, split by split and then medium by medium, in the order of the corpus.
        pairs: Split and task -> numbers of its labelled pairs, ascending.
        distractors: Rows of documents, ascending.
        num_groups: How many groups there were to draw from.
        num_pairs: How many labelled pairs.
        num_distractors: How many distractors.
    """

    groups: Rows
    pairs: dict[Key, npt.NDArray[np.int64]]
    distractors: npt.NDArray[np.int64]
    num_groups: int
    num_pairs: int
    num_distractors: int


def choose(corpus: ParallelCorpus, num_groups: int, *, seed: int, judged_only: bool = False) -> Choice:
    """Draws what is shown: as many as can be had of each kind, where there are enough of it.

    Groups are drawn evenly over splits (a group counts for the first that judges it; one that no split judges
    is a kind of its own) and over the media of their queries and documents. Labelled pairs are drawn evenly
    over splits, tasks and labels, distractors over media and languages. What is judged line by line with a
    query is shown with that query: a group of such documents alone is left out, as is such a distractor. So
    is a group of labelled pairs that no split judges.

    Args:
        corpus: The corpus.
        num_groups: At most so many groups, half as many labelled pairs, a fifth as many distractors.
        seed: Seed of the draws.
        judged_only: Whether groups that no split judges are left out.

    Returns:
        The choice.
    """
    first_split, media, apart = first_splits(corpus), media_of_groups(corpus), _judged_with_no_query(corpus)
    can_be_shown = np.zeros(corpus.num_groups, bool)
    can_be_shown[corpus.query_groups] = True
    can_be_shown[corpus.document_groups[apart & (corpus.document_groups >= 0)]] = True
    can_be_shown &= (first_split > NO_SPLIT) | (not judged_only and ~_paired(corpus))
    groups = np.flatnonzero(can_be_shown)
    order = np.where(first_split < 0, np.iinfo(np.int32).max, first_split)
    kinds = np.column_stack([order, media])[groups]
    drawn = draw_evenly(kinds, num_groups, seed=[seed, 0])
    distractors = np.flatnonzero(apart & (corpus.document_groups < 0))
    languages = corpus.document_languages[1][distractors]
    kinds = np.column_stack([_modality_codes(corpus.documents)[distractors], languages])
    some = draw_evenly(kinds, max(1, num_groups // 5), seed=[seed, 1])
    return Choice(
        groups[drawn].astype(np.int32),
        _choose_pairs(corpus, max(1, num_groups // 2), seed=[seed, 2]),
        np.sort(distractors[some]),
        len(groups),
        sum(map(len, corpus.labelled.values())),
        len(distractors),
    )


def first_splits(corpus: ParallelCorpus) -> npt.NDArray[np.int32]:
    """(groups,) number of the first split that judges each group; `NO_SPLIT` for none."""
    found = np.full(corpus.num_groups, NO_SPLIT, np.int32)
    for number, part in reversed(list(enumerate(corpus.splits.values()))):
        if part.judgements is None:
            found[part.groups] = number
        else:
            found[corpus.query_groups[part.judgements.query_rows]] = number
    return found


def media_of_groups(corpus: ParallelCorpus) -> npt.NDArray[np.uint8]:
    """(groups,) which media each group is in, a bit for each medium of queries and of documents.

    The documents are those of the group, and those of others that are relevant to its queries.
    """
    found = np.zeros(corpus.num_groups, np.uint8)
    queries, documents = (_modality_codes(table) for table in (corpus.queries, corpus.documents))
    np.bitwise_or.at(found, corpus.query_groups, (_QUERY_BIT << queries).astype(np.uint8))
    of_documents = (_DOCUMENT_BIT << documents).astype(np.uint8)
    grouped = corpus.document_groups >= 0
    np.bitwise_or.at(found, corpus.document_groups[grouped], of_documents[grouped])
    for part in corpus.splits.values():
        if part.judgements is not None:
            relevant = part.judgements.relevant()
            asking = corpus.query_groups[relevant.pair_query_rows]
            np.bitwise_or.at(found, asking, of_documents[relevant.document_rows])
    return found


def _modality_codes(table: pa.Table) -> npt.NDArray[np.int64]:
    names = table["modality"].cast(pa.string())
    codes: npt.NDArray[np.int64] = pc.index_in(names, pa.array(MODALITIES)).to_numpy().astype(np.int64)
    return codes


def _judged_with_no_query(corpus: ParallelCorpus) -> npt.NDArray[np.bool_]:
    """(documents,) those that no line of a split names."""
    found = np.ones(corpus.documents.num_rows, bool)
    for part in corpus.splits.values():
        if part.judgements is not None:
            found[part.judgements.document_rows] = False
    return found


def _paired(corpus: ParallelCorpus) -> npt.NDArray[np.bool_]:
    """(groups,) those of a labelled pair."""
    found = np.zeros(corpus.num_groups, bool)
    for pairs in corpus.labelled.values():
        found[pairs.first_groups] = True
        found[pairs.second_groups] = True
    return found


def _choose_pairs(corpus: ParallelCorpus, num: int, *, seed: list[int]) -> dict[Key, npt.NDArray[np.int64]]:
    keys, numbers, kinds = list(corpus.labelled), [], []
    for place, ((_, task), pairs) in enumerate(corpus.labelled.items()):
        labels = pairs.labels if CLASSES[task] else _bins(pairs.labels)
        numbers.append(np.arange(len(pairs)))
        kinds.append(np.column_stack([np.full(len(pairs), place), labels]))
    if not keys:
        return {}
    of_kind, number = np.concatenate(kinds), np.concatenate(numbers)
    drawn = draw_evenly(of_kind, num, seed=seed)
    chosen = {key: np.sort(number[drawn][of_kind[drawn, 0] == place]) for place, key in enumerate(keys)}
    return {key: found for key, found in chosen.items() if len(found)}


def _bins(labels: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    edges = np.linspace(labels.min(), labels.max(), _NUM_BINS + 1)[1:-1]
    bins: npt.NDArray[np.int64] = np.digitize(labels, edges)
    return bins


def draw_evenly(kinds: npt.NDArray[np.generic], num: int, *, seed: Sequence[int]) -> npt.NDArray[np.int64]:
    """Draws rows so that each kind has the same share, as far as it has so many.

    Args:
        kinds: (rows, keys) rows with the same keys are of one kind.
        num: At most so many.
        seed: Seed of the draw.

    Returns:
        Row numbers, without repetition, kind by kind in the order of the keys, ascending within a kind.
    """
    if not len(kinds):
        return np.zeros(0, np.int64)
    rng = np.random.default_rng(seed)
    codes = np.zeros(len(kinds), np.int64)
    for key in kinds.T:
        values, found = np.unique(key, return_inverse=True)
        codes = codes * len(values) + found
    sizes = np.unique(codes, return_counts=True)[1]
    starts = np.cumsum(sizes) - sizes
    rows = np.argsort(codes, kind="stable")
    drawn = [
        rows[start + np.sort(rng.choice(size, share, replace=False))]
        for start, size, share in zip(starts, sizes, share_out(sizes.tolist(), num), strict=True)
    ]
    return np.concatenate(drawn)


def share_out(sizes: Sequence[int], num: int) -> list[int]:
    """How many each kind gives: all the same, but none more than it has; what is left over goes in order.

    Args:
        sizes: How many there are of each kind.
        num: How many are wanted in all.

    Returns:
        How many to take of each kind; they add up to `num`, or to all there are.
    """
    shares = [0] * len(sizes)
    open_kinds = [kind for kind, size in enumerate(sizes) if size]
    left = min(num, sum(sizes))
    while left:
        each = max(1, left // len(open_kinds))
        for kind in open_kinds:
            taken = min(each, sizes[kind] - shares[kind], left)
            shares[kind] += taken
            left -= taken
        open_kinds = [kind for kind in open_kinds if shares[kind] < sizes[kind]]
    return shares
