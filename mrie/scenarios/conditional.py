"""Conditional forecasts: the path that is expected of every variable when some are seen to take given values.

The whole path is jointly normal, so that conditioning is linear algebra (Waggoner and Zha 1999, Review of Economics and
Statistics 81, without parameter uncertainty). Values seen with noise enter with its variance. Ranges truncate the
normal; its mean is found by Gibbs sampling with a fixed seed.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from mrie.scenarios.conditions import Condition, Observed, Within

_DRAWS, _BURN_IN = 4_000, 500
_RIDGE = 1e-10


def condition(mean: np.ndarray, covariance: np.ndarray, names: Sequence[str], conditions: Sequence[Condition],
              *, seed: int = 0) -> np.ndarray:  # fmt: skip
    """Return the expected path given the conditions, shape (horizon, n).

    Parameters
    ----------
    mean
        The unconditional path, shape (horizon, n).
    covariance
        Of its forecast errors, month by month, shape (horizon·n, horizon·n).
    """
    exact = [one for one in conditions if isinstance(one, Observed)]
    ranges = [one for one in conditions if isinstance(one, Within)]
    path, spread = mean.ravel(), covariance
    if exact:
        weights = gain(spread, places(exact, names), np.array([one.sd for one in exact]))
        at = places(exact, names)
        path = path + weights @ (np.array([one.value for one in exact]) - path[at])
        spread = spread - weights @ spread[at]
    if ranges:
        at = places(ranges, names)
        inside = spread[np.ix_(at, at)]
        limits = np.array([(one.low, one.high) for one in ranges])
        middle = _truncated_mean(path[at], inside + _RIDGE * np.eye(len(at)), limits, seed)
        path = path + gain(spread, at, np.zeros(len(at))) @ (middle - path[at])
    return path.reshape(mean.shape)


def places(conditions: Sequence[Condition], names: Sequence[str]) -> np.ndarray:
    """Return where the conditions are in a flattened path."""
    return np.array([(one.step - 1) * len(names) + names.index(one.node) for one in conditions], dtype=np.int64)


def gain(covariance: np.ndarray, at: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return what a surprise at the places ``at``, seen with noise ``sd``, says of every place: shape (all, at)."""
    seen = covariance[np.ix_(at, at)] + np.diag(sd**2)
    seen = seen + _RIDGE * np.trace(seen) / len(at) * np.eye(len(at))
    return np.linalg.solve(seen, covariance[at]).T


def _truncated_mean(mean: np.ndarray, covariance: np.ndarray, limits: np.ndarray, seed: int) -> np.ndarray:
    """Return the mean of a normal within a box, by Gibbs sampling one coordinate after the other."""
    precision = np.linalg.inv(covariance)
    sd = 1.0 / np.sqrt(np.diag(precision))
    draw = np.random.default_rng(seed)
    point = np.clip(mean, limits[:, 0], limits[:, 1])
    total = np.zeros(len(mean))
    for number in range(_DRAWS):
        for at in range(len(mean)):
            others = precision[at] @ (point - mean) - precision[at, at] * (point[at] - mean[at])
            centre = mean[at] - others / precision[at, at]
            point[at] = _truncated_draw(centre, sd[at], limits[at], draw.random())
        if number >= _BURN_IN:
            total += point
    return total / (_DRAWS - _BURN_IN)


def _truncated_draw(centre: float, sd: float, limits: np.ndarray, uniform: float) -> float:
    low, high = (limits - centre) / sd
    if low > 0:  # in the upper tail the distribution function rounds to one: draw its mirror image
        return centre - sd * float(ndtri(ndtr(-high) + uniform * (ndtr(-low) - ndtr(-high))).clip(-high, -low))
    return centre + sd * float(ndtri(ndtr(low) + uniform * (ndtr(high) - ndtr(low))).clip(low, high))
