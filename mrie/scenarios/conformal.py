"""Conformal bands: as wide as past forecasts were wrong, and wider when they lately missed too often.

Split conformal prediction on absolute errors that were known at the origin (Vovk et al. 2005), with the level adapted
to past misses (adaptive conformal inference, Gibbs and Candès 2021, NeurIPS): after every month that becomes known,

    α ← α + rate · (1 − level − missed)

Nothing is assumed about the errors' distribution. Each variable and each month ahead has its own band.
"""

import numpy as np

RATE = 0.02
MIN_SCORES = 60
_WIDEST = 0.999


def widths(errors: np.ndarray, ahead: int, *, level: float = 0.9, rate: float = RATE) -> np.ndarray:
    """Return the half-width of the band at every origin, and of one more after the last: shape (origins + 1,).

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
    scores, found = np.abs(errors), np.full(len(errors) + 1, np.nan)
    miss_share = 1.0 - level
    for origin in range(len(errors) + 1):
        newest = origin - ahead  # its month has just become known
        if newest >= 0 and np.isfinite(found[newest]) and np.isfinite(scores[newest]):
            miss_share += rate * (1.0 - level - float(scores[newest] > found[newest]))
        known = scores[: max(newest + 1, 0)]
        known = known[np.isfinite(known)]
        if len(known) >= MIN_SCORES:
            found[origin] = _quantile(known, 1.0 - miss_share)
    return found


def coverage(errors: np.ndarray, ahead: int, *, level: float = 0.9, rate: float = RATE) -> tuple[int, int]:
    """Return how many bands contained what happened, and how many there were: each made before its month was known."""
    made = widths(errors, ahead, level=level, rate=rate)[:-1]
    judged = np.isfinite(made) & np.isfinite(errors)
    return int(np.sum(np.abs(errors[judged]) <= made[judged])), int(judged.sum())


def _quantile(scores: np.ndarray, level: float) -> float:
    """Return the ⌈(n + 1) · level⌉-th smallest score; beyond the largest, the largest."""
    rank = int(np.ceil((len(scores) + 1) * min(max(level, 0.0), _WIDEST)))
    return float(np.partition(scores, min(max(rank, 1), len(scores)) - 1)[min(max(rank, 1), len(scores)) - 1])
