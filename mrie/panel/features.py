"""Features of a month, each from the view that stood in that month: growth over horizons, spreads, unemployment.

A row is never computed again from a later vintage, so what a model was trained on is what it would have seen. Growth
is percent a month: 100 (ln x[t] - ln x[t-h]) / h. Past-only standardisation is ``scaling``'s, not done here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mrie.panel.concepts import CONCEPTS
from mrie.panel.months import Months
from mrie.panel.panel import Panel, View
from mrie.panel.store import Floats

_HORIZONS = (1, 2, 3, 6, 12)
_TAIL = 30
_GROWING = tuple(concept.name for concept in CONCEPTS if concept.log)

FEATURES = (
    *(f"{name}_{horizon}" for name in _GROWING for horizon in _HORIZONS),
    "spread",
    "spread_low",
    "spread_year_ago",
    "funds_spread",
    "unemployment_6",
    "unemployment_12",
    "sahm",
)
"""Columns of a feature row: growth by concept and months; GS10 less TB3MS now, its lowest of a year, and 12 months
before; GS10 less the federal funds rate; the unemployment rate's change over 6 and 12 months; the Sahm gap."""

_COLUMN = {name: at for at, name in enumerate(FEATURES)}


@dataclass(frozen=True)
class FeatureRows:
    """One row a month: ``values`` has shape (months, features), NaN unknown.

    ``months`` are the months in which a row was known, ``data_months`` the newest period that any concept had then, and
    ``vintaged`` the share of known concepts that came from a dated vintage rather than by the usual release lag;
    ``vintages``, shape (months, concepts), the months of the vintages that were read, 0 where none was.
    """

    months: Months
    data_months: Months
    values: Floats
    vintaged: Floats
    vintages: Months

    def as_known(self, now: int) -> Floats:
        """Return ``values`` without what comes from a vintage after ``now`` and after the row's own month.

        Before a concept's first vintage its values are that vintage's, by the usual release lag. This leaves them out
        until the vintage exists.
        """
        latest = np.maximum(self.months, now)[:, None]
        late = np.zeros(self.values.shape, dtype=bool)
        for place, concept in enumerate(CONCEPTS):
            late[:, _uses(concept.name)] |= self.vintages[:, [place]] > latest
        return np.where(late, np.nan, self.values)

    def since(self, at: int) -> "FeatureRows":
        """Return the rows from position ``at`` on."""
        return FeatureRows(
            self.months[at:], self.data_months[at:], self.values[at:], self.vintaged[at:], self.vintages[at:]
        )


def feature_rows(panel: Panel, months: Iterable[int]) -> FeatureRows:
    """Return the features of months, each as known at its end."""
    asked = np.array(list(months), dtype=np.int64)
    values = np.full((len(asked), len(FEATURES)), np.nan)
    newest = np.zeros(len(asked), dtype=np.int64)
    vintaged = np.zeros(len(asked))
    vintages = np.zeros((len(asked), len(CONCEPTS)), dtype=np.int64)
    for at, month in enumerate(asked):
        views = {concept.name: panel.view(concept.name, int(month)) for concept in CONCEPTS}
        known = [view for view in views.values() if view is not None]
        vintages[at] = [0 if view is None else view.vintage for view in views.values()]
        if known:
            newest[at] = max(view.last for view in known)
            vintaged[at] = np.mean([view.basis == "vintage" for view in known])
            _fill(values[at], views)
    return FeatureRows(asked, newest, values, vintaged, vintages)


def feature(rows: Floats, name: str) -> Floats:
    """Return one feature's column."""
    return rows[:, _COLUMN[name]]


def columns(names: Iterable[str]) -> list[int]:
    """Return the columns of features."""
    return [_COLUMN[name] for name in names]


def _uses(concept: str) -> list[int]:
    """Return the columns that a concept enters."""
    special = {"gs10": ("spread", "funds"), "tb3ms": ("spread",), "fedfunds": ("funds",), "unemployment": ("sahm",)}
    prefixes = (f"{concept}_", *special.get(concept, ()))
    return [at for at, name in enumerate(FEATURES) if name.startswith(prefixes)]


def _fill(row: Floats, views: dict[str, View | None]) -> None:
    for name in _GROWING:
        if (view := views[name]) is not None:
            level = view.tail(_TAIL)
            logs = 100 * np.log(np.where(level > 0, level, np.nan))
            for horizon in _HORIZONS:
                row[_COLUMN[f"{name}_{horizon}"]] = (logs[-1] - logs[-1 - horizon]) / horizon
    _rates(row, views)
    if (view := views["unemployment"]) is not None:
        rate = view.tail(_TAIL)
        row[_COLUMN["unemployment_6"]] = rate[-1] - rate[-7]
        row[_COLUMN["unemployment_12"]] = rate[-1] - rate[-13]
        row[_COLUMN["sahm"]] = _sahm(rate)


def _rates(row: Floats, views: dict[str, View | None]) -> None:
    ten, bill, funds = views["gs10"], views["tb3ms"], views["fedfunds"]
    if ten is not None and bill is not None:
        spread = ten.tail(_TAIL) - bill.tail(_TAIL)
        row[_COLUMN["spread"]] = spread[-1]
        row[_COLUMN["spread_low"]] = spread[-12:].min()
        row[_COLUMN["spread_year_ago"]] = spread[-13]
    if ten is not None and funds is not None:
        row[_COLUMN["funds_spread"]] = ten.tail(1)[0] - funds.tail(1)[0]


def _sahm(rate: Floats) -> float:
    """Three-month mean less the lowest such mean of the previous twelve months (Sahm 2019)."""
    means = np.convolve(rate, np.full(3, 1 / 3), mode="valid")
    return float(means[-1] - means[-13:-1].min())
