"""Monte-Carlo resamples of trades, returns and bars. What a task draws follows from the study's seed and its number.

| what may differ | resample |
|---|---|
| the order of independent trades | ``permuted`` |
| the history of returns, with its short memory | ``stationary_rows`` (blocks of any length), ``circular_rows`` |
| the prices that a strategy saw | ``bar_path`` over such rows |

Rows are drawn first and applied by whoever has the data, so that several series can be drawn jointly. Paths of bars are
``Columns`` as any other: whole prices, consistent highs and lows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backtest.core.arithmetic import NONE
from backtest.core.columns import PRICES, Columns
from backtest.tearsheet.bootstrap import resampled_rows
from zeno.errors import ConfigError

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_LARGEST = 2**53
"""Beyond it a float is no longer every whole number."""


def generator(seed: int, task: int) -> np.random.Generator:
    """Return a task's own randomness, whatever ran before it and wherever: Philox, keyed by seed and task number.

    >>> int(generator(7, 3).integers(1_000)) == int(generator(7, 3).integers(1_000))
    True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(task,))))


def permuted(count: int, resamples: int, random: np.random.Generator) -> Rows:
    """Return row numbers, shape (resamples, count): every row once, in random order."""
    return random.permuted(np.broadcast_to(np.arange(count), (resamples, count)), axis=1)


def stationary_rows(count: int, block: float, resamples: int, random: np.random.Generator) -> Rows:
    """Return row numbers in blocks of geometric length, wrapped round the end, shape (resamples, count).

    Politis & Romano (1994), "The Stationary Bootstrap", JASA 89(428).

    Parameters
    ----------
    block
        Mean length; 1 draws every row by itself.

    Raises
    ------
    ConfigError
        When there are no rows, or blocks are shorter than 1.
    """
    _check(count, block)
    return resampled_rows(count, block, resamples, random)


def circular_rows(count: int, block: int, resamples: int, random: np.random.Generator) -> Rows:
    """Return row numbers in blocks of one length, wrapped round the end, shape (resamples, count).

    Politis & Romano (1992), "A Circular Block-Resampling Procedure for Stationary Data". The last block is cut.

    Raises
    ------
    ConfigError
        When there are no rows, or blocks are shorter than 1.
    """
    _check(count, block)
    starts = random.integers(0, count, size=(resamples, -(-count // block), 1))
    return ((starts + np.arange(block)) % count).reshape(resamples, -1)[:, :count]


def compounded(returns: Floats, rows: Rows) -> Floats:
    """Return equity in units of the first capital along each resample, shape (resamples, count)."""
    return np.cumprod(1.0 + returns[rows], axis=1, dtype=np.float64)


def bands(paths: Floats, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Floats:
    """Return the quantiles of paths, moment by moment, shape (levels, count); a band is no path itself.

    >>> bands(np.array([[1.0, 2.0], [3.0, 6.0]]), levels=(0.0, 0.5)).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    return np.quantile(paths, levels, axis=0)


def bar_path(columns: Columns, rows: Rows, *, tick: int = 1) -> Columns:
    """Return bars in another order, chained to one path of prices.

    A bar is kept as the logarithms of its prices over the close before it; instruments of a panel move together. The
    path begins at the first price of each. Times and calendar flags stay, volumes move with their bars. A bar that had
    no close before it (an instrument's first) opens where the path stands. Where an instrument did not trade, neither
    does the path.

    Parameters
    ----------
    columns
        One instrument, shape (n,), or a panel, shape (n, width).
    rows
        Which bar comes at each time, shape (n,); ``np.arange(n)`` gives the same bars again. Intraday bars are best
        drawn by session, each at its own place in it, so that an opening gap stays at an opening.
    tick
        Price units that prices are rounded to, and the lowest price.

    Raises
    ------
    ConfigError
        When prices are not all positive, instruments are interleaved, the slices are quotes, or a path outgrows 2^53.
    """
    _check_bars(columns, rows)
    prices = {name: getattr(columns, name).reshape(len(columns), -1) for name in PRICES}
    closes = prices["closes"]
    traded = closes != NONE
    before, starts = _closes_before(closes, prices["opens"], traded)
    logs = {
        name: np.where(traded, np.log(np.where(traded, values, 1)) - before, 0.0) for name, values in prices.items()
    }
    path = np.log(starts) + np.cumsum(logs["closes"][rows], axis=0)
    base = path - logs["closes"][rows]
    made = {name: _rounded(base + values[rows], tick) for name, values in logs.items()}
    # Rounding keeps the order of prices, but the last digit of a logarithm need not.
    made["highs"] = np.maximum(made["highs"], np.maximum(made["opens"], made["closes"]))
    made["lows"] = np.minimum(made["lows"], np.minimum(made["opens"], made["closes"]))
    shape = columns.closes.shape
    final = {name: np.where(traded[rows], made[name], NONE).reshape(shape) for name in PRICES}
    return replace(columns, **final, volumes=columns.volumes[rows])


def _closes_before(closes: NDArray[np.int64], opens: NDArray[np.int64], traded: NDArray[np.bool_]
                   ) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the logarithm of each bar's last close before it (a first bar's own open), and the first opens."""
    count = len(closes)
    last = np.maximum.accumulate(np.where(traded, np.arange(count)[:, None], -1), axis=0)
    previous = np.vstack([np.full((1, closes.shape[1]), -1), last[:-1]])
    known = np.take_along_axis(closes, np.maximum(previous, 0), axis=0)
    before = np.where(previous >= 0, known, np.where(traded, opens, 1))
    first = np.take_along_axis(opens, traded.argmax(axis=0)[None], axis=0)[0]
    return np.log(before), np.where(traded.any(axis=0), first, 1).astype(np.float64)


def _rounded(logs: Floats, tick: int) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):
        units = np.rint(np.exp(logs) / tick) * tick
    if not (units < _LARGEST).all():
        raise ConfigError("A resampled path outgrows what a price can be.",
                          remedy="Use a smaller price scale, or fewer bars a path.")  # fmt: skip
    return np.maximum(units, tick).astype(np.int64)


def _check(count: int, block: float) -> None:
    if count < 1 or block < 1:
        raise ConfigError(f"{count} rows cannot be drawn in blocks of {block}.",
                          remedy="Give at least one row, and a block length of at least 1.")  # fmt: skip


def _check_bars(columns: Columns, rows: Rows) -> None:
    if len(rows) != len(columns):
        raise ConfigError(f"{len(rows)} rows for {len(columns)} times.", remedy="Draw as many rows as there are bars.")
    if columns.quotes:
        raise ConfigError("Quotes cannot be resampled as bars.", remedy="Resample bars.")
    if columns.members.any():
        raise ConfigError("Interleaved instruments cannot be resampled jointly.", remedy="Read them as a panel.")
    if any(((values := getattr(columns, name)) <= 0).any() and (values[values != NONE] <= 0).any() for name in PRICES):
        raise ConfigError("A price that is not positive has no logarithm.",
                          remedy="Resample the run's returns instead.")  # fmt: skip
