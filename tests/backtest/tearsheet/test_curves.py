import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.tearsheet.curves import thin
from backtest.tearsheet.jsonable import jsonable
from zeno.drawing.axes import time_axis, value_axis
from zeno.drawing.numerals import ticks_as_money, ticks_as_percent


def test_a_single_spike_among_a_million_marks_stays():
    values = np.ones(1_000_000)
    values[654_321], values[123_456] = 7.0, -3.0
    line = thin(np.arange(1_000_000), values)
    assert len(line.values) <= 2000
    assert (max(line.values), min(line.values)) == (7.0, -3.0)
    assert line.moments[line.values.index(7.0)] == 654_321
    assert (line.moments[0], line.moments[-1]) == (0, 999_999)


def test_values_that_are_not_finite_break_the_line():
    assert thin(np.arange(4), np.array([1.0, np.nan, np.inf, 2.0])).values == (1.0, None, None, 2.0)
    long = np.ones(5000)
    long[2000:3000] = np.nan
    assert None in thin(np.arange(5000), long).values


@given(st.lists(st.floats(-1e17, 1e17), min_size=1, max_size=40))
def test_axes_hold_their_values_and_label_them_apart(values):
    axis = value_axis(values, write=ticks_as_money, may_log=True)
    assert all(-1e-6 <= axis.share(value) <= 1 + 1e-6 for value in values)
    texts = [text for _, text in axis.labels()]
    assert len(set(texts)) == len(texts) <= 12


def test_an_axis_is_logarithmic_where_equity_multiplies():
    assert value_axis([1.0, 100.0], write=ticks_as_money, may_log=True).share(10.0) == pytest.approx(0.5)
    for values in ([1.0, 5.0], [-1.0, 100.0], [0.0, 100.0]):
        assert not value_axis(values, write=ticks_as_money, may_log=True).log


@given(st.integers(0, 2_000_000_000_000_000), st.integers(1, 2_000_000_000_000_000))
def test_time_labels_are_few_and_in_the_box(start, length):
    labels = time_axis([start, start + length]).labels()
    assert 1 <= len(labels) <= 20
    assert all(0 <= left <= 100 for left, _, _ in labels)


def test_percent_ticks_keep_their_decimals():
    assert ticks_as_percent([0.0, 0.0025, 0.005]) == ["0.00%", "0.25%", "0.50%"]


def test_json_refuses_what_is_not_a_number():
    assert json.dumps(jsonable({"a": (Decimal("1.10"), None, 2.5)})) == '{"a": ["1.10", null, 2.5]}'
    with pytest.raises(ValueError, match=r"sheet\.a\[1\] is nan"):
        jsonable({"a": [1.0, float("nan")]})
    with pytest.raises(TypeError, match=r"sheet\.b is a set"):
        jsonable({"b": {1}})
