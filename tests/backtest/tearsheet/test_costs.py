from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backtest.tearsheet import tear_sheet
from backtest.tearsheet.sessions import by_session


def test_gross_less_costs_is_net(make):
    record = make(
        [100] * 60 + [130],
        fills=[(0, "A", "10", "5.00", "1.25"), (40, "A", "-10", "9.00", "1.75")],
        other=[(3, "dividend", "4"), (5, "borrow", "-1.5"), (9, "dividend", "2")],
    )
    it = tear_sheet(record).costs
    assert {item.kind: item.amount for item in it.items} == {
        "fees": Decimal(-3),
        "slippage": Decimal(-1),
        "borrow": Decimal("-1.5"),
        "dividend": Decimal(6),
    }
    assert (it.net.amount, it.gross.amount) == (30, Decimal("29.5"))
    assert it.turnover == 140
    assert it.items[0].bps.value == pytest.approx(-3 / 140 * 1e4)
    sessions = by_session(record)
    assert it.turnover_a_year.value == pytest.approx(140 / sessions.closes.mean() / (61 / 365.25))


def test_no_trade_has_no_basis_points(make):
    it = tear_sheet(make([100, 101])).costs
    assert (it.net.bps.value, it.net.bps.reason) == (None, "nothing was traded")


def test_turnover_by_month_is_relative_to_the_equity_of_that_month(make):
    record = make([100] * 31 + [200] * 90, fills=[(0, "A", "10", "5", "0"), (40, "A", "-10", "6", "0")])
    it = tear_sheet(record).turnover
    assert (it.unit, it.starts, it.values) == ("month", ("2020-01-01", "2020-02-01"), (0.5, 0.3))


def test_short_runs_show_turnover_by_day(make):
    moments = [datetime(2020, 1, 1, hour, tzinfo=UTC) for hour in range(9, 22)]
    it = tear_sheet(make([100] * 13, moments=moments, fills=[(0, "A", "1", "5", "0")])).turnover
    assert (it.unit, it.starts) == ("day", ("2020-01-01",))
