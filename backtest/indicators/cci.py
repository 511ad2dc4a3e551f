"""Commodity channel index."""

import math

from backtest.core.flat import parameter, part, state, window
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Total


class CCI(Indicator):
    """Distance of the typical price from its mean over ``n`` bars, by 0.015 mean absolute deviations; a pure number.

    The typical price is the mean of high, low and close. Where the window has no deviation the answer is 0, as in
    TA-Lib. Costs O(n) an update: mean absolute deviation has no running form. Source: Lambert, "Commodity Channel
    Index", Commodities (1980).

    >>> index = CCI(2)
    >>> [index.update(x, x, x) for x in (3.0, 6.0, 6.0)]
    [nan, 66.66666666666666, 0.0]
    """

    n: int = parameter(20, minimum=2)
    seen: int = state()
    head: int = state()
    past: list[float] = window(lambda self: self.n)
    total: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, high: float, low: float, close: float) -> float:
        """Take the newest bar; return the index."""
        triple = high + low + close  # three typical prices, which stay whole numbers
        self.past[self.head] = triple
        self.head = 0 if self.head + 1 == self.n else self.head + 1
        self.seen += 1
        mean = self.total.push(triple) / self.n
        if self.seen < self.n:
            return math.nan
        deviation = 0.0
        for i in range(self.n):
            deviation += abs(self.past[i] - mean)
        return (triple - mean) / (0.015 * (deviation / self.n)) if deviation > 0.0 else 0.0
