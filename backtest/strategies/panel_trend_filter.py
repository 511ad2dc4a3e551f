"""Trend filters on a panel: each instrument by its own mean, or all of them by how many are above theirs."""

from backtest.core.flat import parameter
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy, indicator
from backtest.indicators import SMA
from backtest.strategies.ranking import allot


def share_above(now: Slice, means: list[float]) -> float:
    """Return the share of the instruments with a mean that close above it; 0 without any."""
    above, known = 0, 0
    for number in range(now.width):
        if means[number] > 0.0:
            known += 1
            above += 1 if now.close(number) > means[number] else 0
    return above / known if known > 0 else 0.0


def with_mean(now: Slice, means: list[float]) -> int:
    """Return how many instruments have a mean in this slice."""
    known = 0
    for number in range(now.width):
        known += 1 if means[number] > 0.0 else 0
    return known


class TacticalAllocation(PanelStrategy):
    """Each month, every instrument has an equal share of ``invest``: held above its own mean, in cash below it.

    The mean is of ``length`` closes. Simplified: Faber takes ten month-end prices of five asset classes with dividends,
    and pays interest on the cash.
    """

    name = "tactical_allocation"
    family = "trend"
    source = "Faber 2007, A Quantitative Approach to Tactical Asset Allocation"

    length: int = parameter(210, minimum=1)
    invest: float = parameter(0.98, minimum=0.0)
    mean: list[float] = indicator(SMA, "length")

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() + 1 >= self.length:
            known = with_mean(now, self.mean)
            for number in range(now.width):
                allot(now, number, self.invest / known if now.close(number) > self.mean[number] else 0.0)


class BreadthTiming(PanelStrategy):
    """Each week, hold all instruments equally, with as much of ``invest`` as the share of them above their own means.

    Nothing while fewer than ``least`` of them are. The mean is of ``length`` closes. A rationale, not one paper's
    rule: breadth says how general a trend is (Zweig's advance-decline thrust; Faber's filter asked of every
    instrument), so the market as a whole is held in proportion to it, the laggards included.
    """

    name = "breadth_timing"
    family = "overlay"
    source = "Rationale: breadth as exposure, after Zweig 1986, Winning on Wall Street, and Faber 2007"

    length: int = parameter(200, minimum=1)
    least: float = parameter(0.3, minimum=0.0, maximum=1.0)
    invest: float = parameter(0.98, minimum=0.0)
    mean: list[float] = indicator(SMA, "length")

    def on_slice(self, now: Slice) -> None:
        """Set the exposure at the end of a week."""
        if now.week_last() and now.seen() + 1 >= self.length:
            breadth, known = share_above(now, self.mean), with_mean(now, self.mean)
            exposure = self.invest * breadth if breadth >= self.least else 0.0
            for number in range(now.width):
                allot(now, number, exposure / known if self.mean[number] > 0.0 else 0.0)
