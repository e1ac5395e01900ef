"""Macro averages beside what they are means of."""

import numpy as np
import pytest

from isoglot.evaluation.averages import write_with_averages
from isoglot.evaluation.cells import Cell, Ledger


def _written(values):
    ledger = Ledger()
    resamples = np.linspace(0, 1, 11, dtype=np.float32)
    cells = [Cell(*pair, value, 10, value + resamples) for pair, value in values.items()]
    write_with_averages(ledger, "F1", cells)
    return {(v.setting, v.query_language, v.document_language): v for v in ledger.values()}


def test_pairs_of_one_language_and_of_two_have_means_of_their_own():
    found = _written({("de", "de"): 0.1, ("de", "en"): 0.2, ("en", "de"): 0.6, ("en", "en"): 0.7})
    assert {key: round(value.value, 9) for key, value in found.items()} == {
        ("monolingual", "de", "de"): 0.1,
        ("monolingual", "en", "en"): 0.7,
        ("monolingual", "*", "*"): 0.4,
        ("cross_lingual", "de", "en"): 0.2,
        ("cross_lingual", "en", "de"): 0.6,
        ("cross_lingual", "de", "*"): 0.2,
        ("cross_lingual", "en", "*"): 0.6,
        ("cross_lingual", "*", "de"): 0.6,
        ("cross_lingual", "*", "en"): 0.2,
        ("cross_lingual", "*", "*"): 0.4,
    }
    mean = found["cross_lingual", "*", "*"]
    assert mean.num_queries == 20
    assert (mean.low, mean.high) == (pytest.approx(0.425), pytest.approx(1.375))


def test_what_has_no_language_needs_no_mean_over_that_side():
    found = _written({("*", "de"): 0.2, ("*", "en"): 0.4})
    assert {key: value.value for key, value in found.items()} == {
        ("cross_lingual", "*", "de"): 0.2,
        ("cross_lingual", "*", "en"): 0.4,
        ("cross_lingual", "*", "*"): pytest.approx(0.3),
    }
    assert list(_written({("*", "*"): 0.5})) == [("cross_lingual", "*", "*")]
