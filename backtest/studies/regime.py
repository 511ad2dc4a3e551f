"""Regime study: what a strategy earned in each regime, the regime being what was known when a period began.

A task is a point of the space on a group of symbols: all together, or each by itself. It runs once over all slices; its
periods are then labelled (``readings``). The market that volatility and trend are read from is that of all symbols,
whatever the group, so that a label means the same everywhere.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.leaving_out import only
from backtest.studies.measured import measured
from backtest.studies.of_strategy import OfStrategy, check_points, is_panel
from backtest.studies.packing import packed
from backtest.studies.readings import SOURCES, labels
from backtest.studies.regime_answer import regime_answer
from backtest.studies.source import load
from backtest.studies.space import Point, points
from backtest.studies.trial import history, trial
from research.kinds import Answer, Results, Task
from research.spec import Spec
from zeno.errors import ConfigError


class Regime(OfStrategy):
    """The kind."""

    name = "regime"
    function = "backtest.studies.regime:run_regimes"

    def count(self, spec: Spec) -> int:
        """Return the number of runs."""
        return len(_plan(spec.text))

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield a task a point and group of symbols."""
        for number, (point, symbols) in enumerate(_plan(spec.text)):
            name = ", ".join([*(f"{key}={value}" for key, value in point.items()), *symbols][:4]) or "the run"
            payload = {"data": spec.data, "question": spec.question, "point": point, "symbols": symbols}
            yield Task(number, name, payload)

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Put periods together by regime."""
        return regime_answer(spec, results, folder)


@lru_cache(8)
def _plan(text: str) -> tuple[tuple[Point, list[str]], ...]:
    """Return the points and the symbols of each task.

    Raises
    ------
    ConfigError
        When the regimes cannot be read, or a point is none of the strategy's.
    """
    spec = Spec.from_text(text)
    asked = spec.question
    regime = asked["regime"]
    if regime["source"] not in SOURCES:
        raise ConfigError(f"There are no regimes by {regime['source']}.", remedy=f"One of {', '.join(SOURCES)}.")
    if regime["window"] < 2 or regime["warm"] < 1:
        raise ConfigError("A window has at least 2 periods, and a past at least 1.",
                          remedy="Give --window 63 --warm 252, say.")  # fmt: skip
    if regime["source"] == "mrie" and not asked["readings"]:
        raise ConfigError("There are no readings of the macro regimes.", remedy="Make them: zeno mrie run.")
    space = points(asked["space"]["axes"], **asked["space"]["sample"])
    check_points(asked, space)
    symbols = sorted(spec.data["symbols"])
    groups = [[one] for one in symbols] if asked["each_symbol"] else [symbols]
    return tuple((point, group) for group in groups for point in space)


def run_regimes(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a task; see the module's docstring."""
    asked = payload["question"]
    frame = load(payload["data"], panel=is_panel(asked))
    result = trial(asked, payload["point"], only(frame, payload["symbols"]))
    moments = history(result, asked["period"]).moments
    starts = np.r_[int(frame.columns.times[0]), moments[:-1]] if len(moments) else moments
    return {
        "point": payload["point"],
        "symbols": payload["symbols"],
        "moments": packed(moments),
        "labels": packed(labels(asked, frame.columns, starts)),
        **measured(result, asked),
    }


KIND = Regime()
