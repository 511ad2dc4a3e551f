"""From the points of a sweep to an answer: a table with the best first, and how much of the best may be luck."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.studies.answers import judged
from backtest.studies.measured import FIGURES, figures
from backtest.studies.packing import unpacked
from backtest.studies.page import Page, heading, heat_of, write_page, written
from backtest.studies.page import table as shown
from backtest.studies.trial import per_year
from backtest.tearsheet.figure import Figure
from backtest.tearsheet.text import probability
from research.kinds import Answer, Part, Results
from research.spec import Spec
from zeno.drawing.chart import Tile
from zeno.drawing.numerals import DASH, number, percent

SHOWN = 200
"""Rows of the summary; the file beside the page has all."""
_PARTS = 20
_ON_PAGE = 100
_COLUMNS = ("rank", "point", "score", "sharpe", "return", "max_drawdown", "turnover", "fees", "fills")
_MOST_CELLS = 60  # an axis: more are not told apart on a screen


def sweep_answer(spec: Spec, results: Results, folder: Path) -> Answer:
    """Return the answer of a sweep; its page and ``points.parquet`` are written into ``folder``."""
    rows, trials, moments = _collected(results)
    yearly = per_year(moments)
    order = sorted(range(len(rows)), key=lambda at: (-rows[at]["score"], at))  # ties go to the earlier point
    table = [{"rank": rank + 1, "number": at + 1, **rows[at]} for rank, at in enumerate(order)]
    best = order[0]
    sharpes = np.array([row["sharpe"] for row in rows])
    summary = {
        "best": table[0],
        **judged(trials[:, best], trials, sharpes, yearly, int(spec.question["seed"])),
        "points_tried": len(rows),
        "points_shown": min(len(rows), SHOWN),
        "periods": len(moments),
        "bars": sum(row["bars"] for row in rows),
        "caveats": ["In sample: the best point was chosen on the slices that it is measured on.",
                    *spec.data["caveats"]],
        "heat_map": heat_map(spec.question["space"]["axes"], table),
        "points": [{name: value for name, value in row.items() if name != "bars"} for row in table[:SHOWN]],
    }  # fmt: skip
    page = write_page(_page(spec, summary), folder / "sweep.html")
    pages = {"page": page, "points": _written(table, folder / "points.parquet")}
    return Answer(summary, [_part(row) for row in table[:_PARTS]], pages)


def heat_map(axes: Mapping[str, Any], table: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the best score in every cell of the first two axes, over all others.

    Parameters
    ----------
    axes
        Of the space, in their order.
    table
        A row a point, with ``point`` and ``score``.

    Returns
    -------
    dict
        ``x`` and ``y``, the names of the axes with their ``values``, and ``scores``, a row a value of y, None where no
        point lies; or a ``reason``.
    """
    if len(axes) < 2:
        return {"reason": "It takes two axes."}
    (x, y), scores = list(axes)[:2], {}
    for row in table:
        cell = row["point"][x], row["point"][y]
        scores[cell] = max(scores.get(cell, row["score"]), row["score"])
    across, up = (sorted({cell[at] for cell in scores}) for at in (0, 1))
    if max(len(across), len(up)) > _MOST_CELLS:
        return {"reason": f"An axis has more than {_MOST_CELLS} values: sample a grid."}
    cells = [[scores.get((one, other)) for one in across] for other in up]
    return {"x": {"name": x, "values": across}, "y": {"name": y, "values": up}, "scores": cells}


def _collected(results: Results) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """Return a row a point, the returns of all, shape (periods, points), and the periods' ends, µs UTC."""
    rows, columns, moments = [], [], np.zeros(0, np.int64)
    for _, chunk in results():
        moments = unpacked(chunk["moments"])
        for one in chunk["points"]:
            rows.append({"point": one["point"], **figures(one), "bars": one["bars"]})
            columns.append(unpacked(one["returns"]))
    return rows, np.stack(columns, axis=1), moments


def _page(spec: Spec, summary: Mapping[str, Any]) -> Page:
    best, objective = summary["best"], spec.question["objective"]
    deflated, over, span = (summary[name] for name in ("deflated_sharpe", "overfitting", "sharpe_interval"))
    tried = f"best of {summary['points_tried']:,} points"
    tiles = (
        Tile("Sharpe ratio", number(best["sharpe"]), _or_reason(span, lambda: f"{number(span['low'])} to "
                                                                              f"{number(span['high'])}")),
        Tile("Drawdown", percent(best["max_drawdown"]), f"return {percent(best['return'])}"),
        Tile("Deflated Sharpe", _likely(deflated.get("dsr")), _or_reason(deflated, lambda: tried)),
        Tile("Probability of overfitting", _likely(over.get("pbo")), _or_reason(over, lambda: "CSCV, all points")),
    )  # fmt: skip
    return Page(
        over="Sweep",
        title=f"{spec.question['strategy']}, {tried}",
        sub=(written("point", best["point"]), *heading(spec)),
        warnings=tuple(summary["caveats"]),
        tiles=tiles,
        heat=heat_of(f"Best {objective} score by the first two axes", summary["heat_map"], lambda one: number(one, 3)),
        tables=(shown("Points, best first", summary["points"][:_ON_PAGE], _COLUMNS,
                      "All are in points.parquet beside this page." + _no_map(summary["heat_map"])),),
    )  # fmt: skip


def _no_map(found: Mapping[str, Any]) -> str:
    return f" No map of scores: {found['reason']}" if "reason" in found else ""


def _likely(value: float | None) -> str:
    return DASH if value is None else probability(Figure(value))


def _or_reason(found: Mapping[str, Any], tell: Callable[[], str]) -> str:
    return found["reason"] if "reason" in found else tell()


def _written(table: Sequence[Mapping[str, Any]], path: Path) -> Path:
    names = list(dict.fromkeys(name for row in table for name in row["point"]))
    columns: dict[str, Any] = {"rank": [row["rank"] for row in table], "number": [row["number"] for row in table]}
    # A parameter may be called as a figure is: sharpe, say.
    columns |= {f"parameter_{name}": [float(row["point"][name]) for row in table] for name in names}
    # A figure that no row has keeps its type.
    types = {"fills": pa.int64(), "trips": pa.int64()}
    columns |= {name: pa.array([row[name] for row in table], types.get(name, pa.float64())) for name in FIGURES}
    pq.write_table(pa.table(columns), path)
    return path


def _part(row: Mapping[str, Any]) -> Part:
    metrics = {name: row[name] for name in ("score", "sharpe", "return", "max_drawdown", "turnover")}
    return Part(f"point {row['number']}", row["point"], metrics)
