"""How often each kind of batch and each language pair is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from isoglot.batches import CrossLingual, Hybrid, Mixed, Monolingual
from isoglot.batches.plain.rows import PairCell
from isoglot.batches.plain.shares import batch_shares
from isoglot.errors import ConfigError


def cells(**sizes: int) -> list[PairCell]:
    """Cells of so many rows, named `en_de`."""
    return [
        PairCell("all", name, *name.split("_")[:2], np.arange(size), 4)  # type: ignore[misc]
        for name, size in sizes.items()
    ]


UNEVEN = cells(en_en=90, de_de=10, en_de=30, de_en=10)


@pytest.mark.parametrize(
    ("exponent", "expected"), [(0.0, [0.5, 0.5, 0, 0]), (1.0, [0.9, 0.1, 0, 0]), (0.5, [0.75, 0.25, 0, 0])]
)
def test_languages_are_drawn_by_size_to_a_power(exponent: float, expected: list[float]) -> None:
    (share,) = batch_shares(Monolingual(exponent), UNEVEN, one_cell=False)
    assert share.one_cell
    np.testing.assert_allclose(share.probabilities, expected)


def test_document_languages_are_drawn_within_the_query_language() -> None:
    uneven = cells(en_de=30, en_th=10, de_en=10)
    (uniform,) = batch_shares(CrossLingual(), uneven, one_cell=False)
    np.testing.assert_allclose(uniform.probabilities, [0.25, 0.25, 0.5])
    (by_size,) = batch_shares(CrossLingual(1.0), uneven, one_cell=False)
    np.testing.assert_allclose(by_size.probabilities, [0.6, 0.2, 0.2])


def test_data_sets_of_one_pair_share_it_by_size() -> None:
    (share,) = batch_shares(Monolingual(), cells(en_en_a=30, en_en_b=10, de_de=7), one_cell=True)
    np.testing.assert_allclose(share.probabilities, [0.375, 0.125, 0.5])


def test_hybrid_is_both_kinds() -> None:
    mono, cross = batch_shares(Hybrid(0.3), UNEVEN, one_cell=True)
    assert (mono.kind, mono.share, cross.kind, cross.share) == ("monolingual", 0.3, "cross_lingual", 0.7)
    assert mono.one_cell
    assert cross.one_cell
    assert not batch_shares(Hybrid(0.3), UNEVEN, one_cell=False)[1].one_cell
    assert [share.kind for share in batch_shares(Hybrid(1.0), cells(en_en=3), one_cell=False)] == [
        "monolingual"
    ]


def test_alpha_may_change_in_a_straight_line() -> None:
    mono, cross = batch_shares(Hybrid(0.0, final_alpha=1.0, alpha_steps=10), UNEVEN, one_cell=False)
    assert [mono.share_at(step) for step in (0, 5, 10, 20)] == [0.0, 0.5, 1.0, 1.0]
    assert [cross.share_at(step) for step in (0, 5, 10, 20)] == [1.0, 0.5, 0.0, 0.0]


def test_mixed_draws_place_by_place() -> None:
    (share,) = batch_shares(Mixed(), UNEVEN, one_cell=False)
    assert (share.kind, share.one_cell) == ("mixed", False)
    np.testing.assert_allclose(share.probabilities, [0.5, 0.5, 0, 0])


def test_without_a_scheme_rows_are_drawn_alike() -> None:
    (share,) = batch_shares(None, UNEVEN, one_cell=False)
    np.testing.assert_allclose(share.probabilities, np.array([90, 10, 30, 10]) / 140)


def test_what_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(
        ConfigError, match=r"cross_lingual batches need pairs in two languages, .* only de-de, en"
    ):
        batch_shares(Hybrid(), cells(en_en=3, de_de=3), one_cell=False)
    with pytest.raises(ConfigError, match=r"monolingual batches .* only en-de; .* \(alpha=0\)"):
        batch_shares(Hybrid(), cells(en_de=3), one_cell=False)


@dataclass(frozen=True)
class Stranger:
    """A scheme that fixed pairs cannot follow."""


def test_a_scheme_that_fixed_pairs_cannot_follow_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"got Stranger\(\): use isoglot\.train"):
        batch_shares(Stranger(), UNEVEN, one_cell=False)  # type: ignore[arg-type]
