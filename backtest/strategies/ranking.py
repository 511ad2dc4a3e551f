"""What panel strategies share: scores put in order, and shares of the equity traded towards. All of it compiles.

The order is by score, highest first; equal scores stand in the order of the instruments, so that a run never depends on
chance. An instrument without a price in the slice has no score (NaN) and is in no order. Returns here are simple ones.
"""

import math

from backtest.core.arithmetic import NONE
from backtest.core.flat import Flat, integers, parameter, part, state, window
from backtest.core.now import Slice


def change(now: Slice, number: int, late: int, early: int) -> float:
    """Return an instrument's return from ``early`` slices ago to ``late`` slices ago; NaN where a price is missing."""
    end, start = now.past_close(number, late), now.past_close(number, early)
    if end == NONE or start == NONE or start <= 0:
        return math.nan
    return end / start - 1.0


def allot(now: Slice, number: int, share: float) -> None:
    """Trade towards a share of the equity; towards nothing when it is 0, or when there is no equity left.

    An order for an instrument without a price waits for its next one.
    """
    if share == 0.0 or now.equity() <= 0:
        now.target(number, 0)
    else:
        now.weight(number, share)


class Ranking(Flat):
    """The first ``room`` instruments by score: offer them in their order. ``late`` 1 puts the later of equals first.

    >>> best = Ranking(2)
    >>> for number, score in enumerate((1.0, 3.0, float("nan"), 3.0)):
    ...     best.offer(number, score)
    >>> best.numbers, best.count, best.offered
    ([1, 3], 2, 3)
    """

    room: int = parameter(10, minimum=1)
    late: int = parameter(0, minimum=0, maximum=1)
    offered: int = state()
    count: int = state()
    numbers: list[int] = integers(lambda self: self.room)
    scores: list[float] = window(lambda self: self.room)

    def clear(self) -> None:
        """Forget every instrument."""
        self.offered = 0
        self.count = 0

    def offer(self, number: int, score: float) -> None:
        """Take an instrument in, if it has a score that is high enough."""
        if math.isnan(score):
            return
        self.offered += 1
        place = self.count
        while place > 0 and self.precedes(score, self.scores[place - 1]):
            if place < self.room:
                self.numbers[place] = self.numbers[place - 1]
                self.scores[place] = self.scores[place - 1]
            place -= 1
        if place < self.room:
            self.numbers[place] = number
            self.scores[place] = score
            self.count = min(self.count + 1, self.room)

    def precedes(self, score: float, other: float) -> bool:
        """Tell whether the newest score comes before one that was offered earlier."""
        return score > other or (score == other and self.late == 1)

    def has(self, number: int) -> bool:
        """Tell whether an instrument is among the first."""
        found = False
        for place in range(self.count):
            found = found or self.numbers[place] == number
        return found


class Sides(Flat):
    """Both ends of one order: the best ``each`` instruments and the worst, never the same one on both.

    Fewer than ``each`` where there are fewer than twice as many; none where the best score equals the worst, for then
    nothing tells the instruments apart.
    """

    each: int = parameter(10, minimum=1)
    size: int = state()
    best: Ranking = part(Ranking, lambda self: Ranking(self.each, 0))
    worst: Ranking = part(Ranking, lambda self: Ranking(self.each, 1))

    def clear(self) -> None:
        """Forget every instrument."""
        self.size = 0
        self.best.clear()
        self.worst.clear()

    def offer(self, number: int, score: float) -> None:
        """Take an instrument in at either end, if it belongs there."""
        self.best.offer(number, score)
        self.worst.offer(number, -score)

    def settle(self) -> None:
        """Fix how many instruments each side has, once all have been offered."""
        self.size = min(self.each, self.best.offered // 2)
        if self.size > 0 and self.best.scores[0] == -self.worst.scores[0]:
            self.size = 0

    def side(self, number: int) -> int:
        """Return 1 for one of the best, -1 for one of the worst, else 0."""
        for place in range(self.size):
            if self.best.numbers[place] == number:
                return 1
            if self.worst.numbers[place] == number:
                return -1
        return 0


def hold_best(now: Slice, best: Ranking, invest: float) -> None:
    """Share ``invest`` of the equity equally among the best; hold nothing else."""
    for number in range(now.width):
        allot(now, number, invest / best.count if best.has(number) else 0.0)


def hold_sides(now: Slice, sides: Sides, up: float, down: float) -> None:
    """Be long ``up`` of the equity in the best and short ``down`` of it in the worst, each equally weighted."""
    for number in range(now.width):
        side = sides.side(number)
        if side == 0:
            allot(now, number, 0.0)
        else:
            allot(now, number, up / sides.size if side > 0 else -down / sides.size)
