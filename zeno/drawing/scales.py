"""Round numbers and calendar moments for axes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

_TIME_STEPS = (
    ("minute", (1, 5, 10, 15, 30)),
    ("hour", (1, 2, 3, 6, 12)),
    ("day", (1, 2, 5, 7, 14)),
    ("month", (1, 2, 3, 6)),
    ("year", (1, 2, 5, 10, 20, 50)),
)
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0, "month": 30.44 * 86_400, "year": 365.25 * 86_400}
_FORMATS = {"minute": "%H:%M", "hour": "%d %b %H:%M", "day": "%d %b", "month": "%b %Y", "year": "%Y"}


@dataclass(frozen=True)
class Scale:
    """A linear axis from ``low`` to ``high`` (they differ)."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 × 10ⁿ that is not below ``least`` (> 0).

    >>> round_step(0.3), round_step(21.0)
    (0.5, 25.0)
    """
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * unit for unit in (1, 2, 2.5, 5, 10, 20) if power * unit >= least * (1 - 1e-12)))


def value_scale(low: float, high: float) -> Scale:
    """Return an axis that shows both ends, with some room where no label could tell them apart."""
    size = max(abs(low), abs(high))
    if high - low > max(1e-8 * size, 1e-9):
        return Scale(low, high)
    room = 0.05 * size if size > 1e-6 else 1.0
    return Scale(low - room, high + room)


def value_ticks(scale: Scale, about: int = 5) -> list[float]:
    """Return round values within an axis, at most ``about`` + 1 of them.

    >>> value_ticks(Scale(0.0, 0.9), 4)
    [0.0, 0.25, 0.5, 0.75]
    """
    step = round_step((scale.high - scale.low) / about)
    first, last = int(np.ceil(scale.low / step - 1e-9)), int(np.floor(scale.high / step + 1e-9))
    return [round(number * step, 12) for number in range(first, last + 1)]


def time_ticks(scale: Scale, about: int = 8) -> list[tuple[float, str]]:
    """Return calendar moments within an axis of microseconds since 1970 (UTC), each with its label.

    About half as many again if they are years, whose labels are short.
    """
    seconds = (scale.high - scale.low) / 1e6
    unit, step = _time_step(seconds / about)
    if unit == "year":
        unit, step = _time_step(seconds / (1.5 * about))
    label = "%H:%M" if seconds < 2 * _SECONDS["day"] else _FORMATS[unit]
    ticks: list[tuple[float, str]] = []
    moment = _floor(_moment(scale.low), unit, step)
    while (stamp := moment.timestamp() * 1e6) <= scale.high:
        if stamp >= scale.low:
            ticks.append((stamp, moment.strftime(label)))
        if moment.year >= 9_900:
            break
        moment = _next(moment, unit, step)
    return ticks or [(scale.low, _moment(scale.low).strftime("%d %b %Y"))]


def _time_step(seconds: float) -> tuple[str, int]:
    for unit, steps in _TIME_STEPS:
        for step in steps:
            if step * _SECONDS[unit] >= seconds:
                return unit, step
    return "year", 100


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp / 1e6, UTC)


def _floor(moment: datetime, unit: str, step: int) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "year":
        return midnight.replace(year=max(1, moment.year - moment.year % step), month=1, day=1)
    if unit == "month":
        return midnight.replace(month=moment.month - (moment.month - 1) % step, day=1)
    return midnight


def _next(moment: datetime, unit: str, step: int) -> datetime:
    if unit == "year":
        return moment.replace(year=moment.year + step)
    if unit == "month":
        months = moment.month - 1 + step
        return moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
    return moment + timedelta(seconds=step * _SECONDS[unit])
