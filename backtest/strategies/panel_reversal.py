"""Short-term reversal across instruments: last week's losers against its winners."""

import math

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Sides, allot, change, hold_sides


class XsReversal(PanelStrategy):
    """Each week, long the ``each`` instruments that fell most over ``lookback`` slices, short those that rose most.

    Equal weights, half of ``invest`` a side. Simplified: Jegadeesh forms deciles of a month's returns and Lehmann
    weights a week's returns; here both ends have a fixed number. Trading at the next open, not at the close that
    ranked, leaves out the bounce between bid and ask of that close.
    """

    name = "xs_reversal"
    family = "cross-sectional"
    source = "Jegadeesh 1990, Evidence of Predictable Behavior of Security Returns; Lehmann 1990"

    lookback: int = parameter(5, minimum=1)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a week."""
        if now.week_last() and now.seen() >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                self.sides.offer(number, -change(now, number, 0, self.lookback))
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)


class ContrarianWeights(PanelStrategy):
    """Each week, weight every instrument by how far its return fell behind the mean of all, negative when it led.

    The weights are -(r - mean), scaled so that their absolute values add up to ``invest``; so the portfolio is as
    long as it is short. Lehmann's portfolio with Lo and MacKinlay's equal-weight index. Simplified: one week's return
    over ``lookback`` slices, held for a week; whole lots.
    """

    name = "contrarian_weights"
    family = "mean-reversion"
    source = "Lehmann 1990, Fads, Martingales, and Market Efficiency; Lo and MacKinlay 1990"

    lookback: int = parameter(5, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a week."""
        if now.week_last() and now.seen() >= self.lookback:
            self.rebalance(now, self.mean(now))

    def mean(self, now: Slice) -> float:
        """Return the mean return; NaN without any."""
        total, count = 0.0, 0
        for number in range(now.width):
            rise = change(now, number, 0, self.lookback)
            if not math.isnan(rise):
                total += rise
                count += 1
        return total / count if count > 0 else math.nan

    def rebalance(self, now: Slice, mean: float) -> None:
        """Trade towards the weights; towards nothing where no instrument differs from the mean."""
        gross = 0.0
        for number in range(now.width):
            apart = abs(change(now, number, 0, self.lookback) - mean)
            gross += apart if apart > 0.0 else 0.0
        for number in range(now.width):
            apart = mean - change(now, number, 0, self.lookback)
            known = gross > 1e-12 and not math.isnan(apart)
            allot(now, number, self.invest * apart / gross if known else 0.0)
