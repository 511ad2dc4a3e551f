"""True range, its average, and the channel around an average price that it spans."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.ema import EMA


class TrueRange(Indicator):
    """The greatest of ``high - low``, ``|high - previous close|`` and ``|low - previous close|``; in price units.

    NaN for the first bar, which has no previous close. Source: Wilder, "New Concepts in Technical Trading Systems"
    (1978).

    >>> reach = TrueRange()
    >>> [reach.update(*bar) for bar in ((5.0, 3.0, 4.0), (9.0, 8.0, 8.0))]
    [nan, 5.0]
    """

    before: float = state(math.nan)

    def warmup(self) -> int:
        """Return 2."""
        return 2

    def update(self, high: float, low: float, close: float) -> float:
        """Take the newest bar; return its true range."""
        before = self.before
        self.before = close
        if math.isnan(before):
            return math.nan
        return max(high - low, abs(before - high), abs(before - low))


class ATR(Indicator):
    """Wilder's average ``(a (n - 1) + range) / n`` of the true range, in price units.

    It starts from the mean of the first ``n`` true ranges, which are those of the second bar on, as in Wilder and
    TA-Lib. Source: Wilder, "New Concepts in Technical Trading Systems" (1978).

    >>> reach = ATR(2)
    >>> [reach.update(*bar) for bar in ((5.0, 3.0, 4.0), (9.0, 8.0, 8.0), (9.0, 8.0, 9.0), (9.0, 8.0, 9.0))]
    [nan, nan, 3.0, 2.0]
    """

    n: int = parameter(14, minimum=1)
    seen: int = state()
    value: float = state(0.0)
    reach: TrueRange = part(TrueRange, lambda _: TrueRange())

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, high: float, low: float, close: float) -> float:
        """Take the newest bar; return the average."""
        reach = self.reach.update(high, low, close)
        self.seen += 1
        if self.seen == 1:
            return math.nan
        if self.seen <= self.n + 1:
            self.value += reach
            if self.seen <= self.n:
                return math.nan
            self.value /= self.n
        else:
            self.value = (self.value * (self.n - 1) + reach) / self.n
        return self.value


class Keltner(Indicator):
    """``EMA(close, n)`` and the channel ``width`` average true ranges (over ``m`` bars) above and below; price units.

    EMA and ATR start as their own docstrings say. Source: Keltner, "How to Make Money in Commodities" (1960); average
    and range in the form that Raschke gave them.

    >>> channel = Keltner(2, 1, 2.0)
    >>> [channel.update(*bar) for bar in ((5.0, 3.0, 4.0), (9.0, 8.0, 8.0))]
    [(nan, nan, nan), (16.0, 6.0, -4.0)]
    """

    outputs = ("upper", "middle", "lower")
    n: int = parameter(20, minimum=1)
    m: int = parameter(10, minimum=1)
    width: float = parameter(2.0, minimum=0.0)
    mean: EMA = part(EMA, lambda self: EMA(self.n))
    reach: ATR = part(ATR, lambda self: ATR(self.m))

    def warmup(self) -> int:
        """Return the greater of ``n`` and ``m + 1``."""
        return max(self.n, self.m + 1)

    def update(self, high: float, low: float, close: float) -> tuple[float, float, float]:
        """Take the newest bar; return the channel."""
        middle, reach = self.mean.update(close), self.reach.update(high, low, close)
        if math.isnan(middle) or math.isnan(reach):
            return math.nan, math.nan, math.nan
        return middle + self.width * reach, middle, middle - self.width * reach
