"""The MAX effect."""

import math

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Sides, change, hold_sides


class MaxLottery(PanelStrategy):
    """Each month, long the ``each`` instruments with the smallest best day of the last ``days``, short the largest.

    Whoever likes lotteries pays too much for what has just jumped. The best day is the highest return from one slice to
    the next; an instrument needs all of them. Equal weights, half of ``invest`` a side. Simplified: Bali, Cakici and
    Whitelaw form deciles weighted by market value.
    """

    name = "max_lottery"
    family = "cross-sectional"
    source = "Bali, Cakici and Whitelaw 2011, Maxing Out: Stocks as Lotteries"

    days: int = parameter(21, minimum=1)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.days

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= self.days:
            self.sides.clear()
            for number in range(now.width):
                self.sides.offer(number, -self.best_day(now, number))
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)

    def best_day(self, now: Slice, number: int) -> float:
        """Return the highest return of one slice; NaN where one is missing."""
        best = change(now, number, 0, 1)
        for back in range(1, self.days):
            rise = change(now, number, back, back + 1)
            if math.isnan(rise) or rise > best:
                best = rise
            if math.isnan(best):
                return best
        return best
