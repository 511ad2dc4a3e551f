"""The charts of a page: scales, shapes, labels and what the crosshair reads, each from a part of a ``TearSheet``."""

from itertools import pairwise

import numpy as np

from backtest.tearsheet.costs import TurnoverBars
from backtest.tearsheet.curves import Curves
from backtest.tearsheet.text import compact, number, percent, ticks_as_money, ticks_as_percent
from backtest.tearsheet.trade_statistics import Histogram
from zeno.drawing import svg
from zeno.drawing.axes import TimeAxis, value_axis
from zeno.drawing.chart import Chart, Series, grid, lines_chart, values_of


def equity_chart(curves: Curves, time: TimeAxis, currency: str) -> Chart:
    """Equity and benchmark in money, on a logarithmic axis where the two span more than a factor of eight."""
    series = [Series("Strategy", curves.equity, compact_money, "line strategy")]
    if curves.benchmark.values:
        series.insert(0, Series("Buy and hold", curves.benchmark, compact_money, "line other"))
    axis = value_axis(values_of(series), write=ticks_as_money, may_log=True)
    title = f"Equity, {currency}" + (", log scale" if axis.log else "")
    return lines_chart("equity", title, series, time, axis)


def drawdown_chart(curves: Curves, time: TimeAxis) -> Chart:
    """Distance from the last peak, as an area under zero."""
    series = [Series("Drawdown", curves.drawdown, percent, "loss", filled=True)]
    axis = value_axis([*values_of(series), 0.0], write=ticks_as_percent, ticks=4)
    return lines_chart("drawdown", "Drawdown", series, time, axis)


def sharpe_chart(curves: Curves, time: TimeAxis, reason: str = "") -> Chart:
    """Rolling Sharpe ratio, or the reason why there is none."""
    series = [Series("Sharpe", curves.rolling_sharpe, number, "line strategy")]
    axis = value_axis([*values_of(series), 0.0], write=ticks_as_money, ticks=4)
    return lines_chart("sharpe", "Rolling Sharpe ratio", series, time, axis, reason=reason)


def volatility_chart(curves: Curves, time: TimeAxis, reason: str = "") -> Chart:
    """Rolling volatility, or the reason why there is none."""
    series = [Series("Volatility", curves.rolling_volatility, percent, "line strategy")]
    axis = value_axis([*values_of(series), 0.0], write=ticks_as_percent, ticks=4)
    return lines_chart("volatility", "Rolling volatility", series, time, axis, reason=reason)


def exposure_chart(curves: Curves, time: TimeAxis) -> Chart:
    """Gross exposure as an area with the net as a line."""
    series = [Series("Gross", curves.gross_exposure, percent, "soft", filled=True),
              Series("Net", curves.net_exposure, percent, "line strategy thin")]  # fmt: skip
    axis = value_axis([*values_of(series), 0.0], write=ticks_as_percent, ticks=4)
    return lines_chart("exposure", "Exposure, % of equity", series, time, axis)


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
        shapes=grid(axis) + svg.bars([box for box in boxes if box[2] > box[0]], "fill strategy"),
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
        shapes=grid(axis) + svg.bars(boxes[:losses], "fill loss") + svg.bars(boxes[losses:], "fill gain"),
        y_labels=axis.labels(),
        x_labels=labels,
        empty="" if counts else "no closed trades",
    )


def compact_money(value: float) -> str:
    """Format money for the crosshair: no cents where they would be noise."""
    return number(value, 0 if abs(value) >= 1000 else 2)
