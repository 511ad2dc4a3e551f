"""How sure is a Sharpe ratio: an interval by the stationary bootstrap, and the deflated ratio of a study's best trial.

Politis & Romano (1994), "The Stationary Bootstrap", JASA 89(428). The probabilistic and the deflated Sharpe ratio
themselves are in ``backtest.tearsheet.significance``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.studies.resample import stationary_rows
from backtest.studies.statistics.block_length import FEWEST, block_length
from backtest.tearsheet.returns import FLAT, moment, std
from backtest.tearsheet.significance import expected_best_sharpe, min_track_record, probabilistic_sharpe
from zeno.errors import ConfigError

Floats = NDArray[np.float64]

_CELLS = 1_000_000
"""Resampled returns held at a time: tens of MB whatever the length of the history."""


@dataclass(frozen=True)
class SharpeInterval:
    """``estimate``, ``low`` and ``high`` are annualised; ``block`` is the mean block length in returns."""

    estimate: float
    low: float
    high: float
    confidence: float
    block: float
    resamples: int


@dataclass(frozen=True)
class Deflated:
    """The best of several trials, judged. ``sharpe`` and ``luck`` are annualised, the rest are probabilities.

    Attributes
    ----------
    psr
        That the true Sharpe ratio is above zero, had this been the only trial.
    dsr
        That it is above ``luck``, the best to be expected of as many trials without skill.
    min_returns
        How many returns would bring ``psr`` to 95 %; infinite where the Sharpe ratio is not positive.
    """

    sharpe: float
    luck: float
    psr: float
    dsr: float
    trials: int
    min_returns: float


def sharpe_interval(returns: Floats, per_year: float, *, random: np.random.Generator, confidence: float = 0.95,
                    resamples: int = 2_000, block: float | None = None) -> SharpeInterval:  # fmt: skip
    """Return the central interval of the Sharpe ratio over resampled histories.

    Parameters
    ----------
    returns
        Of equal periods, in order of time, shape (n,); the risk-free rate is taken off already.
    per_year
        How many of them make a year.
    random
        See ``resample.generator``: the same one gives the same interval.
    block
        Mean block length. By default the automatic one of the influence values of the Sharpe ratio, whose mean it is to
        first order; that of returns would not see that volatility clusters.

    Raises
    ------
    ConfigError
        When there are fewer than 20 returns, or they do not vary.
    """
    _check(returns)
    mean_block = block_length(influence(returns)).stationary if block is None else block
    found = np.concatenate([sharpes(returns[rows]) for rows in drawn_rows(len(returns), mean_block, resamples, random)])
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(found, [tail, 1.0 - tail]) * math.sqrt(per_year)
    estimate = float(sharpes(returns[None])[0]) * math.sqrt(per_year)
    return SharpeInterval(estimate, float(low), float(high), confidence, mean_block, resamples)


def deflated_sharpe(returns: Floats, trial_sharpes: Floats, per_year: float) -> Deflated:
    """Judge the trial that was chosen, knowing all that were run.

    Parameters
    ----------
    returns
        Of the chosen trial, shape (n,).
    trial_sharpes
        Annualised Sharpe ratios of all trials actually run, the chosen one among them, shape (trials,). Trials that
        resemble each other count as many, which makes the verdict harsher than it need be.

    Raises
    ------
    ConfigError
        When there are fewer than 20 returns, or they do not vary.
    """
    _check(returns)
    sharpe, skew, kurtosis = float(sharpes(returns[None])[0]), moment(returns, 3), moment(returns, 4)
    trials = len(trial_sharpes)
    variance = float(np.var(trial_sharpes, ddof=1)) / per_year if trials > 1 else 0.0
    luck = expected_best_sharpe(trials, variance)
    return Deflated(
        sharpe=sharpe * math.sqrt(per_year),
        luck=luck * math.sqrt(per_year),
        psr=probabilistic_sharpe(sharpe, 0.0, len(returns), skew, kurtosis),
        dsr=probabilistic_sharpe(sharpe, luck, len(returns), skew, kurtosis),
        trials=trials,
        min_returns=min_track_record(sharpe, skew, kurtosis) if sharpe > 0 else math.inf,
    )


def _check(returns: Floats) -> None:
    if len(returns) < FEWEST:
        raise ConfigError(f"{len(returns)} returns are too few to judge.", remedy=f"Give {FEWEST} or more.")
    if not np.isfinite(returns).all() or std(returns) < FLAT:
        raise ConfigError("The returns do not vary, or some are not numbers.", remedy="Judge trials that traded.")


def influence(returns: Floats) -> Floats:
    """Return each return's pull on the Sharpe ratio: z − S (z² − 1) / 2 with z its distance in standard deviations.

    Zeros where returns do not vary.
    """
    spread = returns.std()
    if spread < FLAT:
        return np.zeros(len(returns))
    z = (returns - returns.mean()) / spread
    return z - returns.mean() / spread * (z**2 - 1.0) / 2.0


def sharpes(histories: Floats) -> Floats:
    """Return the Sharpe ratio of each row, not annualised; zero where it does not vary."""
    mean, spread = histories.mean(axis=1), histories.std(axis=1, ddof=1)
    return np.divide(mean, spread, out=np.zeros_like(mean), where=spread >= FLAT)


def drawn_rows(count: int, block: float, resamples: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of stationary resamples, some at a time, each of shape (some, count)."""
    at_once = max(1, _CELLS // count)
    for done in range(0, resamples, at_once):
        yield stationary_rows(count, block, min(at_once, resamples - done), random)
