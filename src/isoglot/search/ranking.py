"""From what stores find to one ranking: fusion of meaning and words, and what a reader's language counts.

Relevance is the similarity of vectors, or with lexical search beside it, reciprocal rank fusion (Cormack,
Clarke and Buettcher, 2009): a document's score is the sum of 1 / (60 + rank) over the rankings that hold it.

A policy then says what the language of a document is worth to a reader, who can read what is in one of the
languages named or in none, as a photograph is. With dial d in [0, 1], a document of relevance rank r counts
as rank (1 - d) * r if the reader can read it, and as r if not; the lower number goes first, and of equals the
one that the reader can read, then the more relevant. So d = 0 is relevance alone, d = 1 puts all that the
reader can read first, and d = 0.5 lets a readable document of rank 10 compete with another of rank 5. Only
ranks count: it works the same whatever scores mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from isoglot.search.documents import StoredDocument
from isoglot.search.interface import Hit

RRF_K = 60

Policy = Literal["any", "prefer", "mine-first", "only"]
"""`any` is dial 0, `mine-first` dial 1, `prefer` what the dial says; `only` leaves other languages out."""

POLICIES: tuple[Policy, ...] = get_args(Policy)


@dataclass(frozen=True)
class Why:
    """Why a document stands where it does.

    Attributes:
        similarity: Cosine or dot product with the query's vector; None if only its words were found.
        dense_rank: Rank by similarity, from 1; None likewise.
        lexical_score: BM25; None if its words were not asked for, or not found.
        lexical_rank: Rank by BM25; None likewise.
        relevance_rank: Rank before any policy.
        mine: Whether it is in one of the reader's languages, or in none.
        counts_as: What the relevance rank counts as under the policy.
        moved: Ranks that the policy moved it up; negative for down.
    """

    similarity: float | None
    dense_rank: int | None
    lexical_score: float | None
    lexical_rank: int | None
    relevance_rank: int
    mine: bool
    counts_as: float
    moved: int

    def text(self) -> str:
        """The same in words."""
        parts = []
        if self.dense_rank is not None:
            parts.append(f"{_nth(self.dense_rank)} by meaning ({self.similarity:.3f})")
        if self.lexical_rank is not None:
            parts.append(f"{_nth(self.lexical_rank)} by words ({self.lexical_score:.2f})")
        if self.mine and self.counts_as < self.relevance_rank:
            parts.append(
                f"readable for you, so rank {self.relevance_rank} counts as {self.counts_as:.3g}: "
                f"{_moved(self.moved)}"
            )
        elif self.moved < 0:
            parts.append(f"in another language than yours: {_moved(self.moved)}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Ranked:
    """A document in its place.

    Attributes:
        rank: From 1.
        document: The document.
        score: Relevance: similarity, or the sum of reciprocal ranks.
        why: What put it there.
    """

    rank: int
    document: StoredDocument
    score: float
    why: Why


@dataclass(frozen=True)
class _Relevant:
    """A candidate and its places.

    Attributes:
        hit: The document with its relevance.
        dense: Its rank and similarity.
        lexical: Its rank and BM25.
    """

    hit: Hit
    dense: tuple[int, float] | None
    lexical: tuple[int, float] | None


def rank_hits(
    dense: Sequence[Hit],
    lexical: Sequence[Hit] | None,
    limit: int,
    dial: float,
    is_mine: Callable[[str | None], bool],
) -> list[Ranked]:
    """One ranking.

    Args:
        dense: Candidates by similarity; the same document may come twice, with the same score.
        lexical: Candidates by BM25, likewise; None if words were not asked for.
        limit: Documents wanted.
        dial: What the reader's language counts, 0 to 1.
        is_mine: Says of a document's language whether the reader can read it.

    Returns:
        The first documents; of equals, the first by `doc_id`.
    """
    relevant = _fuse(_places(dense), None if lexical is None else _places(lexical))
    judged = []
    for rank, candidate in enumerate(relevant, start=1):
        mine = is_mine(candidate.hit.document.language)
        judged.append(((1 - dial) * rank if mine else float(rank), not mine, rank, candidate))
    judged.sort(key=lambda each: each[:3])
    return [
        Ranked(
            place,
            candidate.hit.document,
            candidate.hit.score,
            _why(candidate, rank, mine=not other, counts_as=counts, moved=rank - place),
        )
        for place, (counts, other, rank, candidate) in enumerate(judged[:limit], start=1)
    ]


def _places(hits: Sequence[Hit]) -> dict[str, tuple[int, Hit]]:
    """Rank and hit of each document."""
    distinct = {hit.document.doc_id: hit for hit in hits}
    ordered = sorted(distinct.values(), key=lambda hit: (-hit.score, hit.document.doc_id))
    return {hit.document.doc_id: (rank, hit) for rank, hit in enumerate(ordered, start=1)}


def _fuse(
    dense: Mapping[str, tuple[int, Hit]], lexical: Mapping[str, tuple[int, Hit]] | None
) -> list[_Relevant]:
    """Candidates by relevance, the best first."""
    found = []
    for doc_id in dense.keys() | (lexical or {}).keys():
        by_meaning, by_words = dense.get(doc_id), (lexical or {}).get(doc_id)
        places = [place for place in (by_meaning, by_words) if place is not None]
        hit = places[0][1]
        score = hit.score if lexical is None else sum(1 / (RRF_K + rank) for rank, _ in places)
        found.append(_Relevant(Hit(hit.document, score), _place(by_meaning), _place(by_words)))
    return sorted(found, key=lambda each: (-each.hit.score, each.hit.document.doc_id))


def _place(found: tuple[int, Hit] | None) -> tuple[int, float] | None:
    return None if found is None else (found[0], found[1].score)


def _why(candidate: _Relevant, rank: int, *, mine: bool, counts_as: float, moved: int) -> Why:
    dense_rank, similarity = candidate.dense or (None, None)
    lexical_rank, bm25 = candidate.lexical or (None, None)
    return Why(similarity, dense_rank, bm25, lexical_rank, rank, mine, counts_as, moved)


def _nth(rank: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(rank % 10 if rank % 100 not in (11, 12, 13) else 0, "th")
    return f"{rank}{ending}"


def _moved(places: int) -> str:
    if places == 0:
        return "stays where it is"
    return f"{'up' if places > 0 else 'down'} {abs(places)}"
