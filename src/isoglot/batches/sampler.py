"""The batch sampler: batches of pairs as a pure function of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.schemes import PairSource, Scheme
from isoglot.errors import ConfigError


class PairBatchSampler:
    """Yields batches of pairs, as lists of numbers that say (query row, document row) at once.

    Fits `torch.utils.data.DataLoader(batch_sampler=...)`. Two iterations with the same seed and epoch give
    the same batches; drawing one costs time in its size, not in the corpus'. A language with fewer groups
    than a batch needs fills it by starting over; the loss masks what repeats.

    Attributes:
        pairs: What is drawn from.
        scheme: How.
        batch_size: Pairs a batch.
        num_batches: Batches an epoch.
        seed: With the epoch, determines every batch.
        epoch: Set by `set_epoch`.
    """

    def __init__(
        self, pairs: TrainingPairs, scheme: Scheme, batch_size: int, num_batches: int, *, seed: int = 0
    ) -> None:
        """Makes the sampler.

        Args:
            pairs: Pairs to draw from.
            scheme: Batch scheme.
            batch_size: Pairs a batch, >= 2 (a batch of one has no negative).
            num_batches: Batches an epoch, >= 1.
            seed: Seed.

        Raises:
            ConfigError: If a number is out of range, or the pairs cannot give the scheme's batches.
        """
        if batch_size < 2:
            raise ConfigError(
                f"batch_size must be >= 2, as the negatives come from the batch; got {batch_size}"
            )
        if num_batches < 1:
            raise ConfigError(f"num_batches must be >= 1, got {num_batches}")
        scheme.check(pairs)
        self.pairs, self.scheme, self.batch_size, self.num_batches = pairs, scheme, batch_size, num_batches
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration draws."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[list[int]]:
        source = PairSource(self.pairs, self.seed, self.epoch)
        num_documents = self.pairs.corpus.documents.num_rows
        for _ in range(self.num_batches):
            batch = self.scheme.draw(source, self.batch_size)
            yield (batch.query_rows.astype(np.int64) * num_documents + batch.document_rows).tolist()

    def rows(self, numbers: list[int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The (B,) query rows and (B,) document rows that a yielded batch stands for."""
        query_rows, document_rows = np.divmod(
            np.array(numbers, np.int64), self.pairs.corpus.documents.num_rows
        )
        return query_rows, document_rows
