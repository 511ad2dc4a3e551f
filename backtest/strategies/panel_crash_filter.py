"""Momentum at constant risk."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.indicators.rolling import Total, positive
from backtest.strategies.ranking import Sides, change, hold_sides
from backtest.strategies.rising import refuse_unless_rising


class MomentumCrashFilter(PanelStrategy):
    """Winners minus losers, scaled each month to a volatility of ``target`` a year: crashes come in volatile times.

    Winners and losers are the ``each`` best and worst by the return from ``lookback`` to ``skip`` slices ago. The
    returns of the unscaled portfolio are followed from the first ranking on; ``memory`` of them give its variance,
    with the mean taken as zero. Each side holds target / volatility of the equity, at most ``most``; nothing before
    the variance is known, or where it is zero. Simplified: Barroso and Santa-Clara scale Fama and French's decile
    portfolio, weighted by market value; here both ends have a fixed number and equal weights.
    """

    name = "momentum_crash_filter"
    family = "momentum"
    source = "Barroso and Santa-Clara 2015, Momentum Has Its Moments"

    lookback: int = parameter(252, minimum=1)
    skip: int = parameter(21, minimum=0)
    each: int = parameter(10, minimum=1)
    memory: int = parameter(126, minimum=1)
    target: float = parameter(0.12, minimum=0.0)
    most: float = parameter(1.0, minimum=0.0)
    yearly: float = parameter(252.0, minimum=0.0)
    followed: int = state()
    sides: Sides = part(Sides, lambda self: Sides(self.each))
    squares: Total = part(Total, lambda self: Total(self.memory))

    def start(self) -> None:
        """Refuse a past that is all skipped."""
        refuse_unless_rising(skip=self.skip, lookback=self.lookback)

    def history(self) -> int:
        """Return the slices looked back on."""
        return max(self.lookback, self.skip, 1)

    def on_slice(self, now: Slice) -> None:
        """Follow the unscaled portfolio, and rebalance at the end of a month."""
        if self.sides.size > 0:
            gain = self.gain(now)
            self.squares.push(gain * gain)
            self.followed += 1
        if now.month_last() and now.seen() >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                if now.traded(number):
                    self.sides.offer(number, change(now, number, self.skip, self.lookback))
            self.sides.settle()
            hold_sides(now, self.sides, self.scale(), self.scale())

    def gain(self, now: Slice) -> float:
        """Return what the unscaled portfolio gained in this slice: the winners' mean return less the losers'."""
        total = 0.0
        for place in range(self.sides.size):
            up = change(now, self.sides.best.numbers[place], 0, 1)
            down = change(now, self.sides.worst.numbers[place], 0, 1)
            total += (up if not math.isnan(up) else 0.0) - (down if not math.isnan(down) else 0.0)
        return total / self.sides.size

    def scale(self) -> float:
        """Return the share of the equity that each side holds."""
        volatility = math.sqrt(positive(self.squares.total) / self.memory * self.yearly)
        if self.followed < self.memory or volatility <= 0.0:
            return 0.0
        return min(self.target / volatility, self.most)
