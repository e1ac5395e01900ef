"""Samples of complete scenes: without repetition, even over all values, and light in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Literal, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.world.scenes.scene import Melody, Scene
from isoglot.world.scenes.space import Kind, Numbers, Stratum, strata

SaidT = TypeVar("SaidT", Scene, Melody)
Keep = Callable[[Scene | Melody], bool]

_CHUNK = 1 << 11
"""How many numbers are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Sequence[SaidT], Generic[SaidT]):
    """Scenes that are built when they are asked for: ten bytes each until then.

    Attributes:
        kind: Their kind.
        stratum_numbers: (n,) of which stratum of the kind each is.
        numbers: (n,) its number in the stratum.
        from_second: (n,) whether it is said from its second thing, where that is possible.
    """

    kind: Kind
    stratum_numbers: npt.NDArray[np.uint8]
    numbers: Numbers
    from_second: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> SaidT: ...
    @overload
    def __getitem__(self, index: slice) -> Sample[SaidT]: ...
    def __getitem__(self, index: int | slice) -> SaidT | Sample[SaidT]:
        if isinstance(index, slice):
            chosen = self.stratum_numbers[index], self.numbers[index], self.from_second[index]
            return Sample(self.kind, *chosen)
        stratum = strata(self.kind)[self.stratum_numbers[index]]
        return cast(SaidT, stratum.build(int(self.numbers[index]), bool(self.from_second[index])))


def space_size(kind: Kind) -> int:
    """How many complete scenes of a kind differ in meaning.

    Args:
        kind: The kind.

    Returns:
        Their number, as many as `all_scenes` yields.
    """
    return sum(stratum.num_scenes for stratum in strata(kind))


def _all_numbers(stratum: Stratum) -> Iterator[Numbers]:
    """All numbers that are no gaps, in order, a chunk at a time."""
    for start in range(0, stratum.num_numbers, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, stratum.num_numbers))
        yield numbers[stratum.allowed(stratum.columns(numbers))]


def all_scenes(kind: Kind) -> Iterator[Scene | Melody]:
    """Every complete scene of a kind, one for each meaning, in a fixed order.

    Args:
        kind: The kind.

    Yields:
        `space_size(kind)` scenes, or melodies.
    """
    for stratum in strata(kind):
        for numbers in _all_numbers(stratum):
            yield from map(stratum.build, numbers.tolist())


@overload
def sample_scenes(
    number: int, kind: Literal["melody"], *, seed: int, keep: Keep | None = None
) -> Sample[Melody]: ...
@overload
def sample_scenes(
    number: int,
    kind: Literal["single", "pair", "moving", "moving_pair", "crossing"],
    *,
    seed: int,
    keep: Keep | None = None,
) -> Sample[Scene]: ...
@overload
def sample_scenes(
    number: int, kind: Kind, *, seed: int, keep: Keep | None = None
) -> Sample[Scene] | Sample[Melody]: ...
def sample_scenes(
    number: int, kind: Kind, *, seed: int, keep: Keep | None = None
) -> Sample[Scene] | Sample[Melody]:
    """Draws complete scenes, no two of which mean the same.

    Strata are drawn from by their weights, so that each of the six relations of pairs has a sixth (what a
    small stratum lacks comes from the others); within a stratum every scene is equally likely. Scenes come in
    whole orbits (see `isoglot.world.scenes.space`), so that within a stratum the values of a field occur
    almost equally often. Of the two ways to say left and right, above and below, and a crossing, each has one
    half.

    Args:
        number: How many, at least 1.
        kind: Of which kind.
        seed: Not negative; the same gives the same.
        keep: Which scenes to keep; None for all. Others are drawn in place of those which are not kept.

    Returns:
        The scenes in random order. Of at least 24 in each stratum (150 pairs, 150 moving pairs, 24 of another
        kind), every value of every field that they have occurs, unless `keep` drops some.

    Raises:
        ConfigError: If there are fewer such scenes, or the number or the seed is out of range.
    """
    if number < 1 or seed < 0:
        raise ConfigError(f"number must be at least 1 and seed at least 0, got {number} and {seed}")
    rng = np.random.default_rng([seed, *map(ord, kind)])
    sources = [_Source(stratum, rng, keep) for stratum in strata(kind)]
    missing = number
    while missing and any(not source.empty for source in sources):
        live = [source for source in sources if not source.empty]
        shares = _shares(missing, [source.stratum.weight for source in live])
        missing -= sum(source.draw(share) for source, share in zip(live, shares, strict=True))
    if missing:
        raise ConfigError(
            f"number must be at most {number - missing:,}, got {number:,}: there are no more scenes of kind "
            f"{kind!r}{' that are kept' if keep else ''}; ask for fewer, or for another kind"
        )
    return _joined(kind, sources, rng)


def _shares(number: int, weights: list[int]) -> list[int]:
    """Whole shares by weight that sum to a number; the first have what is left over."""
    bounds = [-(-number * sum(weights[:end]) // sum(weights)) for end in range(len(weights) + 1)]
    return [high - low for low, high in pairwise(bounds)]


def _joined(kind: Kind, sources: list[_Source], rng: np.random.Generator) -> Sample[Scene]:
    numbers = np.concatenate([source.drawn for source in sources])
    places = np.repeat(np.arange(len(sources), dtype=np.uint8), [len(source.drawn) for source in sources])
    halves = [rng.permutation(len(source.drawn)) % 2 == 1 for source in sources]
    order = rng.permutation(len(numbers))
    return Sample(kind, places[order], numbers[order], np.concatenate(halves)[order])


class _Source:
    """Draws from one stratum, orbit by orbit.

    Attributes:
        stratum: What is drawn from.
        drawn: The numbers so far.
        empty: Whether there is no more.
    """

    def __init__(self, stratum: Stratum, rng: np.random.Generator, keep: Keep | None) -> None:
        """Makes the source.

        Args:
            stratum: What is drawn from.
            rng: Draws.
            keep: Which scenes to keep; None for all.
        """
        self.stratum = stratum
        self.drawn: Numbers = np.empty(0, dtype=np.int64)
        self.empty = False
        self._keep = keep
        self._left: Numbers = np.empty(0, dtype=np.int64)
        self._chunks = _shuffled(stratum, rng)

    def draw(self, number: int) -> int:
        """Draws so many, or as many as there are.

        Args:
            number: How many.

        Returns:
            How many have been drawn.
        """
        found, num_found = [self._left], len(self._left)
        while num_found < number and not self.empty:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.empty = True
                break
            found.append(self._kept(chunk))
            num_found += len(found[-1])
        numbers = np.concatenate(found)
        self.drawn = np.concatenate([self.drawn, numbers[:number]])
        self._left = numbers[number:]
        return min(number, num_found)

    def _kept(self, numbers: Numbers) -> Numbers:
        if self._keep is None:
            return numbers
        kept = [self._keep(self.stratum.build(number)) for number in numbers.tolist()]
        found: Numbers = numbers[np.asarray(kept, dtype=bool)]
        return found


def _shuffled(stratum: Stratum, rng: np.random.Generator) -> Iterator[Numbers]:
    """All numbers that are no gaps, in random whole orbits, under a random naming of the values."""
    names = {digit.field: rng.permutation(len(digit.values)) for digit in stratum.digits}
    length = stratum.orbit_length
    orbits = rng.permutation(stratum.num_numbers // length)
    starts = rng.integers(length, size=len(orbits))
    num_together = max(1, _CHUNK // length)
    for low in range(0, len(orbits), num_together):
        together = slice(low, low + num_together)
        steps = starts[together, None] + np.arange(length)
        columns = stratum.orbit(np.repeat(orbits[together], length), steps.ravel())
        renamed = np.stack([names[d.field][columns[:, i]] for i, d in enumerate(stratum.digits)], axis=1)
        fine = stratum.allowed(columns) if stratum.crossing else stratum.allowed(renamed)
        yield stratum.numbers(renamed[fine])
