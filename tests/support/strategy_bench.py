"""Runs strategies on small made-up markets, and says what they traded."""

from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import lanes
from backtest.core.columns import Columns
from backtest.core.matching import SAME_CLOSE
from backtest.core.session import Session, Terms
from backtest.core.sizing import Sizer

DAY, MINUTE = 86_400_000_000, 60_000_000
LASTS = 23 * 60 * MINUTE  # of a daily bar: its close and the next open are two moments
MONDAY = 4  # 5 January 1970


def calendar_flags(days: np.ndarray) -> np.ndarray:
    """Return the flags of daily bars, from days since 1970: first and last of a session, of a month, of a week."""
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    weeks = (days + 3) // 7
    ends = [np.append(one[1:] != one[:-1], False) for one in (months, weeks)]
    return 3 + 4 * ends[0] + 8 * ends[1]


def days(closes: Any, *, opens: Any = None, highs: Any = None, lows: Any = None, start: int = MONDAY,
         weekdays: bool = False) -> Columns:  # fmt: skip
    """Return daily bars: each opens at the close before it, unless told otherwise; every day, or weekdays alone."""
    closes = np.asarray(closes, np.int64)
    opens = np.concatenate([closes[:1], closes[:-1]]) if opens is None else np.asarray(opens, np.int64)
    highs = np.maximum(opens, closes) if highs is None else np.asarray(highs, np.int64)
    lows = np.minimum(opens, closes) if lows is None else np.asarray(lows, np.int64)
    numbers = start + np.arange(3 * len(closes))
    numbers = (numbers[(numbers + 3) % 7 < 5] if weekdays else numbers)[: len(closes)]
    volumes = np.full(len(closes), 100, np.int64)
    return Columns(numbers * DAY, opens, highs, lows, closes, volumes, flags=calendar_flags(numbers), duration=LASTS)


def minutes(sessions: list[Any], *, every: int = 5, volumes: Any = None) -> Columns:
    """Return bars of ``every`` minutes: one list of (open, high, low, close) a session, each from 14:30 UTC on."""
    bars = np.array([bar for session in sessions for bar in session], np.int64)
    times, flags = [], []
    for number, session in enumerate(sessions):
        times += [(MONDAY + number) * DAY + (870 + every * one) * MINUTE for one in range(len(session))]
        flags += [1 if one == 0 else 2 if one == len(session) - 1 else 0 for one in range(len(session))]
    sizes = np.full(len(bars), 100) if volumes is None else np.asarray(volumes)
    return Columns(np.array(times), *bars.T, sizes, flags=np.array(flags), duration=every * MINUTE)


def terms(*, at_close: bool = False, size: int = 10) -> Terms:
    """Return the terms of a run without costs: ``size`` units a position, prices in cents, a million in cash."""
    return Terms(instruments=({"worth": 10_000},), cash=(10**12,), sizer=Sizer(size=size), fill=SAME_CLOSE * at_close)


def finished(strategy: Any, columns: Columns, lane: str = "plain", folder: Path = Path(), **given: Any) -> Session:
    """Return a session that has run to the end."""
    session = Session(strategy, terms(**given), folder)
    lanes.run(session, columns, lane)
    return session


def fills(strategy: Any, columns: Columns, **given: Any) -> list[tuple[int, int, int]]:
    """Return what a strategy trades: the number of the bar, the signed quantity and the price of each fill."""
    rows = finished(strategy, columns, **given).record.fills()
    bars = np.searchsorted(columns.times, rows[:, 0], side="right") - 1
    return [(int(bar), int(row[3]), int(row[4])) for bar, row in zip(bars, rows, strict=True)]


def days_of(strategy: Any, columns: Columns, **given: Any) -> list[tuple[str, int]]:
    """Return what a strategy trades: the date, UTC, and the signed quantity of each fill."""
    rows = finished(strategy, columns, **given).record.fills()
    dates = rows[:, 0].astype("datetime64[us]").astype("datetime64[D]")
    return [(str(date), int(row[3])) for date, row in zip(dates, rows, strict=True)]
