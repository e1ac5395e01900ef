"""Permutations that are never written out."""

import numpy as np
import pytest

from isoglot.batches.permutation import Permutation, PermutedStream


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1000, 4097])
def test_every_element_comes_once(size: int) -> None:
    elements = Permutation(size, key=3)(np.arange(size))
    assert sorted(elements.tolist()) == list(range(size))


def test_a_key_gives_one_order_and_another_key_another() -> None:
    positions = np.arange(1000)
    assert np.array_equal(Permutation(1000, 5)(positions), Permutation(1000, 5)(positions))
    agreeing = np.mean(Permutation(1000, 5)(positions) == Permutation(1000, 6)(positions))
    assert agreeing < 0.02


def test_neighbours_in_position_are_far_apart() -> None:
    size = 10_000
    elements = Permutation(size, 1)(np.arange(size))
    # Distances of random neighbours average a third of the size.
    assert np.abs(np.diff(elements)).mean() == pytest.approx(size / 3, rel=0.05)


def test_any_position_of_a_huge_permutation_is_at_hand() -> None:
    size = 100_000_000
    elements = Permutation(size, 9)(np.arange(size - 1000, size))
    assert len(np.unique(elements)) == 1000
    assert elements.min() >= 0
    assert elements.max() < size


def test_size_must_be_positive() -> None:
    with pytest.raises(ValueError, match="size must be >= 1, got 0"):
        Permutation(0, 1)


def test_a_stream_repeats_nothing_within_a_pass_and_reorders_the_next() -> None:
    stream = PermutedStream(10, key=4)
    taken = np.concatenate([stream.take(7), stream.take(7), stream.take(6)])
    assert sorted(taken[:10].tolist()) == list(range(10))
    assert sorted(taken[10:].tolist()) == list(range(10))
    assert taken[:10].tolist() != taken[10:].tolist()
