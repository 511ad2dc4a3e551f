"""Random walks as columns: daily and intraday bars of one instrument, and a panel of several with gaps."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, Costs
from backtest.core.session import Terms
from backtest.core.sizing import Sizer
from backtest.sessions import flags_of

MINUTE, DAY = 60_000_000, 86_400_000_000
START = int(datetime(2019, 1, 7, tzinfo=UTC).timestamp()) * 1_000_000  # a Monday


def daily(count: int = 320, seed: int = 1) -> Columns:
    """Return working days' bars with calendar flags."""
    return _columns(_workdays(count), DAY, (count,), seed)


def intraday(days: int = 8, seed: int = 2, gap: int = 0) -> Columns:
    """Return ten-minute bars of sessions from 13:30 to 20:00 UTC."""
    opens = _workdays(days) + 810 * MINUTE
    times = (opens[:, None] + np.arange(39) * 10 * MINUTE).reshape(-1)
    made = _columns(times, 10 * MINUTE, times.shape, seed)
    gaps = np.repeat(np.cumsum(np.random.default_rng(seed).integers(-gap, gap + 1, days)), 39)  # overnight
    for name in ("opens", "highs", "lows", "closes"):
        getattr(made, name)[:] += gaps
    return made


def panel(count: int = 320, width: int = 6, seed: int = 3) -> Columns:
    """Return daily rows of several instruments, of which the last two miss a day now and then."""
    columns = _columns(_workdays(count), DAY, (count, width), seed)
    gone = np.random.default_rng(seed).random((count, 2)) < 0.05
    for name in ("opens", "highs", "lows", "closes"):
        getattr(columns, name)[:, -2:][gone] = NONE
    return columns


def terms(width: int = 1) -> Terms:
    """Return a million in cash and prices in cents, at one basis point."""
    return Terms(instruments=tuple({"worth": 10_000} for _ in range(width)), cash=(10**12,),
                 costs=Costs(model=BASIS_POINTS, rate=10_000), sizer=Sizer(size=10))  # fmt: skip


def _workdays(count: int) -> np.ndarray:
    days = START + np.arange(2 * count) * DAY
    return days[(days // DAY + 3) % 7 < 5][:count]


def _columns(times: np.ndarray, duration: int, shape: tuple[int, ...], seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    close = np.maximum(10_000 + np.cumsum(rng.integers(-90, 96, shape), axis=0), 500)
    before: Any = np.concatenate([close[:1], close[:-1]])
    opens = np.maximum(before + rng.integers(-60, 61, shape), 1)
    high = np.maximum(opens, close) + rng.integers(0, 60, shape)
    low = np.maximum(np.minimum(opens, close) - rng.integers(0, 60, shape), 1)
    volume = rng.integers(1, 1_000, shape)
    return Columns(times, opens, high, low, close, volume, flags=flags_of(times, duration), duration=duration)
