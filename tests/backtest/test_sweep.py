"""A sweep finds of every parameter set what a run of its own would."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backtest.core import lanes
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, Costs
from backtest.core.drawdown import fall
from backtest.core.session import Session, Terms
from backtest.core.sizing import Sizer
from backtest.core.sweep import Sweep
from backtest.strategies.donchian_breakout import DonchianBreakout
from backtest.strategies.kama_trend import KamaTrend
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.xs_momentum import XsMomentum
from zeno.errors import ConfigError

TERMS = Terms(instruments=({"worth": 10_000},), cash=(10**12,), costs=Costs(model=BASIS_POINTS, rate=10_000),
              sizer=Sizer(size=10))  # fmt: skip
SETS = [{"fast": fast, "slow": slow} for fast in (3, 5, 8) for slow in (20, 30)]


def walk(count: int = 3_000) -> Columns:
    rng = np.random.default_rng(11)
    close = 10_000 + np.cumsum(rng.integers(-5, 6, count))
    opened = close + rng.integers(-3, 4, count)
    high, low = np.maximum(opened, close) + 1, np.minimum(opened, close) - 1
    return Columns(np.arange(count) * 60_000_000, opened, high, low, close, np.full(count, 100), duration=60_000_000)


# Of a trend's sets, some share the mean and not its change, some neither; a breakout's channels have two outputs each.
GRIDS = [
    (SmaCrossover, SETS),
    (KamaTrend, [{"efficiency": long, "turn": turn} for long in (5, 10) for turn in (2, 5, 8)]),
    (DonchianBreakout, [{"enter": enter, "leave": leave} for enter in (15, 20) for leave in (5, 10)]),
]


@pytest.mark.parametrize(("strategy", "sets"), GRIDS)
def test_every_set_equals_its_own_run(kernels: Path, strategy: type, sets: list[dict[str, float]]) -> None:
    columns = walk()
    found = Sweep(strategy, sets, TERMS, kernels).run(columns)
    for number, one in enumerate(sets):
        session = Session(strategy(**one), TERMS, kernels)
        lanes.run(session, columns, "batch")
        equity = np.r_[10**12, session.record.equity()]
        ledger = session.engine.account.ledger
        expected = [equity[-1], len(session.record.fills()), session.number(ledger, "trips"),
                    session.number(ledger, "fees"), session.number(ledger, "turnover"),
                    (np.maximum.accumulate(equity) - equity).max()]  # fmt: skip
        assert found.values[number].tolist() == expected, one
    assert found.column("fills").min() > 40


def test_the_deepest_fall_is_followed_over_blocks_of_any_shape() -> None:
    draw = np.random.default_rng(5)
    for _ in range(2_000):
        marks = 1_000 + np.cumsum(draw.integers(-9, 10, 24) + draw.integers(-4, 5))
        cuts = [0, *sorted(draw.choice(np.arange(1, 24), 3, replace=False)), 24]
        peak, deepest = int(marks[0]), 0
        for start, stop in pairwise(cuts):
            peak, deepest = fall(marks, start, stop, peak, deepest)
        assert (peak, deepest) == (marks.max(), (np.maximum.accumulate(marks) - marks).max())


def test_a_sweep_can_be_run_again_from_the_beginning(kernels: Path) -> None:
    sweep = Sweep(SmaCrossover, SETS, TERMS, kernels)
    first = sweep.run(walk())
    assert np.array_equal(sweep.run(walk()).values, first.values)


def test_one_set_alone_is_the_same_as_among_others(kernels: Path) -> None:
    among = Sweep(SmaCrossover, SETS, TERMS, kernels).run(walk())
    alone = Sweep(SmaCrossover, SETS[3:4], TERMS, kernels).run(walk())
    assert np.array_equal(among.values[3], alone.values[0])


def test_a_panel_strategy_is_refused(kernels: Path) -> None:
    with pytest.raises(ConfigError, match="strategies on one instrument"):
        Sweep(XsMomentum, [{}], TERMS, kernels)
