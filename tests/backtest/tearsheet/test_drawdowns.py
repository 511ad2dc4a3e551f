import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.tearsheet.drawdowns import depths, drawdowns
from backtest.tearsheet.sessions import by_session


def test_depth_and_dates_by_hand(make):
    #   mark        0    1    2    3    4    5    6    7    8
    equity = [105, 110, 99, 88, 104.5, 110, 120, 114, 117]
    it = drawdowns(by_session(make(equity)))
    first, second = it.top
    assert it.deepest.value == first.depth == pytest.approx(-0.2)
    assert (first.started, first.trough, first.recovered) == (
        "2020-01-02T21:00:00Z",
        "2020-01-04T21:00:00Z",
        "2020-01-06T21:00:00Z",
    )
    assert (first.days_down, first.days_under) == (2.0, 4.0)
    assert second.depth == pytest.approx(-0.05)
    assert (second.recovered, second.days_under) == (None, 2.0)
    assert it.time_under_water.value == pytest.approx(5 / 9)


def test_initial_cash_is_the_first_peak(make):
    it = drawdowns(by_session(make([90, 95])))
    assert it.deepest.value == pytest.approx(-0.1)
    assert it.top[0].started == "2020-01-01T21:00:00Z"


def test_no_drawdown_and_no_marks(make):
    assert drawdowns(by_session(make([100, 101]))).top == ()
    assert drawdowns(by_session(make([]))).deepest.reason == "no marks"


def test_only_the_five_deepest_are_kept_in_order(make):
    equity = [value for i in range(8) for value in (100 + i, 99 - 2 * i)]
    found = [one.depth for one in drawdowns(by_session(make(equity))).top]
    assert len(found) == 5
    assert found == sorted(found)
    assert found[0] == pytest.approx(85 / 107 - 1)


@given(st.lists(st.floats(-50, 500), min_size=1, max_size=60))
def test_depths_equal_a_loop_and_are_never_positive(equity):
    peak, expected = 100.0, []
    for value in equity:
        peak = max(peak, value)
        expected.append(value / peak - 1)
    found = depths(np.array(equity), 100.0)
    assert (found <= 0).all()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
