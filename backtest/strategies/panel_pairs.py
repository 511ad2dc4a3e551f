"""Pairs trading by distance, and what pairs strategies share: the first two instruments of a panel trade."""

import math

from backtest.core.flat import Flat, parameter, part, state
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.indicators.rolling import Moments
from backtest.strategies.ranking import allot
from backtest.strategies.rising import refuse_unless_rising


def both(now: Slice) -> bool:
    """Tell whether the first two instruments have prices, and such that they have logarithms."""
    return now.width >= 2 and now.traded(0) and now.traded(1) and now.close(0) > 0 and now.close(1) > 0


class Swing(Flat):
    """Which way a spread is held, given its distance from the mean in deviations.

    Against it from ``entry`` on, until it reaches the mean. Given up at ``stop``, and then not taken up again in that
    direction or the other before it has been back at the mean.
    """

    entry: float = parameter(2.0, minimum=0.0)
    stop: float = parameter(4.0, minimum=0.0)
    side: int = state()
    barred: int = state()

    def start(self) -> None:
        """Refuse an entry at which the position would be given up."""
        refuse_unless_rising(entry=self.entry, stop=self.stop)

    def decide(self, distance: float) -> bool:
        """Take the newest distance; tell whether ``side`` has changed."""
        before = self.side
        if self.barred * distance >= 0.0:
            self.barred = 0
        if before != 0:
            if before * distance <= -self.stop:
                self.barred = before
            if before * distance >= 0.0 or self.barred != 0:
                self.side = 0
        elif self.barred == 0 and self.entry <= abs(distance) < self.stop:
            self.side = -1 if distance > 0.0 else 1
        return self.side != before


class PairsDistance(PanelStrategy):
    """Sell the first instrument against the second, or buy it, when their log prices are ``entry`` deviations apart.

    Mean and deviation of log(first / second) come from ``formation`` slices and stay for a trading period of
    ``trading`` slices. Both legs get half of ``invest``. Out when the spread is back at the mean, at ``stop``
    deviations, and when the period ends; then the next one is formed from the latest ``formation`` slices. Slices in
    which either has no price do not count. Simplified: Gatev, Goetzmann and Rouwenhorst choose the pairs by the least
    distance between normalised prices, and have no stop; here the pair is given.
    """

    name = "pairs_distance"
    family = "pairs"
    source = "Gatev, Goetzmann and Rouwenhorst 2006, Pairs Trading: Performance of a Relative-Value Arbitrage Rule"

    formation: int = parameter(252, minimum=2)
    trading: int = parameter(126, minimum=2)
    entry: float = parameter(2.0, minimum=0.0)
    stop: float = parameter(4.0, minimum=0.0)
    invest: float = parameter(1.0, minimum=0.0)
    left: int = state()
    mean: float = state(0.0)
    deviation: float = state(0.0)
    moments: Moments = part(Moments, lambda self: Moments(self.formation))
    swing: Swing = part(Swing, lambda self: Swing(self.entry, self.stop))

    def on_slice(self, now: Slice) -> None:
        """Follow the spread, and form anew at the end of a trading period."""
        if both(now):
            spread = math.log(now.close(0) / now.close(1))
            self.left -= 1
            if self.left > 0 and self.deviation > 0.0 and self.swing.decide((spread - self.mean) / self.deviation):
                self.trade(now)
            self.moments.push(spread)
            if self.left <= 0 and self.moments.seen >= self.formation:
                self.form(now)

    def form(self, now: Slice) -> None:
        """Begin a trading period, without a position."""
        self.left = self.trading
        self.mean, self.deviation = self.moments.mean(), math.sqrt(self.moments.variance(1))
        self.swing.side = 0
        self.swing.barred = 0
        self.trade(now)

    def trade(self, now: Slice) -> None:
        """Hold the two legs that the spread's side asks for."""
        allot(now, 0, self.swing.side * self.invest / 2.0)
        allot(now, 1, -self.swing.side * self.invest / 2.0)
