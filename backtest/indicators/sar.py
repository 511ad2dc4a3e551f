"""Parabolic stop and reverse."""

import math

from backtest.core.flat import parameter, state
from backtest.core.indicator import Indicator


class ParabolicSAR(Indicator):
    """The stop that this bar had to keep clear of, which closes in on a trend and changes sides when met; price units.

    ``stop += f (extreme - stop)``, where the factor ``f`` begins at ``step`` and grows by it, up to ``limit``, with
    every new extreme of the trend; the stop never enters the range of the last two bars. The first trend is down where
    the second bar's low fell by more than its high rose, else up: TA-Lib's choice, Wilder leaves it open. Source:
    Wilder, "New Concepts in Technical Trading Systems" (1978).

    >>> stop = ParabolicSAR()
    >>> [stop.update(*bar) for bar in ((5.0, 3.0), (6.0, 4.0), (7.0, 5.0), (7.0, 2.0))]
    [nan, 3.0, 3.06, 7.0]
    """

    step: float = parameter(0.02, minimum=0.0)
    limit: float = parameter(0.2, minimum=0.0)
    seen: int = state()
    rising: int = state()
    high: float = state(0.0)
    low: float = state(0.0)
    extreme: float = state(0.0)
    factor: float = state(0.0)
    stop: float = state(0.0)

    def warmup(self) -> int:
        """Return 2."""
        return 2

    def update(self, high: float, low: float) -> float:
        """Take the newest bar; return the stop it had."""
        self.seen += 1
        if self.seen == 2:
            self.begin(high, low)
        # A falling trend is a rising one in the mirror.
        side = 1.0 if self.rising == 1 else -1.0
        far, near = (high, low) if self.rising == 1 else (-low, -high)
        far_before, near_before = (self.high, self.low) if self.rising == 1 else (-self.low, -self.high)
        if self.seen == 2:
            far_before, near_before = far, near
        self.high, self.low = high, low
        if self.seen == 1:
            return math.nan
        return side * self.follow(side, far, near, far_before, near_before)

    def begin(self, high: float, low: float) -> None:
        """Choose the first trend, from the first two bars."""
        fall = self.low - low
        self.rising = 0 if fall > 0.0 and fall > high - self.high else 1
        self.extreme = high if self.rising == 1 else low
        self.stop = self.low if self.rising == 1 else self.high
        self.factor = min(self.step, self.limit)

    def follow(self, side: float, far: float, near: float, far_before: float, near_before: float) -> float:
        """Return this bar's stop and set the next one; all in the mirror, ``far`` being the way that the trend goes."""
        stop, extreme = side * self.stop, side * self.extreme
        if near <= stop:
            self.rising = 1 - self.rising
            answer = max(extreme, far_before, far)
            self.factor = min(self.step, self.limit)
            self.extreme = side * near
            self.stop = side * max(answer + self.factor * (near - answer), far_before, far)
            return answer
        if far > extreme:
            extreme = far
            self.factor = min(self.factor + self.step, self.limit)
        self.extreme = side * extreme
        self.stop = side * min(stop + self.factor * (extreme - stop), near_before, near)
        return stop
