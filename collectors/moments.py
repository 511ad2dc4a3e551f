"""When things became known: session closes, usual publication times, usual lags. All vectorised, all in UTC.

A usual lag is an assumption, and every row that rests on one says so (``basis``); it is chosen not to be early.
"""

from datetime import date, time, timedelta
from functools import lru_cache

import exchange_calendars
import numpy as np
import pandas as pd
import pyarrow as pa

_END_OF_DAY = np.timedelta64(86_399, "s")


def dates_of(text: pa.Array | pa.ChunkedArray, pattern: str) -> np.ndarray:
    """Return text dates in a strptime ``pattern`` as ``datetime64[D]``.

    Raises
    ------
    ValueError
        If any is not a date in that pattern: archives are pinned, so that this is a defect and not bad data.
    """
    return pd.to_datetime(text.to_pandas(), format=pattern).to_numpy("datetime64[D]")


def utc(moments: np.ndarray) -> pa.Array:
    """Return ``datetime64`` moments, which are UTC, as an Arrow column in microseconds; NaT becomes null."""
    return pa.array(moments.astype("datetime64[us]")).cast(pa.timestamp("us", "UTC"))


def days(dates: np.ndarray) -> pa.Array:
    """Return ``datetime64[D]`` dates as date32."""
    return pa.array(dates.astype("datetime64[D]"))


def end_of_day(dates: np.ndarray) -> np.ndarray:
    """Return the last second of each date, UTC: for facts of which only the day of publication is known."""
    return dates.astype("datetime64[s]") + _END_OF_DAY


def usual_release(periods: np.ndarray, months: int | np.ndarray, lag_days: int | np.ndarray) -> np.ndarray:
    """Return when the value of a period usually comes out: the end of a day, ``lag_days`` after the period's last day.

    Parameters
    ----------
    periods
        First day of each period, ``datetime64``.
    months
        Length of the periods: 1, 3, 6 or 12.

    >>> usual_release(np.array(["2020-04-01"], "M8[D]"), 1, 5)
    array(['2020-05-05T23:59:59'], dtype='datetime64[s]')
    """
    following = periods.astype("datetime64[M]") + np.asarray(months, "timedelta64[M]")
    last_day = following.astype("datetime64[D]") - np.timedelta64(1, "D")
    return end_of_day(last_day + np.asarray(lag_days, "timedelta64[D]"))


def at_local(dates: np.ndarray, clock: time, zone: str) -> np.ndarray:
    """Return the UTC moments at which clocks in ``zone`` show ``clock`` on each date.

    Raises
    ------
    ValueError
        If that time falls into a clock change on one of them.
    """
    local = pd.DatetimeIndex(dates.astype("datetime64[s]")) + pd.Timedelta(hours=clock.hour, minutes=clock.minute)
    moments = local.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    return moments.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]")


def session_closes(calendar: str, dates: np.ndarray) -> np.ndarray:
    """Return the close of each session, UTC, early on half days; NaT for a date without a session."""
    closes = _closes(calendar, str(dates.min()), str(dates.max()))
    found = closes.reindex(pd.DatetimeIndex(dates.astype("datetime64[ns]")))
    return found.to_numpy("datetime64[us]")


@lru_cache(maxsize=8)
def _closes(calendar: str, first: str, last: str) -> pd.Series:
    start = date.fromisoformat(first) - timedelta(days=7)  # the calendar wants a start before its end
    schedule = exchange_calendars.get_calendar(calendar, start=start.isoformat(), end=last).closes
    return schedule.dt.tz_convert("UTC").dt.tz_localize(None)
