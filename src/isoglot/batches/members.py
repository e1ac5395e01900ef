"""Which groups have what a kind of pair needs, language by language: any of them on demand, by its number.

A corpus of a hundred million groups has billions of such facts. They are held as one bit each with a running
count every few bytes, in files where they are many, so that the k-th group of a language is found by a binary
search among the counts and a look at one block (the `select` of succinct bit vectors; Jacobson,
"Space-efficient static trees and graphs", FOCS 1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isoglot.batches.sides import NUM_BITS, Codes, Groups, Presence, Side, sum_up
from isoglot.batches.storage import Storage, read_at_random

_BLOCK_BITS = 128
_BLOCK_BYTES = _BLOCK_BITS // 8
_GROUPS_AT_ONCE = 1 << 18  # a multiple of the block
_PLACE_OF_BIT = np.argsort(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") == 0,
    axis=1,
    kind="stable",
).astype(np.int64)
"""(256, 8) place of the k-th bit that is set in a byte."""


@dataclass(frozen=True)
class Relation:
    """What a group must hold so that a query of a language can be drawn from it.

    A row without language, a picture say, counts as any language; two of them count as a language of their
    own, the last.

    Attributes:
        kind: `same`: a query and a document in the language; `cross`: documents in other languages, or in
            none; `answered`: documents in any.
        num_languages: For the latter two, in how many languages there must be documents.
    """

    kind: Literal["same", "cross", "answered"]
    num_languages: int = 1

    def holds(self, asked: Presence, answered: Presence) -> Presence:
        """Where it holds.

        Args:
            asked: (G, languages) languages of each group's queries.
            answered: (G, languages) languages of its documents.

        Returns:
            (G, languages) True where the group has what a query of the language needs.
        """
        if self.kind != "same":
            answers = answered.sum(axis=1, keepdims=True) - answered * (self.kind == "cross")
            held: Presence = asked & (answers >= self.num_languages)
            return held
        # In the last column, that of no language, this is where both sides have none.
        same: Presence = (asked | asked[:, -1:]) & (answered | answered[:, -1:]) & (asked | answered)
        return same


SAME = Relation("same")
CROSS = Relation("cross")


@dataclass(frozen=True, eq=False)
class Members:
    """For each language, the groups in which a relation holds, in ascending order.

    Attributes:
        sizes: (languages,) number of them.
        bits: (languages, blocks, bytes) bit g of a language tells whether it holds in group g.
        counts: (languages * blocks,) bits that are set before each block, all languages in a row.
    """

    sizes: npt.NDArray[np.int64]
    bits: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]

    def groups(self, languages: Codes, numbers: npt.NDArray[np.int64]) -> Groups:
        """(B,) the group with the given number, from 0, among those of a language."""
        targets = (np.cumsum(self.sizes) - self.sizes)[languages] + numbers
        # Ascending targets are found many times faster: each search begins where the one before it ended.
        order = np.argsort(targets)
        blocks = np.empty_like(targets)
        blocks[order] = np.searchsorted(self.counts, targets[order], "right") - 1
        missing = targets - self.counts[blocks]
        packed = self.bits.reshape(-1, _BLOCK_BYTES)[blocks].T
        reached = sum_up(NUM_BITS.take(packed))
        byte = np.add.reduce(reached <= missing.astype(np.uint8), axis=0, dtype=np.int64)
        each = np.arange(len(blocks))
        found = packed[byte, each]
        within = missing - (reached[byte, each] - NUM_BITS[found])
        place = byte * 8 + _PLACE_OF_BIT[found, within]
        groups: Groups = (blocks % self.bits.shape[1]) * _BLOCK_BITS + place
        return groups

    def all_groups(self, language: int) -> Groups:
        """All groups of a language, ascending; takes memory in their number."""
        return np.flatnonzero(np.unpackbits(self.bits[language].ravel(), bitorder="little"))


def find_members(relation: Relation, queries: Side, documents: Side, storage: Storage) -> Members:
    """Finds the groups in which a relation holds, some at a time.

    Args:
        relation: The relation.
        queries: Queries by group.
        documents: Documents by group.
        storage: Where the result lies.

    Returns:
        The groups of each language.
    """
    num_blocks = max(1, -(-queries.num_groups // _BLOCK_BITS))
    bits = storage.zeros((queries.num_languages, num_blocks, _BLOCK_BYTES), np.uint8)
    for start in range(0, queries.num_groups, _GROUPS_AT_ONCE):
        part = slice(start, min(start + _GROUPS_AT_ONCE, queries.num_groups))
        held = relation.holds(queries.present(part), documents.present(part))
        packed = np.packbits(held.T, axis=1, bitorder="little")
        flat = bits.reshape(queries.num_languages, -1)
        flat[:, start // 8 : start // 8 + packed.shape[1]] = packed
    counts = storage.zeros((queries.num_languages * num_blocks,), np.int64)
    total = 0
    sizes = np.zeros(queries.num_languages, np.int64)
    for language, blocks in enumerate(bits):
        in_blocks = np.concatenate([[0], np.cumsum(NUM_BITS[blocks].sum(axis=1, dtype=np.int64))])
        counts[language * num_blocks : (language + 1) * num_blocks] = total + in_blocks[:-1]
        sizes[language] = in_blocks[-1]
        total += int(in_blocks[-1])
    read_at_random(bits)
    read_at_random(counts)
    return Members(sizes, bits, counts)
