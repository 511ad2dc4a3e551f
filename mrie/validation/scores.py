"""Proper scores and calibration of probabilities against a 0/1 truth. AUC and its uncertainty are ``auc``'s."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrie.panel.store import Floats

BINS = 10
_LEAST = 1e-6  # a probability of exactly 0 or 1 that fails would cost infinity

Truth = NDArray[np.int64]


def brier(truth: Truth, score: Floats) -> float:
    """Return the mean squared error of probabilities (Brier 1950)."""
    return float(np.mean((score - truth) ** 2))


def log_loss(truth: Truth, score: Floats) -> float:
    """Return the mean negative log-likelihood in nats, probabilities kept 1e-6 away from 0 and 1."""
    right = np.where(truth == 1, score, 1 - score)
    return float(-np.mean(np.log(np.clip(right, _LEAST, 1.0))))


def calibration_bins(truth: Truth, score: Floats, bins: int = BINS) -> pd.DataFrame:
    """Return the reliability diagram's points.

    Returns
    -------
    pandas.DataFrame
        One row a bin of equal width that holds a month: low, high (edges), months, forecast (mean probability),
        observed (share of recessions).
    """
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    rows = []
    for at in np.unique(place):
        here = place == at
        rows.append((at / bins, (at + 1) / bins, int(here.sum()), float(score[here].mean()), float(truth[here].mean())))
    return pd.DataFrame(rows, columns=pd.Index(["low", "high", "months", "forecast", "observed"]))


def expected_calibration_error(truth: Truth, score: Floats, bins: int = BINS) -> float:
    """Return the mean distance of forecast from observed over equal-width bins, weighted by their months."""
    table = calibration_bins(truth, score, bins)
    return float((table["months"] * (table["forecast"] - table["observed"]).abs()).sum() / len(score))
