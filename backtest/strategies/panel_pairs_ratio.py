"""Pairs trading by regression."""

import math

from backtest.core.flat import Flat, parameter, part, state, window
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.indicators.rolling import positive
from backtest.strategies.panel_pairs import Swing, both
from backtest.strategies.ranking import allot


class Regression(Flat):
    """The least-squares line through the last ``n`` points, from running sums of distances to a recent point.

    The sums are formed anew whenever the window has been filled once more, so that rounding does not add up.
    """

    n: int = parameter(60, minimum=3)
    seen: int = state()
    head: int = state()
    from_x: float = state(0.0)
    from_y: float = state(0.0)
    x: float = state(0.0)
    y: float = state(0.0)
    xx: float = state(0.0)
    xy: float = state(0.0)
    yy: float = state(0.0)
    xs: list[float] = window(lambda self: self.n)
    ys: list[float] = window(lambda self: self.n)

    def push(self, x: float, y: float) -> None:
        """Take the newest point."""
        if self.seen == 0:
            self.from_x, self.from_y = x, y
        if self.seen >= self.n:
            self.count(self.xs[self.head] - self.from_x, self.ys[self.head] - self.from_y, -1.0)
        self.seen += 1
        self.xs[self.head], self.ys[self.head] = x, y
        self.count(x - self.from_x, y - self.from_y, 1.0)
        self.head += 1
        if self.head == self.n:
            self.head = 0
            self.restart(x, y)

    def restart(self, x: float, y: float) -> None:
        """Sum anew, from the newest point as the origin."""
        self.from_x, self.from_y = x, y
        self.x, self.y, self.xx, self.xy, self.yy = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(self.n):
            self.count(self.xs[i] - x, self.ys[i] - y, 1.0)

    def count(self, x: float, y: float, sign: float) -> None:
        """Add a point to the sums, or take it away."""
        self.x += sign * x
        self.y += sign * y
        self.xx += sign * (x * x)
        self.xy += sign * (x * y)
        self.yy += sign * (y * y)

    def spread_x(self) -> float:
        """Return the sum of squared distances of x to its mean."""
        return positive(self.xx - self.x * self.x / self.n)

    def slope(self) -> float:
        """Return the slope; 0 where x does not move."""
        below = self.spread_x()
        return (self.xy - self.x * self.y / self.n) / below if below > 1e-12 else 0.0

    def deviation(self) -> float:
        """Return the standard deviation of the residuals."""
        both_ways = self.xy - self.x * self.y / self.n
        left = self.yy - self.y * self.y / self.n - self.slope() * both_ways
        return math.sqrt(positive(left) / (self.n - 2))

    def residual(self, x: float, y: float) -> float:
        """Return how far a point lies above the line."""
        return (y - self.from_y - self.y / self.n) - self.slope() * (x - self.from_x - self.x / self.n)


class PairsRatio(PanelStrategy):
    """Trade the first instrument, hedged with the second, when it is ``entry`` deviations off a rolling regression.

    The regression of log first on log second runs over the ``lookback`` slices before this one; distance is the new
    residual in its deviations. The legs are 1 to the slope, together ``invest``, and stay as they are until the
    residual crosses zero or reaches ``stop``. Slices in which either has no price do not count. A slope that is not
    positive is no hedge: no entry. Simplified: Vidyamurthy tests for cointegration first and weights by the
    cointegrating vector.
    """

    name = "pairs_ratio"
    family = "pairs"
    source = "Vidyamurthy 2004, Pairs Trading: Quantitative Methods and Analysis"

    lookback: int = parameter(60, minimum=3)
    entry: float = parameter(2.0, minimum=0.0)
    stop: float = parameter(4.0, minimum=0.0)
    invest: float = parameter(1.0, minimum=0.0)
    line: Regression = part(Regression, lambda self: Regression(self.lookback))
    swing: Swing = part(Swing, lambda self: Swing(self.entry, self.stop))

    def on_slice(self, now: Slice) -> None:
        """Follow the residual."""
        if both(now):
            x, y = math.log(now.close(1)), math.log(now.close(0))
            if self.line.seen >= self.lookback:
                self.follow(now, self.line.residual(x, y), self.line.deviation(), self.line.slope())
            self.line.push(x, y)

    def follow(self, now: Slice, residual: float, deviation: float, slope: float) -> None:
        """Trade when the side changes."""
        ready = deviation > 1e-9 and (slope > 0.0 or self.swing.side != 0)
        if ready and self.swing.decide(residual / deviation):
            unit = self.swing.side * self.invest / (1.0 + abs(slope))
            allot(now, 0, unit)
            allot(now, 1, -slope * unit)
