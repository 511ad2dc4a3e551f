"""Ablation: drop one thing at a time, and compare with the whole.

Task 0 is the base run; every other task is a variant (``variants``), over the same calendar. A variant's periods are
paired with those of the base run by their ends; where a variant has no period, as when its only instruments did not
trade, it earned nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.leaving_out import only
from backtest.studies.measured import figures, measured
from backtest.studies.of_strategy import OfStrategy, is_panel
from backtest.studies.packing import packed, unpacked
from backtest.studies.resample import generator
from backtest.studies.source import load
from backtest.studies.statistics.difference import sharpe_difference
from backtest.studies.trial import history, per_year, trial
from backtest.studies.variants import Variant, variants
from research.kinds import Answer, Part, Results, Task
from research.spec import Spec
from warehouse.readers import instruments, only_source
from warehouse.store import Warehouse, connect
from zeno.errors import ConfigError

_BASE = Variant("base", "", "everything")
_COMPARED = ("sharpe", "return", "max_drawdown", "turnover")


class Ablation(OfStrategy):
    """The kind."""

    name = "ablation"
    function = "backtest.studies.ablation:run_variant"

    def count(self, spec: Spec) -> int:
        """Return the number of variants, the base run among them."""
        return len(_plan(spec.text)[0])

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield the base run, then a task a variant."""
        for number, one in enumerate(_plan(spec.text)[0]):
            yield Task(number, one.name, {"data": spec.data, "question": spec.question, "variant": one.plain()})

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:  # noqa: ARG002 - of every kind
        """Compare every variant with the base run."""
        return _answer(spec, results)


def sources(data: Mapping[str, Any], *, warehouse: Warehouse | None = None) -> dict[str, list[str]]:
    """Return the symbols of each source of a study's data; a file is one source."""
    if data.get("file") or data["source"]:
        return {data.get("source") or "file": sorted(data["symbols"])}
    store, found = warehouse or connect(), {}
    for number, symbol in instruments(store, data["symbols"]).items():
        found.setdefault(only_source(store, number, symbol, data["resolution"]), []).append(symbol)
    return {name: sorted(symbols) for name, symbols in sorted(found.items())}


@lru_cache(8)
def _plan(text: str) -> tuple[list[Variant], list[str]]:
    """Return the base run and all variants, and notes on what could not be dropped."""
    spec = Spec.from_text(text)
    found, notes = variants(spec.question, spec.data["symbols"])
    return [_BASE, *found], notes


def run_variant(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a variant; see the module's docstring."""
    asked, variant = payload["question"], payload["variant"]
    frame = load(payload["data"], panel=is_panel(asked))
    # The account keeps its currency when the instrument that it came from is left out.
    terms = {**asked["run"], "currency": asked["run"]["currency"] or payload["data"]["currency"], **variant["run"]}
    kept = only(frame, set(frame.symbols) - set(variant["without"]))
    result = trial({**asked, "run": terms}, variant["parameters"], kept)
    moments = history(result, asked["period"]).moments
    return {**{name: variant[name] for name in ("name", "group", "what")}, "moments": packed(moments),
            **measured(result, asked)}  # fmt: skip


def _answer(spec: Spec, results: Results) -> Answer:
    found = results()
    _, base = next(iter(found))
    moments, rows = unpacked(base["moments"]), []
    for number, one in found:
        rows.append(_compared(number, one, base, moments, int(spec.question["seed"])))
    summary = {
        "run": figures(base),
        "variants": rows,
        "periods": len(moments),
        "bars": base["bars"] + sum(row.pop("bars") for row in rows),
        "confidence": 0.95,
        "not_dropped": _plan(spec.text)[1],
        "caveats": [f"{len(rows)} differences were looked at: about one in twenty intervals misses by chance alone.",
                    *spec.data["caveats"]],
    }  # fmt: skip
    return Answer(summary, [_part(row) for row in rows])


def _compared(number: int, one: Mapping[str, Any], base: Mapping[str, Any], moments: np.ndarray, seed: int
              ) -> dict[str, Any]:  # fmt: skip
    """Return a variant's row: its figures, what they differ by, and how sure the Sharpe ratio's difference is."""
    row = {name: one[name] for name in ("name", "group", "what")}
    row |= {name: one[name] for name in _COMPARED}
    row |= {f"{name}_difference": one[name] - base[name] for name in _COMPARED}
    row |= {"fees": one["fees"], "fills": one["fills"], "same_run": one["digest"] == base["digest"]}
    paired = _paired(one, moments)
    try:
        found = asdict(sharpe_difference(paired, unpacked(base["returns"]), per_year(moments),
                                         random=generator(seed, number)))  # fmt: skip
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


KIND = Ablation()
