"""Simple moving average."""

import math

from backtest.core.flat import parameter, state, window
from backtest.core.indicator import Indicator


class SMA(Indicator):
    """The mean of the last ``n`` values.

    The running total of values that are whole numbers (the engine's prices are) below 2^53 / n is exact for ever, so
    that equal means compare as equal.

    >>> mean = SMA(2)
    >>> [mean.update(x) for x in (1.0, 3.0, 5.0)]
    [nan, 2.0, 4.0]
    """

    n: int = parameter(20, minimum=1)
    seen: int = state()
    head: int = state()
    total: float = state(0.0)
    past: list[float] = window(lambda self: self.n)

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the mean."""
        self.total += x - self.past[self.head]
        self.past[self.head] = x
        self.head = 0 if self.head + 1 == self.n else self.head + 1
        self.seen += 1
        return self.total / self.n if self.seen >= self.n else math.nan
