"""Was the best trial chosen for its noise? The probability of backtest overfitting, and how long a backtest must be.

Bailey, Borwein, López de Prado & Zhu (2017), "The Probability of Backtest Overfitting", J. of Computational Finance
20(4): combinatorially symmetric cross-validation (CSCV). The same authors (2014), "Pseudo-Mathematics and Financial
Charlatanism", Notices of the AMS 61(5): the minimum backtest length.

1. Cut the returns of all trials into S blocks of time (``_blocks``), and keep each block's sums.
2. Each way to take half of the blocks in sample has the other half out of sample (``_halves``).
3. Of each half, the Sharpe ratio of every trial follows from its blocks' sums (``_sharpes``).
4. The best trial in sample has a rank out of sample: ω = rank / (N + 1), λ = ln(ω / (1 − ω)).
5. PBO is the share of splits with λ ≤ 0: the best in sample did not beat the median out of sample.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from backtest.tearsheet.returns import FLAT
from backtest.tearsheet.significance import expected_best_sharpe
from zeno.errors import ConfigError

Floats = NDArray[np.float64]

MOST_BLOCKS = 20
_CELLS = 2_000_000
"""Sharpe ratios held at a time."""


@dataclass(frozen=True)
class Overfitting:
    """What CSCV found; Sharpe ratios are of one period, not annualised.

    Attributes
    ----------
    pbo
        Probability of backtest overfitting, 0 to 1; about a half where trials have no skill at all.
    logits
        λ of every split, shape (splits,).
    chosen
        The trial that was best in sample, by split.
    in_sample, out_of_sample
        Its Sharpe ratios, by split.
    slope, intercept
        Of the line through them, out of sample on in sample: performance degradation. Zero slope where the in-sample
        ratio is always the same.
    loss
        Share of splits in which the chosen trial lost money out of sample.
    dropped
        Oldest periods that were left out so that blocks are equal.
    """

    pbo: float
    logits: Floats
    chosen: NDArray[np.int64]
    in_sample: Floats
    out_of_sample: Floats
    slope: float
    intercept: float
    loss: float
    blocks: int
    dropped: int


def overfitting(returns: Floats, blocks: int = 16) -> Overfitting:
    """Return the probability that the choice among these trials was overfit.

    Parameters
    ----------
    returns
        Of every trial actually run, of equal periods in order of time, shape (periods, trials).
    blocks
        S, even; 16 make 12,870 splits.

    Raises
    ------
    ConfigError
        When there are fewer than two trials or two periods a block, or the blocks are not even.
    """
    _check(returns, blocks)
    dropped = len(returns) % blocks
    sums, length = _blocks(returns[dropped:], blocks), len(returns) // blocks
    halves = _halves(blocks)
    at_once = max(1, _CELLS // returns.shape[1])
    parts = [_judged(sums, halves[at : at + at_once], length) for at in range(0, len(halves), at_once)]
    chosen, inside, outside, logits = (np.concatenate(column) for column in zip(*parts, strict=True))
    slope, intercept = _line(inside, outside)
    return Overfitting(
        pbo=float(np.mean(logits <= 0.0)),
        logits=logits,
        chosen=chosen,
        in_sample=inside,
        out_of_sample=outside,
        slope=slope,
        intercept=intercept,
        loss=float(np.mean(outside < 0.0)),
        blocks=blocks,
        dropped=dropped,
    )


def min_backtest_years(trials: int, sharpe: float = 1.0) -> float:
    """Return how many years a backtest needs so that ``trials`` without skill are not expected to reach ``sharpe``.

    MinBTL = (E[max] / SR)² with the expected best of N annualised Sharpe ratios over one year.

    >>> round(min_backtest_years(45), 1)
    5.0
    """
    return (expected_best_sharpe(trials, 1.0) / sharpe) ** 2


def _check(returns: Floats, blocks: int) -> None:
    if returns.ndim != 2 or returns.shape[1] < 2:
        raise ConfigError("Overfitting is a property of a choice, and there are not two trials.",
                          remedy="Give the returns of all trials, a column each.")  # fmt: skip
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        raise ConfigError(f"{blocks} blocks cannot be halved, or are too many.",
                          remedy=f"Give an even number from 2 to {MOST_BLOCKS}.")  # fmt: skip
    if len(returns) < 2 * blocks:
        raise ConfigError(f"{len(returns)} periods are too few for {blocks} blocks.",
                          remedy="Take fewer blocks or a longer history.")  # fmt: skip
    if not np.isfinite(returns).all():
        raise ConfigError("Some returns are not numbers.", remedy="Leave out trials that failed or were ruined.")


def _blocks(returns: Floats, blocks: int) -> tuple[Floats, Floats, Floats]:
    """Return each trial's mean, and by block the sums of what differs from it and of that squared."""
    centre = returns.mean(axis=0)  # sums of squares about it lose no digits
    parts = (returns - centre).reshape(blocks, -1, returns.shape[1])
    return centre, parts.sum(axis=1), (parts**2).sum(axis=1)


def _halves(blocks: int) -> Floats:
    """Return which blocks are in sample, shape (splits, blocks), ones and zeros."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    made = np.zeros((len(chosen), blocks))
    np.put_along_axis(made, chosen, 1.0, axis=1)
    return made


def _judged(sums: tuple[Floats, Floats, Floats], halves: Floats, length: int
            ) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:  # fmt: skip
    inside, outside = _sharpes(sums, halves, length), _sharpes(sums, 1.0 - halves, length)
    chosen = inside.argmax(axis=1)
    rows = np.arange(len(halves))
    own = outside[rows, chosen][:, None]
    # Ties share the mean of their ranks.
    rank = (outside < own).sum(axis=1) + ((outside == own).sum(axis=1) + 1) / 2
    share = rank / (outside.shape[1] + 1)
    return chosen, inside[rows, chosen], own[:, 0], np.log(share / (1.0 - share))


def _sharpes(sums: tuple[Floats, Floats, Floats], halves: Floats, length: int) -> Floats:
    """Return the Sharpe ratio of every trial over each half, shape (splits, trials)."""
    centre, first, second = sums
    count = halves.shape[1] // 2 * length
    mean = halves @ first / count
    spread = np.sqrt(np.maximum(halves @ second - count * mean**2, 0.0) / (count - 1))
    return np.divide(centre + mean, spread, out=np.zeros_like(mean), where=spread >= FLAT)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    away = x - x.mean()
    square = float(away @ away)
    slope = float(away @ (y - y.mean())) / square if square > FLAT else 0.0
    return slope, float(y.mean() - slope * x.mean())
