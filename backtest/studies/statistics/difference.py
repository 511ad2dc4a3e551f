"""How sure is the difference of two Sharpe ratios over the same periods: an interval by the paired bootstrap.

Ledoit & Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", J. of Empirical Finance 15(5): both
histories are resampled with the same rows, so that what they share does not widen the interval. Here blocks are those
of the stationary bootstrap, and the interval is made of plain quantiles.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.studies.resample import stationary_rows
from backtest.studies.statistics.block_length import FEWEST, block_length
from backtest.tearsheet.returns import FLAT
from zeno.errors import ConfigError

Floats = NDArray[np.float64]
_CELLS = 1_000_000
"""Resampled returns held at a time."""


@dataclass(frozen=True)
class SharpeDifference:
    """``estimate``, ``low`` and ``high`` are annualised; ``block`` is the mean block length in returns."""

    estimate: float
    low: float
    high: float
    confidence: float
    block: float
    resamples: int


def sharpe_difference(one: Floats, base: Floats, per_year: float, *, random: np.random.Generator,
                      confidence: float = 0.95, resamples: int = 2_000) -> SharpeDifference:  # fmt: skip
    """Return how much higher the Sharpe ratio of ``one`` is than that of ``base``, with a central interval.

    Parameters
    ----------
    one, base
        Returns of the same periods, in order of time, shape (n,). The ratio of returns that do not vary is 0.
    per_year
        How many periods make a year.

    Raises
    ------
    ConfigError
        When there are fewer than 20 periods, or not as many of one as of the other.

    >>> same = np.random.default_rng(1).normal(size=100)
    >>> sharpe_difference(same, same, 252, random=np.random.default_rng(2)).high
    0.0
    """
    if len(one) != len(base) or len(one) < FEWEST:
        raise ConfigError(f"{len(one)} and {len(base)} returns cannot be compared.",
                          remedy=f"Give the same periods of both, {FEWEST} or more.")  # fmt: skip
    # Blocks as long as the memory of what the difference is, to first order, the mean of.
    block = block_length(influence(one) - influence(base)).stationary
    found, at_once = [], max(1, _CELLS // len(one))
    for done in range(0, resamples, at_once):
        rows = stationary_rows(len(one), block, min(at_once, resamples - done), random)
        found.append(sharpes(one[rows]) - sharpes(base[rows]))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(np.concatenate(found), [tail, 1.0 - tail]) * math.sqrt(per_year)
    estimate = float(sharpes(one[None])[0] - sharpes(base[None])[0]) * math.sqrt(per_year)
    return SharpeDifference(estimate, float(low), float(high), confidence, block, resamples)


def influence(returns: Floats) -> Floats:
    """Return each return's pull on the Sharpe ratio, z − S (z² − 1) / 2; zeros where returns do not vary."""
    spread = returns.std()
    if spread < FLAT:
        return np.zeros(len(returns))
    z = (returns - returns.mean()) / spread
    return z - returns.mean() / spread * (z**2 - 1.0) / 2.0


def sharpes(histories: Floats) -> Floats:
    """Return the Sharpe ratio of each row, not annualised; zero where it does not vary."""
    mean, spread = histories.mean(axis=1), histories.std(axis=1, ddof=1)
    return np.divide(mean, spread, out=np.zeros_like(mean), where=spread >= FLAT)
