"""A number that may not exist, and why: no page and no JSON of a tear sheet ever holds NaN or an infinity."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A finite value, or None with the reason in words that a page can show."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Interval:
    """A finite interval, or two Nones with the reason."""

    low: float | None
    high: float | None
    reason: str = ""


def figure(value: float, reason: str = "out of range") -> Figure:
    """Return ``value``, or, if it is not finite, nothing with the reason.

    >>> figure(1.5).value, figure(float("nan"), "no trades")
    (1.5, Figure(value=None, reason='no trades'))
    """
    return Figure(float(value)) if math.isfinite(value) else undefined(reason)


def ratio(above: float, below: float, reason: str) -> Figure:
    """Return ``above / below``, undefined for the given reason where the quotient is not finite.

    >>> ratio(1.0, 0.0, "no losses")
    Figure(value=None, reason='no losses')
    """
    return figure(above / below, reason) if below else undefined(reason)


def undefined(reason: str) -> Figure:
    """Return no value, for a reason."""
    return Figure(None, reason)


def interval(low: float, high: float, reason: str = "out of range") -> Interval:
    """Return both ends, or, if one is not finite, neither."""
    if math.isfinite(low) and math.isfinite(high):
        return Interval(float(low), float(high))
    return Interval(None, None, reason)
