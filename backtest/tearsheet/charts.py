"""The charts of a page: scales, shapes, labels and what the crosshair reads, each from a part of a ``TearSheet``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from backtest.tearsheet import svg
from backtest.tearsheet.axes import Axis, TimeAxis, value_axis
from backtest.tearsheet.costs import TurnoverBars
from backtest.tearsheet.curves import Curves, Line
from backtest.tearsheet.text import compact, number, percent, ticks_as_money, ticks_as_percent
from backtest.tearsheet.trade_statistics import Histogram

_PROBES = 240


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


def equity_chart(curves: Curves, time: TimeAxis, currency: str) -> Chart:
    """Equity and benchmark in money, on a logarithmic axis where the two span more than a factor of eight."""
    series = [Series("Strategy", curves.equity, compact_money, "line strategy")]
    if curves.benchmark.values:
        series.insert(0, Series("Buy and hold", curves.benchmark, compact_money, "line other"))
    axis = value_axis(_values(series), write=ticks_as_money, may_log=True)
    title = f"Equity, {currency}" + (", log scale" if axis.log else "")
    return _lines("equity", title, series, time, axis)


def drawdown_chart(curves: Curves, time: TimeAxis) -> Chart:
    """Distance from the last peak, as an area under zero."""
    series = [Series("Drawdown", curves.drawdown, percent, "loss", filled=True)]
    axis = value_axis([*_values(series), 0.0], write=ticks_as_percent, ticks=4)
    return _lines("drawdown", "Drawdown", series, time, axis)


def sharpe_chart(curves: Curves, time: TimeAxis, reason: str = "") -> Chart:
    """Rolling Sharpe ratio, or the reason why there is none."""
    series = [Series("Sharpe", curves.rolling_sharpe, number, "line strategy")]
    axis = value_axis([*_values(series), 0.0], write=ticks_as_money, ticks=4)
    return _lines("sharpe", "Rolling Sharpe ratio", series, time, axis, reason)


def volatility_chart(curves: Curves, time: TimeAxis, reason: str = "") -> Chart:
    """Rolling volatility, or the reason why there is none."""
    series = [Series("Volatility", curves.rolling_volatility, percent, "line strategy")]
    axis = value_axis([*_values(series), 0.0], write=ticks_as_percent, ticks=4)
    return _lines("volatility", "Rolling volatility", series, time, axis, reason)


def exposure_chart(curves: Curves, time: TimeAxis) -> Chart:
    """Gross exposure as an area with the net as a line."""
    series = [Series("Gross", curves.gross_exposure, percent, "soft", filled=True),
              Series("Net", curves.net_exposure, percent, "line strategy thin")]  # fmt: skip
    axis = value_axis([*_values(series), 0.0], write=ticks_as_percent, ticks=4)
    return _lines("exposure", "Exposure, % of equity", series, time, axis)


def turnover_chart(turnover: TurnoverBars, time: TimeAxis) -> Chart:
    """Traded money by month or day as a percentage of equity."""
    axis = value_axis([*turnover.values, 0.0], write=ticks_as_percent, ticks=4)
    starts = np.array(turnover.starts, dtype="datetime64[us]").astype(np.int64).astype(float)
    width = 28 * 86_400e6 if turnover.unit == "month" else 0.8 * 86_400e6
    boxes = [(time.share(start), axis.share(0.0), time.share(start + width), axis.share(value))
             for start, value in zip(starts, turnover.values, strict=True)]  # fmt: skip
    return Chart(
        key="turnover",
        title=f"Turnover a {turnover.unit}, % of equity",
        description=f"Bars of what was bought and sold by {turnover.unit}.",
        shapes=_grid(axis) + svg.bars([box for box in boxes if box[2] > box[0]], "fill strategy"),
        y_labels=axis.labels(),
        x_labels=time.labels(),
        empty="" if turnover.values else "nothing was traded",
    )


def histogram_chart(histogram: Histogram, currency: str) -> Chart:
    """Count of trades by P&L, losses and gains in their own colour."""
    edges, counts = histogram.edges, histogram.counts
    axis = value_axis([*map(float, counts), 0.0], write=ticks_as_money, ticks=4, whole=True)
    total = len(counts) or 1
    boxes = [(i / total + 0.1 / total, 0.0, (i + 0.9) / total, axis.share(float(count)))
             for i, count in enumerate(counts)]  # fmt: skip
    losses = sum(high <= 0 for _, high in pairwise(edges))
    step = max(1, -(-len(edges) // 7))
    first = losses % step if losses >= 0 else 0
    labels = tuple((100.0 * i / total, compact(edges[i]), False) for i in range(first, len(edges), step))
    return Chart(
        key="trades",
        title=f"Trades by result, {currency}",
        description="Number of closed trades by profit or loss"
        + ("; the end bars hold everything beyond them" if histogram.clipped else ""),
        shapes=_grid(axis) + svg.bars(boxes[:losses], "fill loss") + svg.bars(boxes[losses:], "fill gain"),
        y_labels=axis.labels(),
        x_labels=labels,
        empty="" if counts else "no closed trades",
    )


def compact_money(value: float) -> str:
    """Format money for the crosshair: no cents where they would be noise."""
    return number(value, 0 if abs(value) >= 1000 else 2)


def _lines(key: str, title: str, series: Sequence[Series], time: TimeAxis, axis: Axis, reason: str = "") -> Chart:
    shapes = _grid(axis)
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
        empty="" if _values(series) else reason or "no marks",
        probes=_probes(series, time),
    )


def _grid(axis: Axis) -> Markup:
    rules = (svg.level(axis.share(tick), "zero" if tick == 0 else "grid") for tick in axis.ticks)
    return Markup("").join(rules)


def _values(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.line.values if value is not None]


def _describe(title: str, series: Sequence[Series]) -> str:
    parts = []
    for one in series:
        if values := [value for value in one.line.values if value is not None]:
            parts.append(f"{one.name} from {one.write(values[0])} to {one.write(values[-1])}, "
                         f"lowest {one.write(min(values))}, highest {one.write(max(values))}")  # fmt: skip
    return f"{title}. " + "; ".join(parts)


def _probes(series: Sequence[Series], time: TimeAxis) -> dict[str, list[str] | list[float]]:
    longest = max((one.line.moments for one in series), key=len)
    if not longest or time.flat:
        return {}
    grid = np.unique(np.linspace(0, len(longest) - 1, min(_PROBES, len(longest))).astype(int))
    moments = np.array(longest, dtype=np.int64)[grid]
    found: dict[str, list[str] | list[float]] = {
        "x": [round(100 * time.share(float(moment)), 2) for moment in moments],
        "t": [time.stamp(int(moment)) for moment in moments],
    }
    for one in reversed(series):
        rows = np.searchsorted(np.array(one.line.moments, dtype=np.int64), moments, side="right") - 1
        values = [one.line.values[row] if row >= 0 else None for row in rows]
        found[one.name] = ["–" if value is None else one.write(value) for value in values]
    return found
