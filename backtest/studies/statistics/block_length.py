"""How long the blocks of a bootstrap should be: the automatic choice of Politis & White.

Politis & White (2004), "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric Reviews 23(1), with
the correction of Patton, Politis & White (2009), Econometric Reviews 28(4), which changed the stationary bootstrap's
constant to D = 2 g(0)².
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.tearsheet.returns import FLAT
from zeno.errors import ConfigError

FEWEST = 20
"""Values below which autocorrelations say nothing."""


@dataclass(frozen=True)
class BlockLength:
    """Slices; of the stationary bootstrap the mean length. At least 1, at most min(3 √n, n / 3)."""

    stationary: float
    circular: float


def block_length(values: NDArray[np.float64]) -> BlockLength:
    """Return the block lengths that make the bootstrap's variance of the mean most precise.

    b = (2 G² / D)^(1/3) n^(1/3) with G = Σ λ(k/M) |k| R(k), g(0) = Σ λ(k/M) R(k), D = 2 g(0)² for the stationary and
    4/3 g(0)² for the circular bootstrap, over lags |k| ≤ M. λ is the flat-top window, 1 up to a half and then falling
    to 0; M is twice the last lag whose autocorrelation is told from zero.

    Parameters
    ----------
    values
        In order of time, shape (n,).

    Raises
    ------
    ConfigError
        When there are fewer than 20 values.

    >>> block_length(np.random.default_rng(1).normal(size=500)).stationary < 6
    True
    """
    count = len(values)
    if count < FEWEST:
        raise ConfigError(f"{count} values are too few to choose a block length from.",
                          remedy=f"Give {FEWEST} or more, or say how long blocks are.")  # fmt: skip
    covariances = _autocovariances(values, math.ceil(math.sqrt(count)) + _quiet_lags(count))
    if covariances[0] < FLAT**2:
        return BlockLength(1.0, 1.0)
    reach = _reach(covariances, count)
    lags = np.arange(1, reach + 1)
    weighted = 2.0 * np.minimum(1.0, 2.0 * (1.0 - lags / reach)) * covariances[1 : reach + 1]
    slope, spectrum = float(lags @ weighted), float(covariances[0] + weighted.sum())
    if spectrum == 0.0:
        return BlockLength(1.0, 1.0)
    longest = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    lengths = [
        (2.0 * slope**2 * count / (constant * spectrum**2)) ** (1.0 / 3.0) for constant in (2.0, 4.0 / 3.0)
    ]  # fmt: skip
    stationary, circular = (min(max(length, 1.0), float(longest)) for length in lengths)
    return BlockLength(stationary, circular)


def _autocovariances(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    centred = values - values.mean()
    return np.array([centred[lag:] @ centred[: len(centred) - lag] for lag in range(most + 1)]) / len(centred)


def _quiet_lags(count: int) -> int:
    """Return K: so many lags in a row below the threshold are taken for silence."""
    return max(5, math.ceil(math.sqrt(math.log10(count))))


def _reach(covariances: NDArray[np.float64], count: int) -> int:
    """Return M = 2 m̂, where lags m̂ + 1 … m̂ + K are the first K that stay within 2 √(log₁₀ n / n) of zero."""
    quiet = np.abs(covariances[1:] / covariances[0]) < 2.0 * math.sqrt(math.log10(count) / count)
    needed, last = _quiet_lags(count), len(quiet)
    for lag in range(last - needed + 1):
        if quiet[lag : lag + needed].all():
            return min(2 * max(lag, 1), last)
    loud = np.flatnonzero(~quiet)
    return min(2 * int(loud[-1] + 1), last)
