"""What all kinds of studies of a strategy share."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backtest.stopped import explained
from backtest.strategies.files import file_of, find_strategy
from backtest.studies.source import cut, load
from backtest.studies.space import Point
from backtest.studies.trial import trial
from research.spec import Spec

_ENOUGH = 500  # slices to compile on, and for the usual warm-ups to end in: most mistakes show only after them


class OfStrategy:
    """Base of the kinds whose tasks run a strategy."""

    rooms = ("zeno", "warehouse", "research", "backtest")

    def files(self, spec: Spec) -> Sequence[Path]:
        """Return the file of a user's own strategy."""
        path = file_of(spec.question["strategy"])
        return [] if path is None else [path]

    def prepare(self, spec: Spec) -> None:
        """Compile the strategy here, so that workers find it compiled, and see that it runs.

        Raises
        ------
        ConfigError
            When its code fails on the first slices.
        """
        frame = load(spec.data, panel=is_panel(spec.question))
        with explained(find_strategy(spec.question["strategy"])):
            trial(spec.question, {}, cut(frame, 0, min(len(frame.columns), _ENOUGH)))


def check_points(question: Mapping[str, Any], space: Iterable[Point]) -> None:
    """Make the strategy of every point, so that a worker will not be the first to try.

    Raises
    ------
    ConfigError
        When a point is none of the strategy's.
    """
    made = find_strategy(question["strategy"])
    for point in space:
        made(**{**question["fixed"], **point})


def is_panel(question: Mapping[str, Any]) -> bool:
    """Tell whether a question is about a strategy on many instruments at once."""
    return bool(find_strategy(question["strategy"]).panel)  # type: ignore[attr-defined]
