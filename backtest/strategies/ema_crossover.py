"""Exponential crossover, in trending markets alone."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ADX, EMA
from backtest.strategies.rising import refuse_unless_rising


class EmaCrossover(Strategy):
    """Long or short with two exponential means, entered only where the market trends.

    Long one unit where the fast mean is above the slow one and Wilder's directional index is at least ``strength``;
    short in the mirror. Out as soon as the means say the opposite, whether it trends or not. Appel's crossover behind
    the filter of Wilder (1978), New Concepts in Technical Trading Systems, whose own system crosses the directions
    instead.
    """

    name = "ema_crossover"
    family = "trend"
    source = "Wilder 1978, New Concepts in Technical Trading Systems (the filter); Appel 1979 (exponential crossover)"

    fast: int = parameter(12, minimum=1)
    slow: int = parameter(26, minimum=2)
    period: int = parameter(14, minimum=2)
    strength: float = parameter(20.0, minimum=0.0, maximum=100.0)

    quick: float = indicator(EMA, "fast")
    calm: float = indicator(EMA, "slow")
    trend: float = indicator(ADX, "period")

    def start(self) -> None:
        """Refuse a fast mean that is not the faster one."""
        refuse_unless_rising(fast=self.fast, slow=self.slow)

    def on_bar(self, now: Now) -> None:
        """Enter with the trend, leave on the opposite cross."""
        side = 1 if self.quick > self.calm else -1 if self.quick < self.calm else 0
        if side != 0 and self.trend >= self.strength:
            now.hold(side)
        elif side * (now.position() + now.pending()) < 0:
            now.hold(0)
