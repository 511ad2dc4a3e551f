"""Highest and lowest value of a window, and the channel that they span."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Maximum


class Highest(Indicator):
    """The highest of the last ``n`` values, in their units. Exact.

    Source: the definition; for the algorithm see ``rolling.Maximum``.

    >>> top = Highest(2)
    >>> [top.update(x) for x in (3.0, 1.0, 2.0)]
    [nan, 3.0, 2.0]
    """

    n: int = parameter(20, minimum=1)
    top: Maximum = part(Maximum, lambda self: Maximum(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the highest."""
        top = self.top.push(x)
        return top if self.top.now >= self.n else math.nan


class Lowest(Indicator):
    """The lowest of the last ``n`` values, in their units. Exact.

    Source: the definition; for the algorithm see ``rolling.Maximum``.

    >>> bottom = Lowest(2)
    >>> [bottom.update(x) for x in (3.0, 1.0, 2.0)]
    [nan, 1.0, 1.0]
    """

    n: int = parameter(20, minimum=1)
    bottom: Maximum = part(Maximum, lambda self: Maximum(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the lowest."""
        bottom = -self.bottom.push(-x)
        return bottom if self.bottom.now >= self.n else math.nan


class Donchian(Indicator):
    """The highest high and lowest low of the last ``n`` bars, the newest included, and their mean; in price units.

    A breakout rule compares with the channel of the bar before: the newest price never leaves a channel that contains
    it. Source: Donchian, "High Finance in Copper", Financial Analysts Journal (1960).

    >>> channel = Donchian(2)
    >>> [channel.update(h, l) for h, l in ((5.0, 3.0), (4.0, 1.0), (4.0, 2.0))]
    [(nan, nan, nan), (5.0, 3.0, 1.0), (4.0, 2.5, 1.0)]
    """

    outputs = ("upper", "middle", "lower")
    n: int = parameter(20, minimum=1)
    seen: int = state()
    top: Maximum = part(Maximum, lambda self: Maximum(self.n))
    bottom: Maximum = part(Maximum, lambda self: Maximum(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, high: float, low: float) -> tuple[float, float, float]:
        """Take the newest bar; return the channel."""
        self.seen += 1
        upper, lower = self.top.push(high), -self.bottom.push(-low)
        if self.seen < self.n:
            return math.nan, math.nan, math.nan
        return upper, (upper + lower) / 2.0, lower
