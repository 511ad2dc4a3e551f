"""The Sharpe ratio within regimes, and how sure it is: periods are resampled together with their regime.

The stationary bootstrap draws blocks of (return, regime) from the whole history, so that how often and for how long a
regime lasts varies as the returns do. Politis & Romano (1994), "The Stationary Bootstrap", JASA 89(428).
"""

import math

import numpy as np
from numpy.typing import NDArray

from backtest.studies.resample import stationary_rows
from backtest.studies.statistics.block_length import FEWEST, block_length
from backtest.tearsheet.returns import FLAT
from zeno.errors import ConfigError

Floats = NDArray[np.float64]
_CELLS = 1_000_000
"""Resampled returns held at a time."""


def conditional_sharpes(returns: Floats, labels: NDArray[np.int64], wanted: int, per_year: float, *,
                        random: np.random.Generator, confidence: float = 0.95, resamples: int = 2_000
                        ) -> tuple[float, float, float]:  # fmt: skip
    """Return the annualised Sharpe ratio of the periods with a label, and the ends of its central interval.

    Parameters
    ----------
    returns, labels
        Of all periods, in order of time, shape (n,).
    wanted
        The label asked about. Resamples with fewer than two periods of it are left out.

    Raises
    ------
    ConfigError
        When fewer than 20 periods have the label, or their returns do not vary.
    """
    inside = labels == wanted
    if inside.sum() < FEWEST or returns[inside].std() < FLAT:
        raise ConfigError(f"{int(inside.sum())} periods are too few to judge, or their returns do not vary.",
                          remedy="Take a longer history, or regimes that last longer.")  # fmt: skip
    block = block_length(np.where(inside, returns - returns[inside].mean(), 0.0)).stationary
    found, at_once = [], max(1, _CELLS // len(returns))
    for done in range(0, resamples, at_once):
        rows = stationary_rows(len(returns), block, min(at_once, resamples - done), random)
        found.append(_sharpes(returns[rows], inside[rows]))
    drawn = np.concatenate(found)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn[~np.isnan(drawn)], [tail, 1.0 - tail]) * math.sqrt(per_year)
    estimate = returns[inside].mean() / returns[inside].std(ddof=1) * math.sqrt(per_year)
    return float(estimate), float(low), float(high)


def _sharpes(returns: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the Sharpe ratio of each row's periods inside; NaN where there are fewer than two, or none varies."""
    count = inside.sum(axis=1)
    mean = np.where(inside, returns, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(inside, (returns - mean[:, None]) ** 2, 0.0).sum(axis=1)
    spread = np.sqrt(squares / np.maximum(count - 1, 1))
    return np.divide(mean, spread, out=np.full(len(mean), np.nan), where=(count > 1) & (spread >= FLAT))
