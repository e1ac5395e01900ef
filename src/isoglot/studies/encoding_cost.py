"""What it costs to encode with finished models: latency, throughput and operations, side by side.

Wall-clock times of different moments are not comparable: the machine was warmer, or busy. So a model and the
reference take turns on the same contents, batch by batch, and what counts is the ratio of their times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.retrieval.contents import Side, contents_of
from isoglot.studies.flops import count_flops

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH_SIZES = (1, 64)
_NUM_CONTENTS = 256
_FLOAT_BYTES = 4
_WARM_UP = 2
"""Batches before those that are timed."""

Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EncodingCost:
    """What one model costs at one batch size, of one medium.

    Attributes:
        model: Its name.
        modality: The medium.
        batch_size: Contents that are encoded at once.
        p50_milliseconds: Median time of a batch.
        p95_milliseconds: Time that 95 of 100 batches stay below.
        items_per_second: Contents over the time of all batches.
        times_reference: Time of a batch over that of the reference for the same batch; the median.
        flops_per_item: Operations for one content, padding of its batch included.
        index_bytes_per_document: Bytes of one vector of 32-bit numbers, without ids and graph.
        num_batches: How many were timed.
    """

    model: str
    modality: str
    batch_size: int
    p50_milliseconds: float
    p95_milliseconds: float
    items_per_second: float
    times_reference: float
    flops_per_item: float
    index_bytes_per_document: int
    num_batches: int


def compare_encoding(
    models: Mapping[str, str | Path],
    corpus: ParallelCorpus,
    *,
    reference: str,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    num_contents: int = _NUM_CONTENTS,
    seconds: float = 2.0,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> list[EncodingCost]:
    """Measures models against a reference, two at a time.

    Args:
        models: Name -> model directory or hub name; the reference is among them.
        corpus: Whose contents are encoded, each medium that it has; texts of all languages alike.
        reference: What the others are compared with.
        batch_sizes: How many contents at once.
        num_contents: Contents of each medium that are drawn.
        seconds: About how long a model is timed for each medium and batch size; five batches at least.
        seed: Of what is drawn.
        clock: Gives the time in seconds.

    Returns:
        One for each model, medium and batch size; none for a medium that a model or the reference does not
        encode. The reference is timed against itself too: how far that is from 1 is the noise.

    Raises:
        ConfigError: If the reference is not among the models.
        CheckpointError: If a model cannot be loaded.
    """
    from isoglot.encoders import load_encoder

    if reference not in models:
        raise ConfigError(f"reference must be one of {', '.join(models)}, got {reference!r}")
    contents = draw_contents(corpus, num_contents, seed=seed)
    base = load_encoder(models[reference])
    found = []
    for name, path in models.items():
        model = base if name == reference else load_encoder(path)
        for modality, (side, items) in contents.items():
            if modality not in model.modalities or modality not in base.modalities:
                continue
            for size in batch_sizes:
                run = [encoder_of(each, side, modality, size) for each in (base, model)]
                timed = take_turns(run, _batches(items, size), seconds=2 * seconds, clock=clock)
                found.append(_cost(name, modality, size, timed, run[1], items, _width(model)))
    return found


def draw_contents(
    corpus: ParallelCorpus, num_contents: int, *, seed: int
) -> dict[str, tuple[Side, list[str]]]:
    """Some contents of each medium of a corpus.

    Args:
        corpus: The corpus.
        num_contents: How many of each, if there are so many.
        seed: Of what is drawn.

    Returns:
        Medium -> the side they stand on (queries, if that medium asks), and texts or files in random order.
    """
    found: dict[str, tuple[Side, list[str]]] = {}
    sides: tuple[tuple[Side, int], ...] = (
        ("query", corpus.queries.num_rows),
        ("document", corpus.documents.num_rows),
    )
    for side, num_rows in sides:
        for part in contents_of(corpus, side, np.arange(num_rows, dtype=np.int32)):
            order = np.random.default_rng(seed).permutation(len(part.distinct))[:num_contents]
            found.setdefault(part.modality, (side, [part.distinct[number] for number in order]))
    return found


def encoder_of(
    model: SentenceTransformer, side: Side, modality: str, batch_size: int
) -> Callable[[list[str]], Any]:
    """Encodes contents of one side and medium as a search does: files opened, prompts put before."""
    from isoglot.retrieval.adapters import adapt

    adapter = adapt(model)

    def encode(contents: list[str]) -> Any:
        return adapter.encode(side, modality, contents, batch_size=batch_size, progress=False)

    return encode


def take_turns(
    encoders: Sequence[Callable[[list[str]], Any]],
    batches: Sequence[list[str]],
    *,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Seconds:
    """Times of several encoders that take turns.

    Args:
        encoders: They take a batch each.
        batches: Encoded over and over, by each encoder in turn; the one that begins changes.
        seconds: How long all of it may take; each has five batches at least.
        clock: Gives the time in seconds.

    Returns:
        (batches, encoders) seconds.
    """
    for encode in encoders:
        for batch in batches[:_WARM_UP]:
            encode(batch)
    rows: list[list[float]] = []
    end = clock() + seconds
    while len(rows) < 5 or (clock() < end and len(rows) < 20 * len(batches)):
        batch = batches[len(rows) % len(batches)]
        taken = [0.0] * len(encoders)
        first = len(rows) % len(encoders)
        for number in [*range(first, len(encoders)), *range(first)]:
            start = clock()
            encoders[number](batch)
            taken[number] = clock() - start
        rows.append(taken)
    return np.array(rows)


def _batches(items: list[str], size: int) -> list[list[str]]:
    """Whole batches; what a small corpus lacks is repeated."""
    repeated = items * -(-size // len(items))
    return [repeated[start : start + size] for start in range(0, len(repeated) - size + 1, size)]


def _cost(
    name: str,
    modality: str,
    size: int,
    timed: Seconds,
    encode: Callable[[list[str]], Any],
    items: list[str],
    dimension: int,
) -> EncodingCost:
    batches = _batches(items, size)[: max(1, 64 // size)]
    with count_flops() as counted:
        for batch in batches:
            encode(batch)
    base, own = timed.T
    p50, p95 = (float(value) for value in np.quantile(own * 1000, (0.5, 0.95)))
    return EncodingCost(
        model=name,
        modality=modality,
        batch_size=size,
        p50_milliseconds=p50,
        p95_milliseconds=p95,
        items_per_second=size * len(own) / float(own.sum()),
        times_reference=float(np.median(own / base)),
        flops_per_item=counted.total / (size * len(batches)),
        index_bytes_per_document=_FLOAT_BYTES * dimension,
        num_batches=len(own),
    )


def _width(model: SentenceTransformer) -> int:
    return model.get_embedding_dimension() or 0
