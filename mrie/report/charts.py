"""The report's pictures, from its record: history against recessions, calibration, scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from markupsafe import Markup

from mrie.report.inputs import CalibrationBin, Reading, Recession, RiskReport, Scenario, ScenarioPath
from mrie.report.words import COMBINED, HMM, SWITCHING, chance
from zeno.drawing import svg
from zeno.drawing.axes import TimeAxis, time_axis, value_axis
from zeno.drawing.chart import Chart, Line, Series, grid, lines_chart
from zeno.drawing.numerals import number, ticks_as_money, ticks_as_percent

RECENT_MONTHS = 60
_MONTHS_READ = 1_200
_DOT = (7.0, 20.0)
"""Smallest and largest diameter of a calibration dot, in pixels."""


@dataclass(frozen=True)
class Dot:
    """A point of the calibration picture: percent from the left and from the top, diameter in pixels, and its words."""

    left: float
    top: float
    size: float
    text: str


def history_chart(report: RiskReport) -> Chart:
    """Every reading, with the range over the models, against recessions."""
    rows = _all_readings(report)
    return _readings("history", f"Since {rows[0].month:%Y}", rows, report.known_recessions, models=False)


def recent_chart(report: RiskReport) -> Chart:
    """The last five years, each model alone."""
    rows = _all_readings(report)[-RECENT_MONTHS:]
    return _readings("recent", "The last five years", rows, report.known_recessions, models=True)


def _all_readings(report: RiskReport) -> list[Reading]:
    return [*(row for row in report.history if row.month < report.reading.month), report.reading]


def _readings(key: str, title: str, rows: Sequence[Reading], recessions: Sequence[Recession], *, models: bool) -> Chart:
    moments = tuple(_moment(row.month) for row in rows)
    time = time_axis(moments)
    axis = value_axis([0.0, 1.0], write=ticks_as_percent, ticks=4)
    lines = {
        SWITCHING: ("line ms", [row.p_ms for row in rows]),
        HMM: ("line hmm", [row.p_hmm for row in rows]),
        COMBINED: ("line combined", [row.p_combined for row in rows]),
    }
    series = [
        Series(name, Line(moments, tuple(values)), chance, css)
        for name, (css, values) in lines.items()
        if models or name == COMBINED
    ]
    shades = _recessions(recessions, time)
    spans = svg.band([(time.share(m), row.low, row.high) for m, row in zip(moments, rows, strict=True)], "range")
    behind = shades + spans + svg.level(0.5, "half")
    chart = lines_chart(key, title, series, time, axis, behind=behind, probes=_MONTHS_READ)
    return chart if len(rows) > 1 else replace(chart, empty="only the current reading is there", probes={})


def _recessions(recessions: Sequence[Recession], time: TimeAxis) -> Markup:
    boxes = [
        (time.share(_moment(recession.peak, 1)), 0.0, _end(recession, time), 1.0)
        for recession in recessions
        if recession.trough is None or _moment(recession.trough, 1) > time.scale.low
    ]
    return svg.bars([box for box in boxes if box[2] > box[0]], "recession")


def _end(recession: Recession, time: TimeAxis) -> float:
    return 1.0 if recession.trough is None else time.share(_moment(recession.trough, 1))


def calibration_chart(bins: Sequence[CalibrationBin]) -> tuple[Chart, list[Dot]]:
    """Return what was said against what came, in a square, and its dots; on the diagonal, both are alike."""
    axis = value_axis([0.0, 1.0], write=ticks_as_percent, ticks=4)
    ordered = sorted(bins, key=lambda one: one.predicted)
    shapes = grid(axis) + svg.line([(0.0, 0.0), (1.0, 1.0)], "line diagonal")
    shapes += svg.line([(one.predicted, one.observed) for one in ordered], "line combined")
    chart = Chart(
        key="calibration",
        title="What was said, and what came",
        description="Share of recession months by predicted probability. " + "; ".join(map(_bin_words, ordered)),
        shapes=shapes,
        y_labels=axis.labels(),
        x_labels=tuple((100 * tick, text, False) for tick, text in zip(axis.ticks, axis.texts, strict=True)),
        empty="" if bins else "no months with a probability and an outcome",
    )
    return chart, [_dot(one, max(entry.count for entry in ordered)) for one in ordered]


def _dot(one: CalibrationBin, most: int) -> Dot:
    least, largest = _DOT
    size = least + (largest - least) * (one.count / most) ** 0.5  # the area, not the width, is the count
    return Dot(round(100 * one.predicted, 2), round(100 * (1 - one.observed), 2), round(size, 1), _bin_words(one))


def _bin_words(one: CalibrationBin) -> str:
    return f"said {chance(one.predicted)}, came {chance(one.observed)}, {one.count} months"


def scenario_charts(number_of: int, scenario: Scenario) -> list[Chart]:
    """Return a chart a variable: the path with its band."""
    return [_path_chart(f"scenario-{number_of}-{place}", path) for place, path in enumerate(scenario.paths)]


def _path_chart(key: str, path: ScenarioPath) -> Chart:
    moments = tuple(map(_moment, path.months))
    time = time_axis(moments)
    axis = value_axis([*path.low, *path.high, *path.baseline], write=ticks_as_money, ticks=4)
    rows = zip(moments, path.low, path.high, strict=True)
    band = svg.band([(time.share(m), axis.share(low), axis.share(high)) for m, low, high in rows], "range")
    series = [Series("Path", Line(moments, path.median), _plain, "line combined")]
    if path.baseline:
        series.insert(0, Series("Without it", Line(moments, path.baseline), _plain, "line without"))
    title = f"{path.node.replace('_', ' ').capitalize()}, {path.unit}"
    chart = lines_chart(key, title, series, time, axis, behind=band, probes=_MONTHS_READ)
    chart.probes.update({f"{100 * path.level:.0f}% band": _ranges(path)} if chart.probes else {})
    return chart


def _ranges(path: ScenarioPath) -> list[str]:
    return [f"{_plain(low)} to {_plain(high)}" for low, high in zip(path.low, path.high, strict=True)]


def _plain(value: float) -> str:
    return number(value, 2 if abs(value) < 10 else 1)


def _moment(month: date, later: int = 0) -> int:
    """Return the first moment of the month ``later`` months on, microseconds since 1970 in UTC."""
    return int((np.datetime64(month, "M") + np.timedelta64(later, "M")).astype("datetime64[us]").astype(np.int64))
