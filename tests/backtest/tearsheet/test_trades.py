from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.tearsheet import tear_sheet
from backtest.tearsheet.trade_statistics import histogram, trade_statistics
from backtest.tearsheet.trades import round_trips


def test_first_in_first_out_by_hand(make):
    record = make(fills=[(0, "A", "10", "5.00", "1.00"), (1, "A", "10", "6.00", "1.00"), (1, "B", "-3", "7.00", "0"),
                         (2, "A", "-15", "8.00", "3.00"), (3, "A", "-10", "4.00", "2.00")])  # fmt: skip
    trips, lots = round_trips(record.fills)
    assert [(t.quantity, t.pnl) for t in trips] == [
        (Decimal(10), Decimal("27")),  # 80 − 50 − 1 − 3·10/15
        (Decimal(5), Decimal("8.5")),  # 40 − 30 − 0.5 − 1
        (Decimal(5), Decimal("-11.5")),  # 20 − 30 − 0.5 − 1
    ]
    assert [(lot.symbol, lot.quantity, lot.fee) for lot in lots] == [("A", -5, 1), ("B", -3, 0)]


def test_a_short_sale_gains_when_the_price_falls(make):
    trips, _ = round_trips(make(fills=[(0, "A", "-10", "5", "1"), (4, "A", "10", "4", "1")]).fills)
    assert trips[0].pnl == 8
    assert trips[0].quantity == -10


def test_thirds_add_up_to_the_fill(make):
    record = make(fills=[(0, "A", "3", "0.33333333", "0.10"), *((i, "A", "-1", "1", "0") for i in (1, 2, 3))])
    trips, lots = round_trips(record.fills)
    assert lots == []
    assert sum(t.pnl for t in trips) == 3 - Decimal("0.99999999") - Decimal("0.10")
    assert sum(t.fees for t in trips) == Decimal("0.10")


def test_a_split_rescales_open_lots_between_two_fills_of_its_symbol(make):
    record = make(fills=[(0, "A", "10", "6.00", "1.00"), (0, "B", "1", "6.00", "0"), (1, "A", "5", "6.00", "0"),
                         (2, "A", "-21", "3.00", "0"), (2, "B", "-1", "7.00", "0")],
                  splits=[(2, "A", "30", 2)])  # fmt: skip
    trips, lots = round_trips(record.fills, record.splits)
    assert [(t.symbol, t.quantity, t.pnl) for t in trips] == [("A", 20, -1), ("A", 1, 0), ("B", 1, 1)]
    assert [(lot.symbol, lot.quantity, lot.notional) for lot in lots] == [("A", 9, 27)]


fill = st.tuples(
    st.sampled_from("AB"),
    st.integers(-9, 9).filter(bool).map(lambda n: Decimal(n) / 7).map(lambda q: q.quantize(Decimal("0.001"))),
    st.decimals("0.01", "99", places=2),
    st.decimals("-1", "3", places=2),
)


@given(st.lists(fill, max_size=25), st.decimals("0.01", "99", places=2))
def test_closed_and_open_results_are_the_change_of_equity(make, trades, last):
    rows = [(i, symbol, str(q), str(p), str(fee)) for i, (symbol, q, p, fee) in enumerate(trades)]
    cash = Decimal(1000) - sum((q * p + fee for _, q, p, fee in trades), Decimal(0))
    equity = cash + sum((q * last for _, q, _, _ in trades), Decimal(0))
    record = make([1000, equity], fills=rows, other=[(0, "interest", "2.50")], initial="1000")
    trips, lots = round_trips(record.fills)
    closed = sum((trip.pnl for trip in trips), Decimal(0))
    still_open = sum((lot.quantity * last - lot.notional - lot.fee for lot in lots), Decimal(0))
    assert closed + still_open == equity - 1000
    sheet = tear_sheet(record)
    it = sheet.trades
    assert it.closed_pnl == closed
    assert it.closed_pnl + it.open_pnl + it.unexplained + Decimal("2.50") == sheet.account.result


def test_statistics_by_hand(make):
    results = ["10", "-5", "-5", "0", "30", "-10", "-1", "-1", "2"]
    record = make(fills=[row for i, gain in enumerate(results) for row in
                         ((2 * i, "A", "1", "50", "0"), (2 * i + 1, "A", "-1", str(50 + int(gain)), "0"))])  # fmt: skip
    trips, lots = round_trips(record.fills)
    it = trade_statistics(trips, len(lots), Decimal(25), Decimal(5))
    assert it.count == 9
    assert it.hit_rate.value == pytest.approx(3 / 9)
    assert it.profit_factor.value == pytest.approx(42 / 22)
    assert it.payoff.value == pytest.approx((42 / 3) / (22 / 5))
    assert it.expectancy.value == pytest.approx(20 / 9)
    assert (it.best.value, it.worst.value, it.longest_losing_streak) == (30, -10, 3)
    assert it.mean_holding_seconds.value == 86_400
    assert (it.closed_pnl, it.open_pnl, it.unexplained) == (20, 0, 0)


def test_without_losses_there_is_no_profit_factor(make):
    trips, _ = round_trips(make(fills=[(0, "A", "1", "50", "0"), (1, "A", "-1", "60", "0")]).fills)
    it = trade_statistics(trips, 0, Decimal(10), Decimal(0))
    assert (it.profit_factor.value, it.profit_factor.reason) == (None, "no losing trade")
    assert it.payoff.reason == "no losing trade"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_histogram_counts_every_trade_and_has_an_edge_at_zero(pnl):
    it = histogram(np.array(pnl))
    assert sum(it.counts) == len(pnl)
    assert 0.0 in it.edges
    assert len(it.edges) == len(it.counts) + 1 <= 32


def test_one_huge_trade_does_not_flatten_the_histogram():
    it = histogram(np.array([*np.linspace(-10, 20, 200), 1e9]))
    assert it.clipped
    assert (it.edges[0], it.edges[-1]) == (-10, 20)
    assert sum(it.counts) == 201


def test_a_gain_next_to_nothing_still_has_a_histogram() -> None:
    assert sum(histogram(np.array([5e-324])).counts) == 1
