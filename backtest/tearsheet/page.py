"""The tear sheet as one HTML file: no external resource, readable without JavaScript, from 320 pixels on.

Charts are SVG that stretches (``zeno.drawing``), their labels HTML. The script only adds a crosshair. Everything that
comes from outside, the title and the settings, is escaped by the template.
"""

from pathlib import Path

from backtest.tearsheet import charts, panels, text
from backtest.tearsheet.sheet import TearSheet
from zeno.drawing.axes import TimeAxis, time_axis
from zeno.drawing.chart import Chart
from zeno.drawing.page import environment

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FULL_HEAT = 0.08
"""A month of ± 8 % has the strongest colour."""


def render_page(sheet: TearSheet) -> str:
    """Return the page of a sheet as HTML text, less than 400 kB whatever the length of the run."""
    time = time_axis(sheet.curves.equity.moments)
    drawn = {chart.key: chart for chart in _charts(sheet, time)}
    return (
        environment("backtest.tearsheet")
        .get_template("template.html.j2")
        .render(
            sheet=sheet,
            charts=drawn,
            probes={key: chart.probes for key, chart in drawn.items() if chart.probes},
            headline=panels.headline(sheet),
            secondary=panels.secondary(sheet),
            trade_tiles=panels.trade_tiles(sheet),
            benchmark_tiles=panels.benchmark_tiles(sheet),
            whiskers=panels.whiskers(sheet),
            verdicts=panels.verdicts(sheet),
            cost_rows=panels.cost_rows(sheet.costs),
            month_names=_MONTHS,
            heat=_heat,
            text=text,
        )
    )


def write_page(sheet: TearSheet, path: str | Path) -> Path:
    """Write the page of a sheet as UTF-8 and return where."""
    target = Path(path)
    target.write_text(render_page(sheet), encoding="utf-8")
    return target


def _charts(sheet: TearSheet, time: TimeAxis) -> list[Chart]:
    currency = sheet.account.currency
    return [
        charts.equity_chart(sheet.curves, time, currency),
        charts.drawdown_chart(sheet.curves, time),
        charts.sharpe_chart(sheet.curves, time, sheet.rolling.reason),
        charts.volatility_chart(sheet.curves, time, sheet.rolling.reason),
        charts.exposure_chart(sheet.curves, time),
        charts.turnover_chart(sheet.turnover, time),
        charts.histogram_chart(sheet.trades.histogram, currency),
    ]


def _heat(value: float | None) -> str:
    """Return the style of a cell of the month table: its sign as a class, its size as a strength."""
    if value is None or value == 0:
        return ""
    strength = min(abs(value) / _FULL_HEAT, 1.0)
    return f'class="{"up" if value > 0 else "down"}" style="--v:{strength:.2f}"'
