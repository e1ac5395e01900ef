"""Where the relevant documents of every query stand, in every collection that a query may search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.measures import NOT_RETRIEVED, Integers, RelevantRanks

Setting = Literal["monolingual", "cross_lingual", "multilingual"]
SETTINGS: tuple[Setting, ...] = ("monolingual", "cross_lingual", "multilingual")
ALL = "*"
"""As language of the document: the pooled collection, or the mean over languages. As language of the query:
the mean over languages."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the relevant documents of every query stand, collection by collection (CSR over queries).

    Attributes:
        query_languages: Tags.
        query_codes: (Q,) index of each query's language among them.
        query_groups: (Q,) group of each query; its translations have the same.
        document_languages: Tags; block b of the collection is language b, a last block has no language.
        block_sizes: (blocks + 1,) documents in each block.
        indptr: (Q + 1,) offsets of each query's relevant documents.
        blocks: (J,) block of each relevant document.
        grades: (J,) its grade, 1 and up.
        counts_above: (J, blocks + 1) documents of each block that stand above it.
        num_excluded: (Q,) documents of the collection that are no candidates for the query.
        retrieved: (J,) whether the ranking holds the document; None if it holds all of them. What it does not
            hold has no rank for measures; its counts are those of the whole ranking, as if it came next.
    """

    query_languages: tuple[str, ...]
    query_codes: npt.NDArray[np.integer]
    query_groups: npt.NDArray[np.integer]
    document_languages: tuple[str, ...]
    block_sizes: Integers
    indptr: Integers
    blocks: npt.NDArray[np.integer]
    grades: npt.NDArray[np.integer]
    counts_above: npt.NDArray[np.integer]
    num_excluded: npt.NDArray[np.integer]
    retrieved: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.blocks), len(self.document_languages) + 1)
        if self.counts_above.shape != shape:
            raise SearchError(f"counts must be of shape {shape}, got {self.counts_above.shape}")

    @property
    def no_language(self) -> int:
        """The block of documents without language."""
        return len(self.document_languages)

    @cached_property
    def pairs(self) -> Integers:
        """(J,) the query of each relevant document."""
        return np.repeat(np.arange(len(self.query_codes)), np.diff(self.indptr))

    @cached_property
    def pooled_ranks(self) -> Integers:
        """(J,) rank of each relevant document in the union of all languages.

        What a ranking does not hold gets the rank after its last, the best it can have.
        """
        ranks: Integers = self.counts_above.sum(axis=1, dtype=np.int64) + 1
        return ranks


@dataclass(frozen=True, eq=False)
class Slice:
    """Some queries before one collection.

    Attributes:
        document_language: Language of the documents that count as relevant; `ALL` for any.
        queries: (n,) numbers of the queries with a relevant document there.
        ranked: Ranks of those documents, query by query.
    """

    document_language: str
    queries: Integers
    ranked: RelevantRanks


def pooled(placement: Placement) -> Slice:
    """All queries before the union of all languages."""
    ranks = placement.pooled_ranks
    return _slice(placement, ALL, np.ones(len(ranks), bool), ranks)


def language_slices(placement: Placement) -> Iterator[Slice]:
    """The queries before the documents of one language at a time (and those of no language)."""
    none = placement.no_language
    for block, language in _languages(placement):
        relevant = (placement.blocks == block) | (placement.blocks == none)
        ranks = placement.counts_above[:, block].astype(np.int64) + placement.counts_above[:, none] + 1
        if relevant.any():
            yield _slice(placement, language, relevant, ranks)


def matrix_slices(placement: Placement) -> Iterator[Slice]:
    """The queries before the union, with one language's documents at a time counted as relevant.

    The other languages' answers then stand in the way like any wrong document: LAReQA's heat map.
    """
    ranks = placement.pooled_ranks
    for block, language in _languages(placement):
        relevant = placement.blocks == block
        if relevant.any():
            yield _slice(placement, language, relevant, ranks)


def left_out(placement: Placement, parts: Iterable[tuple[str, Integers]]) -> list[dict[str, str | int]]:
    """How many queries have no relevant document in a collection, where there are any.

    Args:
        placement: Where the relevant documents stand.
        parts: Language of a collection, and numbers of the queries that have one in it.

    Returns:
        `query_language`, `document_language` and `num_queries` of each such pair, in order of the tags.
    """
    sizes = np.bincount(placement.query_codes, minlength=len(placement.query_languages))
    missing: list[dict[str, str | int]] = []
    for language, queries in parts:
        present = np.bincount(placement.query_codes[queries], minlength=len(sizes))
        missing += [
            {"query_language": name, "document_language": language, "num_queries": int(number)}
            for name, number in zip(placement.query_languages, sizes - present, strict=True)
            if number
        ]
    return sorted(missing, key=lambda row: (row["query_language"], row["document_language"]))


def _languages(placement: Placement) -> Iterator[tuple[int, str]]:
    for block, language in enumerate(placement.document_languages):
        if placement.block_sizes[block]:
            yield block, language


def _slice(placement: Placement, language: str, relevant: npt.NDArray[np.bool_], ranks: Integers) -> Slice:
    if placement.retrieved is not None:
        ranks = np.where(placement.retrieved, ranks, NOT_RETRIEVED)
    queries, number = np.unique(placement.pairs[relevant], return_inverse=True)
    grades = placement.grades[relevant].astype(np.int64)
    return Slice(language, queries, RelevantRanks.from_pairs(number, ranks[relevant], grades, len(queries)))


@dataclass(frozen=True, eq=False)
class Direction:
    """The queries of one medium before the documents of one medium, or of all.

    Attributes:
        query_modality: Medium of the queries; `ALL` if they are of several that are not told apart.
        document_modality: Medium of the documents; `ALL` for a collection of several media.
        queries: (q,) numbers of its queries among all.
        pairs: (j,) numbers of its relevant documents among all.
        placement: Where they stand in that collection.
    """

    query_modality: str
    document_modality: str
    queries: Integers
    pairs: Integers
    placement: Placement


def directions(
    placement: Placement,
    query_modalities: npt.NDArray[np.object_],
    modalities: tuple[str, ...],
    modality_counts: npt.NDArray[np.integer],
    modality_sizes: Integers,
    pair_modalities: npt.NDArray[np.integer],
) -> Iterator[Direction]:
    """Every direction between media that has a relevant document.

    With one medium on each side that is the whole placement. Otherwise the queries of each medium search the
    documents of each medium, and, where there are several media of documents, their union.

    Args:
        placement: Everything, in a collection of all media.
        query_modalities: (Q,) medium of each query.
        modalities: Media of the documents.
        modality_counts: (J, media, blocks + 1) documents of each medium and block above each relevant one.
        modality_sizes: (media, blocks + 1) documents of each.
        pair_modalities: (J,) index of each relevant document's medium.

    Yields:
        The directions, text first.
    """
    asked = sorted(set(query_modalities.tolist()), key=lambda name: (name != "text", name))
    if len(asked) == len(modalities) == 1:
        everything = np.arange(len(query_modalities)), np.arange(len(placement.blocks))
        yield Direction(asked[0], modalities[0], *everything, placement)
        return
    for query_modality in asked:
        of_query = (query_modalities == query_modality)[placement.pairs]
        if len(modalities) > 1:
            yield _direction(placement, query_modality, ALL, of_query, placement.counts_above, None)
        for number, modality in enumerate(modalities):
            kept = of_query & (pair_modalities == number)
            if kept.any():
                counts, sizes = modality_counts[:, number], modality_sizes[number]
                yield _direction(placement, query_modality, modality, kept, counts, sizes)


def _direction(
    placement: Placement,
    query_modality: str,
    document_modality: str,
    kept: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.integer],
    sizes: Integers | None,
) -> Direction:
    pairs = np.flatnonzero(kept)
    queries, number = np.unique(placement.pairs[pairs], return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=len(queries)))]).astype(np.int64)
    part = replace(
        placement,
        query_codes=placement.query_codes[queries],
        query_groups=placement.query_groups[queries],
        block_sizes=placement.block_sizes if sizes is None else sizes,
        indptr=indptr,
        blocks=placement.blocks[pairs],
        grades=placement.grades[pairs],
        counts_above=counts[pairs],
        num_excluded=placement.num_excluded[queries],
        retrieved=None if placement.retrieved is None else placement.retrieved[pairs],
    )
    return Direction(query_modality, document_modality, queries, pairs, part)
