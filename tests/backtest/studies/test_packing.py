"""Arrays go through canonical text and come back as the same bits."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from backtest.studies.packing import packed, unpacked
from research.canonical import canonical


@given(arrays(st.sampled_from([np.float64, np.int64]), array_shapes(min_dims=1, max_dims=3, min_side=0)))
def test_every_bit_comes_back(values):
    found = unpacked(json.loads(canonical(packed(values))))
    assert (found.dtype, found.shape, found.tobytes()) == (values.dtype, values.shape, values.tobytes())


@pytest.mark.parametrize("view", [np.arange(12.0).reshape(3, 4).T, np.arange(12)[::-2], np.arange(4, dtype=">i8")])
def test_the_layout_in_memory_does_not_matter(view):
    assert packed(view) == packed(np.array(view.tolist()))
    assert (unpacked(packed(view)) == view).all()


def test_what_comes_back_is_one_s_own():
    found = unpacked(packed(np.zeros(3)))
    found[0] = 1.0
    assert found.tolist() == [1.0, 0.0, 0.0]
