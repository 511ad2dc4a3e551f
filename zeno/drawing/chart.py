"""A chart as data: shapes, labels, legend and what the crosshair reads. ``chart.html.j2`` beside it turns it into HTML.

Belongs here: lines over time and tiles of figures, which every page has. Not here: what a page draws, in which words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup

from zeno.drawing import svg
from zeno.drawing.axes import Axis, TimeAxis

PROBES = 240


@dataclass(frozen=True)
class Tile:
    """A figure with its name and a small line under it."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """Points in order of time: microseconds since 1970 in UTC, and values; None breaks the line."""

    moments: tuple[int, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Series:
    """One line of a chart: its name, how the crosshair writes a value, its class in the style sheet."""

    name: str
    line: Line
    write: Callable[[float], str]
    css: str
    filled: bool = False


@dataclass(frozen=True)
class Chart:
    """What the template needs: shapes, labels (percent of the box from left or top, text), legend and crosshair."""

    key: str
    title: str
    description: str
    shapes: Markup
    y_labels: tuple[tuple[float, str], ...]
    x_labels: tuple[tuple[float, str, bool], ...]
    legend: tuple[tuple[str, str], ...] = ()
    empty: str = ""
    probes: dict[str, list[str] | list[float]] = field(default_factory=dict)


def lines_chart(
    key: str,
    title: str,
    series: Sequence[Series],
    time: TimeAxis,
    axis: Axis,
    *,
    reason: str = "",
    behind: Markup | None = None,
    probes: int = PROBES,
) -> Chart:
    """Return a chart of lines.

    Parameters
    ----------
    series
        In the order of drawing; the legend has the last one first.
    reason
        Why there is nothing, for a chart without values.
    behind
        Shapes that lie under the lines.
    probes
        Moments that the crosshair can stop at, at most.
    """
    shapes = (behind or Markup("")) + grid(axis)
    for one in series:
        points = [None if value is None else (time.share(moment), axis.share(value))
                  for moment, value in zip(one.line.moments, one.line.values, strict=True)]  # fmt: skip
        if one.filled:
            shapes += svg.area(points, axis.share(axis.base()), f"area {one.css}")
        shapes += svg.line(points, one.css if "line" in one.css else f"line {one.css}")
    return Chart(
        key=key,
        title=title,
        description=_describe(title, series),
        shapes=shapes,
        y_labels=axis.labels(),
        x_labels=time.labels(),
        legend=tuple((one.name, one.css) for one in reversed(series)) if len(series) > 1 else (),
        empty="" if values_of(series) else reason or "no marks",
        probes=_probes(series, time, probes),
    )


def grid(axis: Axis) -> Markup:
    """Draw a rule at every tick."""
    rules = (svg.level(axis.share(tick), "zero" if tick == 0 else "grid") for tick in axis.ticks)
    return Markup("").join(rules)


def values_of(series: Sequence[Series]) -> list[float]:
    """Return every value that is there."""
    return [value for one in series for value in one.line.values if value is not None]


def _describe(title: str, series: Sequence[Series]) -> str:
    parts = []
    for one in series:
        if values := [value for value in one.line.values if value is not None]:
            parts.append(f"{one.name} from {one.write(values[0])} to {one.write(values[-1])}, "
                         f"lowest {one.write(min(values))}, highest {one.write(max(values))}")  # fmt: skip
    return f"{title}. " + "; ".join(parts)


def _probes(series: Sequence[Series], time: TimeAxis, most: int) -> dict[str, list[str] | list[float]]:
    longest = max((one.line.moments for one in series), key=len)
    if not longest or time.flat:
        return {}
    places = np.unique(np.linspace(0, len(longest) - 1, min(most, len(longest))).astype(int))
    moments = np.array(longest, dtype=np.int64)[places]
    found: dict[str, list[str] | list[float]] = {
        "x": [round(100 * time.share(float(moment)), 2) for moment in moments],
        "t": [time.stamp(int(moment)) for moment in moments],
    }
    for one in reversed(series):
        rows = np.searchsorted(np.array(one.line.moments, dtype=np.int64), moments, side="right") - 1
        values = [one.line.values[row] if row >= 0 else None for row in rows]
        found[one.name] = ["–" if value is None else one.write(value) for value in values]
    return found
