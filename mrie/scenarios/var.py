"""A Bayesian vector autoregression of the graph's variables: forecasts, and the covariance of a whole path.

Minnesota prior by dummy observations (Bańbura, Giannone and Reichlin 2010, Journal of Applied Econometrics 25): own
first lags shrink to 1 for levels and 0 for growth rates, all others to 0, more so for longer lags. Values farther than
``CLIP`` robust deviations from the median are drawn in before fitting and forecasting, so that the spring of 2020 does
not rewrite sixty years; errors are always measured against values as they were.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zeno.errors import ConfigError

LAGS = 6
TIGHTNESS = 0.2
CLIP = 8.0
_MAD_TO_SD = 1.4826
_INTERCEPT_PRIOR = 1e-4  # weight of the dummy on the intercept: as good as none
_PERSISTENT = 0.8  # first autocorrelation from which a variable counts as a level


@dataclass(frozen=True)
class Var:
    """A fitted model of ``names``.

    Parameters
    ----------
    intercept
        Shape (n,).
    coefficients
        Lag k in ``coefficients[k - 1]``, row = equation, shape (lags, n, n).
    sigma
        Covariance of one month's errors, shape (n, n).
    low, high
        Where values are drawn in, shape (n,).
    """

    names: tuple[str, ...]
    intercept: np.ndarray
    coefficients: np.ndarray
    sigma: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def lags(self) -> int:
        """Months of the past that a forecast needs."""
        return len(self.coefficients)


def complete_months(nodes: pd.DataFrame) -> pd.DataFrame:
    """Return the months from the first to the last in which every variable is known.

    Raises
    ------
    ConfigError
        If a month between them is incomplete.
    """
    known = ~np.isnan(nodes.to_numpy(float).sum(axis=1))
    if not known.any():
        raise ConfigError("No month has a value of every variable.", remedy="Load the series: zeno elt run")
    first, last = np.flatnonzero(known)[[0, -1]]
    if not known[first : last + 1].all():
        gap = nodes.index.to_numpy("datetime64[M]")[first + int(np.argmin(known[first : last + 1]))]
        raise ConfigError(f"{gap} is incomplete.", remedy="Fill or drop the series that lacks it.")
    return nodes.iloc[first : last + 1]


def fit_var(values: np.ndarray, names: tuple[str, ...], *, lags: int = LAGS, tightness: float = TIGHTNESS) -> Var:
    """Fit the posterior mean.

    Parameters
    ----------
    values
        Shape (months, n), without gaps.
    tightness
        Standard deviation of the prior on an own first lag; smaller shrinks more.

    Raises
    ------
    ConfigError
        If there are fewer than ten years.
    """
    if len(values) < 120 + lags:
        raise ConfigError(f"{len(values)} months are too few for a model of {len(names)} variables.",
                          remedy="Give ten years or more.")  # fmt: skip
    low, high = clip_bounds(values)
    seen = np.clip(values, low, high)
    x, y = _regression(seen, lags)
    prior_x, prior_y = _dummies(seen, lags, tightness)
    beta = np.linalg.lstsq(np.vstack([x, prior_x]), np.vstack([y, prior_y]), rcond=None)[0]
    errors = y - x @ beta
    n = values.shape[1]
    return Var(names, beta[0], beta[1:].reshape(lags, n, n).transpose(0, 2, 1), errors.T @ errors / len(errors),
               low, high)  # fmt: skip


def clip_bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median less and plus ``CLIP`` robust deviations of each column, shape (n,) each."""
    middle = np.median(values, axis=0)
    spread = CLIP * _MAD_TO_SD * np.median(np.abs(values - middle), axis=0)
    return middle - spread, middle + spread


def forecast(model: Var, past: np.ndarray, horizon: int) -> np.ndarray:
    """Return the expected path, shape (horizon, n).

    Parameters
    ----------
    past
        At least the last ``lags`` months, oldest first, shape (months, n).
    """
    n, lags = len(model.names), model.lags
    weights = np.hstack(list(model.coefficients))  # last month first
    path = np.empty((lags + horizon, n))
    path[:lags] = np.clip(past[-lags:], model.low, model.high)
    for step in range(lags, lags + horizon):
        path[step] = model.intercept + weights @ path[step - lags : step][::-1].ravel()
    return path[lags:]


def path_covariance(model: Var, horizon: int) -> np.ndarray:
    """Return the covariance of the forecast errors of a whole path, month by month, shape (horizon·n, horizon·n)."""
    n = len(model.names)
    responses = [np.eye(n)]
    for step in range(1, horizon):
        terms = (model.coefficients[k] @ responses[step - 1 - k] for k in range(min(step, model.lags)))
        responses.append(np.sum(list(terms), axis=0))
    shocks = np.zeros((horizon, n, horizon, n))
    root = np.linalg.cholesky(model.sigma + 1e-12 * np.trace(model.sigma) * np.eye(n))
    for step in range(horizon):
        for shock in range(step + 1):
            shocks[step, :, shock, :] = responses[step - shock] @ root
    flat = shocks.reshape(horizon * n, horizon * n)
    return flat @ flat.T


def _regression(values: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    rows = len(values) - lags
    past = [values[lags - k : lags - k + rows] for k in range(1, lags + 1)]
    return np.hstack([np.ones((rows, 1)), *past]), values[lags:]


def _dummies(values: np.ndarray, lags: int, tightness: float) -> tuple[np.ndarray, np.ndarray]:
    n = values.shape[1]
    scale = np.array([_autoregression_error(values[:, column]) for column in range(n)])
    centre = np.array([1.0 if _first_autocorrelation(values[:, column]) > _PERSISTENT else 0.0 for column in range(n)])
    x = np.zeros((n * lags + 1, 1 + n * lags))
    y = np.zeros((n * lags + 1, n))
    for lag in range(1, lags + 1):
        rows = slice((lag - 1) * n, lag * n)
        x[rows, 1 + (lag - 1) * n : 1 + lag * n] = np.diag(scale) * lag / tightness
    y[:n] = np.diag(centre * scale) / tightness
    x[-1, 0] = _INTERCEPT_PRIOR
    return x, y


def _autoregression_error(values: np.ndarray) -> float:
    x, y = _regression(values[:, None], 1)
    errors = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(np.std(errors)) or 1.0


def _first_autocorrelation(values: np.ndarray) -> float:
    centred = values - values.mean()
    total = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / total if total > 0 else 0.0
