"""Batches side by side: in order, in the caller's precision, each with its share of the cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from isoglot.encoding.threads import side_by_side


@pytest.fixture
def cores() -> Iterator[int]:
    """PyTorch with four threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield 4
    torch.set_num_threads(before)


def test_batches_meet_and_come_back_in_order(cores: int) -> None:
    together = threading.Barrier(2, timeout=60)

    def work(batch: int) -> tuple[int, int]:
        together.wait()
        return batch, torch.get_num_threads()

    assert list(side_by_side(work, [7, 5], device="cpu")) == [(7, 2), (5, 2)]
    assert torch.get_num_threads() == cores
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [cores]


def test_threads_calculate_as_the_caller_does(cores: int) -> None:
    weights = torch.ones(3, 3, requires_grad=True)

    def work(batch: int) -> tuple[torch.dtype, bool]:
        made = torch.full((2, 3), float(batch)) @ weights
        return made.dtype, made.requires_grad

    assert set(side_by_side(work, range(6), device="cpu")) == {(torch.float32, True)}
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert set(side_by_side(work, range(6), device="cpu")) == {(torch.bfloat16, False)}


def test_weights_are_rounded_once_for_all_batches(cores: int) -> None:
    torch.set_num_threads(2)
    weights = torch.ones(64, 64, requires_grad=True)

    def casts(batches: int) -> int:
        everywhere = torch.profiler._ExperimentalConfig(profile_all_threads=True)
        with (
            torch.profiler.profile(experimental_config=everywhere) as profile,
            torch.autocast("cpu", torch.bfloat16),
            torch.no_grad(),
        ):
            list(side_by_side(lambda _: torch.ones(2, 64) @ weights, range(batches), device="cpu"))
        return sum(event.count for event in profile.key_averages() if event.key == "aten::_to_copy")

    # Each batch's own input is rounded; of the weights there is a copy a thread at most.
    assert 20 < casts(20) <= 20 + 2


def test_what_a_batch_raises_is_raised_and_cores_are_given_back(cores: int) -> None:
    def work(batch: int) -> int:
        raise ValueError(f"batch {batch}")

    with pytest.raises(ValueError, match="batch 1"):
        list(side_by_side(work, [1, 2, 3], device="cpu"))
    assert torch.get_num_threads() == cores


@pytest.mark.parametrize(("device", "batches"), [("cuda", [1, 2]), ("cpu", [1]), ("cpu", [])])
def test_one_after_another_where_more_threads_do_not_help(
    device: str, batches: list[int], cores: int
) -> None:
    def work(batch: int) -> tuple[int, str]:
        return batch, threading.current_thread().name

    here = threading.current_thread().name
    assert list(side_by_side(work, batches, device=device)) == [(batch, here) for batch in batches]
