"""Panels to run strategies on: constructed ones, and real daily closes of US stocks through the project's collector."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.now import MONTH_LAST, SESSION_FIRST, SESSION_LAST, WEEK_LAST
from backtest.core.session import Session, Terms
from collectors.dataset import Context
from collectors.registry import dataset
from zeno.clock import ManualClock
from zeno.settings import Settings

DAY = 86_400_000_000
WORTH = 10_000  # money units of one share per price unit: prices are in cents
CASH = 10**12  # a million


def panel(closes: Any, *, every: int, opens: Any = None, highs: Any = None) -> Columns:
    """Return daily slices: one row of ``closes`` a slice, NaN where an instrument has none, in whole cents.

    Every ``every``-th slice ends a week and a month. Opens are the closes before unless given, highs and lows as tight
    as they can be.
    """
    c = _whole(closes)
    o = _whole(opens) if opens is not None else np.where(np.isnan(closes), NONE, np.vstack([c[:1], c[:-1]]))
    o = np.where((o == NONE) & (c != NONE), c, o)
    high = np.maximum(o, c) if highs is None else _whole(highs)
    flags = np.full(len(c), SESSION_FIRST | SESSION_LAST, np.int64)
    flags[every - 1 :: every] |= MONTH_LAST | WEEK_LAST
    times = np.arange(len(c), dtype=np.int64) * DAY
    return Columns(times, o, high, np.minimum(o, c), c, np.full(c.shape, 100), flags=flags, duration=DAY)


def _whole(prices: Any) -> np.ndarray:
    given = np.asarray(prices, dtype=float)
    return np.where(np.isnan(given), NONE, np.nan_to_num(np.rint(given))).astype(np.int64)


def terms(width: int) -> Terms:
    """Return a million in cash and shares of one price unit, without costs."""
    return Terms(instruments=tuple({"worth": WORTH} for _ in range(width)), cash=(CASH,))


def run(strategy: Any, columns: Columns, lane: str = "plain", folder: Path = Path("unused")) -> Session:
    """Run a strategy over all slices."""
    session = Session(strategy, terms(columns.width), folder)
    lanes.run(session, columns, lane)
    return session


def trades(session: Session) -> list[tuple[int, int, int]]:
    """Return what traded as (slice, instrument, quantity), in order."""
    return [(int(row[0]) // DAY, int(row[1]) // 256, int(row[3])) for row in session.record.fills()]


def shares(share: float, price: float, equity: float = CASH) -> int:
    """Return the whole shares that a share of the equity buys at a price."""
    return int(share * equity / (price * WORTH))


@cache
def real_panel() -> Columns:
    """Return the last 3,000 daily closes of eight US stocks, 2011-2022: bars of one price, in tenths of a cent.

    Three of them are made to miss some, from the last: one starts later, one has ended before, one pauses at times.
    """
    context = Context(settings=Settings.from_env(), clock=ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    batch = next(iter(dataset("us_equities_daily").read(context)))
    symbols = batch.data["symbol"].to_numpy(zero_copy_only=False)
    chosen = list(dict.fromkeys(symbols))[:8]
    price = batch.data["adj_close"].to_numpy(zero_copy_only=False).astype(float) * 1000
    closes = np.column_stack([np.rint(price[symbols == one][-3000:]) for one in chosen]).astype(np.int64)
    closes[:700, 7], closes[2000:, 6], closes[900:1000, 5], closes[::97, 5] = NONE, NONE, NONE, NONE
    days = batch.data["ts"].to_numpy(zero_copy_only=False)[symbols == chosen[0]][-3000:].astype("datetime64[D]")
    flags = np.full(len(days), SESSION_FIRST | SESSION_LAST, np.int64)
    months, weeks = days.astype("datetime64[M]").astype(int), (days.astype(int) + 3) // 7
    flags[:-1] |= np.where(months[1:] != months[:-1], MONTH_LAST, 0) | np.where(weeks[1:] != weeks[:-1], WEEK_LAST, 0)
    times = days.astype("datetime64[us]").astype(np.int64)
    return Columns(times, closes, closes, closes, closes, np.full(closes.shape, 100), flags=flags, duration=DAY)
