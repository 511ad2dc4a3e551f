"""Turning points as a reader would have called them, and how late.

A call is a spell of consecutive readings with p >= 1/2. Lags count from the turning point to the month in which the
data were *published*, that is the reading's month, not the month that the data describe: data of January come out in
February, so a peak in December that shows in January's data is called with a lag of two.

    data months     Nov   Dec   Jan   Feb ...   Jun   Jul   Aug
    NBER                 PEAK    r     r   ...    r  TROUGH   .
    p >= 1/2          .     .     x     x   ...    x     x     .
    reading in      Dec   Jan  [Feb]                   Aug  [Sep]
                                peak lag Feb - Dec = 2        trough lag Sep - Jul = 2

The peak is called by the first spell that overlaps the recession in data months, the trough by the end of the last
one. A spell that overlaps none is a false call, unless it is early (within six months before a recession) or an echo
(within three months after one).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrie.panel.cycle import Recession
from mrie.panel.months import Months, month_text

CALL = 0.5
_EARLY = 6
_ECHO = 3


@dataclass(frozen=True)
class Turned:
    """A turning point, the month in which it was called, or None, and the lag in months by publication and by data."""

    kind: str
    month: str
    called: str | None
    lag: int | None
    data_lag: int | None


@dataclass(frozen=True)
class Calls:
    """All turning points of the span, the recessions missed (by their peak), and the false calls (first, last)."""

    turns: tuple[Turned, ...]
    missed: tuple[str, ...]
    false_calls: tuple[tuple[str, str], ...]

    def lags(self, kind: str) -> list[int]:
        """Return the lags of the ``peak`` or ``trough`` calls that were made, by publication."""
        return [turn.lag for turn in self.turns if turn.kind == kind and turn.lag is not None]

    def data_lags(self, kind: str) -> list[int]:
        """Return the same lags counted to the data's own month."""
        return [turn.data_lag for turn in self.turns if turn.kind == kind and turn.data_lag is not None]


NO_CALLS = Calls((), (), ())


def call_turns(
    months: Months, data_months: Months, score: NDArray[np.float64], recessions: Iterable[Recession]
) -> Calls:
    """Return what a threshold of one half would have called, and when.

    Parameters
    ----------
    months, data_months, score
        By reading, in order: when it was made, the newest data in it, the probability.
    recessions
        The truth. A turn counts if the span holds it: the peak's month and the month after the trough. One that is
        open has no trough to be called yet, and may still be called: it is not missed.
    """
    known = tuple(recessions)
    spells = _spells(score >= CALL)
    turns: list[Turned] = []
    missed: list[str] = []
    for recession in known:
        if recession.trough < data_months[0] or recession.peak >= data_months[-1]:
            continue
        mine = [s for s in spells if _overlaps(data_months, s, recession.peak + 1, recession.trough)]
        if not mine:
            missed += [] if recession.open else [month_text(recession.peak)]
            continue
        if recession.peak >= data_months[0]:
            turns.append(_turned("peak", recession.peak, mine[0][0], months, data_months))
        if mine[-1][1] + 1 < len(months) and not recession.open:
            turns.append(_turned("trough", recession.trough, mine[-1][1] + 1, months, data_months))
    wrong = [s for s in spells if not any(_excused(data_months, s, one) for one in known)]
    false_calls = tuple((month_text(int(months[a])), month_text(int(months[b]))) for a, b in wrong)
    return Calls(tuple(turns), tuple(missed), false_calls)


def _turned(kind: str, turn: int, at: int, months: Months, data_months: Months) -> Turned:
    called = int(months[at])
    return Turned(kind, month_text(turn), month_text(called), called - turn, int(data_months[at]) - turn)


def _spells(calls: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], calls, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _overlaps(data_months: Months, spell: tuple[int, int], first: int, last: int) -> bool:
    return bool(data_months[spell[0]] <= last and data_months[spell[1]] >= first)


def _excused(data_months: Months, spell: tuple[int, int], recession: Recession) -> bool:
    return _overlaps(data_months, spell, recession.peak + 1 - _EARLY, recession.trough + _ECHO)
