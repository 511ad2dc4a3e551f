"""Where the close stands in the range of a window."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Maximum
from backtest.indicators.sma import SMA


def percent(share: float) -> float:
    """Return a share in percent, without what rounding may have put outside 0 to 100."""
    return 0.0 if share <= 0.0 else 100.0 if share >= 1.0 else 100.0 * share


class Stochastic(Indicator):
    """Where the close stands between lowest low, 0, and highest high, 100, of ``n`` bars: smoothed, and its signal.

    ``k`` is the mean of the last ``smooth`` positions, ``d`` the mean of the last ``signal`` of ``k`` (TA-Lib's STOCH).
    Both answers begin together. Where a window has no range the position is 50 (TA-Lib says 0). Source: Lane, "Lane's
    Stochastics", Stocks & Commodities (1984).

    >>> position = Stochastic(2, 1, 1)
    >>> [position.update(*bar) for bar in ((5.0, 3.0, 4.0), (4.0, 3.0, 4.0))]
    [(nan, nan), (50.0, 50.0)]
    """

    outputs = ("k", "d")
    n: int = parameter(14, minimum=1)
    smooth: int = parameter(3, minimum=1)
    signal: int = parameter(3, minimum=1)
    seen: int = state()
    top: Maximum = part(Maximum, lambda self: Maximum(self.n))
    bottom: Maximum = part(Maximum, lambda self: Maximum(self.n))
    smoothed: SMA = part(SMA, lambda self: SMA(self.smooth))
    signalled: SMA = part(SMA, lambda self: SMA(self.signal))

    def warmup(self) -> int:
        """Return ``n + smooth + signal - 2``."""
        return self.n + self.smooth + self.signal - 2

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Take the newest bar; return ``k`` and ``d``."""
        top, bottom = self.top.push(high), -self.bottom.push(-low)
        self.seen += 1
        if self.seen < self.n:
            return math.nan, math.nan
        k = self.smoothed.update((close - bottom) / (top - bottom) if top > bottom else 0.5)
        if math.isnan(k):
            return math.nan, math.nan
        d = self.signalled.update(k)
        if math.isnan(d):
            return math.nan, math.nan
        return percent(k), percent(d)


class WilliamsR(Indicator):
    """How far the close is below the highest high of ``n`` bars, in percent of their range: -100 to 0.

    Where a window has no range the answer is -50 (TA-Lib says 0). Source: Williams, "How I Made One Million Dollars
    Last Year Trading Commodities" (1973).

    >>> position = WilliamsR(2)
    >>> [position.update(*bar) for bar in ((5.0, 3.0, 4.0), (4.0, 3.0, 4.0))]
    [nan, -50.0]
    """

    n: int = parameter(14, minimum=1)
    top: Maximum = part(Maximum, lambda self: Maximum(self.n))
    bottom: Maximum = part(Maximum, lambda self: Maximum(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, high: float, low: float, close: float) -> float:
        """Take the newest bar; return the percentage."""
        top, bottom = self.top.push(high), -self.bottom.push(-low)
        if self.top.now < self.n:
            return math.nan
        return -100.0 * ((top - close) / (top - bottom)) if top > bottom else -50.0
