"""Past-only robust standardisation: centre and scale of a training window, then clipping.

The centre is the median; the scale is the standard deviation of what lies within four (rescaled) median absolute
deviations of it, so that one month like April 2020 neither moves the centre nor swallows the scale. Values beyond
``clip`` standard deviations are cut there.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from mrie.panel.store import Floats

_TO_SIGMA = 1.4826  # median absolute deviation to standard deviation, for a normal distribution
_INSIDE = 4.0


@dataclass(frozen=True)
class Scaler:
    """Centre and scale by column, shape (columns,); a column without spread has scale NaN and drops out."""

    center: Floats
    scale: Floats
    clip: float

    def apply(self, values: Floats) -> Floats:
        """Return values in standard deviations, cut at ``clip``; shape as given."""
        return np.clip((values - self.center) / self.scale, -self.clip, self.clip)


def fit_scaler(window: Floats, clip: float) -> Scaler:
    """Return the statistics of a window, shape (months, columns); NaN are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column that is all NaN stays NaN
        center = np.nanmedian(window, axis=0)
        reach = _INSIDE * _TO_SIGMA * np.nanmedian(np.abs(window - center), axis=0)
        scale = np.nanstd(np.clip(window, center - reach, center + reach), axis=0)
    return Scaler(center, np.where(scale > 0, scale, np.nan), clip)


def mean_known(values: Floats, weights: Floats | None = None) -> Floats:
    """Return the weighted mean over columns of what is known, shape (months,); NaN where nothing is."""
    weigh = np.where(np.isfinite(values), 1.0 if weights is None else weights, 0.0)
    total = weigh.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (np.nan_to_num(values) * weigh).sum(axis=1) / total, np.nan)
