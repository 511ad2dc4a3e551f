"""The page of a study as one HTML file: tiles, fans, a heat map, whiskers, tables. Its look is ``zeno.drawing``'s.

Belongs here: parts that several kinds show. What a kind shows of itself, in which words, is in its answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from research.spec import Spec
from zeno.drawing import svg
from zeno.drawing.axes import TimeAxis, time_axis, value_axis
from zeno.drawing.chart import Chart, Tile, grid
from zeno.drawing.numerals import DASH, number, percent, ticks_as_money
from zeno.drawing.page import environment

_PERCENT = ("return", "cagr", "volatility", "max_drawdown", "share", "mean", "hit_rate", "return_difference",
            "max_drawdown_difference")  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of text under column names; ``note`` stands below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Heat:
    """A table of numbers as colours: of each cell its text and a strength from -1 to 1, None where there is none."""

    title: str
    across: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, float | None], ...]], ...]


@dataclass(frozen=True)
class Whisker:
    """An interval with its middle, in percent of the strip's width; ``zero`` is where zero lies."""

    name: str
    low: float
    middle: float
    high: float
    zero: float
    text: str


@dataclass(frozen=True)
class Page:
    """What a page shows, from top to bottom; ``warnings`` are what a reader has to know."""

    over: str
    title: str
    sub: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    heat: Heat | None = None
    charts: tuple[Chart, ...] = ()
    whiskers_title: str = ""
    whiskers: tuple[Whisker, ...] = ()
    tables: tuple[Table, ...] = ()


def write_page(page: Page, path: Path) -> Path:
    """Write a page as UTF-8 and return where."""
    text = environment("backtest.studies").get_template("page.html.j2").render(page=page)
    path.write_text(text, encoding="utf-8")
    return path


def heading(spec: Spec) -> tuple[str, ...]:
    """Return what stands under the title of every study: its data, costs and versions."""
    symbols, run = spec.data["symbols"], spec.question["run"]
    named = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
    return (named, f"cost {run['cost']}", f"slippage {run['slippage']}", f"data {spec.snapshot}", f"code {spec.code}")


def table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], note: str = "") -> Table:
    """Return a table of mappings; shares of one become percent, and a column of empty text is left out."""
    columns = [name for name in columns if not rows or any(row.get(name) != "" for row in rows)]
    cells = tuple(tuple(written(name, row.get(name)) for name in columns) for row in rows)
    return Table(title, tuple(name.replace("_", " ") for name in columns), cells, note)


def written(name: str, value: Any) -> str:
    r"""Write a value as its column's name asks for.

    >>> written("return", 0.125), written("fills", 1200), written("point", {"fast": 5, "slow": 20})
    ('12.5\xa0%', '1,200', 'fast 5, slow 20')
    """
    if value is None:
        return DASH
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {one:g}" for key, one in value.items()) or DASH
    if isinstance(value, str):
        return value
    if name in _PERCENT:
        return percent(value)
    return number(value, 0 if isinstance(value, int) else 3 if name == "score" else 2)


def heat_of(title: str, found: Mapping[str, Any], write: Callable[[float], str]) -> Heat | None:
    """Return a heat map of scores (``sweep_answer.heat_map``), the highest rows on top, or None where there is none."""
    if "reason" in found:
        return None
    most = max((abs(one) for row in found["scores"] for one in row if one is not None), default=0.0)
    rows = []
    for value, scores in zip(reversed(found["y"]["values"]), reversed(found["scores"]), strict=True):
        cells = tuple((DASH, None) if one is None else (write(one), one / most if most else 0.0) for one in scores)
        rows.append((f"{found['y']['name']} {value:g}", cells))
    return Heat(title, found["x"]["name"], tuple(f"{one:g}" for one in found["x"]["values"]), tuple(rows))


def whiskers(rows: Sequence[tuple[str, float | None, float | None, float | None]]) -> tuple[Whisker, ...]:
    """Return intervals (name, low, middle, high) on one scale that has zero on it; those without ends are left out."""
    there = [(name, low, middle, high) for name, low, middle, high in rows if None not in (low, middle, high)]
    ends = [float(one) for _, low, _, high in there for one in (low, high) if one is not None]
    bottom, top = min([0.0, *ends]), max([0.0, *ends])
    width = top - bottom or 1.0

    def share(value: float | None) -> float:
        return round(100 * (float(value or 0.0) - bottom) / width, 2)

    def told(low: float | None, middle: float | None, high: float | None) -> str:
        return f"{number(middle)} ({number(low)} to {number(high)})"

    return tuple(Whisker(name, share(low), share(middle), share(high), share(0.0), told(low, middle, high))
                 for name, low, middle, high in there)  # fmt: skip


def fan_chart(key: str, title: str, fan: Mapping[str, Any]) -> Chart:
    """Return quantiles of equity as bands about their median, over time or over the number of trades."""
    at, levels = [float(one) for one in fan["at"]], [list(map(float, row)) for row in fan["bands"]]
    time = time_axis([int(one) for one in at])
    axis = value_axis([value for row in levels for value in row], write=ticks_as_money, may_log=True)
    across = [time.share(one) for one in at]
    shapes, half = grid(axis), len(levels) // 2
    for low, high in zip(levels[:half], reversed(levels[half + 1 :]), strict=True):
        points = [(x, axis.share(one), axis.share(other)) for x, one, other in zip(across, low, high, strict=True)]
        shapes += svg.band(points, "area soft")
    shapes += svg.line([(x, axis.share(one)) for x, one in zip(across, levels[half], strict=True)], "line strategy")
    ends = ", ".join(f"{level:.0%} at {number(row[-1])}" for level, row in zip(fan["levels"], levels, strict=True))
    return Chart(key, title, f"{title}. At the end: {ends}", shapes, axis.labels(), _labels(fan, time))


def _labels(fan: Mapping[str, Any], time: TimeAxis) -> tuple[tuple[float, str, bool], ...]:
    if fan["axis"] == "moments":
        return time.labels()
    last = int(fan["at"][-1])
    return tuple((25.0 * part, f"{last * part // 4:,}", part % 2 == 1) for part in range(5))
