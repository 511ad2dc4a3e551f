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
    distances
        How surprising the conditions were: their squared Mahalanobis distance from the forecast, shape (origins,); NaN
        without conditions, or while they are not known in full.
    """

    names: tuple[str, ...]
    origins: np.ndarray
    errors: np.ndarray
    distances: np.ndarray


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
    errors, distances = (np.concatenate([part[kind] for part in parts]) for kind in (0, 1))
    return Hindcast(names, known.index.to_numpy("datetime64[M]")[first:], errors, distances)


def _year(values: np.ndarray, names: tuple[str, ...], rows: np.ndarray, horizon: int,
          pattern: Sequence[tuple[str, int]]) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    model = fit_var(values[: rows[0]], names)
    told = [Observed(node, step, 0.0) for node, step in pattern]
    at = places(told, names)
    covariance = path_covariance(model, horizon)
    weights = gain(covariance, at, np.zeros(len(at))) if told else None
    inverse = np.linalg.pinv(covariance[np.ix_(at, at)], hermitian=True) if told else None
    found = [_origin(model, values, row, horizon, at, weights, inverse) for row in rows]
    return np.array([errors for errors, _ in found]), np.array([distance for _, distance in found])


def _origin(model: Var, values: np.ndarray, row: int, horizon: int, at: np.ndarray, weights: np.ndarray | None,
            inverse: np.ndarray | None) -> tuple[np.ndarray, float]:  # fmt: skip
    actual = np.full((horizon, len(model.names)), np.nan)
    later = values[row + 1 : row + 1 + horizon]
    actual[: len(later)] = later
    errors = (actual - forecast(model, values[: row + 1], horizon)).ravel()
    if weights is None or inverse is None:
        return errors.reshape(horizon, -1), float("nan")
    surprise = errors[at]
    distance = float(surprise @ inverse @ surprise)
    errors = errors - weights @ surprise  # NaN throughout while a condition is not known yet
    errors[at] = np.nan
    return errors.reshape(horizon, -1), distance
