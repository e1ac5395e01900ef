"""The transfer gap and means over groups of languages."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.evaluation.transfer import (
    RICH_LANGUAGES,
    find_languages,
    low_resource_languages,
    mean_over,
    transfer_gap,
)

LANGUAGES = ("de", "en", "pt", "pt-BR", "sw")
VALUES = np.array([0.6, 0.9, 0.5, 0.7, 0.2])


def test_the_gap_is_the_source_minus_the_mean_of_the_others():
    assert transfer_gap(LANGUAGES, VALUES, "en") == pytest.approx(0.9 - (0.6 + 0.5 + 0.7 + 0.2) / 4)
    assert transfer_gap(LANGUAGES, VALUES, "eng_Latn") == transfer_gap(LANGUAGES, VALUES, "en")


def test_a_source_with_varieties_is_their_mean():
    assert transfer_gap(LANGUAGES, VALUES, "pt") == pytest.approx(0.6 - (0.6 + 0.9 + 0.2) / 3)


def test_resamples_go_through_as_values_do_and_keep_their_type():
    resampled = np.random.default_rng(0).random((50, 5), np.float32)
    gaps = transfer_gap(LANGUAGES, resampled, "en")
    assert gaps.dtype == np.float32
    expected = [transfer_gap(LANGUAGES, row, "en") for row in resampled]
    assert gaps == pytest.approx(np.array(expected))


def test_equal_values_leave_no_gap():
    assert transfer_gap(LANGUAGES, np.full(5, 0.4), "en") == pytest.approx(0)


def test_in_random_order_of_languages_the_gap_is_zero_in_the_mean():
    values = np.random.default_rng(1).permuted(np.tile(VALUES, (20_000, 1)), axis=1)
    gaps = transfer_gap(LANGUAGES, values, "en")
    assert abs(gaps.mean()) < 4 * gaps.std() / len(gaps) ** 0.5


def test_a_language_without_value_does_not_count():
    holes = np.array([[0.6, 0.9, np.nan, np.nan, 0.2], [0.6, np.nan, 0.1, 0.1, 0.1]])
    gaps = transfer_gap(LANGUAGES, holes, "en")
    assert gaps[0] == pytest.approx(0.9 - 0.4)
    assert np.isnan(gaps[1])


def test_means_over_languages_match_varieties():
    assert mean_over(LANGUAGES, VALUES, ["sw", "pt"]) == pytest.approx((0.5 + 0.7 + 0.2) / 3)
    assert mean_over(LANGUAGES, VALUES, ["pt-br"]) == pytest.approx(0.7)


def test_languages_that_the_corpus_lacks_are_all_named():
    with pytest.raises(ConfigError, match=r"(?s)'fr'.*'xx-nowhere' is not a language tag"):
        find_languages(["fr", "de", "xx-nowhere"], LANGUAGES)
    assert find_languages(["sw", "de"], LANGUAGES) == ("de", "sw")


def test_arguments_that_leave_nothing_to_compare_are_refused():
    with pytest.raises(ConfigError, match="no language other than the source 'pt'"):
        transfer_gap(["pt", "pt-BR"], np.array([0.1, 0.2]), "pt")
    with pytest.raises(ConfigError, match="no language to average over; there is de, en"):
        mean_over(["de", "en"], np.array([0.1, 0.2]), [])
    with pytest.raises(ConfigError, match=r"5 languages, but values of shape \(4,\)"):
        mean_over(LANGUAGES, VALUES[:4], ["de"])


def test_languages_low_in_resources_are_those_outside_the_upper_classes():
    assert len(RICH_LANGUAGES) == 7 + 18 + 28
    assert low_resource_languages(LANGUAGES) == ("sw",)
    assert low_resource_languages(["zh-Hant", "yo", "te", "th", "am"]) == ("yo", "te", "am")
    assert low_resource_languages(["ar", "el", "hi", "th", "tr", "vi", "zh"]) == ()
