"""Exponential moving averages: single, double, triple, and the triple one's rate of change."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator


class EMA(Indicator):
    """The exponential average ``e += (x - e) * 2 / (n + 1)``, in units of its input.

    It starts from the mean of the first ``n`` values, as TA-Lib does. Source: Brown, "Smoothing, Forecasting and
    Prediction of Discrete Time Series" (1963).

    >>> mean = EMA(3)
    >>> [mean.update(x) for x in (1.0, 2.0, 3.0, 6.0)]
    [nan, nan, 2.0, 4.0]
    """

    n: int = parameter(20, minimum=1)
    seen: int = state()
    weight: float = state(0.0)
    value: float = state(0.0)

    def start(self) -> None:
        """Derive the newest value's weight."""
        self.weight = 2.0 / (self.n + 1)

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the average."""
        self.seen += 1
        if self.seen <= self.n:
            self.value += x
            if self.seen < self.n:
                return math.nan
            self.value /= self.n
        else:
            self.value = (x - self.value) * self.weight + self.value
        return self.value


class DEMA(Indicator):
    """The double exponential average ``2 e1 - e2``, where ``e2`` is the EMA of ``e1``; in units of its input.

    Each EMA starts from the mean of the first ``n`` values that it gets, as in TA-Lib. Source: Mulloy, "Smoothing Data
    with Faster Moving Averages", Stocks & Commodities (1994).

    >>> mean = DEMA(2)
    >>> [mean.update(x) for x in (1.0, 2.0, 3.0, 4.0)]
    [nan, nan, 3.0, 4.0]
    """

    n: int = parameter(20, minimum=1)
    first: EMA = part(EMA, lambda self: EMA(self.n))
    second: EMA = part(EMA, lambda self: EMA(self.n))

    def warmup(self) -> int:
        """Return ``2 n - 1``."""
        return 2 * self.n - 1

    def update(self, x: float) -> float:
        """Take the newest value; return the average."""
        e1 = self.first.update(x)
        if math.isnan(e1):
            return math.nan
        return 2.0 * e1 - self.second.update(e1)


class TEMA(Indicator):
    """The triple exponential average ``3 e1 - 3 e2 + e3``, each the EMA of the one before; in units of its input.

    Each EMA starts from the mean of the first ``n`` values that it gets, as in TA-Lib. Source: Mulloy, "Smoothing Data
    with Less Lag", Stocks & Commodities (1994).

    >>> mean = TEMA(2)
    >>> [mean.update(x) for x in (1.0, 2.0, 3.0, 4.0)]
    [nan, nan, nan, 4.0]
    """

    n: int = parameter(20, minimum=1)
    first: EMA = part(EMA, lambda self: EMA(self.n))
    second: EMA = part(EMA, lambda self: EMA(self.n))
    third: EMA = part(EMA, lambda self: EMA(self.n))

    def warmup(self) -> int:
        """Return ``3 n - 2``."""
        return 3 * self.n - 2

    def update(self, x: float) -> float:
        """Take the newest value; return the average."""
        e1 = self.first.update(x)
        if math.isnan(e1):
            return math.nan
        e2 = self.second.update(e1)
        if math.isnan(e2):
            return math.nan
        return 3.0 * e1 - 3.0 * e2 + self.third.update(e2)


class TRIX(Indicator):
    """The change of the threefold EMA from one update to the next, in percent of it.

    Each EMA starts from the mean of the first ``n`` values that it gets, as in TA-Lib. Where the threefold EMA was
    zero, the answer is 0. Source: Hutson, "Good TRIX", Stocks & Commodities (1983).

    >>> trix = TRIX(1)
    >>> [trix.update(x) for x in (100.0, 110.0, 99.0)]
    [nan, 10.0, -10.0]
    """

    n: int = parameter(15, minimum=1)
    first: EMA = part(EMA, lambda self: EMA(self.n))
    second: EMA = part(EMA, lambda self: EMA(self.n))
    third: EMA = part(EMA, lambda self: EMA(self.n))
    before: float = state(math.nan)

    def warmup(self) -> int:
        """Return ``3 n - 1``."""
        return 3 * self.n - 1

    def update(self, x: float) -> float:
        """Take the newest value; return the percentage."""
        e1 = self.first.update(x)
        if math.isnan(e1):
            return math.nan
        e2 = self.second.update(e1)
        if math.isnan(e2):
            return math.nan
        before, now = self.before, self.third.update(e2)
        self.before = now
        if before == 0.0:
            return 0.0
        return (now - before) / before * 100.0
