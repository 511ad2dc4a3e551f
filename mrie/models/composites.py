"""The cycle's trend and momentum, and the leading index: standardised members, group means, one weighted mean.

    members -> Scaler -> mean by group -> Scaler -> weighted mean over groups -> Scaler -> composite

All three statistics come from the training window; later months are only transformed.
"""

from dataclasses import dataclass

import numpy as np

from mrie.models.scaling import Scaler, fit_scaler, mean_known
from mrie.models.spec import GROUPS, LEADING
from mrie.panel.features import columns
from mrie.panel.store import Floats

_UNCUT = np.inf


@dataclass(frozen=True)
class Members:
    """Columns of the feature rows by group, their signs and weights."""

    groups: tuple[tuple[int, ...], ...]
    signs: tuple[int, ...]
    weights: tuple[float, ...]


TREND = Members(
    tuple(tuple(columns(group.trend)) for group in GROUPS),
    tuple(group.sign for group in GROUPS),
    tuple(group.weight for group in GROUPS),
)
MOMENTUM = Members(
    tuple(tuple(columns(group.momentum)) for group in GROUPS),
    tuple(group.sign for group in GROUPS),
    tuple(group.weight for group in GROUPS),
)
LEAD = Members((tuple(columns(LEADING)),), (1,), (1.0,))


@dataclass(frozen=True)
class Composite:
    """A fitted composite: the statistics of each step."""

    members: Members
    features: Scaler
    groups: Scaler
    whole: Scaler

    def apply(self, rows: Floats) -> Floats:
        """Return the composite of feature rows, shape (months,), in standard deviations; NaN where nothing is known."""
        mean = _weighted(self.groups.apply(_grouped(self.features.apply(rows), self.members)), self.members)
        return self.whole.apply(mean[:, None])[:, 0]


def fit_composite(window: Floats, members: Members, clip: float) -> Composite:
    """Fit a composite on feature rows, shape (months, features)."""
    features = fit_scaler(window, clip)
    grouped = _grouped(features.apply(window), members)
    groups = _moments(grouped)
    whole = _moments(_weighted(groups.apply(grouped), members)[:, None])
    return Composite(members, features, groups, whole)


def _grouped(scaled: Floats, members: Members) -> Floats:
    means = [
        sign * mean_known(scaled[:, list(group)]) for group, sign in zip(members.groups, members.signs, strict=True)
    ]
    return np.column_stack(means)


def _weighted(grouped: Floats, members: Members) -> Floats:
    return mean_known(grouped, np.array(members.weights))


def _moments(values: Floats) -> Scaler:
    """Mean and standard deviation: what was cut before needs no robust statistics again."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    variance = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count
    scale = np.where(variance > 0, np.sqrt(variance), np.nan)
    return Scaler(np.where(known.any(axis=0), mean, np.nan), scale, _UNCUT)
