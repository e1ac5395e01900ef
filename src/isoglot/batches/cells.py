"""The cells of one side: which groups have rows in which languages, and the number of each such cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from isoglot.batches.storage import Storage

Groups = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]
"""Language codes; the last of them stands for no language."""
Presence = npt.NDArray[np.bool_]
"""(groups, languages) whether a group has a row in a language."""
Packed = npt.NDArray[np.uint8]
"""(bytes, groups) or (bytes, languages): bit l, from the lowest of the first byte, stands for language l."""
NUM_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1).astype(np.uint8)
"""(256,) bits that are set in a byte."""
_BLOCK_BYTES = 64  # what a processor fetches at once
_BLOCKS_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class GroupCells:
    """The cells of some groups.

    Attributes:
        num_languages: Languages, no language counted as the last of them.
        firsts: (B,) number of each group's first cell.
        packed: (bytes, B) the languages of each group.
    """

    num_languages: int
    firsts: npt.NDArray[np.int64]
    packed: Packed

    def __getitem__(self, chosen: npt.NDArray[np.int64]) -> GroupCells:
        return GroupCells(self.num_languages, self.firsts[chosen], self.packed.take(chosen, axis=1))

    def __len__(self) -> int:
        return len(self.firsts)

    def present(self) -> Presence:
        """(B, languages) whether each group has a row in a language."""
        bits = np.unpackbits(self.packed, axis=0, count=self.num_languages, bitorder="little")
        return bits.view(np.bool_).T

    def has(self, languages: Codes) -> npt.NDArray[np.bool_]:
        """(B,) whether each group has a row in the language beside it."""
        own, _ = _masks(self.num_languages)
        there: npt.NDArray[np.bool_] = np.any(self.packed & own.take(languages, axis=1), axis=0)
        return there

    def numbers(self, languages: Codes) -> npt.NDArray[np.int64]:
        """(B,) number of each group's cell in the language beside it, in which it has a row."""
        _, lower = _masks(self.num_languages)
        before = NUM_BITS.take(self.packed & lower.take(languages, axis=1))
        numbers: npt.NDArray[np.int64] = self.firsts + before.sum(axis=0, dtype=np.int64)
        return numbers

    def ends(self) -> npt.NDArray[np.int64]:
        """(B,) number of the first cell behind each group's last."""
        ends: npt.NDArray[np.int64] = self.firsts + NUM_BITS.take(self.packed).sum(axis=0, dtype=np.int64)
        return ends


@cache
def _masks(num_languages: int) -> tuple[Packed, Packed]:
    """For each language, its bit, and the bits of those before it."""
    own, lower = (
        np.packbits(bits, axis=0, bitorder="little")
        for bits in (
            np.eye(num_languages, dtype=np.bool_),
            ~np.tri(num_languages, dtype=np.bool_),  # column l: the languages below l
        )
    )
    return own, lower


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows of one group in one language are a cell; those that hold a row are numbered from 0.

    Cells are numbered group by group and, within a group, language by language. Some groups share a block, so
    that one look into memory finds all about a group, however many there are.

    Attributes:
        num_groups: Number of groups.
        num_languages: Languages, no language counted as the last of them.
        blocks: (blocks,) records: `first`, number of the block's first cell; `before` (groups,), cells of the
            block before each of its groups; `presence` (groups, bytes), the languages of each.
    """

    num_groups: int
    num_languages: int
    blocks: npt.NDArray[np.void]

    @classmethod
    def empty(cls, num_groups: int, num_languages: int, storage: Storage) -> Cells:
        """Cells without rows, to be written by `number`."""
        num_bytes = -(-num_languages // 8)
        size = max(1, (_BLOCK_BYTES - 8) // (num_bytes + 2))
        layout = np.dtype(
            {
                "names": ["first", "before", "presence"],
                "formats": ["<i8", ("<u2", (size,)), ("u1", (size, num_bytes))],
                "offsets": [0, 8, 8 + 2 * size],
                "itemsize": -(-(8 + size * (num_bytes + 2)) // 8) * 8,
            }
        )
        return cls(num_groups, num_languages, storage.zeros((-(-num_groups // size),), layout))

    def number(self, first_group: int, first_cell: int, present: Presence) -> int:
        """Writes some groups; those before them must have been written.

        Args:
            first_group: The first of them.
            first_cell: Number of cells of all groups before it.
            present: (B, languages) languages in which each has a row.

        Returns:
            Number of cells up to and with these groups.
        """
        blocks, places = self._places(np.arange(first_group, first_group + len(present)))
        ends = first_cell + np.cumsum(present.sum(axis=1))
        firsts = np.append(first_cell, ends[:-1])
        opening = places == 0
        self.blocks["first"][blocks[opening]] = firsts[opening]
        self.blocks["before"][blocks, places] = firsts - self.blocks["first"][blocks]
        self.blocks["presence"][blocks, places] = np.packbits(present, axis=1, bitorder="little")
        return int(ends[-1])

    def _places(self, groups: Groups) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The block of each group, and its place there."""
        size = self.blocks.dtype["before"].shape[0]
        blocks = groups // size
        return blocks, groups - blocks * size

    @property
    def total(self) -> int:
        """Number of cells."""
        return int(self.of(np.array([self.num_groups - 1])).ends()[0]) if self.num_groups else 0

    def of(self, groups: Groups) -> GroupCells:
        """The cells of the given groups."""
        blocks, places = self._places(groups)
        # A copy of the records: what follows need not wait for memory.
        found = self.blocks.take(blocks)
        layout = found.dtype
        num_bytes = layout["presence"].shape[1]
        each = np.arange(len(groups))
        firsts = found["first"] + found["before"][each, places]
        offsets = each * layout.itemsize + 8 + layout["before"].itemsize + places * num_bytes
        packed = found.view(np.uint8).take(offsets + np.arange(num_bytes)[:, None])
        return GroupCells(self.num_languages, firsts, packed)

    def present_in(self, first: int, last: int) -> Presence:
        """(groups, languages) what is present in the groups from one to before another, read in a row."""
        size = self.blocks.dtype["before"].shape[0]
        blocks = self.blocks["presence"][first // size : -(-last // size)]
        packed = blocks.reshape(-1, blocks.shape[2])[first % size :][: last - first]
        return np.unpackbits(packed, axis=1, count=self.num_languages, bitorder="little").view(np.bool_)

    def occur(self, language: int) -> bool:
        """Whether any group has a row in a language."""
        byte, bit = divmod(language, 8)
        return any(
            bool((self.blocks["presence"][start : start + _BLOCKS_AT_ONCE, :, byte] >> bit & 1).any())
            for start in range(0, len(self.blocks), _BLOCKS_AT_ONCE)
        )
