"""Standard deviation of a window, and what is measured in it: bands and scores."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Moments


class RollingStd(Indicator):
    """The standard deviation of the last ``n`` values, in their units.

    ``ddof`` 1 is the sample's, 0 the population's (TA-Lib's STDDEV). Equal values have zero exactly; how the variance
    is computed, and when it is exact: see ``rolling.Moments``. Source: Pearson, "Contributions to the Mathematical
    Theory of Evolution" (1894).

    >>> deviation = RollingStd(2)
    >>> [deviation.update(x) for x in (1.0, 3.0, 3.0)]
    [nan, 1.4142135623730951, 0.0]
    """

    n: int = parameter(20, minimum=2)
    ddof: int = parameter(1, minimum=0, maximum=1)
    moments: Moments = part(Moments, lambda self: Moments(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return the deviation."""
        self.moments.push(x)
        return math.sqrt(self.moments.variance(self.ddof)) if self.moments.seen >= self.n else math.nan


class ZScore(Indicator):
    """How many standard deviations the newest value lies above the mean of the last ``n``, itself included.

    A pure number; ``ddof`` as in RollingStd. Where all ``n`` values are equal the answer is 0. Source: the definition.

    >>> score = ZScore(2, 0)
    >>> [score.update(x) for x in (1.0, 3.0, 3.0)]
    [nan, 1.0, 0.0]
    """

    n: int = parameter(20, minimum=2)
    ddof: int = parameter(1, minimum=0, maximum=1)
    moments: Moments = part(Moments, lambda self: Moments(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> float:
        """Take the newest value; return its score."""
        self.moments.push(x)
        if self.moments.seen < self.n:
            return math.nan
        deviation = math.sqrt(self.moments.variance(self.ddof))
        return (x - self.moments.mean()) / deviation if deviation > 0.0 else 0.0


class Bollinger(Indicator):
    """The mean of the last ``n`` values, and bands ``width`` population deviations above and below; in their units.

    Source: Bollinger, "Using Bollinger Bands", Stocks & Commodities (1992). Population deviation: his choice and
    TA-Lib's.

    >>> bands = Bollinger(2, 2.0)
    >>> [bands.update(x) for x in (1.0, 3.0)]
    [(nan, nan, nan), (4.0, 2.0, 0.0)]
    """

    outputs = ("upper", "middle", "lower")
    n: int = parameter(20, minimum=2)
    width: float = parameter(2.0, minimum=0.0)
    seen: int = state()
    moments: Moments = part(Moments, lambda self: Moments(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, x: float) -> tuple[float, float, float]:
        """Take the newest value; return the bands."""
        self.moments.push(x)
        self.seen += 1
        if self.seen < self.n:
            return math.nan, math.nan, math.nan
        middle, reach = self.moments.mean(), self.width * math.sqrt(self.moments.variance(0))
        return middle + reach, middle, middle - reach
