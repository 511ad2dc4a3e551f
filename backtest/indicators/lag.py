"""Past values, and changes since then."""

import math

from backtest.core.flat import parameter, part, state, window
from backtest.core.indicator import Indicator


class Lag(Indicator):
    """The value ``n`` updates ago, in its units. Exact.

    Source: the definition.

    >>> before = Lag(1)
    >>> [before.update(x) for x in (3.0, 1.0, 2.0)]
    [nan, 3.0, 1.0]
    """

    n: int = parameter(1, minimum=1)
    seen: int = state()
    head: int = state()
    past: list[float] = window(lambda self: self.n)

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the one ``n`` updates before it."""
        before = self.past[self.head]
        self.past[self.head] = x
        self.head = 0 if self.head + 1 == self.n else self.head + 1
        self.seen += 1
        return before if self.seen > self.n else math.nan


class Momentum(Indicator):
    """``x - x[n updates ago]``, in units of its input.

    Source: Murphy, "Technical Analysis of the Financial Markets" (1999).

    >>> change = Momentum(1)
    >>> [change.update(x) for x in (3.0, 1.0, 2.0)]
    [nan, -2.0, 1.0]
    """

    n: int = parameter(10, minimum=1)
    past: Lag = part(Lag, lambda self: Lag(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the change."""
        return x - self.past.update(x)


class ROC(Indicator):
    """Rate of change: ``100 (x / x[n updates ago] - 1)``, in percent.

    Where the past value is zero the answer is 0, as in TA-Lib. Where it is negative the formula stands, and its sign
    means little. Source: Murphy, "Technical Analysis of the Financial Markets" (1999).

    >>> change = ROC(1)
    >>> [change.update(x) for x in (4.0, 5.0, 0.0, 3.0)]
    [nan, 25.0, -100.0, 0.0]
    """

    n: int = parameter(10, minimum=1)
    past: Lag = part(Lag, lambda self: Lag(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the rate."""
        before = self.past.update(x)
        return (x / before - 1.0) * 100.0 if before != 0.0 else 0.0
