"""Capacity solves the law of impact exactly; stitched tests are one account."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from backtest.studies.statistics.capacity import capacity, turnover
from backtest.studies.statistics.stitching import stitched
from zeno.errors import ConfigError

RNG = np.random.default_rng(3)
TRADED = RNG.normal(0, 0.2, (250, 4)) * (RNG.random((250, 4)) < 0.4)
VOLUMES = RNG.uniform(1e6, 5e8, (250, 4))
VOLATILITIES = RNG.uniform(0.005, 0.03, (250, 4))
GROSS = 0.31


def cost(capital: float, impact: float = 1.0) -> float:
    """Return what impact takes in currency, trade by trade: Y σ √(Q / V) of each trade's value."""
    total = 0.0
    for traded, volume, volatility in zip(TRADED.ravel(), VOLUMES.ravel(), VOLATILITIES.ravel(), strict=True):
        value = abs(traded) * capital
        total += value * impact * volatility * (value / volume) ** 0.5
    return total


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("impact", [0.5, 1.0])
def test_capacity_is_where_costs_eat_the_share(share, impact):
    found = capacity(TRADED, VOLUMES, VOLATILITIES, GROSS, share=share, impact=impact)
    by_search = brentq(lambda capital: cost(capital, impact) - share * GROSS * capital, 1.0, 1e12)
    assert found.size == pytest.approx(by_search, rel=1e-6)
    assert found.eaten(found.size) == pytest.approx(share)
    assert found.participation == pytest.approx((np.abs(TRADED) * found.size / VOLUMES).max())


def test_the_most_profitable_size_is_the_top_of_the_profits():
    found = capacity(TRADED, VOLUMES, VOLATILITIES, GROSS)

    def profit(capital: float) -> float:
        return GROSS * capital - cost(capital)

    assert profit(found.most_profitable) > max(profit(found.most_profitable * by) for by in (0.9, 1.1))
    assert profit(found.break_even) == pytest.approx(0, abs=1e-6 * found.break_even)
    assert found.eaten(found.most_profitable) == pytest.approx(2 / 3)


@given(times=st.floats(0.1, 100))
def test_a_market_n_times_deeper_bears_n_times_the_money(times):
    deeper = capacity(TRADED, VOLUMES * times, VOLATILITIES, GROSS)
    assert deeper.size == pytest.approx(capacity(TRADED, VOLUMES, VOLATILITIES, GROSS).size * times)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gross": -0.1}, "earns or trades nothing"),
        ({"traded": TRADED * 0}, "earns or trades nothing"),
        ({"volumes": VOLUMES * 0}, "without volume"),
        ({"volatilities": VOLATILITIES * np.nan}, "without volume or volatility"),
        ({"volatilities": VOLATILITIES * 0}, "Nothing moves"),
        ({"share": 0.0}, "share is 0"),
    ],
)
def test_without_profit_trades_or_a_market_there_is_no_capacity(changes, says):
    given_ = {"traded": TRADED, "volumes": VOLUMES, "volatilities": VOLATILITIES, "gross": GROSS} | changes
    with pytest.raises(ConfigError, match=says):
        capacity(**given_)


def test_turnover_counts_both_ways_and_all_instruments():
    assert turnover(np.array([[0.5, 0.5], [-0.5, -0.5]]), per_year=252) == 252.0
    assert turnover(np.zeros(0), per_year=252) == 0.0


@given(st.lists(st.lists(st.floats(-0.9, 2), max_size=6), min_size=1, max_size=5))
def test_stitched_tests_are_one_account(tests):
    count = sum(map(len, tests))
    edges = np.cumsum([0, *map(len, tests)])
    parts = [(np.arange(start, start + len(one)), np.array(one)) for start, one in zip(edges, tests, strict=False)]
    found = stitched(parts)
    assert found.moments.tolist() == list(range(count))
    money = 1.0
    for at in range(count):
        money *= 1 + found.returns[at]
        assert found.equity[at] == pytest.approx(money)
    assert [np.sum(found.folds == number) for number in range(len(tests))] == [len(one) for one in tests]


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ([], "no folds"),
        ([([1, 2], [0.1])], "not as many moments"),
        ([([1, 2], [0.1, 0.1]), ([2], [0.1])], "Fold 1 has a period that is not after"),
    ],
)
def test_what_does_not_fit_together_is_refused(tests, says):
    with pytest.raises(ConfigError, match=says):
        stitched([(np.array(moments), np.array(returns)) for moments, returns in tests])
