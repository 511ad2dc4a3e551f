"""Hindcasts: what the model would have forecast at every past month, and how far off it was.

For each year the model is fitted on the months before its January, and each month of the year is an origin. A pattern
of conditions (which variable, how many months ahead) is met with what then happened: so the errors of conditional
forecasts are measured too, and not only those of unconditional ones. Values are the latest revision, not the vintages
of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mrie.scenarios.conditional import gain, places
from mrie.scenarios.conditions import Observed
from mrie.scenarios.var import Var, complete_months, fit_var, forecast, path_covariance
from zeno.errors import ConfigError

FIRST_TRAINING_YEARS = 15


@dataclass(frozen=True)
class Hindcast:
    """Forecast errors.

    Parameters
    ----------
    origins
        Last month known to each forecast, shape (origins,).
    errors
        Actual less forecast, shape (origins, horizon, n); NaN where the month is not known yet, or was conditioned on.
    deviations
        The model's own standard deviation of each error, shape (origins, horizon, n): what a Gaussian band would use.
    """

    names: tuple[str, ...]
    origins: np.ndarray
    errors: np.ndarray
    deviations: np.ndarray


def hindcast(nodes: pd.DataFrame, horizon: int, pattern: Sequence[tuple[str, int]] = ()) -> Hindcast:
    """Forecast from every month after the first ``FIRST_TRAINING_YEARS``.

    Parameters
    ----------
    pattern
        Variables and months ahead (from 1) that each forecast is told.

    Raises
    ------
    ConfigError
        If the months do not reach a first forecast.
    """
    known = complete_months(nodes)
    names, values = tuple(known.columns), known.to_numpy(float)
    years = known.index.to_numpy("datetime64[Y]").astype(int)
    first = int(np.searchsorted(years, years[0] + FIRST_TRAINING_YEARS))
    if first >= len(values):
        raise ConfigError("There is too little past to measure forecasts on.",
                          remedy=f"Give more than {FIRST_TRAINING_YEARS} years.")  # fmt: skip
    parts = [_year(values, names, np.flatnonzero(years == year), horizon, pattern)
             for year in range(years[first], years[-1] + 1)]  # fmt: skip
    errors, deviations = (np.concatenate([part[kind] for part in parts]) for kind in (0, 1))
    return Hindcast(names, known.index.to_numpy("datetime64[M]")[first:], errors, deviations)


def _year(values: np.ndarray, names: tuple[str, ...], rows: np.ndarray, horizon: int,
          pattern: Sequence[tuple[str, int]]) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return errors and deviations of the origins ``rows``, which are the months of one year."""
    model = fit_var(values[: rows[0]], names)
    covariance = path_covariance(model, horizon)
    at = places([Observed(node, step, 0.0) for node, step in pattern], names)
    weights = gain(covariance, at, np.zeros(len(at))) if len(at) else np.zeros((len(covariance), 0))
    left = np.diag(covariance - weights @ covariance[at])
    errors = np.array([_errors(model, values, row, horizon, at, weights) for row in rows])
    deviations = np.sqrt(np.maximum(left, 0.0)).reshape(horizon, -1)
    return errors, np.broadcast_to(deviations, errors.shape)


def _errors(model: Var, values: np.ndarray, row: int, horizon: int, at: np.ndarray, weights: np.ndarray
            ) -> np.ndarray:  # fmt: skip
    actual = np.full((horizon, len(model.names)), np.nan)
    later = values[row + 1 : row + 1 + horizon]
    actual[: len(later)] = later
    errors = (actual - forecast(model, values[: row + 1], horizon)).ravel()
    if len(at):
        errors = errors - weights @ errors[at]  # NaN throughout while a condition is not known yet
        errors[at] = np.nan
    return errors.reshape(horizon, -1)
