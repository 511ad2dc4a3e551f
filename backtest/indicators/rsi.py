"""Relative strength index."""

import math

from backtest.core.flat import parameter, state
from backtest.core.indicator import Indicator


class RSI(Indicator):
    """``100 gain / (gain + loss)``, the averages of rises and falls: from 0, only falls, to 100, only rises.

    Averages start from the mean of the first ``n`` changes and go on as ``(a (n - 1) + change) / n``, as in Wilder and
    TA-Lib. Where nothing has moved at all the answer is 50 (TA-Lib says 0, which looks like a crash). Source: Wilder,
    "New Concepts in Technical Trading Systems" (1978).

    >>> rsi = RSI(2)
    >>> [rsi.update(x) for x in (1.0, 2.0, 1.0, 4.0)]
    [nan, nan, 50.0, 87.5]
    """

    n: int = parameter(14, minimum=1)
    seen: int = state()
    before: float = state(0.0)
    gain: float = state(0.0)
    loss: float = state(0.0)

    def warmup(self) -> int:
        """Return ``n + 1``: the first value has no change."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the index."""
        change = x - self.before
        self.before = x
        self.seen += 1
        if self.seen == 1:
            return math.nan
        up = change if change > 0.0 else 0.0
        down = -change if change < 0.0 else 0.0
        if self.seen <= self.n + 1:
            self.gain += up
            self.loss += down
            if self.seen <= self.n:
                return math.nan
            self.gain /= self.n
            self.loss /= self.n
        else:
            self.gain = (self.gain * (self.n - 1) + up) / self.n
            self.loss = (self.loss * (self.n - 1) + down) / self.n
        both = self.gain + self.loss
        return 100.0 * (self.gain / both) if both > 0.0 else 50.0
