"""The batch sampler: batches of pairs as a pure function of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.schemes import PairBatch, PairSource, Scheme
from isoglot.errors import ConfigError


@dataclass(frozen=True, eq=False)
class BatchShare:
    """A batch, and the queries of it that one process encodes.

    Attributes:
        batch: The whole batch.
        queries: The process' queries; it encodes their documents too.
    """

    batch: PairBatch
    queries: slice

    def __len__(self) -> int:
        return len(self.batch.query_rows[self.queries])


class PairBatchSampler:
    """Yields batches of pairs.

    Fits `torch.utils.data.DataLoader(batch_sampler=...)` over `PairBatches`. Two iterations with the same
    seed and epoch give the same batches; drawing one costs time in its size, not in the corpus'. A language
    with fewer groups than a batch needs fills it by starting over; the loss masks what repeats.

    Every process draws the same batches and encodes its share of each, so all processes meet the same kind
    of batch at every step, and a training sees the same batches whatever their number.

    Attributes:
        pairs: What is drawn from.
        scheme: How.
        batch_size: Pairs a batch, over all processes.
        num_batches: Batches an epoch.
        seed: With the epoch, determines every batch.
        process: Number of this process.
        num_processes: How many share the batches.
        epoch: Set by `set_epoch`.
    """

    def __init__(
        self,
        pairs: TrainingPairs,
        scheme: Scheme,
        batch_size: int,
        num_batches: int,
        *,
        seed: int = 0,
        process: int = 0,
        num_processes: int = 1,
    ) -> None:
        """Makes the sampler.

        Args:
            pairs: Pairs to draw from.
            scheme: Batch scheme.
            batch_size: Pairs a batch over all processes, >= 2 (a batch of one has no negative).
            num_batches: Batches an epoch, >= 1.
            seed: Seed.
            process: Number of this process, from 0.
            num_processes: How many processes share each batch; must divide batch_size.

        Raises:
            ConfigError: If a number is out of range, or the pairs cannot give the scheme's batches.
        """
        if batch_size < 2:
            raise ConfigError(
                f"batch_size must be >= 2, as the negatives come from the batch; got {batch_size}"
            )
        if num_batches < 1:
            raise ConfigError(f"num_batches must be >= 1, got {num_batches}")
        if batch_size % num_processes:
            raise ConfigError(
                f"batch_size counts the pairs of all processes and must be a multiple of their number; got "
                f"{batch_size} for {num_processes} processes"
            )
        scheme.check(pairs)
        self.pairs, self.scheme, self.batch_size, self.num_batches = pairs, scheme, batch_size, num_batches
        self.process, self.num_processes = process, num_processes
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration draws."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[BatchShare]:
        source = PairSource(self.pairs, self.seed, self.epoch)
        size = self.batch_size // self.num_processes
        share = slice(self.process * size, (self.process + 1) * size)
        for _ in range(self.num_batches):
            yield BatchShare(self.scheme.draw(source, self.batch_size), share)
