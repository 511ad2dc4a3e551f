"""Axes of a chart: where a value or a moment lies in the box, and the labels beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from zeno.drawing.numerals import compact
from zeno.drawing.scales import Scale, time_ticks, value_scale, value_ticks

Writer = Callable[[Sequence[float]], list[str]]
"""Writes all ticks of an axis at once, so that they agree on unit and decimals."""

_LOG_SPAN = 8.0
_EDGE = 0.04


@dataclass(frozen=True)
class Axis:
    """A vertical axis; on a logarithmic one the scale is of the logarithms."""

    scale: Scale
    ticks: tuple[float, ...]
    texts: tuple[str, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Return the height of a value: 0 at the bottom, 1 at the top."""
        return self.scale.share(math.log(value) if self.log else value)

    def base(self) -> float:
        """Return the value that areas are filled to: zero, or the end nearest to it."""
        return min(max(0.0, self.scale.low), self.scale.high)

    def labels(self) -> tuple[tuple[float, str], ...]:
        """Return percent from the top, and text."""
        return tuple(
            (round(100 * (1 - self.share(tick)), 2), text) for tick, text in zip(self.ticks, self.texts, strict=True)
        )


@dataclass(frozen=True)
class TimeAxis:
    """A horizontal axis of microseconds since 1970 in UTC."""

    scale: Scale
    flat: bool = False

    def share(self, moment: float) -> float:
        """Return where a moment lies, kept within the box."""
        return min(max(self.scale.share(moment), 0.0), 1.0)

    def labels(self) -> tuple[tuple[float, str, bool], ...]:
        """Return percent from the left, text, and whether a narrow screen leaves it out."""
        ticks = [(self.share(moment), text) for moment, text in time_ticks(self.scale)]
        inner = [(share, text) for share, text in ticks if _EDGE <= share <= 1 - _EDGE] or ticks
        return tuple(
            (round(100 * share, 2), text, i % 2 == 1 and len(inner) > 5) for i, (share, text) in enumerate(inner)
        )

    def stamp(self, moment: int) -> str:
        """Write a moment as finely as the period asks for."""
        days = (self.scale.high - self.scale.low) / 86_400e6
        return datetime.fromtimestamp(moment / 1e6, UTC).strftime("%d %b %Y" if days > 60 else "%d %b %Y %H:%M")


def time_axis(moments: Sequence[int]) -> TimeAxis:
    """Return the axis from the first to the last moment."""
    if len(moments) and moments[-1] > moments[0]:
        return TimeAxis(Scale(float(moments[0]), float(moments[-1])))
    middle = float(moments[0]) if len(moments) else 0.0
    return TimeAxis(Scale(middle - 43_200e6, middle + 43_200e6), flat=True)


def value_axis(
    values: Sequence[float],
    *,
    write: Writer,
    ticks: int = 5,
    may_log: bool = False,
    whole: bool = False,
) -> Axis:
    """Return an axis that shows all values; ``whole`` keeps to whole numbers, which counts need."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if may_log and low > 0 and high / low > _LOG_SPAN:
        return _log_axis(low, high)
    scale = value_scale(low, high)
    marks = value_ticks(scale, ticks)
    marks = [mark for mark in marks if not whole or mark == int(mark)]
    return Axis(scale, tuple(marks), tuple(write(marks)))


def _log_axis(low: float, high: float) -> Axis:
    scale = Scale(math.log(low), math.log(high))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, last + 1, 1 + (last - first) // 8)
    units = (1, 2, 5) if len(powers) <= 4 else (1,)
    marks = [mark for power in powers for unit in units if low <= (mark := unit * 10.0**power) <= high]
    return Axis(scale, tuple(marks), tuple(map(compact, marks)), log=True)
