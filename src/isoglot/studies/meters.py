"""Meters: peak memory of a stretch of work, and its energy where there is a meter for that."""

from __future__ import annotations

import logging
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""What the kernel takes for: begin the peak of resident memory anew (man 5 proc)."""


@dataclass
class Metered:
    """What a stretch of work took; complete when it ends.

    Attributes:
        seconds: Wall-clock time.
        peak_memory_bytes: Most resident memory of this process at any time of it, the interpreter and all
            libraries included.
        peak_is_own: Whether the peak is of this stretch; if not, the system only knows the peak since the
            process began.
        peak_accelerator_bytes: Most memory that torch held on the accelerator; None without one.
        energy_joules: Energy of processor, memory and accelerator by CodeCarbon, partly estimated from what
            the hardware is rated at; None without it.
    """

    seconds: float = 0.0
    peak_memory_bytes: int = 0
    peak_is_own: bool = False
    peak_accelerator_bytes: int | None = None
    energy_joules: float | None = None


@contextmanager
def metered(*, energy: bool = False) -> Iterator[Metered]:
    """Meters what is done within the context.

    Args:
        energy: Whether to ask CodeCarbon, if it is installed (extra `energy`), which takes some seconds to
            find out what it runs on.

    Yields:
        The readings, complete when the context ends, by an error too.
    """
    found = Metered()
    tracker = _energy_tracker() if energy else None
    found.peak_is_own = _reset_peak()
    accelerator = _accelerator()
    if accelerator is not None:
        accelerator.reset_peak_memory_stats()
    start = time.perf_counter()
    try:
        yield found
    finally:
        found.seconds = time.perf_counter() - start
        found.peak_memory_bytes = _peak_bytes()
        if accelerator is not None:
            found.peak_accelerator_bytes = int(accelerator.max_memory_allocated())
        if tracker is not None:
            tracker.stop()
            found.energy_joules = float(tracker.final_emissions_data.energy_consumed) * 3.6e6


def has_energy_meter() -> bool:
    """Whether CodeCarbon is installed."""
    return find_spec("codecarbon") is not None


def _energy_tracker() -> Any:
    """A running tracker that asks no network; None where CodeCarbon is not installed."""
    if not has_energy_meter():
        return None
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.ERROR)  # it reports before it reads its own log level
    # The country only turns energy into emissions, which are not read.
    tracker = OfflineEmissionsTracker(
        country_iso_code="USA", save_to_file=False, log_level="error", tracking_mode="process"
    )
    tracker.start()
    return tracker


def _accelerator() -> Any:
    """`torch.cuda` if torch was imported and there is one."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def _reset_peak() -> bool:
    """Begins the peak anew; False where the system cannot."""
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _peak_bytes() -> int:
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
