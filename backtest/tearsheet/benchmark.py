"""A run beside buying and holding: regression of session returns on the benchmark's, over the days both have."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from backtest.tearsheet.figure import Figure, figure, undefined
from backtest.tearsheet.returns import std
from backtest.tearsheet.sessions import MIN_SESSIONS, Days, Floats, Sessions, epoch_us, last_of_day
from zeno.arrow_compute import pc

_FLAT = 1e-12


@dataclass(frozen=True)
class Comparison:
    """Alpha, tracking error and information ratio are annualised; alpha is Jensen's, with a risk-free rate of zero.

    ``relative`` is the wealth at the end over what the benchmark would have made of the same money, less one.
    """

    sessions: int
    total_return: Figure
    relative: Figure
    beta: Figure
    alpha: Figure
    correlation: Figure
    tracking_error: Figure
    information_ratio: Figure


def closes_by_day(benchmark: pa.Table) -> tuple[Days, Floats]:
    """Return the last usable close of each UTC day; missing, infinite and non-positive ones are left out."""
    closes = pc.cast(benchmark["close"], pa.float64()).to_numpy(zero_copy_only=False)
    usable = np.isfinite(closes) & (closes > 0)
    return last_of_day(epoch_us(benchmark["ts"])[usable], closes[usable])


def compare(sessions: Sessions, benchmark: pa.Table | None) -> Comparison | None:
    """Compare the days that both have; a ruin or too few of them leave nothing; None without a benchmark."""
    if benchmark is None:
        return None
    days, closes = closes_by_day(benchmark)
    both, mine, theirs = np.intersect1d(sessions.days, days, return_indices=True)
    reason = sessions.too_short or ("" if len(both) > MIN_SESSIONS else f"{len(both)} sessions in common are too few")
    if reason:
        none = undefined(reason)
        return Comparison(len(both), none, none, none, none, none, none, none)
    wealth, close = sessions.grown[mine], closes[theirs]
    return _regress(wealth[1:] / wealth[:-1] - 1, close[1:] / close[:-1] - 1, sessions.per_year)


def _regress(ours: Floats, theirs: Floats, per_year: float) -> Comparison:
    active = ours - theirs
    covariance = np.cov(ours, theirs)
    spread, error = std(theirs), std(active)
    still = "the benchmark does not vary"
    beta = figure(covariance[0, 1] / covariance[1, 1]) if spread > _FLAT else undefined(still)
    grown = float(np.prod(1 + theirs))
    return Comparison(
        sessions=len(ours) + 1,
        total_return=figure(grown - 1),
        relative=figure(float(np.prod(1 + ours)) / grown - 1),
        beta=beta,
        alpha=undefined(still) if beta.value is None else figure((ours.mean() - beta.value * theirs.mean()) * per_year),
        correlation=_correlation(covariance),
        tracking_error=figure(error * np.sqrt(per_year)),
        information_ratio=figure(active.mean() / error * np.sqrt(per_year))
        if error > _FLAT
        else undefined("the run equals its benchmark"),
    )


def _correlation(covariance: np.ndarray) -> Figure:
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    if spread <= _FLAT**2:
        return undefined("one of the two does not vary")
    return figure(float(np.clip(covariance[0, 1] / spread, -1, 1)))
