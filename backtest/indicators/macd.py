"""Moving average convergence and divergence."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.ema import EMA
from zeno.errors import ConfigError


class MACD(Indicator):
    """``line = EMA(fast) - EMA(slow)``, its EMA as ``signal``, and ``histogram = line - signal``; in its input's units.

    As in TA-Lib both EMAs start at the same update, the ``slow``-th: the fast one from the mean of the ``fast`` values
    up to it. All three answers begin together. Source: Appel, "The Moving Average Convergence-Divergence Trading
    Method" (1979).

    >>> macd = MACD(1, 2, 1)
    >>> [macd.update(x) for x in (1.0, 3.0, 5.0)]
    [(nan, nan, nan), (1.0, 1.0, 0.0), (1.0, 1.0, 0.0)]
    """

    outputs = ("line", "signal", "histogram")
    fast: int = parameter(12, minimum=1)
    slow: int = parameter(26, minimum=2)
    smooth: int = parameter(9, minimum=1)
    seen: int = state()
    quick: EMA = part(EMA, lambda self: EMA(self.fast))
    calm: EMA = part(EMA, lambda self: EMA(self.slow))
    mean: EMA = part(EMA, lambda self: EMA(self.smooth))

    def start(self) -> None:
        """Refuse a fast average that is not faster."""
        if self.fast >= self.slow:
            raise ConfigError(
                f"MACD: fast must be below slow, not {self.fast} with {self.slow}", remedy="choose a smaller fast"
            )

    def warmup(self) -> int:
        """Return ``slow + smooth - 1``."""
        return self.slow + self.smooth - 1

    def update(self, x: float) -> tuple[float, float, float]:
        """Take the newest value; return line, signal and histogram."""
        self.seen += 1
        calm = self.calm.update(x)
        if self.seen <= self.slow - self.fast:
            return math.nan, math.nan, math.nan
        quick = self.quick.update(x)
        if self.seen < self.slow:
            return math.nan, math.nan, math.nan
        line = quick - calm
        signal = self.mean.update(line)
        if math.isnan(signal):
            return math.nan, math.nan, math.nan
        return line, signal, line - signal
