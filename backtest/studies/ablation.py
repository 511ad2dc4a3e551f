"""Ablation: drop one thing at a time, and compare with the whole.

Task 0 is the base run; every other task is a variant (``variants``), over the same calendar. They are compared in
``ablation_answer``.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from backtest.studies.ablation_answer import ablation_answer
from backtest.studies.leaving_out import only
from backtest.studies.measured import measured
from backtest.studies.of_strategy import OfStrategy, is_panel
from backtest.studies.packing import packed
from backtest.studies.source import load
from backtest.studies.trial import history, trial
from backtest.studies.variants import Variant, variants
from research.kinds import Answer, Results, Task
from research.spec import Spec
from warehouse.snapshot import symbols_by_source
from warehouse.store import Warehouse, connect

_BASE = Variant("base", "", "everything")


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

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Compare every variant with the base run."""
        return ablation_answer(spec, results, _plan(spec.text)[1], folder)


def sources(data: Mapping[str, Any], *, warehouse: Warehouse | None = None) -> dict[str, list[str]]:
    """Return the symbols of each source of a study's data; a file is one source."""
    if data.get("file") or data["source"]:
        return {data.get("source") or "file": sorted(data["symbols"])}
    return data.get("sources") or symbols_by_source(warehouse or connect(), data["symbols"], data["resolution"])


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


KIND = Ablation()
