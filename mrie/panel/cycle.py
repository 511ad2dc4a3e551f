"""The NBER's US turning points and what of them was known when: the truth that is predicted, and its embargo.

A recession runs from the month after its peak through its trough. From 1980 on a turn counts as known in the month of
its announcement; before that the committee announced nothing and thirteen months after the turn stand in, as in
``ref.turning_points``. Between the last announced turn and now the state is unknown for ``EMBARGO`` months: the longest
a peak has stayed unannounced is a year, the longest a trough 21 months.

Source: National Bureau of Economic Research, US Business Cycle Expansions and Contractions, and its announcements.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mrie.panel.months import Months, parse_month

EMBARGO = 24
"""Months after which a state that nobody announced a turn from is taken as known."""

_UNANNOUNCED = 13

_TABLE = (
    ("1945-02", "1945-10", "", ""),
    ("1948-11", "1949-10", "", ""),
    ("1953-07", "1954-05", "", ""),
    ("1957-08", "1958-04", "", ""),
    ("1960-04", "1961-02", "", ""),
    ("1969-12", "1970-11", "", ""),
    ("1973-11", "1975-03", "", ""),
    ("1980-01", "1980-07", "1980-06", "1981-07"),
    ("1981-07", "1982-11", "1982-01", "1983-07"),
    ("1990-07", "1991-03", "1991-04", "1992-12"),
    ("2001-03", "2001-11", "2001-11", "2003-07"),
    ("2007-12", "2009-06", "2008-12", "2010-09"),
    ("2020-02", "2020-04", "2020-06", "2021-07"),
)


@dataclass(frozen=True)
class Turn:
    """A peak or a trough: its month, whether it is a peak, and the month in which it became known."""

    month: int
    peak: bool
    known: int


@dataclass(frozen=True)
class Recession:
    """From the month after ``peak`` through ``trough``, both months' numbers; an ``open`` one lasts longer."""

    peak: int
    trough: int
    open: bool = False


def default_turns() -> tuple[Turn, ...]:
    """Return the turning points since 1945, by month."""
    turns = []
    for peak, trough, peak_known, trough_known in _TABLE:
        turns += [_turn(peak, True, peak_known), _turn(trough, False, trough_known)]
    return tuple(turns)


def recessions(turns: Iterable[Turn], until: int | None = None) -> tuple[Recession, ...]:
    """Return the recessions that turning points delimit.

    One whose trough is not known yet is left out, or given up to the month ``until`` if that is later than its peak.
    """
    ordered = sorted(turns, key=lambda turn: turn.month)
    closed = tuple(Recession(a.month, b.month) for a, b in pairwise(ordered) if a.peak and not b.peak)
    if until is None or not ordered or not ordered[-1].peak:
        return closed
    return (*closed, Recession(ordered[-1].month, max(until, ordered[-1].month + 1), open=True))


def settled(turns: Iterable[Turn], now: int, embargo: int = EMBARGO) -> int:
    """Return the last month whose state is settled when ``turns`` are all that are known in month ``now``.

    That of the last turning point, or ``embargo`` months ago: no turn was announced later than that.

    >>> settled(default_turns()[:-4], parse_month("2008-10")) == parse_month("2006-10")  # no peak of 2007-12 yet
    True
    """
    return max([now - embargo, *(turn.month for turn in turns)])


def truth(months: Months, turns: Iterable[Turn]) -> NDArray[np.int64]:
    """Return 1 for every month of a recession, as dated by all of ``turns``; for evaluation, never for fitting."""
    state = np.zeros(len(months), dtype=np.int64)
    for turn in sorted(turns, key=lambda turn: turn.month):
        state[months > turn.month] = int(turn.peak)
    return state


def labels_known(months: Months, now: int, turns: Iterable[Turn], embargo: int = EMBARGO) -> NDArray[np.float64]:
    """Return the states of ``months`` as known in month ``now``: 1 recession, 0 not, NaN not known yet.

    >>> months = np.array([parse_month("1989-01"), parse_month("1990-08")])
    >>> labels_known(months, parse_month("1991-03"), default_turns()).tolist()
    [0.0, nan]
    >>> labels_known(months, parse_month("1993-01"), default_turns()).tolist()
    [0.0, 1.0]
    """
    known = [turn for turn in turns if turn.known <= now]
    labels = truth(months, known).astype(np.float64)
    labels[months > settled(known, now, embargo)] = np.nan
    return labels


def _turn(month: str, peak: bool, known: str) -> Turn:
    number = parse_month(month)
    return Turn(number, peak, parse_month(known) if known else number + _UNANNOUNCED)
