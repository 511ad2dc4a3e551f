"""What a cause adds to a forecast out of sample: expanding fits with it and without it, on the same months."""

from dataclasses import dataclass

import numpy as np

from mrie.causal.graph import Procedure
from mrie.causal.months import month_number
from mrie.causal.projection import Design, complete


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of the response by month of origin, shape (months,); NaN where none was made."""

    with_cause: np.ndarray
    without: np.ndarray


def gain(rows: Design, months: np.ndarray, procedure: Procedure) -> float:
    """Return 1 − MSE with / MSE without the cause and its past; NaN without forecasts.

    Parameters
    ----------
    months
        12 × year + month − 1, shape (months,).
    """
    made = forecasts(rows, months, procedure)
    asked = np.isfinite(made.with_cause)
    if not asked.any():
        return float("nan")
    squares = [float(np.mean((rows.response[asked] - found[asked]) ** 2)) for found in (made.with_cause, made.without)]
    return 1.0 - squares[0] / squares[1]


def forecasts(rows: Design, months: np.ndarray, procedure: Procedure) -> Forecasts:
    """Forecast every origin whose target is not after the last month.

    Both models are fitted anew each January, on the targets known by the December before.
    """
    usable = complete(rows) & (months >= month_number(procedure.first_target))
    usable &= months + rows.lag <= month_number(procedure.last_target)
    begins = month_number(procedure.first_origin)
    both = np.hstack([rows.controls, rows.cause])
    made = Forecasts(np.full(len(months), np.nan), np.full(len(months), np.nan))
    for january in range(begins - begins % 12, int(months[-1]) + 1, 12):
        fitted = usable & (months + rows.lag < january)
        asked = usable & (months >= max(january, begins)) & (months < january + 12)
        if fitted.sum() > 2 * both.shape[1] and asked.any():
            made.with_cause[asked] = both[asked] @ _fit(both[fitted], rows.response[fitted])
            made.without[asked] = rows.controls[asked] @ _fit(rows.controls[fitted], rows.response[fitted])
    return made


def _fit(regressors: np.ndarray, response: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(regressors, response, rcond=None)[0]
