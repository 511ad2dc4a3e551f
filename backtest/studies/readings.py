"""Which regime the market was in, as it could be known at the time: what came later changes no label.

A reading conditions the period that begins when it is known, or later. Labels are numbers of ``names``; UNKNOWN where
nothing was known yet.

| source | regimes | known from |
|---|---|---|
| ``volatility`` | low, middle, high | trailing realised volatility against the terciles of its own past |
| ``trend`` | up, down, flat | the sign of the trailing return |
| ``mrie`` | those of ``mrie.readings`` | the latest reading published by the period's start |
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backtest.core.columns import Columns
from backtest.studies.moves import moves
from warehouse.records import read_records
from warehouse.store import Warehouse, connect
from zeno.errors import ConfigError

Floats = NDArray[Any]
Labels = NDArray[np.int64]
SOURCES = ("volatility", "trend", "mrie")
UNKNOWN = -1
_LEVELS = ("low", "middle", "high")
_SIGNS = ("down", "flat", "up")


def names_of(question: Mapping[str, Any]) -> list[str]:
    """Return the names of the regimes of a question, by number."""
    source = question["regime"]["source"]
    if source == "mrie":
        return list(dict.fromkeys(regime for _, regime in question["readings"]))
    return list(_LEVELS if source == "volatility" else _SIGNS)


def labels(question: Mapping[str, Any], columns: Columns, starts: NDArray[np.int64]) -> Labels:
    """Return the regime of each period as it was known at its start.

    Parameters
    ----------
    columns
        The market: see ``moves``.
    starts
        When the periods begin, µs UTC, increasing, shape (n,).
    """
    asked = question["regime"]
    if asked["source"] == "mrie":
        return published(question["readings"], names_of(question), starts)
    ends, moved = moves(columns)
    levels = np.r_[0.0, np.cumsum(moved)][np.searchsorted(ends, starts, side="right")]
    moved = np.diff(levels)
    if asked["source"] == "trend":
        return by_trend(moved, asked["window"])
    return by_volatility(moved, asked["window"], asked["warm"])


def by_volatility(moved: Floats, window: int, warm: int) -> Labels:
    """Label n + 1 periods by the standard deviation of the market's last ``window`` moves.

    Parameters
    ----------
    moved
        Log returns of the n periods before the last, in order; period i begins when moves 0 … i − 1 are known.
    warm
        How many volatilities make a past: the terciles of all up to now, the newest among them.
    """
    found = np.full(len(moved) + 1, UNKNOWN, np.int64)
    if len(moved) < window:
        return found
    known = np.lib.stride_tricks.sliding_window_view(moved, window).std(axis=1, ddof=1)
    for count in range(warm, len(known) + 1):
        low, high = np.quantile(known[:count], (1 / 3, 2 / 3))
        newest = known[count - 1]
        found[window + count - 1] = 0 if newest <= low else 1 if newest <= high else 2
    return found


def by_trend(moved: Floats, window: int) -> Labels:
    """Label n + 1 periods by the sign of the market's last ``window`` moves together; see ``by_volatility``."""
    found = np.full(len(moved) + 1, UNKNOWN, np.int64)
    if len(moved) < window:
        return found
    totals = np.lib.stride_tricks.sliding_window_view(moved, window).sum(axis=1)
    found[window:] = np.sign(totals).astype(np.int64) + 1
    return found


def published(readings: Sequence[Sequence[Any]], names: Sequence[str], starts: NDArray[np.int64]) -> Labels:
    """Label periods by the latest reading published at or before their start.

    Parameters
    ----------
    readings
        Of each when it was known, µs UTC, increasing, and its regime.

    >>> published([[10, "calm"], [20, "crisis"]], ["calm", "crisis"], np.array([5, 10, 19, 20, 99])).tolist()
    [-1, 0, 0, 1, 1]
    """
    known = np.array([at for at, _ in readings], np.int64)
    numbers = np.array([UNKNOWN, *(names.index(regime) for _, regime in readings)], np.int64)
    return numbers[np.searchsorted(known, starts, side="right")]


def mrie_readings(as_of: datetime, *, warehouse: Warehouse | None = None) -> list[list[Any]]:
    """Return the readings of the latest run recorded by a moment: when each was known, µs, and its regime.

    The latest is the one with the newest data. Where a run makes several months known at once, the latest month counts.

    Raises
    ------
    ConfigError
        When none was recorded by then.
    """
    rows = read_records(warehouse or connect(), "mrie.readings", as_of=as_of, latest_by=())
    if not rows.num_rows:
        raise ConfigError(f"No readings of the macro regimes were recorded by {as_of:%Y-%m-%d %H:%M} UTC.",
                          remedy="Make them: zeno mrie run, and leave --as-of out; or take --by volatility or "
                                 "--by trend.")  # fmt: skip
    known = rows["known_at"].cast(pa.int64()).to_pylist()
    return sorted([at, regime] for at, regime in dict(zip(known, rows["regime"].to_pylist(), strict=True)).items())
