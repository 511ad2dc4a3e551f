"""Kaufman's efficiency ratio, and the average that adapts to it."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.lag import Lag
from backtest.indicators.rolling import Total


class EfficiencyRatio(Indicator):
    """Net change over ``n`` updates by the length of the path: 0 for noise to 1 for a straight line.

    ``|x - x[n updates ago]| / sum of the last n |changes|``. Where nothing has moved the answer is 0: no movement is no
    trend. Source: Kaufman, "Smarter Trading" (1995).

    >>> ratio = EfficiencyRatio(2)
    >>> [ratio.update(x) for x in (1.0, 4.0, 3.0, 3.0)]
    [nan, nan, 0.5, 1.0]
    """

    n: int = parameter(10, minimum=1)
    seen: int = state()
    before: float = state(0.0)
    past: Lag = part(Lag, lambda self: Lag(self.n))
    path: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the ratio."""
        first = self.past.update(x)
        self.seen += 1
        before = self.before
        self.before = x
        if self.seen == 1:
            return math.nan
        path = self.path.push(abs(x - before))
        if self.seen <= self.n:
            return math.nan
        net = abs(x - first)
        if net == 0.0 or path <= 0.0:
            return 0.0
        return net / path if net < path else 1.0


class KAMA(Indicator):
    """The average ``k += c (x - k)`` whose ``c`` follows the efficiency ratio over ``n``; in units of its input.

    ``c = (ratio (2/(fast+1) - 2/(slow+1)) + 2/(slow+1))^2``. It starts from the ``n``-th value, and answers from the
    next on, as in TA-Lib; as there, the ratio counts as 1 where nothing has moved. Source: Kaufman, "Smarter Trading"
    (1995), whose fast and slow are 2 and 30.

    >>> mean = KAMA(1, 1, 30)
    >>> [mean.update(x) for x in (1.0, 4.0, 3.0)]
    [nan, 4.0, 3.0]
    """

    n: int = parameter(10, minimum=1)
    fast: int = parameter(2, minimum=1)
    slow: int = parameter(30, minimum=1)
    seen: int = state()
    before: float = state(0.0)
    value: float = state(0.0)
    past: Lag = part(Lag, lambda self: Lag(self.n))
    path: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the average."""
        first = self.past.update(x)
        self.seen += 1
        before = self.before
        self.before = x
        if self.seen == 1:
            self.value = x
            return math.nan
        path = self.path.push(abs(x - before))
        if self.seen <= self.n:
            self.value = x
            return math.nan
        net = abs(x - first)
        ratio = net / path if net < path else 1.0
        least = 2.0 / (self.slow + 1)
        pace = ratio * (2.0 / (self.fast + 1) - least) + least
        self.value = (x - self.value) * (pace * pace) + self.value
        return self.value
