"""How the market moved, slice by slice, whatever the shape of the columns: what conditions runs and draws paths."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns

Floats = NDArray[Any]


def moves(columns: Columns) -> tuple[NDArray[np.int64], Floats]:
    """Return when each slice ended and how far the market moved in it.

    The market is the equally weighted mean of its instruments' log returns, close to close. An instrument counts from
    its first close on, and stands still while it does not trade: whether instruments trade at the same moments or by
    turns, the moves add up to the mean of theirs. Whether one will ever trade again is not known at the time.

    Returns
    -------
    moments
        µs UTC, increasing, shape (slices,).
    moves
        Shape (slices,); 0 where nothing traded, as in the first slice.
    """
    times, closes = _closes(columns)
    traded = ~np.isnan(closes)
    last = np.maximum.accumulate(np.where(traded, np.arange(len(closes))[:, None], -1), axis=0)
    previous = np.vstack([np.full((1, closes.shape[1]), -1), last[:-1]])
    counting = previous >= 0
    known = traded & counting
    before = np.take_along_axis(closes, np.maximum(previous, 0), axis=0)
    logs = np.where(known, np.log(np.where(known, closes / np.where(known, before, 1.0), 1.0)), 0.0)
    count = counting.sum(axis=1)
    return times + columns.duration, np.divide(logs.sum(axis=1), count, out=np.zeros(len(times)), where=count > 0)


def _closes(columns: Columns) -> tuple[NDArray[np.int64], Floats]:
    """Return moments and closes, shape (moments, instruments); NaN where there is no price with a logarithm."""
    if columns.closes.ndim == 2:
        times, closes = columns.times, columns.closes
    else:
        times, rows = np.unique(columns.times, return_inverse=True)
        closes = np.full((len(times), int(columns.members.max(initial=0)) + 1), NONE, np.int64)
        closes[rows, columns.members] = columns.closes  # of several trades at a moment the last counts
    return times, np.where((closes != NONE) & (closes > 0), closes, np.nan).astype(np.float64)
