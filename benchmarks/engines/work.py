"""The work that every engine is given: the same bars, rule, costs and cash, made without any random generator.

| work | bars | rule |
|---|---|---|
| ``sma`` | one instrument, 1-minute | long ``QUANTITY`` while the mean of ``FAST`` closes is above that of ``SLOW`` |
| ``sweep`` | the same | the same for every pair of ``PAIRS``, each with its own account |
| ``portfolio`` | ``SYMBOLS`` instruments, daily | at a month's last session: the ``TOP`` by momentum, equal weights |

A rule decides at a close and is filled at the next open; every fill costs ``FEE_PPM`` of its notional. Prices are whole
cents (int64), quantities whole units. What is right to the last digit is in ``oracle``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

CASH = 1_000_000  # dollars
QUANTITY = 10
FEE_PPM = 100  # parts per million of the notional: 1 basis point
FAST, SLOW = 10, 30
PAIRS = tuple((fast, slow) for fast in range(5, 24, 2) for slow in range(30, 121, 10))
LOOKBACK, SKIP, TOP = 252, 21, 50
INVEST_PERCENT = 98
SYMBOLS, DAYS = 500, 2_500

_MINUTE_US = 60_000_000
_START_US = 1_577_836_800_000_000  # 2020-01-01 UTC
_FIRST_DAY = 16_440  # 2015-01-05, a Monday, in days since 1970


@dataclass(frozen=True)
class Bars:
    """Bars as int64 columns: ``ts`` in microseconds UTC, prices in cents; (n,) or, with symbols, (days, symbols)."""

    ts: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` a column, the form in which every runner reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, column in vars(self).items():
            np.save(folder / f"{name}.npy", column)

    def head(self, count: int) -> "Bars":
        """Return the first bars."""
        return Bars(**{name: column[:count] for name, column in vars(self).items()})


def minute_bars(count: int) -> Bars:
    """Return one instrument's 1-minute bars: a walk in cents around 1,000.00, the same on every machine."""
    ts = _START_US + np.arange(count, dtype=np.int64) * _MINUTE_US
    return _walk(ts, (count,), start=100_000, step=9)


def daily_bars(days: int = DAYS, symbols: int = SYMBOLS) -> Bars:
    """Return daily bars on weekdays: (days, symbols), every symbol with a walk of its own from 500.00."""
    number = np.arange(days, dtype=np.int64)
    weekdays = _FIRST_DAY + number // 5 * 7 + number % 5
    return _walk(weekdays * 86_400_000_000, (days, symbols), start=50_000, step=400)


def month_ends(ts: np.ndarray) -> np.ndarray:
    """Return the positions of each month's last session; the last of all has no successor to show it, and is none."""
    months = ts.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return np.flatnonzero(months[1:] != months[:-1])


def _walk(ts: np.ndarray, shape: tuple[int, ...], start: int, step: int) -> Bars:
    moves = _uniform(shape, 1, 2 * step + 1) - step
    gaps = _uniform(shape, 2, step) - step // 2
    close = np.maximum(start + np.cumsum(moves, axis=0), start // 20)
    before = np.concatenate([np.full((1, *shape[1:]), start, np.int64), close[:-1]])
    opened = np.maximum(before + gaps, 1)
    high = np.maximum(opened, close) + _uniform(shape, 3, step)
    low = np.maximum(np.minimum(opened, close) - _uniform(shape, 4, step), 1)
    return Bars(ts, opened, high, low, close, 1_000 + _uniform(shape, 5, 9_000))


def _uniform(shape: tuple[int, ...], stream: int, below: int) -> np.ndarray:
    """Return whole numbers from 0 to ``below`` - 1: splitmix64 of the position, which no library's version changes."""
    number = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(stream << 40)
    mixed = (number + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(below)).astype(np.int64).reshape(shape)
