"""The batch sampler that sentence-transformers' trainer iterates over: whole batches, dealt to processes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.batches.plain.rows import PairRows, Rows, RowStream
from isoglot.batches.plain.shares import BatchShare
from isoglot.errors import ConfigError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RowBatch:
    """A whole batch: what all processes see in one step.

    Attributes:
        kind: `monolingual`, `cross_lingual`, `mixed` or `any`.
        rows: (B,) its rows; equal parts of it go to the processes, in their order.
        cells: (B,) the cell that each row is of.
    """

    kind: str
    rows: Rows
    cells: npt.NDArray[np.int64]


class RowBatchSampler:
    """Batches of rows as a pure function of (seed, epoch), whatever the number of processes.

    A whole batch is drawn for all processes and yielded as that many batches in a row. Accelerate deals
    batches to processes in turn, so all of them are at the same kind of batch and language pair in every
    step, and no group is in a whole batch twice, be it on one process or on two. A language pair with fewer
    groups than a batch has places gives smaller batches, of one size on all processes. A pair that has run
    out starts over, in another order, until the epoch has drawn as many pairs as there are to draw.

    Attributes:
        pair_rows: What is drawn from.
        shares: How.
        num_processes: How many processes share a batch.
        settings: What made it, for records.
        seed: With the epoch, determines every batch.
        epoch: Set by `set_epoch`.
        batch_size: None, since batches differ in size: accelerate silently drops those of another size than
            the number given here.
        drop_last: Whether an epoch leaves out what does not fill its last batch.
    """

    batch_size = None

    def __init__(
        self,
        pair_rows: PairRows,
        shares: tuple[BatchShare, ...],
        *,
        num_processes: int,
        drop_last: bool = False,
        seed: int | None = 0,
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Makes the sampler.

        Args:
            pair_rows: The rows by language pair.
            shares: How often each kind of batch is drawn.
            num_processes: How many processes share a batch, >= 1.
            drop_last: Whether an epoch leaves out what does not fill its last batch.
            seed: Seed; None is 0.
            settings: What made it, for records.

        Raises:
            ConfigError: If num_processes < 1, or a kind of batch has too few groups to give every process two
                pairs.
        """
        if num_processes < 1:
            raise ConfigError(f"num_processes must be >= 1, got {num_processes}")
        self.pair_rows, self.shares = pair_rows, shares
        self.num_processes, self.drop_last = num_processes, drop_last
        self.seed, self.epoch = seed or 0, 0
        self.settings = dict(settings or {})
        self._check_sizes()

    def _check_sizes(self) -> None:
        needed = 2 * self.num_processes
        problems = []
        for share in self.shares:
            drawn = np.flatnonzero(share.probabilities)
            for cells in drawn[:, None] if share.one_cell else [drawn]:
                names = ", ".join(self.pair_rows.cells[cell].name for cell in cells)
                rows = np.concatenate([self.pair_rows.cells[cell].rows for cell in cells])
                num_groups = self.pair_rows.num_meeting(rows)
                wanted = self.num_processes * max(self.pair_rows.cells[cell].batch_size for cell in cells)
                if num_groups < needed:
                    problems.append(
                        f"{share.kind} batches of {names}: rows of {num_groups} groups, and a batch needs "
                        f"{needed} or more (two for each process); add rows, or leave these out"
                    )
                elif num_groups < wanted:
                    logger.warning(
                        "%s batches of %s hold %d pairs, not %d: there are no more groups",
                        *(share.kind, names, num_groups, wanted),
                    )
        if problems:
            raise ConfigError("\n".join(problems))

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration draws."""
        self.epoch = epoch

    @property
    def pairs_a_process(self) -> int:
        """The most pairs that a process takes of a batch."""
        return max(cell.batch_size for cell in self.pair_rows.cells)

    @property
    def num_whole_batches(self) -> int:
        """Whole batches an epoch: each cell that is drawn from counts with its rows by its batch size."""
        drawn = np.any([share.probabilities > 0 for share in self.shares], axis=0)
        cells = [cell for cell, known in zip(self.pair_rows.cells, drawn, strict=True) if known]
        number = sum(len(cell.rows) / (cell.batch_size * self.num_processes) for cell in cells)
        return max(1, int(number if self.drop_last else np.ceil(number)))

    def __len__(self) -> int:
        return self.num_whole_batches * self.num_processes

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.whole_batches(self._epoch_of_loader()):
            yield from (part.tolist() for part in np.split(batch.rows, self.num_processes))

    def whole_batches(self, epoch: int) -> Iterator[RowBatch]:
        """The batches of an epoch, each for all processes."""
        draws = _EpochDraws(self, epoch)
        return (draws.next_batch() for _ in range(self.num_whole_batches))

    def _epoch_of_loader(self) -> int:
        """The epoch of the data loader that iterates over this sampler; the last one set where there is none.

        A trainer that resumes in a later epoch on several processes tells accelerate's loader, which does not
        pass it on through the two samplers that it puts around this one.
        """
        from accelerate.state import GradientState

        loader = GradientState().active_dataloader
        wrapped = getattr(loader, "batch_sampler", None)
        while wrapped is not None and wrapped is not self:
            wrapped = getattr(wrapped, "batch_sampler", None)
        return self.epoch if wrapped is None else int(loader.iteration)


class _EpochDraws:
    """What one epoch remembers: the order of each cell's rows."""

    def __init__(self, sampler: RowBatchSampler, epoch: int) -> None:
        self._sampler = sampler
        self._step = epoch * sampler.num_whole_batches
        self._rng = np.random.default_rng([sampler.seed, epoch])
        cells = sampler.pair_rows.cells
        # A key for each cell: data sets of one length, such as translations, must not come in the same order.
        keys = np.random.SeedSequence([sampler.seed, epoch]).generate_state(len(cells), np.uint64)
        self._streams = [RowStream(cell.rows, int(key) >> 1) for cell, key in zip(cells, keys, strict=True)]

    def next_batch(self) -> RowBatch:
        sampler = self._sampler
        kinds = [share.share_at(self._step) for share in sampler.shares]
        self._step += 1
        share = sampler.shares[int(self._rng.choice(len(kinds), p=kinds))]
        drawn = _Drawn(sampler.pair_rows, self._streams)
        counts = self._counts(share)
        for cell in np.flatnonzero(counts):
            drawn.take(int(cell), int(counts[cell]))
        if not share.one_cell:  # what a small cell could not give comes from the others
            for cell in self._rng.permutation(np.flatnonzero(share.probabilities)):
                drawn.take(int(cell), int(counts.sum()) - len(drawn.rows))
        drawn.make_divisible(sampler.num_processes)
        if len(drawn.rows) < 2 * sampler.num_processes:
            raise ConfigError(
                f"the rows share so many groups that a {share.kind} batch has {len(drawn.rows)} pairs for "
                f"{sampler.num_processes} processes; add rows, or group by fewer columns"
            )
        # The parts of the processes must not differ in their languages.
        order = self._rng.permutation(len(drawn.rows))
        return RowBatch(share.kind, np.array(drawn.rows)[order], np.array(drawn.cells)[order])

    def _counts(self, share: BatchShare) -> npt.NDArray[np.int64]:
        """(cells,) places that each cell has in the next batch."""
        cells, processes = self._sampler.pair_rows.cells, self._sampler.num_processes
        chosen = int(self._rng.choice(len(cells), p=share.probabilities))
        size = cells[chosen].batch_size * processes
        if not share.one_cell:
            return np.asarray(self._rng.multinomial(size, share.probabilities), np.int64)
        counts = np.zeros(len(cells), np.int64)
        counts[chosen] = size
        return counts


class _Drawn:
    """A batch on the way: its rows so far, and the groups that are in it."""

    def __init__(self, pair_rows: PairRows, streams: list[RowStream]) -> None:
        self.rows: list[int] = []
        self.cells: list[int] = []
        self._pair_rows, self._streams = pair_rows, streams
        self._groups: set[int] = set()

    def take(self, cell: int, number: int) -> None:
        """Adds so many rows of a cell, or as many as it has of groups that are not in the batch."""
        possible = min(number, int(self._pair_rows.num_groups[cell]))
        found = self._streams[cell].take(possible, self._admit)
        self.rows.extend(found)
        self.cells.extend([cell] * len(found))

    def _admit(self, row: int) -> bool:
        groups = self._pair_rows.groups[row].tolist()
        if not self._groups.isdisjoint(groups):
            return False
        self._groups.update(groups)
        return True

    def make_divisible(self, divisor: int) -> None:
        """Gives back the last rows that cannot be dealt evenly."""
        for _ in range(len(self.rows) % divisor):
            self._streams[self.cells.pop()].give_back(self.rows.pop())
