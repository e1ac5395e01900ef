"""What drawing batches costs at scale: memory and time, up to 100 million groups in 20 languages.

    python benchmarks/sampler.py                        # 1 million groups, under a minute
    python benchmarks/sampler.py --groups 100000000     # 100 million; about 6 GB of disk in $ISOGLOT_CACHE

The corpus is synthetic: group and language of a row are computed, not stored, as tables of four billion rows
fit no usual disk. All that lies between them and a batch is what real corpora use. `complete` has a query and
a document of every group in every language; `70%` lacks three in ten of each, at random within every thousand
groups.

Printed are the peak of anonymous memory, beyond what Python takes with its libraries, while what batches are
drawn from is built and while they are drawn; the pages of files that are mapped at the end, which the system
drops when it needs room; the median and 99th percentile of a batch by the clock, and the median of the
processor's time, which other programs on the machine change little. Measured in the same run is what as many
reads cost numpy alone: from a million numbers in memory, and from the files that batches are drawn from.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from isoglot.batches import (
    CrossLingual,
    Hybrid,
    MixPassages,
    Monolingual,
    PairBatchSampler,
    Pooled,
    RoundRobin,
    Scheme,
    TrainingPairs,
    training_pairs,
)
from isoglot.batches.storage import Storage
from isoglot.corpora.judgements import Split
from isoglot.corpora.mapped import cache_folder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_PERIOD = 1_000
"""Groups after which the pattern of what is missing begins anew."""
SCHEMES: dict[str, Scheme] = {
    "monolingual": Monolingual(),
    "cross-lingual": CrossLingual(),
    "hybrid": Hybrid(),
    "pooled, 2 answers": Pooled(2),
    "mix-passages": MixPassages(),
    "round-robin": RoundRobin(),
}


@dataclass(frozen=True, eq=False)
class PatternColumn:
    """A column of a table whose rows repeat a pattern, by row or by slice.

    Attributes:
        pattern: (rows of a period,) values.
        step: What is added for every period.
        length: Rows.
    """

    pattern: npt.NDArray[Any]
    step: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, rows: Any) -> npt.NDArray[Any]:
        if isinstance(rows, slice):
            return self._range(*rows.indices(self.length)[:2])
        periods, within = np.divmod(np.asarray(rows, np.int64), len(self.pattern))
        values: npt.NDArray[Any] = (self.pattern[within] + periods * self.step).astype(self.pattern.dtype)
        return values

    def _range(self, start: int, stop: int) -> npt.NDArray[Any]:
        size = len(self.pattern)
        added = np.arange(start // size, -(-stop // size), dtype=np.int32) * np.int32(self.step)
        values: npt.NDArray[Any] = (self.pattern + added[:, None]).ravel()[start % size :][: stop - start]
        return values.astype(self.pattern.dtype, copy=False)


@dataclass(frozen=True)
class Table:
    """As much of a table as training pairs ask for."""

    num_rows: int


@dataclass(frozen=True, eq=False)
class SyntheticCorpus:
    """What training pairs ask of a `ParallelCorpus`, computed."""

    num_groups: int
    languages: tuple[str, ...]
    queries: Table
    documents: Table
    query_groups: PatternColumn
    document_groups: PatternColumn
    query_languages: tuple[tuple[str, ...], PatternColumn]
    document_languages: tuple[tuple[str, ...], PatternColumn]
    info: CorpusInfo = field(default_factory=lambda: CorpusInfo("synthetic"))
    query_modalities: tuple[tuple[str, ...], None] = (("text",), None)
    document_modalities: tuple[tuple[str, ...], None] = (("text",), None)
    negatives: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The corpus' short name."""
        return self.info.name

    def split(self, name: str) -> Split:
        """All groups, whatever the name."""
        return Split(
            groups=cast("Any", PatternColumn(np.arange(_PERIOD, dtype=np.int32), _PERIOD, self.num_groups))
        )


def synthetic_corpus(num_groups: int, num_languages: int, share: float) -> ParallelCorpus:
    """A corpus in which each group has that share of all languages, on each side for itself."""
    rng = np.random.default_rng(0)
    tags = tuple(f"l{code:03}" for code in range(num_languages))
    columns: list[Any] = []
    for _ in range(2):
        present = rng.random((_PERIOD, num_languages)) < share
        groups, codes = np.nonzero(present)
        length = len(groups) * (num_groups // _PERIOD)
        columns += [
            PatternColumn(groups.astype(np.int32), _PERIOD, length),
            (tags, PatternColumn(codes.astype(np.int16), 0, length)),
        ]
    corpus = SyntheticCorpus(
        num_groups,
        tags,
        Table(len(columns[0])),
        Table(len(columns[2])),
        columns[0],
        columns[2],
        columns[1],
        columns[3],
    )
    return cast("ParallelCorpus", corpus)


def resident(kind: str) -> float:
    """Memory of this process in MB: `RssAnon`, or `RssFile` for pages of files."""
    lines = Path("/proc/self/status").read_text().split("\n")
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1024


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """Gives the highest anonymous memory since it was entered, beyond what there was, in MB."""
    before = resident("RssAnon")
    highest, done = [before], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            highest[0] = max(highest[0], resident("RssAnon"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: max(highest[0], resident("RssAnon")) - before
    finally:
        done.set()
        watcher.join()


def times_ms(step: Callable[[], object], number: int) -> npt.NDArray[np.float64]:
    """(calls, 2) milliseconds of each of several calls, by the clock and of the processor."""
    taken = np.empty((number, 2))
    for place in range(number):
        started = time.perf_counter(), time.thread_time()
        step()
        taken[place] = time.perf_counter() - started[0], time.thread_time() - started[1]
    return taken * 1e3


def shown(taken: npt.NDArray[np.float64]) -> str:
    """Median and 99th percentile by the clock, and median of the processor."""
    clock, processor = taken.T
    return f"{np.median(clock):8.3f} {np.percentile(clock, 99):8.3f} {np.median(processor):10.3f}"


def read_limits(pairs: TrainingPairs, batch_size: int, number: int) -> dict[str, npt.NDArray[np.float64]]:
    """Times of reading a batch of numbers at random, from memory and from the mapped files."""
    rng = np.random.default_rng(0)
    in_memory = np.arange(1_000_000, dtype=np.int64)
    sides = (pairs.queries, pairs.documents)

    def from_files() -> None:
        for side in sides:
            places = rng.integers(0, side.num_groups, batch_size)
            side.cells.of(places)

    return {
        "numpy, a million numbers in memory": times_ms(lambda: rng.choice(in_memory, batch_size), number),
        "what both sides of the mapped files hold": times_ms(from_files, number),
    }


def measure(share: float, options: argparse.Namespace) -> None:
    """Builds and draws, and prints what it cost."""
    name = "complete" if share == 1 else f"{share:.0%}"
    corpus = synthetic_corpus(options.groups, options.languages, share)
    storage = Storage(None if options.in_memory else cache_folder() / "batches")
    with peak_memory() as peak:
        started = time.perf_counter()
        pairs = training_pairs(corpus, storage=storage)
        samplers = {
            label: PairBatchSampler(pairs, scheme, options.batch_size, 10**9, seed=1)
            for label, scheme in SCHEMES.items()
        }
        seconds = time.perf_counter() - started
        rows = corpus.queries.num_rows + corpus.documents.num_rows
        print(f"\n{name}: {options.groups:,} groups, {options.languages} languages, {rows:,} rows")
        print(
            f"  built in {seconds:.0f} s ({rows / seconds / 1e6:.1f} million rows a second); peak "
            f"{peak():.0f} MB"
        )
    with peak_memory() as peak:
        print(f"  {'ms a batch of ' + format(options.batch_size, ','):40}   median      p99  processor")
        for label, sampler in samplers.items():
            batches = iter(sampler)
            next(batches)
            print(f"  {label:40} {shown(times_ms(lambda batches=batches: next(batches), options.batches))}")
        print(f"  drawing: peak {peak():.0f} MB of memory; {resident('RssFile'):.0f} MB of files are mapped")
    for label, taken in read_limits(pairs, options.batch_size, options.batches).items():
        print(f"  {label:40} {shown(taken)}")


def main() -> None:
    """Measures a complete corpus and one with gaps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", type=int, default=1_000_000, help=f"a multiple of {_PERIOD:,}")
    parser.add_argument("--languages", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=1_024)
    parser.add_argument("--batches", type=int, default=500)
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[1.0, 0.7], help="of the languages a group has"
    )
    parser.add_argument("--in-memory", action="store_true", help="keep everything in memory")
    options = parser.parse_args()
    if options.groups < _PERIOD or options.groups % _PERIOD:
        parser.error(f"--groups must be a multiple of {_PERIOD}, got {options.groups}")
    print(
        f"Python with its libraries: {resident('RssAnon'):.0f} MB, and {resident('RssFile'):.0f} MB of files"
    )
    for share in options.shares:
        measure(share, options)


if __name__ == "__main__":
    main()
