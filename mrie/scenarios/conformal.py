"""Conformal bands: as wide as past forecasts were wrong, and wider when they lately missed too often.

Split conformal prediction on absolute errors that were known at the origin (Vovk et al. 2005), with the level adapted
to past misses (adaptive conformal inference, Gibbs and Candès 2021, NeurIPS): after every month that becomes known,

    α ← α + rate · (1 − level − missed)

Nothing is assumed about the errors' distribution. Each variable and each month ahead has its own band.
"""

import math
from bisect import insort

import numpy as np

RATE = 0.02
MIN_SCORES = 60
_WIDEST = 0.999


def widths(errors: np.ndarray, ahead: int, *, level: float = 0.9, rate: float = RATE) -> np.ndarray:
    """Return the half-width of the band made at every origin, shape (origins,): the last is the one in force.

    Parameters
    ----------
    errors
        Forecast errors of one variable by origin, consecutive months, shape (origins,); NaN where unknown.
    ahead
        Months from origin to the month forecast: an error is known that much later.
    level
        Nominal coverage.

    Returns
    -------
    numpy.ndarray
        In the variable's unit; NaN until ``MIN_SCORES`` errors are known.
    """
    scores: list[float] = np.abs(errors).tolist()
    found = [math.nan] * len(scores)
    known: list[float] = []  # in ascending order
    miss_share = 1.0 - level
    for origin in range(len(scores)):
        newest = origin - ahead  # its month has just become known
        if newest >= 0 and not math.isnan(scores[newest]):
            insort(known, scores[newest])
            if not math.isnan(found[newest]):
                miss_share += rate * (1.0 - level - float(scores[newest] > found[newest]))
        if len(known) >= MIN_SCORES:
            found[origin] = known[_place(len(known), 1.0 - miss_share)]
    return np.array(found)


def inside(errors: np.ndarray, bands: np.ndarray) -> tuple[int, int]:
    """Return how many bands contained what happened, and how many there were whose month is known.

    Parameters
    ----------
    errors, bands
        Forecast errors and half-widths by origin, shape (origins,), in the variable's unit; NaN where unknown.
    """
    judged = np.isfinite(bands) & np.isfinite(errors)
    return int(np.sum(np.abs(errors[judged]) <= bands[judged])), int(judged.sum())


def _place(count: int, level: float) -> int:
    """Return where the ⌈(n + 1) · level⌉-th smallest of ``count`` scores is; beyond the largest, the largest."""
    rank = math.ceil((count + 1) * min(max(level, 0.0), _WIDEST))
    return min(max(rank, 1), count) - 1
