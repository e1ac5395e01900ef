"""Counting what was drawn."""

from pathlib import Path

import numpy as np
import pytest

from isoglot.errors import CheckpointError
from isoglot.training.provenance import Provenance


def counted() -> Provenance:
    provenance = Provenance.of_parts(("de", "en"), ["wiki", "world", "wiki"])
    provenance.count(0, "monolingual", np.array([[0, 0], [0, 0]]))
    provenance.count(0, "cross_lingual", np.array([[0, 1], [1, 0]]))
    provenance.count(2, "mixed", np.array([[0, 0], [1, 1]]))
    provenance.count(1, "cross_lingual", np.array([[1, -1], [0, -1]]))
    return provenance


def test_kinds_and_pairs() -> None:
    found = counted().to_dict()
    parts = found.pop("parts")
    assert found == {
        "num_batches": 4,
        "share_monolingual": 0.25,
        "batches": {"cross_lingual": 2, "mixed": 1, "monolingual/de": 1},
        "pairs": {
            "de_to_de": 3,
            "de_to_en": 1,
            "de_to_none": 1,
            "en_to_de": 1,
            "en_to_en": 1,
            "en_to_none": 1,
        },
    }
    assert list(parts) == ["wiki", "world", "wiki (2)"]
    assert parts["wiki"] == {
        "num_batches": 2,
        "share_monolingual": 0.5,
        "batches": {"cross_lingual": 1, "monolingual/de": 1},
        "pairs": {"de_to_de": 2, "de_to_en": 1, "en_to_de": 1},
    }
    assert parts["world"]["pairs"] == {"de_to_none": 1, "en_to_none": 1}


def test_one_language_drawn_with_documents_of_none_is_monolingual() -> None:
    provenance = Provenance.of_parts(("de", "en"), ["pictures"])
    provenance.count(0, "monolingual", np.array([[1, -1], [1, 1]]))
    assert provenance.to_dict()["batches"] == {"monolingual/en": 1}


@pytest.mark.parametrize("codes", [[[0, 0], [1, 1]], [[0, 1]]])
def test_what_is_called_monolingual_and_is_not_is_never_counted_so(codes: list[list[int]]) -> None:
    provenance = Provenance.of_parts(("de", "en"), ["wiki"])
    with pytest.raises(AssertionError, match="a monolingual batch in 2 languages"):
        provenance.count(0, "monolingual", np.array(codes))


def test_counting_goes_on_after_reading_back(tmp_path: Path) -> None:
    counted().save(tmp_path)
    restored = Provenance.load(tmp_path)
    assert restored.to_dict() == counted().to_dict()
    restored.count(0, "monolingual", np.array([[1, 1]]))
    assert restored.batches[0]["monolingual/en"] == 1
    assert restored.pairs[0, 1, 1] == 1


@pytest.mark.parametrize("content", ["", "{}", '{"languages": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"provenance\.json"):
        Provenance.load(tmp_path)
