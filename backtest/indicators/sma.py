"""Simple moving average."""

import math

from backtest.core.flat import parameter, state, window
from backtest.core.indicator import Indicator


class SMA(Indicator):
    """The mean of the last ``n`` values, in their units.

    The total of values that are whole numbers (the engine's prices are) below 2^53 / n is exact for ever, so that
    equal means compare as equal. Other values: an error of rounding lives for ``n`` updates at most. Source: Yule,
    Journal of the Royal Statistical Society (1909), for the name.

    >>> mean = SMA(2)
    >>> [mean.update(x) for x in (1.0, 3.0, 5.0)]
    [nan, 2.0, 4.0]
    """

    n: int = parameter(20, minimum=1)
    head: int = state()
    full: int = state()
    total: float = state(0.0)
    anew: float = state(0.0)
    past: list[float] = window(lambda self: self.n)

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the mean."""
        self.total += x - self.past[self.head]
        self.anew += x
        self.past[self.head] = x
        self.head += 1
        if self.head == self.n:  # the total of a window that has been filled once more, without its past's rounding
            self.total, self.anew = self.anew, 0.0
            self.head, self.full = 0, 1
        return self.total / self.n if self.full == 1 else math.nan
