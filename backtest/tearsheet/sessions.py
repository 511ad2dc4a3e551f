"""From marks to sessions: one equity a UTC day, its returns, and how many of them make a year.

Statistics of returns are computed on sessions whatever the resolution of the run, so that a run on minutes and one on
days can be compared. Drawdowns, exposure and ruin are read from every mark.

Deposits and withdrawals are no result: returns are time-weighted. A mark's is (equity - flow) / equity before - 1:
money that comes in between two marks does not work before the second; ``wealth`` links them, and is what the initial
cash alone would have come to. Without flows it is the equity itself, to the last bit.

An account that touches zero is ruined: the next return would divide by nothing. Returns end on the last session before
the day of ruin, and ratios of the whole run are undefined.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backtest.tearsheet.inputs import RunRecord
from zeno.arrow_compute import pc

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

MIN_SESSIONS = 20
"""Below this many returns nothing is annualised or resampled."""

_DAY = timedelta(days=1)
_YEAR_DAYS = 365.25
_USUAL_RATES = (365.0, 252.0, 52.0, 12.0)
_RATE_TOLERANCE = 0.06


@dataclass(frozen=True)
class Sessions:
    """A run by day. ``closes`` has every day; ``days`` and ``returns`` end before the ruin, if there is one.

    ``moments`` (microseconds, UTC), ``equity`` and ``wealth`` hold every mark, the latter two as floats; ``grown`` is
    the wealth by day, as ``closes`` is the equity. ``years`` is calendar time, without what the run was idle.
    """

    initial: float
    moments: NDArray[np.int64]
    equity: Floats
    wealth: Floats
    all_days: Days
    closes: Floats
    grown: Floats
    days: Days
    returns: Floats
    ruined_on: date | None
    per_year: float
    years: float

    @property
    def too_short(self) -> str:
        """Why nothing can be annualised, or nothing."""
        if self.ruined_on:
            return f"equity fell to zero or below on {self.ruined_on}"
        if len(self.returns) < MIN_SESSIONS:
            return f"fewer than {MIN_SESSIONS} sessions"
        return ""


def by_session(record: RunRecord) -> Sessions:
    """Resample the marks of a run; the first session's return is measured from the initial cash."""
    initial = float(record.initial_cash)
    moments = epoch_us(record.marks["ts"])
    equity = pc.cast(record.marks["equity"], pa.float64()).to_numpy()
    wealth = _linked(equity, moments, record.flows)
    days, closes = last_of_day(moments, equity)
    _, grown = last_of_day(moments, wealth)
    ruin = np.flatnonzero((equity <= 0) | (wealth <= 0))
    ruined = moments[ruin[0]].astype("datetime64[us]").astype("datetime64[D]") if ruin.size else None
    alive = slice(None) if ruined is None else slice(0, int(np.searchsorted(days, ruined)))
    before = np.concatenate([[initial], grown[alive]])
    return Sessions(
        initial=initial,
        moments=moments,
        equity=equity,
        wealth=wealth,
        all_days=days,
        closes=closes,
        grown=grown,
        days=days[alive],
        returns=before[1:] / before[:-1] - 1.0,
        ruined_on=None if ruined is None else ruined.item(),
        per_year=sessions_per_year(days, record.idle),
        years=(_span(days) - record.idle / _DAY) / _YEAR_DAYS,
    )


def _linked(equity: Floats, moments: NDArray[np.int64], flows: pa.Table) -> Floats:
    """Return the equity without what flows did to it; from an empty account on, nothing grows any more."""
    wealth, share = equity.copy(), 1.0
    amounts = pc.cast(flows["amount"], pa.float64()).to_numpy()
    places = np.searchsorted(moments, epoch_us(flows["ts"]), side="left")
    starts = np.unique(places[places < len(equity)])
    for place, end in zip(starts, np.append(starts, len(equity))[1:], strict=True):
        wealth[place] = share * (equity[place] - amounts[places == place].sum())
        share = wealth[place] / equity[place] if equity[place] > 0 else 0.0
        wealth[place + 1 : end] = share * equity[place + 1 : end]
    return wealth


def epoch_us(ts: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a column of moments as microseconds since 1970 in UTC."""
    return pc.cast(ts, pa.int64()).to_numpy()


def last_of_day(moments: NDArray[np.int64], values: Floats) -> tuple[Days, Floats]:
    """Return the UTC days that have a value and the last value of each; ``moments`` are in order."""
    days = moments.astype("datetime64[us]").astype("datetime64[D]")
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True)) if len(days) else np.array([], dtype=int)
    return days[last], values[last]


def sessions_per_year(days: Days, idle: timedelta = timedelta(0)) -> float:
    """Return how many returns make a year, from the days themselves and the time between them that does not count.

    Runs of four weeks and more count their own sessions, and a count within 6 % of 365, 252, 52 or 12 is taken to be
    it; a market with six sessions a week keeps its 313. Shorter runs have 365 if they saw a Saturday, otherwise 252.

    >>> sessions_per_year(np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]"))
    365.0
    """
    span = _span(days) - idle / _DAY
    if span < 28 or len(days) < 3:
        saturdays = (days.astype(np.int64) + 3) % 7 == 5  # 1970-01-01 was a Thursday, and Monday is 0 here
        return 365.0 if saturdays.any() else 252.0
    rate = (len(days) - 1) / (span - 1) * _YEAR_DAYS
    return next((usual for usual in _USUAL_RATES if abs(rate / usual - 1) <= _RATE_TOLERANCE), rate)


def _span(days: Days) -> int:
    return int((days[-1] - days[0]).astype(int)) + 1 if len(days) else 0
