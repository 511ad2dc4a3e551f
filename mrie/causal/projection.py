"""Local projections (Jordà 2005, American Economic Review 95(1)) with Newey-West errors.

    y(t→t+h) = a + b x(t) + Σ own lags + Σ lags of x + Σ parents of x and their lags + e(t)

``y(t→t+h)`` is the effect's change over the lag: the sum of monthly growth over t+1…t+h, or the level at t+h less that
at t. ``b`` is the response to what is new in the cause at t. Overlapping changes make the errors correlated over h
months, hence the HAC covariance (Newey and West 1987) with the small-sample factor n/(n−k).
"""

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm

MIN_MONTHS_A_COEFFICIENT = 3.0


@dataclass(frozen=True)
class Design:
    """A regression's rows, aligned by month of origin t; NaN where something is missing.

    Parameters
    ----------
    response
        ``y(t→t+h)``, shape (months,).
    cause
        The cause now and in past months, shape (months, 1 + lags); the first column is ``x(t)``.
    controls
        Constant, own lags and parents, shape (months, controls).
    lag
        h, in months.
    """

    response: np.ndarray
    cause: np.ndarray
    controls: np.ndarray
    lag: int


@dataclass(frozen=True)
class Estimate:
    """``b``, its HAC standard error and the rows used; NaN and the count where there are too few."""

    beta: float
    error: float
    months: int

    @property
    def t(self) -> float:
        """The t ratio."""
        return self.beta / self.error if self.error > 0 else float("nan")


def design(effect: np.ndarray, cause: np.ndarray, parents: np.ndarray, *, cumulates: bool, lag: int, own_lags: int,
           cause_lags: int, parent_lags: int) -> Design:  # fmt: skip
    """Lay out the projection of ``effect`` on ``cause``.

    Parameters
    ----------
    effect, cause
        One value a month, shape (months,).
    parents
        What is held constant, shape (months, parents); may have no columns.
    cumulates
        Whether the effect is a monthly growth, which is summed over the lag.
    """
    controls = [np.ones((len(effect), 1)), _lags(effect, own_lags)]
    controls += [_lags(parents[:, column], parent_lags) for column in range(parents.shape[1])]
    return Design(_change(effect, lag, cumulates), _lags(cause, cause_lags), np.hstack(controls), lag)


def estimate(rows: Design, window: np.ndarray, hac_lags: int) -> Estimate:
    """Estimate ``b`` on the rows whose origins and targets ``window`` (booleans, shape (months,)) includes."""
    regressors = np.hstack([rows.cause, rows.controls])
    used = window & _within(window, rows.lag) & complete(rows)
    if used.sum() < MIN_MONTHS_A_COEFFICIENT * regressors.shape[1]:
        return Estimate(float("nan"), float("nan"), int(used.sum()))
    model = sm.OLS(rows.response[used], regressors[used])
    fitted = model.fit(cov_type="HAC", cov_kwds={"maxlags": hac_lags, "use_correction": True})
    return Estimate(float(fitted.params[0]), float(fitted.bse[0]), int(used.sum()))


def complete(rows: Design) -> np.ndarray:
    """Return where nothing is missing, shape (months,)."""
    parts = (rows.response[:, None], rows.cause, rows.controls)
    return np.all([np.isfinite(part).all(axis=1) for part in parts], axis=0)


def _within(window: np.ndarray, lag: int) -> np.ndarray:
    """Return the origins whose target month lies in the window too."""
    return np.concatenate([window[lag:], np.zeros(lag, dtype=bool)])


def _change(effect: np.ndarray, lag: int, cumulates: bool) -> np.ndarray:
    changed = np.full(len(effect), np.nan)
    if not cumulates:
        changed[:-lag] = effect[lag:] - effect[:-lag]
        return changed
    windows = np.lib.stride_tricks.sliding_window_view(effect[1:], lag)  # t+1 … t+h; a missing month makes the sum NaN
    changed[:-lag] = windows.sum(axis=1)
    return changed


def _lags(values: np.ndarray, lags: int) -> np.ndarray:
    columns = np.full((len(values), lags + 1), np.nan)
    for lag in range(lags + 1):
        columns[lag:, lag] = values[: len(values) - lag]
    return columns
