"""What holds for every strategy on one instrument: 3,000 bars compiled and interpreted are one run, and they trade.

Daily bars are the S&P 500's, on a calendar of plain weekdays; five-minute bars are seeded noise.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from real_bars import real_bars
from strategy_bench import days, fills, finished, minutes

from backtest.core.columns import Columns
from backtest.strategies.catalogue import SINGLE
from backtest.strategies.intraday import Intraday

pytestmark = pytest.mark.long

ROWS = 3_000
BY_THE_CALENDAR = {"buy_and_hold", "turn_of_month", "weekend_effect", "halloween", "overnight_hold"}
AT_THE_CLOSE = {"overnight_hold"}

NO_SIZER = {"volatility_target"}


def every(*but: str) -> pytest.MarkDecorator:
    """Return the mark of a test that runs on every strategy, some names excepted."""
    return pytest.mark.parametrize("cls", [one for one in SINGLE if one.name not in but], ids=lambda cls: cls.name)


@cache
def daily() -> Columns:
    bars = {name: one[:ROWS].astype(np.int64) for name, one in real_bars().items()}
    return days(bars["close"], opens=bars["open"], highs=bars["high"], lows=bars["low"], start=10_595, weekdays=True)


@cache
def five_minutes() -> Columns:
    """Return sessions of 78 bars, with a gap before each."""
    random, sessions, last = np.random.default_rng(11), [], 100_000
    for _ in range(39):
        last += int(random.integers(-1500, 1501))
        steps = random.integers(-100, 101, (78, 4)).astype(int)
        session = []
        for step, shift, above, below in steps.tolist():
            open, close = last + shift // 10, last + step
            session.append((open, max(open, close) + abs(above) // 2, min(open, close) - abs(below) // 2, close))
            last = close
        sessions.append(session)
    columns = minutes(sessions, volumes=random.integers(0, 1000, 39 * 78))
    return columns.slice(0, ROWS)


@every()
def test_compiled_and_interpreted_are_one_run_and_trade(cls: type, kernels: Path) -> None:
    columns = five_minutes() if issubclass(cls, Intraday) else daily()
    at_close = cls.name in AT_THE_CLOSE
    plain = finished(cls(), columns, at_close=at_close)
    batch = finished(cls(), columns, "batch", kernels, at_close=at_close)
    assert len(plain.record.fills()) > 0
    assert batch.record.digest() == plain.record.digest()
    assert batch.snapshot() == plain.snapshot()


@every(*BY_THE_CALENDAR)
def test_a_price_that_stands_still_causes_no_trade(cls: type) -> None:
    still = minutes([[(1000, 1000, 1000, 1000)] * 78] * 4) if issubclass(cls, Intraday) else days([1000] * 300)
    assert fills(cls(), still) == []


@every(*NO_SIZER)
def test_without_a_size_nothing_is_ordered(cls: type) -> None:
    columns = five_minutes() if issubclass(cls, Intraday) else daily()
    session = finished(cls(), columns.slice(0, 600), size=0, at_close=cls.name in AT_THE_CLOSE)
    assert len(session.record.rows()) == 0
