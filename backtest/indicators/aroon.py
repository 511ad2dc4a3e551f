"""How long ago a window had its extremes."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Maximum


class Aroon(Indicator):
    """``100 (n - bars since the highest high) / n`` as ``up``, and the same for the lowest low as ``down``; 0 to 100.

    The window is ``n + 1`` bars, the newest included; of equal extremes the latest counts, as in TA-Lib. Source:
    Chande, "The Time Price Oscillator", Stocks & Commodities (1995).

    >>> aroon = Aroon(2)
    >>> [aroon.update(*bar) for bar in ((5.0, 3.0), (6.0, 2.0), (4.0, 3.0))]
    [(nan, nan), (nan, nan), (50.0, 50.0)]
    """

    outputs = ("up", "down")
    n: int = parameter(25, minimum=1)
    seen: int = state()
    top: Maximum = part(Maximum, lambda self: Maximum(self.n + 1))
    bottom: Maximum = part(Maximum, lambda self: Maximum(self.n + 1))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, high: float, low: float) -> tuple[float, float]:
        """Take the newest bar; return the two ages."""
        self.top.push(high)
        self.bottom.push(-low)
        self.seen += 1
        if self.seen <= self.n:
            return math.nan, math.nan
        return 100.0 * (self.n - self.top.age()) / self.n, 100.0 * (self.n - self.bottom.age()) / self.n
