"""Ridge logits and a probit on a few inputs, fitted to recession labels that had been announced by then.

The members of ``p_combined`` and the baselines share this: what differs is the input. Where the labels known hold one
class only, there is nothing to learn and the share of that class is the reading.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from statsmodels.discrete.discrete_model import Probit

from mrie.panel.store import Floats

_LEAST = 24


@dataclass(frozen=True)
class Curve:
    """P = link(intercept + inputs @ weights); inputs are centred and scaled first; unknown ones count as average."""

    intercept: float
    weights: Floats
    center: Floats
    scale: Floats
    link: str

    def apply(self, inputs: Floats) -> Floats:
        """Return probabilities, shape (months,), of inputs (months, dims); NaN where no input is known."""
        index = self.intercept + np.nan_to_num((inputs - self.center) / self.scale) @ self.weights
        value = norm.cdf(index) if self.link == "probit" else 1 / (1 + np.exp(-index))
        return np.where(np.isfinite(inputs).any(axis=1), value, np.nan)


def fit_logit(inputs: Floats, labels: Floats, penalty: float) -> Curve:
    """Fit a ridge logit; ``inputs`` (months, dims), ``labels`` (months,) of 0, 1 and NaN for not known yet."""
    used = _usable(inputs, labels)
    center, scale = _moments(inputs, used)
    if (constant := _constant(labels[used], center, scale, "logit")) is not None:
        return constant
    scaled = np.nan_to_num((inputs[used] - center) / scale)
    model = LogisticRegression(C=penalty, max_iter=1000, tol=1e-8).fit(scaled, labels[used])
    return Curve(float(model.intercept_[0]), model.coef_[0].copy(), center, scale, "logit")


def fit_probit(inputs: Floats, labels: Floats) -> Curve:
    """Fit a probit without a penalty (Estrella and Mishkin 1998), as ``fit_logit``."""
    used = _usable(inputs, labels)
    center, scale = _moments(inputs, used)
    if (constant := _constant(labels[used], center, scale, "probit")) is not None:
        return constant
    scaled = np.nan_to_num((inputs[used] - center) / scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = np.asarray(
                Probit(labels[used], np.column_stack([np.ones(len(scaled)), scaled])).fit(disp=0, maxiter=200).params
            )
        except (np.linalg.LinAlgError, ValueError):  # the labels are separated perfectly: a ridge stands in
            return fit_logit(inputs, labels, 1.0)
    return Curve(float(found[0]), found[1:], center, scale, "probit")


def _usable(inputs: Floats, labels: Floats) -> np.ndarray:
    return np.isfinite(labels) & np.isfinite(inputs).any(axis=1)


def _moments(inputs: Floats, used: np.ndarray) -> tuple[Floats, Floats]:
    known = np.isfinite(inputs[used])
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, inputs[used], 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, inputs[used] - center, 0.0) ** 2).sum(axis=0) / count)
    return center, np.where(spread > 0, spread, 1.0)


def _constant(labels: Floats, center: Floats, scale: Floats, link: str) -> Curve | None:
    if len(labels) >= _LEAST and 0 < labels.mean() < 1:
        return None
    share = (labels.sum() + 0.5) / (len(labels) + 1)  # never exactly 0 or 1
    odds = norm.ppf(share) if link == "probit" else np.log(share / (1 - share))
    return Curve(float(odds), np.zeros(len(center)), center, scale, link)
