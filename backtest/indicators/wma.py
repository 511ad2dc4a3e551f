"""Linearly weighted averages, and the slope of a line through the same window."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import WeightedTotal


class WMA(Indicator):
    """The mean of the last ``n`` values with weights 1, for the oldest, to ``n``, for the newest; in their units.

    Exact for whole numbers, as SMA is. Source: Murphy, "Technical Analysis of the Financial Markets" (1999).

    >>> mean = WMA(2)
    >>> [mean.update(x) for x in (3.0, 6.0, 0.0)]
    [nan, 5.0, 2.0]
    """

    n: int = parameter(20, minimum=1)
    seen: int = state()
    window: WeightedTotal = part(WeightedTotal, lambda self: WeightedTotal(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the mean."""
        self.seen += 1
        weighted = self.window.push(x)
        return weighted / (self.n * (self.n + 1) // 2) if self.seen >= self.n else math.nan


class HMA(Indicator):
    """Hull's average: ``WMA(2 WMA(x, n / 2) - WMA(x, n), sqrt(n))``, in units of its input.

    Half and root are cut to whole numbers, as Hull does. Source: Hull, "How to Reduce Lag in a Moving Average" (2005).

    >>> mean = HMA(4)
    >>> [mean.update(x) for x in (1.0, 2.0, 3.0, 4.0, 5.0)]
    [nan, nan, nan, nan, 5.0]
    """

    n: int = parameter(20, minimum=2)
    half: WMA = part(WMA, lambda self: WMA(self.n // 2))
    full: WMA = part(WMA, lambda self: WMA(self.n))
    last: WMA = part(WMA, lambda self: WMA(math.isqrt(self.n)))

    def warmup(self) -> int:
        """Return ``n + isqrt(n) - 1``."""
        return self.n + math.isqrt(self.n) - 1

    def update(self, x: float) -> float:
        """Take the newest value; return the average."""
        half, full = self.half.update(x), self.full.update(x)
        if math.isnan(full):
            return math.nan
        return self.last.update(2.0 * half - full)


class LinearRegressionSlope(Indicator):
    """The slope of the least-squares line through the last ``n`` values, in their units per update.

    From the weighted total W (weights 1 to n) and the total S: ``6 (2 W - (n + 1) S) / (n (n^2 - 1))``. For whole
    numbers, with these products below 2^53, it is the exact fraction rounded once. Source: Gauss, "Theoria motus"
    (1809).

    >>> slope = LinearRegressionSlope(3)
    >>> [slope.update(x) for x in (1.0, 3.0, 5.0, 5.0)]
    [nan, nan, 2.0, 1.0]
    """

    n: int = parameter(14, minimum=2)
    seen: int = state()
    window: WeightedTotal = part(WeightedTotal, lambda self: WeightedTotal(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the slope."""
        self.seen += 1
        weighted = self.window.push(x)
        if self.seen < self.n:
            return math.nan
        return 6.0 * (2.0 * weighted - (self.n + 1) * self.window.total) / (self.n * (self.n * self.n - 1))
