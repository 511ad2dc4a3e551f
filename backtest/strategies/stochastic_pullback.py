"""Buying the end of a pullback."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import SMA, Lag, Stochastic
from backtest.strategies.rising import refuse_unless_rising


class StochasticPullback(Strategy):
    """In a rise, buy one unit where %K crosses above %D after having been below ``low``; out above ``high``.

    A rise is a close above the mean of ``trend`` bars; a close below it closes the position too. Lane (1984), Lane's
    Stochastics, whose rule also asks for a divergence. Long only.
    """

    name = "stochastic_pullback"
    family = "mean-reversion"
    source = "Lane 1984, Lane's Stochastics"

    period: int = parameter(14, minimum=1)
    smooth: int = parameter(3, minimum=1)
    signal: int = parameter(3, minimum=1)
    low: float = parameter(25.0, minimum=0.0, maximum=100.0)
    high: float = parameter(80.0, minimum=0.0, maximum=100.0)
    trend: int = parameter(100, minimum=1)

    k: float = indicator(Stochastic, "period", "smooth", "signal", output="k")
    d: float = indicator(Stochastic, "period", "smooth", "signal", output="d")
    k_before: float = indicator(Lag, 1, of="k")
    d_before: float = indicator(Lag, 1, of="d")
    calm: float = indicator(SMA, "trend")

    def start(self) -> None:
        """Refuse a low that is above the high."""
        refuse_unless_rising(True, low=self.low, high=self.high)

    def on_bar(self, now: Now) -> None:
        """Buy the turn, sell the recovery or the end of the rise."""
        if now.position() > 0:
            if self.k > self.high or now.close < self.calm:
                now.hold(0)
        elif now.close > self.calm and self.k > self.d and self.k_before <= self.d_before and self.k_before < self.low:
            now.hold(1)
