"""Calendar flags: which slice begins or ends a session, a week, a month.

A calendar is known in advance, so the flags of a slice may look at the sessions to come, and at nothing else. Where the
caller has no calendar, the days on which there are slices are taken for the sessions; the last month of such data is
not known to be finished, and gets no flag.
"""

import numpy as np

from backtest.core.now import MONTH_LAST, SESSION_FIRST, SESSION_LAST, WEEK_LAST

_DAY = 86_400_000_000


def flags_of(times: np.ndarray, duration: int, sessions: np.ndarray | None = None) -> np.ndarray:
    """Return the flags of slices.

    Parameters
    ----------
    times
        When each slice began, µs UTC, ascending.
    duration
        How long a slice lasts, µs.
    sessions
        Open, close (µs UTC) and date (days since 1970) of each session, shape (n, 3); None takes UTC days.
    """
    if len(times) == 0:
        return np.zeros(0, np.int64)
    number, dates = _by_day(times) if sessions is None or duration >= _DAY else _by_session(times, sessions)
    changes = np.diff(number) != 0
    first, last = np.r_[True, changes], np.r_[changes, duration >= _DAY]
    if sessions is not None and duration < _DAY:  # by the calendar: that no more slices come is not known yet
        last = times + duration >= sessions[number, 1]
    if sessions is not None:
        following = _following(dates, sessions[:, 2])
    else:
        following = np.full(len(dates), -1)
        following[:-1] = np.where(changes, dates[1:], dates[:-1])
    known = last & (following >= 0)
    flags = first * SESSION_FIRST + last * SESSION_LAST
    flags += (known & (_month(dates) != _month(following))) * MONTH_LAST
    flags += (known & (_week(dates) != _week(following))) * WEEK_LAST
    return flags.astype(np.int64)


def _by_day(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    days = times // _DAY
    return days, days


def _by_session(times: np.ndarray, sessions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Assign a slice to the session that it began in, or to the next one when it began between two."""
    number = np.minimum(np.searchsorted(sessions[:, 1], times, side="right"), len(sessions) - 1)
    return number, sessions[number, 2]


def _following(dates: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    place = np.searchsorted(sessions, dates, side="right")
    return np.where(place < len(sessions), sessions[np.minimum(place, len(sessions) - 1)], -1)


def _month(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _week(days: np.ndarray) -> np.ndarray:
    return (days + 3) // 7
