"""How far equity fell below its last peak, from every mark: spikes within a session count, withdrawals do not.

A drawdown runs from the mark of the peak to the first mark that is back at or above it. The peak before the first mark
is the initial cash.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.tearsheet.figure import Figure, figure, undefined
from backtest.tearsheet.sessions import Floats, Sessions

TOP = 5


@dataclass(frozen=True)
class Drawdown:
    """One episode. ``depth`` is a fraction ≤ 0 of the peak; moments are ISO 8601 UTC; ``recovered`` is None if not yet.

    ``days_down`` runs from the peak to the trough, ``days_under`` to the recovery or the end of the run.
    """

    depth: float
    started: str
    trough: str
    recovered: str | None
    days_down: float
    days_under: float


@dataclass(frozen=True)
class Drawdowns:
    """The deepest episodes, deepest first, and the share of marks that were below a peak."""

    deepest: Figure
    top: tuple[Drawdown, ...]
    time_under_water: Figure


def depths(equity: Floats, initial: float) -> Floats:
    """Return equity relative to its running peak, less one: zero at a peak, −1 at zero equity, below it in debt.

    >>> depths(np.array([110.0, 99.0, 120.0]), 100.0).round(3).tolist()
    [0.0, -0.1, 0.0]
    """
    peaks = np.maximum.accumulate(np.maximum(equity, initial))
    return equity / peaks - 1.0


def drawdowns(sessions: Sessions) -> Drawdowns:
    """Find the deepest episodes of a run."""
    if not sessions.equity.size:
        return Drawdowns(undefined("no marks"), (), undefined("no marks"))
    depth = depths(sessions.wealth, sessions.initial)
    under = depth < 0
    edges = np.diff(np.concatenate([[0], under.astype(np.int8), [0]]))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    floors = np.minimum.reduceat(depth, firsts) if firsts.size else np.array([])
    if firsts.size:  # reduceat runs on to the next episode; what is between them is zero, so the minimum holds
        order = np.lexsort((firsts, floors))[:TOP]
        top = tuple(_episode(depth, sessions.moments, int(firsts[i]), int(ends[i])) for i in order)
    else:
        top = ()
    return Drawdowns(figure(min(depth.min(), 0.0)), top, figure(float(under.mean())))


def _episode(depth: Floats, moments: NDArray[np.int64], first: int, end: int) -> Drawdown:
    start = moments[max(first - 1, 0)]
    low = first + int(np.argmin(depth[first:end]))
    recovered = moments[end] if end < len(moments) else None
    last = moments[-1] if recovered is None else recovered
    return Drawdown(
        depth=float(depth[low]),
        started=iso(start),
        trough=iso(moments[low]),
        recovered=None if recovered is None else iso(recovered),
        days_down=_days(start, moments[low]),
        days_under=_days(start, last),
    )


def iso(moment: np.int64) -> str:
    """Return microseconds since 1970 as ISO 8601 in UTC, to the second.

    >>> iso(np.int64(0))
    '1970-01-01T00:00:00Z'
    """
    return f"{moment.astype('datetime64[us]').astype('datetime64[s]')}Z"


def _days(start: np.int64, end: np.int64) -> float:
    return float(end - start) / 86_400e6
