"""Vectors in fewer bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isoglot.encoding import pack, unpack
from isoglot.encoding.storing import check_type
from isoglot.errors import ConfigError, SearchError


def test_int8_is_symmetric_and_each_vector_has_a_scale_of_its_own() -> None:
    stored, scales = pack(np.array([[1.27, -0.635, 0.0], [-12.7, 0.1, 0.04]], np.float32), "int8")
    np.testing.assert_allclose(scales, [0.01, 0.1], rtol=1e-6)
    assert stored.dtype == np.int8
    assert stored.tolist()[1] == [-127, 1, 0]
    assert stored.tolist()[0] in ([127, -64, 0], [127, -63, 0])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # as on a busy processor
@given(arrays(np.float32, (3, 5), elements=st.floats(-1e4, 1e4, width=32)))
def test_what_comes_back_is_within_half_a_step(vectors: np.ndarray) -> None:
    for dtype, step in (("float32", 0), ("float16", 2.0**-10), ("int8", 1 / 127)):
        back = unpack(*pack(vectors, dtype))
        largest = np.abs(vectors).max(axis=1, keepdims=True)
        assert (np.abs(back - vectors) <= 0.51 * step * largest + 1e-7 * (step > 0)).all()


def test_a_vector_of_zeros_stays_one() -> None:
    stored, scales = pack(np.zeros((1, 3), np.float32), "int8")
    assert unpack(stored, scales).tolist() == [[0, 0, 0]]


def test_a_vector_does_not_depend_on_others() -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    together, alone = pack(vectors, "int8"), pack(vectors[2:3], "int8")
    np.testing.assert_array_equal(together[0][2:3], alone[0])
    np.testing.assert_array_equal(together[1][2:3], alone[1])


def test_a_component_too_large_for_float16_is_an_error() -> None:
    with pytest.raises(SearchError, match="too large for float16; store float32 or int8"):
        pack(np.array([[7e4]], np.float32), "float16")


def test_another_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="dtype must be one of float32, float16, int8, got 'int4'"):
        check_type("int4")
