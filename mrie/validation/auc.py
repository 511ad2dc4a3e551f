"""The area under the ROC curve, its interval, and the comparison of two of them on the same months.

The interval resamples whole cycles (an expansion with the recession after it): months of one recession are not
independent, so an interval over months would be too narrow. With fewer than three recessions there are no cycles to
resample, and blocks of two years stand in. DeLong's test does treat months as independent: read its p-values as lower
bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from mrie.panel.store import Floats
from mrie.validation.scores import Truth

_DRAWS = 1000
_BLOCK = 24
_FEWEST = 3


@dataclass(frozen=True)
class Interval:
    """The ends of an interval and how it was made: ``cycles`` or ``blocks``."""

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class Comparison:
    """``difference`` of two areas, its standard error, and the two-sided p-value of no difference."""

    difference: float
    error: float
    p_value: float


def auc(truth: Truth, score: Floats) -> float | None:
    """Return the probability that a recession month scores higher than another (Mann-Whitney; ties count half).

    None if all months are of one kind.
    """
    positive = int(truth.sum())
    if not 0 < positive < len(truth):
        return None
    ranks = rankdata(score)
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive)))


def cycle_bootstrap(truth: Truth, score: Floats, *, level: float = 0.9, seed: int = 0) -> Interval | None:
    """Return a percentile interval of the AUC over resampled cycles, or None where there is no AUC.

    Parameters
    ----------
    truth, score
        By month, in order.
    """
    if auc(truth, score) is None:
        return None
    blocks, method = cycle_blocks(truth)
    random = np.random.default_rng(seed)
    areas: list[float] = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([blocks[at] for at in random.integers(0, len(blocks), len(blocks))])
        if (area := auc(truth[drawn], score[drawn])) is not None:
            areas.append(area)
    if not areas:
        return None
    low, high = np.quantile(areas, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), method)


def cycle_blocks(truth: Truth) -> tuple[list[NDArray[np.int64]], str]:
    """Return the months of each cycle, from the month after a trough through the next one, and how they were cut."""
    months = np.arange(len(truth))
    ends = np.flatnonzero((truth[:-1] == 1) & (truth[1:] == 0)) + 1
    recessions = int(truth[0]) + int(((truth[:-1] == 0) & (truth[1:] == 1)).sum())
    if recessions >= _FEWEST:
        return [block for block in np.split(months, ends) if len(block)], "cycles"
    return np.split(months, range(_BLOCK, len(truth), _BLOCK)), "blocks"


def delong(truth: Truth, first: Floats, second: Floats) -> Comparison | None:
    """Compare two areas on the same months (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44).

    Midranks after Sun and Xu (2014). None if there is no AUC.
    """
    positive, negative = int(truth.sum()), int((1 - truth).sum())
    if positive < 2 or negative < 2:
        return None
    places = [_placements(truth, score) for score in (first, second)]
    above = np.cov(np.vstack([one[0] for one in places]))
    below = np.cov(np.vstack([one[1] for one in places]))
    covariance = above / positive + below / negative
    difference = float(places[0][0].mean() - places[1][0].mean())
    error = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0)))
    if error < 1e-12:
        return Comparison(difference, 0.0, 1.0 if abs(difference) < 1e-12 else 0.0)
    return Comparison(difference, error, float(2 * norm.sf(abs(difference) / error)))


def _placements(truth: Truth, score: Floats) -> tuple[Floats, Floats]:
    """Return for each recession month the share of others it beats, and for each other the share that beats it."""
    up, down = score[truth == 1], score[truth == 0]
    ranks = rankdata(np.concatenate([up, down]))
    beats = (ranks[: len(up)] - rankdata(up)) / len(down)
    beaten = 1 - (ranks[len(up) :] - rankdata(down)) / len(up)
    return beats, beaten
