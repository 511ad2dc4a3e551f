"""A small economy with recessions where the NBER dates them, published month by month and then revised.

    growth[t] = usual growth + severity in a recession, less half of it for seven months after + noise, by series
    vintage t+1 publishes month t with an error; vintage t+2 and t+4 revise it

Enough for gates that need vintages; it says nothing about how good the models are. March and April 2020 fall by ten
times an ordinary recession's month and recover half of it, as happened.
"""

import numpy as np
import pandas as pd

from mrie.panel.cycle import default_turns, truth
from mrie.panel.months import month_text, parse_month

SERIES = {
    ("rtdsm", "PAYROLLS"): (0.2, -0.5, 0.1),
    ("rtdsm", "IP_TOTAL"): (0.3, -1.2, 0.4),
    ("rtdsm", "IP_MFG"): (0.3, -1.4, 0.5),
    ("rtdsm", "HOURS"): (0.1, -0.6, 0.3),
    ("fred-md", "CLAIMSx"): (-0.2, 4.0, 2.0),
    ("fred-md", "PERMIT"): (0.3, -3.0, 2.0),
    ("rtdsm", "HSTARTS"): (0.3, -3.0, 3.0),
    ("fred-md", "S&P 500"): (0.7, -2.5, 2.5),
}
"""Usual growth, what a recession adds, and noise: percent a month."""

RATES = {("fred-md", "GS10"): 5.0, ("fred-md", "TB3MS"): 3.5, ("fred-md", "FEDFUNDS"): 3.7, ("fred-md", "UNRATE"): 5.0}
_ERROR = 0.25
_REVISIONS = ((1, 1.0), (2, 0.4), (4, 0.0))  # months after the period, share of the error that is left


def economy(first: str = "1957-01", last: str = "2006-12", *, seed: int = 7) -> pd.DataFrame:
    """Return vintages in the interchange form (source, series, period, vintage, value), all text but value."""
    random = np.random.default_rng(seed)
    months = np.arange(parse_month(first), parse_month(last))
    state = truth(months, default_turns()).astype(float)
    ended = np.flatnonzero(np.diff(state) < 0)
    for at in ended:
        state[at + 1 : at + 8] = -0.5  # a recovery grows faster
    state[np.isin(months, [parse_month("2020-03"), parse_month("2020-04")])] = 10.0
    state[(months >= parse_month("2020-05")) & (months <= parse_month("2020-06"))] = -5.0
    rows = [_level(name, shape, months, state, random) for name, shape in SERIES.items()]
    rows += [_rate(name, level, months, state, random) for name, level in RATES.items()]
    return pd.concat(rows, ignore_index=True)


def known_by(table: pd.DataFrame, month: str) -> pd.DataFrame:
    """Return the rows of vintages up to ``month``."""
    return table[table["vintage"] <= month]


def corrupted_after(table: pd.DataFrame, month: str, *, seed: int = 1) -> pd.DataFrame:
    """Return the vintages with every value that came after ``month`` replaced by noise of its own size."""
    late = (table["vintage"] > month).to_numpy()
    noise = np.random.default_rng(seed).lognormal(0, 1, len(table))
    return table.assign(value=np.where(late, table["value"] * noise, table["value"]))


def _level(name, shape, months, state, random) -> pd.DataFrame:
    usual, recession, noise = shape
    growth = usual + recession * state + random.normal(0, noise, len(months))
    level = 100 * np.exp(np.cumsum(growth) / 100)
    error = np.exp(random.normal(0, _ERROR * noise, len(months)) / 100)
    tables = [_release(name, months, level * error**share, lag) for lag, share in _REVISIONS]
    return _until(pd.concat(tables, ignore_index=True), months[-1] + 1)


def _rate(name, level, months, state, random) -> pd.DataFrame:
    walk = level + 0.3 * np.sin(np.arange(len(months)) / 40 + level) + random.normal(0, 0.05, len(months))
    if name[1] == "UNRATE":
        gap = np.zeros(len(months))
        for at in range(1, len(months)):
            gap[at] = 0.97 * gap[at - 1] + 0.25 * np.clip(state[at], -1, 3)
        walk = walk + gap
    return _until(_release(name, months, walk, 1), months[-1] + 1)


def _release(name, months, values, lag) -> pd.DataFrame:
    source, series = name
    return pd.DataFrame({
        "source": source,
        "series": series,
        "period": [month_text(int(m)) for m in months],
        "vintage": [month_text(int(m) + lag) for m in months],
        "value": values,
    })  # fmt: skip


def _until(table: pd.DataFrame, last: int) -> pd.DataFrame:
    return table[table["vintage"] <= month_text(int(last))]
