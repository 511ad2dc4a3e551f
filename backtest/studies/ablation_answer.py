"""From variants to an answer: what dropping each thing changed, and how sure that is.

A variant's periods are paired with those of the base run by their ends. Where it has none, as when its only instruments
did not trade, it earned nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.measured import figures
from backtest.studies.packing import unpacked
from backtest.studies.page import Page, heading, table, whiskers, write_page
from backtest.studies.resample import generator
from backtest.studies.statistics.difference import sharpe_difference
from backtest.studies.trial import per_year
from research.kinds import Answer, Part, Results
from research.spec import Spec
from zeno.drawing.chart import Tile
from zeno.drawing.numerals import number, percent
from zeno.errors import ConfigError

_COMPARED = ("sharpe", "return", "max_drawdown", "turnover")
_COLUMNS = ("name", "what", "sharpe_difference", "return_difference", "max_drawdown_difference", "turnover_difference",
            "sharpe", "return", "reason")  # fmt: skip


def ablation_answer(spec: Spec, results: Results, not_dropped: Sequence[str], folder: Path) -> Answer:
    """Return the answer of an ablation, its page written into ``folder``.

    Parameters
    ----------
    not_dropped
        Notes on what could not be.
    """
    found = results()
    _, base = next(iter(found))
    moments, rows = unpacked(base["moments"]), []
    for task, one in found:
        rows.append(_compared(task, one, base, moments, int(spec.question["seed"])))
    summary = {
        "run": figures(base),
        "variants": rows,
        "periods": len(moments),
        "bars": base["bars"] + sum(row.pop("bars") for row in rows),
        "confidence": 0.95,
        "not_dropped": list(not_dropped),
        "caveats": [f"{len(rows)} differences were looked at: about one in twenty intervals misses by chance alone.",
                    *spec.data["caveats"]],
    }  # fmt: skip
    page = write_page(_page(spec, summary), folder / "ablation.html")
    return Answer(summary, [_part(row) for row in rows], {"page": page})


def _page(spec: Spec, summary: Mapping[str, Any]) -> Page:
    rows, run = summary["variants"], summary["run"]
    return Page(
        over="Ablation",
        title=f"{spec.question['strategy']}, one thing less at a time",
        sub=heading(spec),
        warnings=(*summary["caveats"],),
        tiles=(Tile("Sharpe ratio", number(run["sharpe"]), "of the base run"),
               Tile("Return", percent(run["return"]), f"drawdown {percent(run['max_drawdown'])}")),
        whiskers_title="Difference of the Sharpe ratio to the base run",
        whiskers=whiskers([(row["name"], row["low"], row["sharpe_difference"], row["high"]) for row in rows]),
        tables=(table("Variants", rows, _COLUMNS, " ".join(summary["not_dropped"])),),
    )  # fmt: skip


def _compared(task: int, one: Mapping[str, Any], base: Mapping[str, Any], moments: np.ndarray, seed: int
              ) -> dict[str, Any]:  # fmt: skip
    """Return a variant's row: its figures, what they differ by, and how sure the Sharpe ratio's difference is."""
    row = {name: one[name] for name in ("name", "group", "what")}
    row |= {name: one[name] for name in _COMPARED}
    row |= {f"{name}_difference": one[name] - base[name] for name in _COMPARED}
    row |= {"fees": one["fees"], "fills": one["fills"], "same_run": one["digest"] == base["digest"]}
    paired = _paired(one, moments)
    try:
        found = asdict(sharpe_difference(paired, unpacked(base["returns"]), per_year(moments),
                                         random=generator(seed, task)))  # fmt: skip
        row |= {"sharpe_difference": found["estimate"], "low": found["low"], "high": found["high"],
                "block": found["block"], "reason": ""}  # fmt: skip
    except ConfigError as error:
        row |= {"low": None, "high": None, "block": None, "reason": error.message}
    return {**row, "bars": one["bars"]}


def _paired(one: Mapping[str, Any], moments: np.ndarray) -> np.ndarray:
    """Return a variant's returns in the periods of the base run."""
    own, returns = unpacked(one["moments"]), np.zeros(len(moments))
    places = np.searchsorted(moments, own)
    returns[places] = unpacked(one["returns"])
    return returns


def _part(row: Mapping[str, Any]) -> Part:
    metrics = {name: row[name] for name in (*_COMPARED, "sharpe_difference", "low", "high")}
    return Part(row["name"], {"group": row["group"], "what": row["what"]}, metrics)
