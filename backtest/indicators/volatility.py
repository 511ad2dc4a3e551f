"""Volatility from log returns."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Total, positive


class EwmaVolatility(Indicator):
    """RiskMetrics: the root of ``v = decay v + (1 - decay) r^2``, where ``r`` is the log return from update to update.

    A fraction per update: 0.01 is one percent. ``periods`` scales the variance: 252 makes daily volatility annual. The
    mean return counts as zero. It starts from the mean square of the first ``n`` returns.

    A value that is zero or negative has no logarithm: it is passed over, the answer stays (or is NaN still), and the
    next return is measured from the last positive value. Warming up counts positive values. Source: J.P. Morgan and
    Reuters, "RiskMetrics Technical Document", 4th edition (1996), decay 0.94 for daily data.

    >>> volatility = EwmaVolatility(0.5, 1)
    >>> [round(volatility.update(x), 4) for x in (100.0, 110.0, -5.0, 110.0)]
    [nan, 0.0953, 0.0953, 0.0674]
    """

    decay: float = parameter(0.94, minimum=0.0, maximum=1.0)
    n: int = parameter(20, minimum=1)
    periods: float = parameter(1.0, minimum=0.0)
    seen: int = state()
    before: float = state(0.0)
    variance: float = state(0.0)

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the volatility."""
        if x > 0.0:
            self.take(x)
        return math.sqrt(self.variance * self.periods) if self.seen > self.n else math.nan

    def take(self, x: float) -> None:
        """Take a value that has a logarithm."""
        self.seen += 1
        change = math.log(x / self.before) if self.seen > 1 else 0.0
        self.before = x
        if self.seen <= self.n + 1:
            self.variance += change * change
            if self.seen == self.n + 1:
                self.variance /= self.n
        else:
            self.variance = self.decay * self.variance + (1.0 - self.decay) * (change * change)


class RealisedVolatility(Indicator):
    """The root of the mean square of the last ``n`` log returns, times the root of ``periods``.

    A fraction per update: 0.01 is one percent; ``periods`` 252 makes daily volatility annual, and ``periods`` equal to
    ``n`` gives the root of the sum of squares. The mean return counts as zero. A value that is zero or negative is
    passed over, as in EwmaVolatility. Source: Andersen and Bollerslev, "Answering the Skeptics", International Economic
    Review (1998).

    >>> volatility = RealisedVolatility(1)
    >>> [round(volatility.update(x), 4) for x in (100.0, 110.0, 0.0, 110.0)]
    [nan, 0.0953, 0.0953, 0.0]
    """

    n: int = parameter(20, minimum=1)
    periods: float = parameter(1.0, minimum=0.0)
    seen: int = state()
    before: float = state(0.0)
    squares: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, x: float) -> float:
        """Take the newest value; return the volatility."""
        if x > 0.0:
            self.seen += 1
            if self.seen > 1:
                change = math.log(x / self.before)
                self.squares.push(change * change)
            self.before = x
        if self.seen <= self.n:
            return math.nan
        return math.sqrt(positive(self.squares.total) / self.n * self.periods)
