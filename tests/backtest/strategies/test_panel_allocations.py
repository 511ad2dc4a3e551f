"""Allocations and trend filters on data where every weight is known."""

import numpy as np
import pytest
from panels import panel, run, shares, trades

from backtest.core.strategy import PanelStrategy
from backtest.strategies.panel_allocation import EqualWeightRebalance, InverseVolatility
from backtest.strategies.panel_trend_filter import BreadthTiming, TacticalAllocation

HUNDRED = 10_000
RAMP = np.arange(12)


def test_equal_weights_are_restored_each_month() -> None:
    closes = np.full((9, 2), HUNDRED)
    closes[5:, 0] = 2 * HUNDRED
    session = run(EqualWeightRebalance(invest=0.5), panel(closes, every=4))
    first = shares(0.25, HUNDRED)
    equity = 10**12 + first * HUNDRED * 10_000
    assert trades(session) == [
        (4, 0, first),
        (4, 1, first),
        (8, 0, shares(0.25, 2 * HUNDRED, equity) - first),
        (8, 1, shares(0.25, HUNDRED, equity) - first),
    ]


def test_inverse_volatility_weighs_by_one_over_it() -> None:
    closes = HUNDRED + np.array([(-1) ** t for t in range(10)])[:, None] * np.array([400, 100, 0])
    session = run(InverseVolatility(lookback=7), panel(closes, every=9))
    changes = np.log(closes[2:9] / closes[1:8])
    volatility = np.sqrt((changes**2).mean(axis=0))[:2]
    weights = 0.98 / volatility / (1 / volatility).sum()
    assert [(at, number) for at, number, _ in trades(session)] == [(9, 0), (9, 1)]  # the third does not move at all
    bought = [quantity for _, _, quantity in trades(session)]
    assert bought == [shares(one, price) for one, price in zip(weights, closes[8], strict=False)]


def test_tactical_allocation_leaves_what_is_below_its_mean() -> None:
    closes = np.column_stack([HUNDRED + 100 * RAMP, HUNDRED - 100 * RAMP])
    closes[5:] = closes[5:, ::-1]  # the two change places
    session = run(TacticalAllocation(length=4), panel(closes, every=5))
    first = shares(0.98 / 2, closes[4, 0])
    assert trades(session)[0] == (5, 0, first)
    assert [(at, number) for at, number, _ in trades(session)[1:]] == [(10, 0), (10, 1)]
    assert trades(session)[1] == (10, 0, -first)


def test_breadth_sets_the_exposure_of_all() -> None:
    closes = np.column_stack([HUNDRED + 100 * RAMP, HUNDRED + 50 * RAMP, HUNDRED - 100 * RAMP, HUNDRED - 100 * RAMP])
    session = run(BreadthTiming(length=4, least=0.5), panel(closes, every=11))
    exposure = 0.98 / 2 / 4
    assert trades(session) == [(11, number, shares(exposure, closes[10, number])) for number in range(4)]
    assert trades(run(BreadthTiming(length=4, least=0.51), panel(closes, every=11))) == []


@pytest.mark.parametrize(
    "strategy",
    [InverseVolatility(lookback=4), TacticalAllocation(length=4), BreadthTiming(length=4)],
    ids=lambda one: one.name,
)
def test_where_nothing_moves_nothing_trades(strategy: PanelStrategy) -> None:
    assert trades(run(strategy, panel(np.full((40, 5), HUNDRED), every=5))) == []
