"""Nearness to the 52-week high."""

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy, indicator
from backtest.indicators import Highest
from backtest.strategies.ranking import Sides, hold_sides


class High52w(PanelStrategy):
    """Each month, long the ``each`` instruments closest to the highest high of ``lookback`` slices, short the farthest.

    The score is the close over that high. Equal weights, half of ``invest`` a side. Simplified: George and Hwang hold
    six overlapping monthly portfolios of the top and bottom 30 %; here the newest one alone.
    """

    name = "high_52w"
    family = "momentum"
    source = "George and Hwang 2004, The 52-Week High and Momentum Investing"

    lookback: int = parameter(252, minimum=1)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))
    top: list[float] = indicator(Highest, "lookback", of="high")

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() + 1 >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                if self.top[number] > 0.0:
                    self.sides.offer(number, now.close(number) / self.top[number])
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)
