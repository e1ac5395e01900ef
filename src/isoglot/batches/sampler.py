"""The batch sampler: batches of pairs as a pure function of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.batches.drawing import PairBatch, PairSource
from isoglot.batches.negatives import add_negatives, negatives_problems
from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.schemes import Scheme
from isoglot.errors import ConfigError


@dataclass(frozen=True, eq=False)
class BatchPart:
    """One of the parts that a training is drawn from: pairs of a corpus, and how batches are made of them.

    Attributes:
        pairs: What is drawn from.
        scheme: How.
        batch_size: Pairs a batch, over all processes, >= 2 (a batch of one has no negative).
        weight: Its share of the batches, in proportion to the weights of all parts; > 0.
        num_negatives: Hard negatives of each query, >= 0.
        name: What it is called where batches are counted; "" for the name of its corpus.
    """

    pairs: TrainingPairs
    scheme: Scheme
    batch_size: int
    weight: float = 1.0
    num_negatives: int = 0
    name: str = ""

    @property
    def label(self) -> str:
        """Its name, or that of its corpus."""
        return self.name or self.pairs.corpus.name

    def problems(self, num_processes: int) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if self.batch_size < 2:
            found.append(
                f"batch_size must be >= 2, as the negatives come from the batch; got {self.batch_size}"
            )
        if self.batch_size % num_processes:
            found.append(
                f"batch_size counts the pairs of all processes and must be a multiple of their number; got "
                f"{self.batch_size} for {num_processes} processes"
            )
        if not 0 < self.weight < float("inf"):
            found.append(f"weight must be > 0, got {self.weight}")
        return [*found, *negatives_problems(self.pairs, self.num_negatives), *self._scheme_problems()]

    def _scheme_problems(self) -> list[str]:
        try:
            self.scheme.check(self.pairs, self.batch_size)
        except ConfigError as error:
            return [str(error)]
        return []


@dataclass(frozen=True, eq=False)
class BatchShare:
    """A batch, and the queries of it that one process encodes.

    Attributes:
        batch: The whole batch.
        queries: The process' queries; it encodes their documents too.
        part: Number of the part that it was drawn from.
        step: Number of the batch, over all epochs.
    """

    batch: PairBatch
    queries: slice
    part: int = 0
    step: int = 0

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
        parts: What is drawn from, and how; every batch comes from one of them.
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
        num_negatives: int = 0,
        seed: int = 0,
        process: int = 0,
        num_processes: int = 1,
    ) -> None:
        """Makes the sampler of one part.

        Args:
            pairs: Pairs to draw from.
            scheme: Batch scheme.
            batch_size: Pairs a batch over all processes, >= 2 (a batch of one has no negative).
            num_batches: Batches an epoch, >= 1.
            num_negatives: Hard negatives of each query, >= 0.
            seed: Seed.
            process: Number of this process, from 0.
            num_processes: How many processes share each batch; must divide batch_size.

        Raises:
            ConfigError: If a number is out of range, or the pairs cannot give the scheme's batches.
        """
        self.parts: tuple[BatchPart, ...] = (
            BatchPart(pairs, scheme, batch_size, num_negatives=num_negatives),
        )
        self.num_batches = num_batches
        self.process, self.num_processes = process, num_processes
        self.seed, self.epoch = seed, 0
        self._check()

    @classmethod
    def of_parts(
        cls,
        parts: Sequence[BatchPart],
        num_batches: int,
        *,
        seed: int = 0,
        process: int = 0,
        num_processes: int = 1,
    ) -> PairBatchSampler:
        """A sampler of several parts, each with its own scheme, batch size and weight.

        The part of every batch is drawn by weight. What is drawn from a part does not depend on the others,
        but for how often its turn comes.

        Args:
            parts: One or more.
            num_batches: Batches an epoch over all parts, >= 1.
            seed: Seed.
            process: Number of this process, from 0.
            num_processes: How many processes share each batch; must divide every batch size.

        Returns:
            The sampler.

        Raises:
            ConfigError: If there is no part, a number is out of range, or the pairs of a part cannot give
                its scheme's batches; all problems at once.
        """
        sampler = cls.__new__(cls)
        sampler.parts, sampler.num_batches = tuple(parts), num_batches
        sampler.process, sampler.num_processes = process, num_processes
        sampler.seed, sampler.epoch = seed, 0
        sampler._check()
        return sampler

    def _check(self) -> None:
        found = [] if self.parts else ["give one part or more to draw batches from"]
        if self.num_batches < 1:
            found.append(f"num_batches must be >= 1, got {self.num_batches}")
        for number, part in enumerate(self.parts):
            prefix = f"part {number} ({part.label}): " if len(self.parts) > 1 else ""
            found += [prefix + problem for problem in part.problems(self.num_processes)]
        if found:
            raise ConfigError("\n".join(found))

    @property
    def pairs(self) -> TrainingPairs:
        """Pairs of the first part."""
        return self.parts[0].pairs

    @property
    def batch_size(self) -> int:
        """Pairs of the largest batch, over all processes."""
        return max(part.batch_size for part in self.parts)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Tags of all parts, sorted: what the language codes of a collated batch index."""
        return tuple(sorted({tag for part in self.parts for tag in part.pairs.languages}))

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration draws."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[BatchShare]:
        sources = [
            PairSource(part.pairs, self.seed, self.epoch, number) for number, part in enumerate(self.parts)
        ]
        rng = np.random.default_rng(
            np.random.SeedSequence([self.seed, self.epoch], spawn_key=(len(sources),))
        )
        for number in range(self.num_batches):
            chosen = self._choose_part(rng)
            part, source = self.parts[chosen], sources[chosen]
            source.step = self.epoch * self.num_batches + number
            batch = part.scheme.draw(source, part.batch_size)
            if part.num_negatives:
                batch = add_negatives(batch, source, part.num_negatives)
            size = part.batch_size // self.num_processes
            queries = slice(self.process * size, (self.process + 1) * size)
            yield BatchShare(batch, queries, chosen, source.step)

    @cached_property
    def _reached(self) -> npt.NDArray[np.float64]:
        """(parts,) share of the batches up to and with each part."""
        weights = np.cumsum([part.weight for part in self.parts])
        return np.asarray(weights / weights[-1])

    def _choose_part(self, rng: np.random.Generator) -> int:
        """The number of the next batch's part; takes one random number, whatever the weights."""
        return min(int(np.searchsorted(self._reached, rng.random(), "right")), len(self.parts) - 1)
