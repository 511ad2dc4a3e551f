"""From draws to an answer: how far the figures of a run spread, and how often it would have lost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.studies.draws import FIGURES
from backtest.studies.measured import figures
from backtest.studies.packing import unpacked
from backtest.studies.page import Page, fan_chart, heading, table, write_page, written
from backtest.studies.resample import bands
from research.kinds import Answer, Part, Results
from research.spec import Spec
from zeno.drawing.chart import Tile
from zeno.drawing.numerals import number, percent

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of quantiles and fans."""
_OVERLAP = ["Trades of several symbols overlap: one after the other, as in the order of trades, they fall less deeply."]
_QUANTILES = tuple(f"q{level * 100:02.0f}" for level in LEVELS)
_STRESS = ("factor", "cost", "slippage", "sharpe", "return", "max_drawdown", "fees")
_TITLES = {
    "trade_order": "Equity by number of closed trades, in another order",
    "returns": "Equity over time, the run's returns resampled",
    "prices": "Equity over time, traded on resampled prices",
}
_NOTES = ("block", "trades", "open", "permuted", "reason")


def monte_carlo_answer(spec: Spec, results: Results, folder: Path) -> Answer:
    """Return the answer of a Monte-Carlo study; its page and ``draws.parquet`` are written into ``folder``.

    ``quantiles`` has a row a method and figure, ``stress`` one a factor, ``fans`` the quantiles of equity over time (a
    band is no path itself), in units of the first capital.
    """
    run, parts = _collected(results)
    moments = unpacked(run["moments"])
    drawn = {name: _joined(found) for name, found in parts.items() if name != "costs"}
    stress = [one for task in parts.get("costs", ()) for one in task["runs"]]
    summary = {
        "run": figures(run),
        "probability_of_loss": {name: float(np.mean(one["figures"][:, 0] < 0)) if "figures" in one else None
                                for name, one in drawn.items()},
        "methods": {name: _told(one) for name, one in drawn.items()},
        "quantiles": [row for name, one in drawn.items() if "figures" in one for row in _quantiles(name, one, run)],
        "stress": [{"factor": float(one["factor"]), "cost": one["cost"], "slippage": one["slippage"], **figures(one)}
                   for one in stress],
        "fans": {name: _fan(name, one, moments) for name, one in drawn.items() if "figures" in one},
        "bars": run["bars"] + sum(one["bars"] for one in stress) + sum(one.get("bars", 0) for one in drawn.values()),
        "caveats": [*_OVERLAP[: "trade_order" in drawn and len(spec.data["symbols"]) > 1], *spec.data["caveats"]],
    }  # fmt: skip
    page = write_page(_page(spec, summary), folder / "monte_carlo.html")
    pages = {"page": page, "draws": _written(drawn, folder / "draws.parquet")}
    return Answer(summary, [_part(row) for row in summary["quantiles"]], pages)


def _collected(results: Results) -> tuple[Mapping[str, Any], dict[str, list[Mapping[str, Any]]]]:
    run: Mapping[str, Any] = {}
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for _, found in results():
        if found["method"] == "base":
            run = found
        else:
            parts.setdefault(found["method"], []).append(found)
    return run, parts


def _joined(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the draws of a method, in order, or the reason why there are none: the same in every task of it."""
    joined: dict[str, Any] = {name: found[0][name] for name in _NOTES if name in found[0]}
    if "reason" in joined:
        return joined
    joined |= {name: np.concatenate([unpacked(one[name]) for one in found]) for name in ("figures", "paths")}
    return joined | {"bars": sum(one.get("bars", 0) for one in found)}


def _page(spec: Spec, summary: Mapping[str, Any]) -> Page:
    run = summary["run"]
    losses = tuple(Tile(f"Loss, {name.replace('_', ' ')}", percent(one), summary["methods"][name].get("reason", ""))
                   for name, one in summary["probability_of_loss"].items())  # fmt: skip
    tables = (table("Quantiles", [{**row, "run": written(row["figure"], row["run"]),
                                   **{name: written(row["figure"], row[name]) for name in _QUANTILES}}
                                  for row in summary["quantiles"]], ("method", "figure", "run", *_QUANTILES)),
              table("Cost stress", summary["stress"], _STRESS))  # fmt: skip
    return Page(
        over="Monte-Carlo",
        title=spec.question["strategy"],
        sub=heading(spec),
        warnings=tuple(summary["caveats"]),
        tiles=(Tile("Return of the run", percent(run["return"]), f"Sharpe ratio {number(run['sharpe'])}"), *losses),
        charts=tuple(fan_chart(name, _TITLES[name], fan) for name, fan in summary["fans"].items()),
        tables=tuple(one for one in tables if one.rows),
    )  # fmt: skip


def _written(drawn: Mapping[str, Mapping[str, Any]], path: Path) -> Path:
    """Write a row a draw: method, number from 1, and its figures."""
    parts = {name: one["figures"] for name, one in drawn.items() if "figures" in one}
    columns: dict[str, Any] = {
        "method": [name for name, rows in parts.items() for _ in rows],
        "draw": [number + 1 for rows in parts.values() for number in range(len(rows))],
    }
    columns |= {name: [float(row[at]) for rows in parts.values() for row in rows] for at, name in enumerate(FIGURES)}
    pq.write_table(pa.table(columns), path)
    return path


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    notes = {name: one[name] for name in _NOTES if name in one}
    return notes if "reason" in one else {"draws": len(one["figures"]), **notes}


def _quantiles(method: str, one: Mapping[str, Any], run: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for at, name in enumerate(FIGURES):
        values = one["figures"][:, at]
        found = dict(zip(_QUANTILES, map(float, np.quantile(values, LEVELS)), strict=True))
        rows.append({"method": method, "figure": name, "run": run[name], "mean": float(values.mean()), **found})
    return rows


def _fan(method: str, one: Mapping[str, Any], moments: np.ndarray) -> dict[str, Any]:
    """Return a fan; that of the order of trades runs over their number, all others over time (µs UTC)."""
    paths = one["paths"]
    axis = np.rint(np.linspace(0, one["trades"], paths.shape[1])) if method == "trade_order" else moments
    return {"axis": "trades" if method == "trade_order" else "moments", "at": axis, "levels": LEVELS,
            "bands": bands(paths, LEVELS)}  # fmt: skip


def _part(row: Mapping[str, Any]) -> Part:
    metrics = {name: value for name, value in row.items() if name not in ("method", "figure")}
    return Part(f"{row['method']} {row['figure']}", {"method": row["method"], "figure": row["figure"]}, metrics)
