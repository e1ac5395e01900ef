"""Meters: a peak that belongs to the stretch, and no energy where there is no meter."""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest

from isoglot.studies import meters
from isoglot.studies.meters import has_energy_meter, metered

MIB = 1 << 20


def test_the_peak_is_that_of_the_stretch() -> None:
    with metered() as before:
        np.ones(128 * MIB // 8)
    with metered() as small:
        pass
    assert before.seconds > 0
    if not small.peak_is_own:
        pytest.skip("this system knows only the peak since the process began")
    assert before.peak_memory_bytes - small.peak_memory_bytes > 64 * MIB


def test_without_resetting_the_peak_is_not_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(meters, "_CLEAR", tmp_path / "no" / "such")
    monkeypatch.setattr(meters, "_STATUS", tmp_path / "none")
    with metered() as found:
        pass
    assert not found.peak_is_own
    assert found.peak_memory_bytes > MIB


def test_an_error_still_leaves_the_readings() -> None:
    with pytest.raises(ValueError, match="oops"), metered() as found:
        raise ValueError("oops")
    assert found.peak_memory_bytes > 0


def test_energy_comes_from_codecarbon(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tracker:
        def __init__(
            self, *, country_iso_code: str, save_to_file: bool, log_level: str, tracking_mode: str
        ) -> None:
            self.final_emissions_data = types.SimpleNamespace(energy_consumed=0.0)
            assert not save_to_file
            assert (country_iso_code, log_level, tracking_mode) == ("USA", "error", "process")

        def start(self) -> None:
            assert self.final_emissions_data.energy_consumed == 0

        def stop(self) -> None:
            self.final_emissions_data.energy_consumed = 2e-6  # kWh

    module = types.ModuleType("codecarbon")
    module.OfflineEmissionsTracker = Tracker  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "codecarbon", module)
    monkeypatch.setattr(meters, "find_spec", lambda name: module)
    assert has_energy_meter()
    with metered(energy=True) as found:
        pass
    assert found.energy_joules == pytest.approx(7.2)
    with metered() as unasked:
        pass
    assert unasked.energy_joules is None
    monkeypatch.setattr(meters, "find_spec", lambda name: None)
    with metered(energy=True) as without:
        pass
    assert without.energy_joules is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_codecarbon_itself_meters_energy(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("codecarbon")
    deadline = time.monotonic() + 3
    with metered(energy=True) as found:
        while time.monotonic() < deadline:
            np.ones((300, 300)) @ np.ones((300, 300))
    assert found.energy_joules is not None
    assert 0 < found.energy_joules < 1000 * (found.seconds + 30)
    assert "codecarbon" not in "".join(capfd.readouterr())
