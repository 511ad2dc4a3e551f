"""What a cause adds to a forecast out of sample: expanding fits with it and without it, on the same months."""

import numpy as np

from mrie.causal.graph import Procedure
from mrie.causal.months import month_number
from mrie.causal.projection import Design, complete


def gain(rows: Design, months: np.ndarray, procedure: Procedure) -> float:
    """Return 1 − MSE with / MSE without the cause and its past; NaN without forecasts.

    Both models are fitted anew each January on the targets known by the December before, and forecast the origins of
    that year whose target is not after the last month.

    Parameters
    ----------
    months
        12 × year + month − 1, shape (months,).
    """
    usable = complete(rows) & (months >= month_number(procedure.first_target))
    usable &= months + rows.lag <= month_number(procedure.last_target)
    begins = month_number(procedure.first_origin)
    both = np.hstack([rows.controls, rows.cause])
    errors = {"with": [], "without": []}
    for january in range(begins - begins % 12, int(months[-1]) + 1, 12):
        fitted = usable & (months + rows.lag < january)
        asked = usable & (months >= max(january, begins)) & (months < january + 12)
        if fitted.sum() > 2 * both.shape[1] and asked.any():
            errors["with"].append(_errors(both, rows.response, fitted, asked))
            errors["without"].append(_errors(rows.controls, rows.response, fitted, asked))
    if not errors["with"]:
        return float("nan")
    mse = {name: float(np.mean(np.concatenate(found) ** 2)) for name, found in errors.items()}
    return 1.0 - mse["with"] / mse["without"]


def _errors(regressors: np.ndarray, response: np.ndarray, fitted: np.ndarray, asked: np.ndarray) -> np.ndarray:
    coefficients, *_ = np.linalg.lstsq(regressors[fitted], response[fitted], rcond=None)
    return response[asked] - regressors[asked] @ coefficients
