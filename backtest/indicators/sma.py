"""Simple moving average."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Total


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
    seen: int = state()
    window: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the mean."""
        self.seen += 1
        total = self.window.push(x)
        return total / self.n if self.seen >= self.n else math.nan
