"""The stationary block bootstrap: how far the figures of a run would move if the same returns came in another order.

Politis & Romano (1994), "The Stationary Bootstrap", JASA 89(428): blocks of geometric length, wrapped round the end,
so that resamples keep the short memory of returns and stay stationary. The mean block is n^(1/3) sessions, the rate
that is optimal for the variance of a mean; it is a rule of thumb and the page names it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.tearsheet.figure import Interval, interval
from backtest.tearsheet.returns import FLAT, std
from backtest.tearsheet.sessions import Floats, Sessions

RESAMPLES = 1_000
CONFIDENCE = 0.90
_CELLS = 1_000_000
"""Resampled returns held at a time: bounds the memory to some tens of MB whatever the length of the run."""


@dataclass(frozen=True)
class Bootstrap:
    """Central intervals of CAGR, Sharpe ratio (annualised) and deepest drawdown (of session closes)."""

    cagr: Interval
    sharpe: Interval
    max_drawdown: Interval
    resamples: int
    mean_block: float
    confidence: float
    seed: int


def bootstrap(sessions: Sessions, seed: int, resamples: int = RESAMPLES) -> Bootstrap:
    """Resample the session returns; the same seed gives the same intervals."""
    block = max(1.0, round(len(sessions.returns) ** (1 / 3), 1))
    reason = sessions.too_short or ("" if std(sessions.returns) >= FLAT else "returns do not vary")
    if reason:
        none = Interval(None, None, reason)
        return Bootstrap(none, none, none, 0, block, CONFIDENCE, seed)
    random = np.random.default_rng(seed)
    parts = [
        _measure(sessions.returns[rows], sessions) for rows in _chunks(len(sessions.returns), block, resamples, random)
    ]
    cagr, sharpe, deepest = (_central(np.concatenate(column)) for column in zip(*parts, strict=True))
    return Bootstrap(cagr, sharpe, deepest, resamples, block, CONFIDENCE, seed)


def resampled_rows(count: int, block: float, resamples: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw row numbers, ``resamples`` × ``count``: at each step a new block starts with probability 1 / ``block``."""
    fresh = random.random((resamples, count)) < 1.0 / block
    fresh[:, 0] = True
    starts = random.integers(0, count, size=int(fresh.sum()))
    steps = np.arange(count)
    since = steps - np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    return (starts[np.cumsum(fresh).reshape(fresh.shape) - 1] + since) % count


def _chunks(count: int, block: float, resamples: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    at_once = max(1, _CELLS // count)
    for done in range(0, resamples, at_once):
        yield resampled_rows(count, block, min(at_once, resamples - done), random)


def _measure(returns: Floats, sessions: Sessions) -> tuple[Floats, Floats, Floats]:
    spread = returns.std(axis=1, ddof=1)
    mean = returns.mean(axis=1) * np.sqrt(sessions.per_year)
    sharpe = np.divide(mean, spread, out=np.zeros_like(mean), where=spread >= FLAT)
    growth = np.cumsum(np.log1p(returns), axis=1)
    peaks = np.maximum.accumulate(np.maximum(growth, 0.0), axis=1)
    with np.errstate(over="ignore"):
        return np.expm1(growth[:, -1] / sessions.years), sharpe, np.expm1((growth - peaks).min(axis=1))


def _central(values: Floats) -> Interval:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return interval(low, high)
