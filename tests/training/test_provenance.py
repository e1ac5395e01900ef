"""Counting what was drawn."""

from pathlib import Path

import numpy as np
import pytest

from isoglot.errors import CheckpointError
from isoglot.training.provenance import Provenance


def counted() -> Provenance:
    provenance = Provenance(("de", "en"))
    provenance.count(np.array([[0, 0], [0, 0]]))
    provenance.count(np.array([[0, 1], [1, 0]]))
    provenance.count(np.array([[0, 0], [1, 1]]))
    provenance.count(np.array([[1, -1], [0, -1]]))
    return provenance


def test_kinds_and_pairs() -> None:
    assert counted().to_dict() == {
        "num_batches": 4,
        "share_monolingual": 0.25,
        "batches": {"cross_lingual": 2, "mixed": 1, "monolingual/de": 1},
        "pairs": {"de-de": 3, "de-en": 1, "de-none": 1, "en-de": 1, "en-en": 1, "en-none": 1},
    }


def test_counting_goes_on_after_reading_back(tmp_path: Path) -> None:
    counted().save(tmp_path)
    restored = Provenance.load(tmp_path)
    assert restored.to_dict() == counted().to_dict()
    restored.count(np.array([[1, 1]]))
    assert restored.batches["monolingual/en"] == 1
    assert restored.pairs[1, 1] == 2


@pytest.mark.parametrize("content", ["", "{}", '{"languages": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"provenance\.json"):
        Provenance.load(tmp_path)
