"""Which groups have what a kind of pair needs, language by language: any of them on demand, by its number.

A corpus of a hundred million groups has billions of such facts. They are held as one bit each with a running
count every few bytes, in files where they are many, and a hint every few hundred groups, so that the k-th
group of a language is found by a binary search among few counts and a look at one block (the `select` of
succinct bit vectors; Clark, "Compact PAT trees", 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from isoglot.batches.cells import NUM_BITS, Codes, Groups, Presence
from isoglot.batches.sides import Side, sum_up
from isoglot.batches.storage import Storage, read_at_random

_BLOCK_BYTES = 24
_BLOCK_BITS = _BLOCK_BYTES * 8
_BLOCK = np.dtype([("before", "<i8"), ("bits", "u1", (_BLOCK_BYTES,))])
_BLOCKS_AT_ONCE = 1 << 10
_HINT_STEP = 256
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

    All languages stand in a row here: the members of a language are numbered on from those before it, and so
    are its blocks.

    Attributes:
        sizes: (languages,) number of them.
        num_groups: Number of all groups.
        blocks: (languages * blocks,) records: `before`, members in all blocks before; `bits` (bytes,), whose
            bit g, from the lowest of the first byte, tells whether the relation holds in the block's group g.
        hints: (members / `_HINT_STEP` + 2,) the block of every so many-th member, and the last block.
    """

    sizes: npt.NDArray[np.int64]
    num_groups: int
    blocks: npt.NDArray[np.void]
    hints: npt.NDArray[np.int64]

    @cached_property
    def _firsts(self) -> npt.NDArray[np.int64]:
        """(languages,) number of the first member of each."""
        firsts: npt.NDArray[np.int64] = np.cumsum(self.sizes) - self.sizes
        return firsts

    @cached_property
    def _complete(self) -> bool:
        """Whether the relation holds in all groups or none, whatever the language."""
        return bool(((self.sizes == 0) | (self.sizes == self.num_groups)).all())

    def groups(self, languages: Codes, numbers: npt.NDArray[np.int64]) -> Groups:
        """(B,) the group with the given number, from 0, among those of a language."""
        if self._complete:
            return numbers
        targets = self._firsts.take(languages) + numbers
        blocks = self._blocks_of(targets)
        found = self.blocks.take(blocks)
        places = _select(found["bits"].T.copy(), targets - found["before"])
        groups: Groups = (blocks - languages * (len(self.blocks) // len(self.sizes))) * _BLOCK_BITS + places
        return groups

    def _blocks_of(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The block of each member: the last one that has no more members before it."""
        before = self.blocks["before"]
        hints = members // _HINT_STEP
        low, high = self.hints.take(hints), self.hints.take(hints + 1)
        while (low < high).any():
            middle = (low + high + 1) >> 1
            reached = before[middle] <= members
            low = np.where(reached, middle, low)
            high = np.where(reached, high, middle - 1)
        return low

    def all_groups(self, language: int) -> Groups:
        """All groups of a language, ascending; takes memory in their number."""
        blocks = self.blocks.reshape(len(self.sizes), -1)[language]
        return np.flatnonzero(np.unpackbits(blocks["bits"].ravel(), bitorder="little"))


def _select(packed: npt.NDArray[np.uint8], numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of one of the bits that are set in each of several rows of bytes.

    Args:
        packed: (bytes, B) bits, from the lowest of the first byte.
        numbers: (B,) the number, from 0, of a set bit.

    Returns:
        (B,) its place.
    """
    reached = sum_up(NUM_BITS.take(packed))
    wanted = numbers.astype(np.uint8)
    byte = np.add.reduce(reached <= wanted, axis=0, dtype=np.int64)
    flat = byte * len(wanted) + np.arange(len(wanted))
    found = packed.ravel().take(flat)
    within = wanted - (reached.ravel().take(flat) - NUM_BITS.take(found))
    places: npt.NDArray[np.int64] = byte * 8 + _PLACE_OF_BIT.take(found * np.int64(8) + within)
    return places


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
    num_languages = queries.num_languages
    num_blocks = max(1, -(-queries.num_groups // _BLOCK_BITS))
    blocks = storage.zeros((num_languages, num_blocks), _BLOCK)
    for start in range(0, num_blocks, _BLOCKS_AT_ONCE):
        stop = min(start + _BLOCKS_AT_ONCE, num_blocks)
        part = slice(start * _BLOCK_BITS, min(stop * _BLOCK_BITS, queries.num_groups))
        held = relation.holds(queries.present(part), documents.present(part))
        bits = np.zeros((num_languages, (stop - start) * _BLOCK_BYTES), np.uint8)
        packed = np.packbits(held.T, axis=1, bitorder="little")
        bits[:, : packed.shape[1]] = packed
        blocks["bits"][:, start:stop] = bits.reshape(num_languages, -1, _BLOCK_BYTES)
    sizes = np.array([_count(part) for part in blocks])
    blocks["before"] += (np.cumsum(sizes) - sizes)[:, None]
    members = Members(sizes, queries.num_groups, blocks.ravel(), _hints(blocks, int(sizes.sum()), storage))
    read_at_random(members.blocks)
    read_at_random(members.hints)
    return members


def _count(blocks: npt.NDArray[np.void]) -> int:
    """Writes how many bits of a language are set before each of its blocks, and returns how many in all."""
    before = np.concatenate([[0], np.cumsum(NUM_BITS[blocks["bits"]].sum(axis=1, dtype=np.int64))])
    blocks["before"] = before[:-1]
    return int(before[-1])


def _hints(blocks: npt.NDArray[np.void], total: int, storage: Storage) -> npt.NDArray[np.int64]:
    """The block of every so many-th member, and the last block."""
    hints: npt.NDArray[np.int64] = storage.zeros((total // _HINT_STEP + 2,), np.int64)
    hints[:] = blocks.size - 1
    for language, before in enumerate(blocks["before"]):
        following = blocks["before"][language + 1, 0] if language + 1 < len(blocks) else total
        first, last = -(-before[0] // _HINT_STEP), -(-following // _HINT_STEP)
        wanted = np.arange(first, last) * _HINT_STEP
        hints[first:last] = language * blocks.shape[1] + np.searchsorted(before, wanted, "right") - 1
    return hints
