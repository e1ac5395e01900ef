"""Permutations that are never written out."""

import numpy as np
import numpy.typing as npt
import pytest

from isoglot.batches.permutation import PermutedStreams, Shapes, permute


def elements(size: int, key: int, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return permute(
        positions, Shapes.of(np.full(len(positions), size)), np.full(len(positions), key, np.uint64)
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1000, 4097])
def test_every_element_comes_once(size: int) -> None:
    assert sorted(elements(size, 3, np.arange(size)).tolist()) == list(range(size))


def test_a_key_gives_one_order_and_another_key_another() -> None:
    positions = np.arange(1000)
    assert np.array_equal(elements(1000, 5, positions), elements(1000, 5, positions))
    agreeing = np.mean(elements(1000, 5, positions) == elements(1000, 6, positions))
    assert agreeing < 0.02


def test_neighbours_in_position_are_far_apart() -> None:
    size = 10_000
    found = elements(size, 1, np.arange(size))
    # Distances of random neighbours average a third of the size.
    assert np.abs(np.diff(found)).mean() == pytest.approx(size / 3, rel=0.05)


def test_any_position_of_a_huge_permutation_is_at_hand() -> None:
    size = 100_000_000
    found = elements(size, 9, np.arange(size - 1000, size))
    assert len(np.unique(found)) == 1000
    assert found.min() >= 0
    assert found.max() < size


def test_permutations_of_several_sizes_at_once_are_those_of_each() -> None:
    sizes, keys = np.array([5, 1000, 5, 70_000, 1]), np.array([3, 1, 8, 2**63, 0], np.uint64)
    positions = np.array([4, 17, 0, 69_999, 0])
    together = permute(positions, Shapes.of(sizes), keys)
    alone = [
        elements(int(size), int(key), np.array([position]))[0]
        for size, key, position in zip(sizes, keys, positions, strict=True)
    ]
    assert together.tolist() == alone


def test_a_stream_repeats_nothing_within_a_pass_and_reorders_the_next() -> None:
    streams = PermutedStreams(np.array([10, 0, 3]), np.array([4, 5, 6], np.uint64))
    wanted = [np.array([0] * 7 + [2] * 2), np.array([2, 0, 0, 0, 0, 2, 0, 0, 0, 2]), np.array([0] * 6)]
    taken = [streams.take(each) for each in wanted]
    first = np.concatenate([t[w == 0] for t, w in zip(taken, wanted, strict=True)])
    third = np.concatenate([t[w == 2] for t, w in zip(taken, wanted, strict=True)])
    assert sorted(first[:10].tolist()) == sorted(first[10:].tolist()) == list(range(10))
    assert first[:10].tolist() != first[10:].tolist()
    assert sorted(third[:3].tolist()) == [0, 1, 2]


def test_taking_at_once_or_bit_by_bit_is_the_same() -> None:
    wanted = np.random.default_rng(0).integers(0, 3, 100)
    sizes, keys = np.array([7, 30, 2]), np.array([1, 2, 3], np.uint64)
    at_once = PermutedStreams(sizes, keys).take(wanted)
    streams = PermutedStreams(sizes, keys)
    assert at_once.tolist() == [int(streams.take(wanted[i : i + 1])[0]) for i in range(100)]


def test_what_is_given_back_comes_next() -> None:
    streams = PermutedStreams(np.array([50, 9]), np.array([1, 2], np.uint64))
    taken = streams.take(np.array([0, 1, 0, 1, 0]))
    streams.give_back(np.array([1, 0]))
    assert streams.take(np.array([0, 1])).tolist() == [taken[4], taken[3]]
