"""A gate against look-ahead: change the future, and see whether the past changes.

``check_causality`` runs a strategy over slices as they are, over a part of them, and over the same slices with
everything after a cut replaced by noise. Whatever the journal said before the cut, and the engine's state at it, have
to be the same to the last bit. Cuts are random, half of them right after a slice in which the strategy acted: that is
where a look at the next slice shows.

A strategy that is sound passes always; one that looks ahead is found where some cut separates what it looked at from
when it acted on it, so give data on which it trades.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import events, lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.session import Session, Terms

Derive = Callable[[Columns], Columns]

_SAID = (events.SUBMIT, events.REJECT)


@dataclass(frozen=True)
class Violation:
    """Something before ``cut`` (a number of slices) that depends on what came after it."""

    cut: int
    what: str

    def __str__(self) -> str:
        return f"before slice {self.cut}: {self.what}"


@dataclass(frozen=True)
class _Said:
    rows: np.ndarray
    marks: np.ndarray
    state: bytes


def check_causality(
    strategy: Any, columns: Columns, terms: Terms, folder: Path, *,
    lane: str = "plain", cuts: int = 6, seed: int = 0, derive: Derive | None = None,
) -> list[Violation]:  # fmt: skip
    """Return where a strategy's past depends on its future: nothing, when it is sound.

    Parameters
    ----------
    columns, terms
        What to run on; a few hundred slices on which it trades are enough.
    folder
        Where compiled kernels are kept; the ``plain`` lane needs none.
    cuts
        How many places to try.
    derive
        Recomputes from prices what you computed from prices, such as flags of your own. Times, and calendar flags that
        follow from them, are known in advance and stay as they are.
    """
    derive = derive or (lambda changed: changed)
    rng = np.random.default_rng(seed)
    found: list[Violation] = []
    columns = derive(columns)
    run = _Runner(strategy, terms, folder, lane)
    try:
        whole = run(columns, len(columns))
        for cut in _places(whole.rows, columns, cuts, rng):
            before = run(columns.slice(0, cut), cut)
            other = derive(perturbed(columns, cut, terms.most, rng))
            found += _compare(cut, columns, before, run, whole, other)
    except IndexError as error:
        found.append(Violation(0, f"the strategy reaches for what it may not see: {error}"))
    return found


def _compare(
    cut: int, columns: Columns, before: _Said, run: "_Runner", whole: _Said, other: Columns
) -> list[Violation]:
    found = []
    if any((getattr(other, name)[:cut] != getattr(columns, name)[:cut]).any() for name in columns.names()):
        found.append("a derived column changes with later prices")
    end = int(columns.times[cut - 1]) + columns.duration
    if not _continues(before, whole, end):
        found.append("the journal of the whole run is another than that of its beginning")
    if not _continues(before, run(other, len(other)), end):
        found.append("the journal changes with later prices")
    if run(columns, cut).state != before.state:
        found.append("the state depends on whether there are later slices")
    if run(other, cut).state != before.state:
        found.append("the state changes with later prices")
    return [Violation(cut, what) for what in found]


def _continues(before: _Said, longer: _Said, end: int) -> bool:
    """Tell whether a longer run said the same, and decided nothing more by ``end``."""
    count, cut = len(before.rows), len(before.marks)
    if not np.array_equal(longer.rows[:count], before.rows) or not np.array_equal(longer.marks[:cut], before.marks):
        return False
    following = longer.rows[count : count + 1]
    return (
        not (following[:, 0] < end).any()
        and not ((following[:, 0] == end) & np.isin(following[:, 1] & 255, _SAID)).any()
    )


class _Runner:
    def __init__(self, strategy: Any, terms: Terms, folder: Path, lane: str) -> None:
        self.strategy, self.terms, self.folder, self.lane = strategy, terms, folder, lane

    def __call__(self, columns: Columns, stop: int) -> _Said:
        session = Session(self.strategy, self.terms, self.folder)
        lanes.run(session, columns, self.lane, stop)
        return _Said(session.record.rows(), session.record.equity(), session.snapshot())


def _places(rows: np.ndarray, columns: Columns, cuts: int, rng: np.random.Generator) -> list[int]:
    """Return where to cut: half at random, half right after a slice in which something was decided."""
    said = np.unique(rows[np.isin(rows[:, 1] & 255, _SAID), 0])
    acted = np.searchsorted(columns.times + columns.duration, said, side="right")
    acted = acted[(acted > 0) & (acted < len(columns))]
    chosen = rng.choice(acted, min(cuts // 2, len(acted)), replace=False) if len(acted) else acted
    free = rng.integers(1, max(len(columns), 2), cuts - len(chosen))
    return sorted({int(cut) for cut in (*chosen, *free) if cut < len(columns)})


def perturbed(columns: Columns, cut: int, most: int, rng: np.random.Generator) -> Columns:
    """Return the slices with all prices and volumes from ``cut`` on replaced by noise; times and flags stay."""
    shape = columns.closes[cut:].shape
    high = int(min(2 * max(int(columns.highs.max()), 2), most))
    four = np.sort(rng.integers(1, high + 1, (4, *shape)), axis=0)
    swap = rng.random(shape) < 0.5
    noise = {"lows": four[0], "highs": four[3], "opens": np.where(swap, four[1], four[2]),
             "closes": np.where(swap, four[2], four[1]), "volumes": rng.integers(0, 1_000, shape)}  # fmt: skip
    made = {name: getattr(columns, name).copy() for name in columns.names()}
    absent = rng.random(shape) < (0.1 if columns.closes.ndim == 2 else 0.0)
    for name, values in noise.items():
        made[name][cut:] = np.where(absent, 0 if name == "volumes" else NONE, values)
    return Columns(**made, duration=columns.duration)
