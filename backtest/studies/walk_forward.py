"""Walk-forward: in every fold, choose parameters on the training slices alone, then trade the test with the choice.

A task is a fold:

1. ``_choose``: every point of the space runs over the training slices, read from the warehouse up to their end: what
   comes later is not in memory. The best by the objective is chosen; ties go to the earlier point.
2. ``_tested``: the choice runs from the start of training through the test, so that it comes into the test with the
   position it would have; the test pays for taking that position over and for giving its last one back (``tested``).
3. All other points run through the test as well, after the choice: their returns say how likely the choice was luck
   (``statistics.overfitting``). Nothing flows back from them.

Folds are stitched by returns. How many trials there were is counted, not chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.frames import Frame
from backtest.studies import answers
from backtest.studies.folds import Fold, Range, walk_forward, without
from backtest.studies.of_strategy import OfStrategy, check_points, is_panel
from backtest.studies.packing import packed
from backtest.studies.source import load
from backtest.studies.space import Point, points
from backtest.studies.tested import tested
from backtest.studies.trial import during, score, trial
from research.kinds import Answer, Results, Task
from research.spec import Spec


class WalkForward(OfStrategy):
    """The kind."""

    name = "walk_forward"
    function = "backtest.studies.walk_forward:run_fold"

    def count(self, spec: Spec) -> int:
        """Return the number of folds."""
        return len(_plan(spec.text))

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield a task a fold."""
        for fold, moments in _plan(spec.text):
            payload = {"data": spec.data, "question": spec.question, "fold": fold.number, **moments}
            yield Task(fold.number, f"fold {fold.number + 1}", payload)

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Stitch the folds, and judge them."""
        return answers.walk_forward(spec, results, folder)


@lru_cache(8)
def _plan(text: str) -> tuple[tuple[Fold, Mapping[str, Any]], ...]:
    """Return folds with their moments. The plan reads the data once; tasks read their own part.

    Raises
    ------
    ConfigError
        When no fold fits, or a point is none of the strategy's.
    """
    spec = Spec.from_text(text)
    asked = spec.question
    check_points(asked, points(asked["space"]["axes"], **asked["space"]["sample"]))
    times = np.unique(load(spec.data, panel=is_panel(asked)).columns.times)
    folds = walk_forward((0, len(times)), **{name: asked[name] for name in
                         ("train", "test", "step", "purge", "embargo", "anchored")})  # fmt: skip
    return tuple((fold, _moments(fold, times)) for fold in folds)


def _moments(fold: Fold, times: np.ndarray) -> Mapping[str, Any]:
    """Return where a fold begins and ends in µs UTC: a range of slices ends where the next slice begins."""

    def span(part: tuple[int, int]) -> list[int]:
        return [int(times[part[0]]), int(times[part[1]]) if part[1] < len(times) else int(times[-1]) + 1]

    return {"train": span(fold.train), "test": span(fold.test), "embargoed": [span(one) for one in fold.embargoed]}


def run_fold(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a fold; see the module's docstring."""
    asked, (begin, end), test = payload["question"], payload["train"], payload["test"]
    panel = is_panel(asked)
    space = points(asked["space"]["axes"], **asked["space"]["sample"])
    parts = without((begin, end), payload["embargoed"])
    scores = _choose(asked, space, load(payload["data"], panel=panel, start=begin, end=end), parts)
    chosen = int(np.argmax(scores))
    whole = load(payload["data"], panel=panel, start=begin, end=test[1])
    trials = [during(trial(asked, point, whole), asked["period"], *test) for point in space]
    return {
        "fold": payload["fold"],
        "train": payload["train"],
        "test": test,
        "chosen": space[chosen],
        "number": chosen,
        "scores": packed(np.array(scores)),
        "trials": packed(np.stack([one.returns for one in trials], axis=1)),
        **tested(trial(asked, space[chosen], whole), test, asked["period"]),
    }


def _choose(asked: Mapping[str, Any], space: list[Point], frame: Frame, parts: Sequence[Range]) -> list[float]:
    """Return the score of every point over the parts of the training slices that are not embargoed."""
    scores = []
    for point in space:
        made = trial(asked, point, frame)
        returns = [during(made, asked["period"], *part).returns for part in parts]
        scores.append(score(np.concatenate(returns), asked["objective"]))
    return scores


KIND = WalkForward()
