"""Figures, intervals, dates and lengths of time as a person reads them; plain numbers are ``zeno.drawing.numerals``."""

from datetime import datetime

from backtest.tearsheet.figure import Figure, Interval
from zeno.drawing.numerals import DASH, compact, number, percent, ticks_as_money, ticks_as_percent

__all__ = [
    "DASH",
    "compact",
    "day",
    "duration",
    "number",
    "number_range",
    "percent",
    "percent_range",
    "probability",
    "ticks_as_money",
    "ticks_as_percent",
]


def percent_range(value: Interval, places: int = 1) -> str:
    """Format both ends of an interval of fractions."""
    return f"{percent(value.low, places)} to {percent(value.high, places)}" if value.low is not None else value.reason


def number_range(value: Interval, places: int = 2) -> str:
    """Format both ends of an interval."""
    return f"{number(value.low, places)} to {number(value.high, places)}" if value.low is not None else value.reason


def probability(value: Figure) -> str:
    r"""Format a probability without claiming certainty.

    >>> probability(Figure(0.99995)), probability(Figure(0.62))
    ('> 99.9\xa0%', '62.0\xa0%')
    """
    if value.value is not None and not 0.001 <= value.value <= 0.999:
        return "> 99.9\u00a0%" if value.value > 0.5 else "< 0.1\u00a0%"
    return percent(value.value)


def duration(seconds: float | None) -> str:
    r"""Format a length of time in its natural unit.

    >>> duration(90.0), duration(7200.0), duration(86400.0 * 45)
    ('1.5\xa0min', '2.0\xa0h', '45\xa0days')
    """
    if seconds is None:
        return DASH
    for limit, unit, places, word in ((60, 1, 0, "s"), (3600, 60, 1, "min"), (86_400 * 2, 3600, 1, "h")):
        if seconds < limit:
            return f"{number(seconds / unit, places)}\u00a0{word}"
    return f"{number(seconds / 86_400, 0)}\u00a0days"


def day(moment: str | None) -> str:
    r"""Format an ISO 8601 moment as a date.

    >>> day("2003-01-02T21:00:00Z")
    '2\xa0Jan\xa02003'
    """
    if moment is None:
        return DASH
    date = datetime.fromisoformat(moment)
    return f"{date.day}\u00a0{date:%b}\u00a0{date.year}"
