"""From labelled periods to an answer: what each regime was worth, and how sure that is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.answers import performance
from backtest.studies.measured import figures
from backtest.studies.packing import unpacked
from backtest.studies.page import Page, heading, table, whiskers, write_page, written
from backtest.studies.readings import UNKNOWN, names_of
from backtest.studies.resample import generator
from backtest.studies.statistics.conditional import conditional_sharpes
from backtest.studies.trial import per_year
from research.kinds import Answer, Part, Results
from research.spec import Spec
from zeno.errors import ConfigError

_COLUMNS = ("regime", "point", "symbols", "periods", "share", "mean", "sharpe", "low", "high", "max_drawdown",
            "hit_rate", "reason")  # fmt: skip
_RUNS = ("point", "symbols", "unlabelled", "sharpe", "return", "max_drawdown", "turnover")
_REGIMES = 1_000  # generators a task has: more regimes than any reading knows


def regime_answer(spec: Spec, results: Results, folder: Path) -> Answer:
    """Return the answer of a regime study: a row a run and regime, and one of all periods; its page in ``folder``.

    Figures of a regime are those of its periods put end to end; ``mean`` and ``sharpe`` are annualised as if it lasted,
    ``share`` is of all labelled periods, ``hit_rate`` of the periods in which the account moved.
    """
    rows, runs, bars = [], [], 0
    names = names_of(spec.question)
    for number, one in results():
        told = {"point": one["point"], "symbols": _told(one["symbols"], spec)}
        rows += [{**told, **row} for row in _of_run(one, names, int(spec.question["seed"]), number * _REGIMES)]
        runs.append({**told, "unlabelled": int((unpacked(one["labels"]) == UNKNOWN).sum()), **figures(one)})
        bars += one["bars"]
    summary = {
        "by": spec.question["regime"]["source"],
        "regimes": rows,
        "runs": runs,
        "bars": bars,
        "confidence": 0.95,
        "caveats": spec.data["caveats"],
    }
    page = write_page(_page(spec, summary), folder / "regime.html")
    return Answer(summary, [_part(row) for row in rows], {"page": page})


def _page(spec: Spec, summary: Mapping[str, Any]) -> Page:
    rows, regime = summary["regimes"], spec.question["regime"]
    looking = "as published" if regime["source"] == "mrie" else f"{regime['window']} periods back"
    return Page(
        over="Regimes",
        title=f"{spec.question['strategy']} by {summary['by']}",
        sub=(f"as known when each period began, {looking}", *heading(spec)),
        warnings=tuple(summary["caveats"]),
        whiskers_title="Sharpe ratio by regime",
        whiskers=whiskers([(_name(row), row["low"], row["sharpe"], row["high"]) for row in rows]),
        tables=(table("Regimes", rows, _COLUMNS), table("Runs", summary["runs"], _RUNS)),
    )


def _name(row: Mapping[str, Any]) -> str:
    parts = [row["regime"], *([written("point", row["point"])] if row["point"] else []), row["symbols"]]
    return ", ".join(part for part in parts if part != "all")


def _told(symbols: list[str], spec: Spec) -> str:
    return "all" if len(symbols) == len(spec.data["symbols"]) else ", ".join(symbols)


def _of_run(one: Mapping[str, Any], names: list[str], seed: int, first: int) -> list[dict[str, Any]]:
    returns, labels, yearly = unpacked(one["returns"]), unpacked(one["labels"]), per_year(unpacked(one["moments"]))
    known = max(int((labels != UNKNOWN).sum()), 1)
    rows = []
    for wanted, name in enumerate(names):
        inside = returns[labels == wanted]
        row: dict[str, Any] = {"regime": name, "periods": len(inside), "share": len(inside) / known}
        row |= _figures(inside, yearly)
        rows.append({**row, **_interval(returns, labels, wanted, yearly, generator(seed, first + wanted))})
    return rows


def _figures(returns: np.ndarray, yearly: float) -> dict[str, Any]:
    if not len(returns):
        return {"mean": None, "return": None, "max_drawdown": None, "hit_rate": None}
    moved = returns[returns != 0]
    found = performance(returns, yearly)
    return {"mean": float(returns.mean()) * yearly, "return": found["return"], "max_drawdown": found["max_drawdown"],
            "hit_rate": float((moved > 0).mean()) if len(moved) else None}  # fmt: skip


def _interval(returns: np.ndarray, labels: np.ndarray, wanted: int, yearly: float, random: np.random.Generator
              ) -> dict[str, Any]:  # fmt: skip
    try:
        sharpe, low, high = conditional_sharpes(returns, labels, wanted, yearly, random=random)
    except ConfigError as error:
        return {"sharpe": None, "low": None, "high": None, "reason": error.message}
    return {"sharpe": sharpe, "low": low, "high": high, "reason": ""}


def _part(row: Mapping[str, Any]) -> Part:
    metrics = {name: row[name] for name in ("periods", "share", "mean", "sharpe", "low", "high", "max_drawdown")}
    return Part(f"{row['regime']} {row['symbols']}", {**row["point"], "regime": row["regime"]}, metrics)
