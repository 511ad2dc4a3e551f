"""Sweep: every point of a space over the same slices.

A task is a chunk of points, cut by number, so that where a point is computed changes nothing of it:

1. ``_plan`` makes the points (a grid, or a seeded sample) and refuses what cannot run, before anything does.
2. ``run_points`` runs each point of a chunk over all slices (``measured``), and keeps its returns.
3. ``sweep_answer`` puts the points in order, and judges the best by all that were tried.

All of it is in sample. What the best point would have earned on unseen data is asked of walk-forward.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.frames import Frame
from backtest.studies.chunks import chunks
from backtest.studies.measured import measured
from backtest.studies.of_strategy import OfStrategy, check_points, is_panel
from backtest.studies.packing import packed
from backtest.studies.source import load
from backtest.studies.space import Point, points
from backtest.studies.sweep_answer import sweep_answer
from backtest.studies.trial import PERIODS, history, trial
from research.kinds import Answer, Results, Task
from research.spec import Spec
from zeno.errors import ConfigError

CHUNK = 25
"""Points a task, unless told otherwise."""
MOST_RETURNS = 30_000_000
"""Returns of all points together: what overfitting is judged from has to fit into memory, 240 MB of it."""


class Sweep(OfStrategy):
    """The kind."""

    name = "sweep"
    function = "backtest.studies.sweep:run_points"

    def count(self, spec: Spec) -> int:
        """Return the number of chunks."""
        return -(-len(_plan(spec.text)) // spec.question["chunk"])

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield a task a chunk of points."""
        space = _plan(spec.text)
        for number, (first, stop) in enumerate(chunks(len(space), spec.question["chunk"])):
            payload = {"data": spec.data, "question": spec.question, "first": first, "points": space[first:stop]}
            yield Task(number, f"points {first + 1}–{stop}", payload)

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Put the points in order, and judge the best."""
        return sweep_answer(spec, results, folder)


@lru_cache(8)
def _plan(text: str) -> list[Point]:
    """Return the points.

    Raises
    ------
    ConfigError
        When a point is none of the strategy's, or there are too many.
    """
    spec = Spec.from_text(text)
    asked = spec.question
    space = points(asked["space"]["axes"], **asked["space"]["sample"])
    periods = _periods(load(spec.data, panel=is_panel(asked)), asked["period"])
    if len(space) * periods > MOST_RETURNS:
        raise ConfigError(
            f"{len(space):,} points of {periods:,} returns each are too many to judge together.",
            remedy="Sample fewer: --method latin --points N; or take longer periods: --period 1d.",
        )
    check_points(asked, space)
    return space


def _periods(frame: Frame, period: str) -> int:
    times, length = frame.columns.times, PERIODS[period]
    return len(np.unique(times // length if length else times))


def run_points(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a chunk; see the module's docstring."""
    asked = payload["question"]
    frame = load(payload["data"], panel=is_panel(asked))
    moments, found = np.zeros(0, np.int64), []
    for point in payload["points"]:
        result = trial(asked, point, frame)
        moments = history(result, asked["period"]).moments  # the same for all
        found.append({"point": point, **measured(result, asked)})
    return {"first": payload["first"], "moments": packed(moments), "points": found}


KIND = Sweep()
