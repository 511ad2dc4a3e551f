"""Persistence of overnight returns."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy, indicator
from backtest.indicators.rolling import Total
from backtest.strategies.ranking import Sides, hold_sides


class Overnight(Indicator):
    """The mean log return from one slice's close to the next one's open, over the last ``n``.

    A fraction per slice. A price that is not positive has no logarithm: its gap counts as zero. Source: the definition.

    >>> gap = Overnight(1)
    >>> [round(gap.update(*bar), 4) for bar in ((9.0, 10.0), (11.0, 11.0), (11.0, 10.0))]
    [nan, 0.0953, 0.0]
    """

    n: int = parameter(21, minimum=1)
    seen: int = state()
    before: float = state(0.0)
    gaps: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, open: float, close: float) -> float:
        """Take the newest slice; return the mean."""
        if self.seen > 0:
            self.gaps.push(math.log(open / self.before) if open > 0.0 and self.before > 0.0 else 0.0)
        self.seen += 1
        self.before = close
        return self.gaps.total / self.n if self.seen > self.n else math.nan


class OvernightPersistence(PanelStrategy):
    """Each month, long the ``each`` instruments that gained most overnight of late, short those that gained least.

    Ranked by the mean over ``lookback`` slices, which are sessions. Overnight gains persist, and so do intraday
    losses: different people trade then. Equal weights, half of ``invest`` a side. Simplified: Lou, Polk and Skouras
    form deciles, and earn the effect by holding overnight alone; here positions are held around the clock. Dividends
    count as overnight losses unless the prices are adjusted.
    """

    name = "overnight_persistence"
    family = "cross-sectional"
    source = "Lou, Polk and Skouras 2019, A Tug of War: Overnight Versus Intraday Expected Returns"

    lookback: int = parameter(21, minimum=1)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))
    gap: list[float] = indicator(Overnight, "lookback")

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                self.sides.offer(number, self.gap[number])
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)
