"""Average directional index."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.atr import TrueRange


class ADX(Indicator):
    """Strength of a trend, ``adx``, and the directions it is made of, ``plus_di`` and ``minus_di``; each from 0 to 100.

    Directional movement and true range start from the sums over the first ``n - 1`` changes and go on as
    ``s - s / n + new``; ``di = 100 movement / range``, ``dx = 100 |plus - minus| / (plus + minus)``, and ``adx`` starts
    from the mean of the first ``n`` of them and goes on as ``(a (n - 1) + dx) / n``: all as in TA-Lib. All three
    answers begin together. Where nothing has moved, each is 0. Source: Wilder, "New Concepts in Technical Trading
    Systems" (1978).

    >>> adx = ADX(2)
    >>> [adx.update(x + 1.0, x - 1.0, x) for x in (1.0, 2.0, 3.0, 4.0)][-2:]
    [(nan, nan, nan), (100.0, 50.0, 0.0)]
    """

    outputs = ("adx", "plus_di", "minus_di")
    n: int = parameter(14, minimum=2)
    seen: int = state()
    high: float = state(0.0)
    low: float = state(0.0)
    up: float = state(0.0)
    down: float = state(0.0)
    reach: float = state(0.0)
    value: float = state(0.0)
    range_now: TrueRange = part(TrueRange, lambda _: TrueRange())

    def warmup(self) -> int:
        """Return ``2 n``."""
        return 2 * self.n

    def update(self, high: float, low: float, close: float) -> tuple[float, float, float]:
        """Take the newest bar; return the index and the two directions."""
        rise, fall = high - self.high, self.low - low
        self.high, self.low = high, low
        reach = self.range_now.update(high, low, close)
        self.seen += 1
        if self.seen == 1:
            return math.nan, math.nan, math.nan
        if self.seen > self.n:
            self.up -= self.up / self.n
            self.down -= self.down / self.n
            self.reach -= self.reach / self.n
        self.up += rise if rise > fall and rise > 0.0 else 0.0
        self.down += fall if fall > rise and fall > 0.0 else 0.0
        self.reach += reach
        if self.seen <= self.n:
            return math.nan, math.nan, math.nan
        plus = 100.0 * (self.up / self.reach) if self.reach > 0.0 else 0.0
        minus = 100.0 * (self.down / self.reach) if self.reach > 0.0 else 0.0
        self.average(100.0 * (abs(minus - plus) / (plus + minus)) if plus + minus > 0.0 else 0.0)
        if self.seen < 2 * self.n:
            return math.nan, math.nan, math.nan
        return self.value, plus, minus

    def average(self, dx: float) -> None:
        """Take the newest directional index into the average."""
        if self.seen <= 2 * self.n:
            self.value += dx
            if self.seen == 2 * self.n:
                self.value /= self.n
        else:
            self.value = (self.value * (self.n - 1) + dx) / self.n
