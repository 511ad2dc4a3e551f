"""Breakout from a channel of average ranges."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import Keltner


class KeltnerBreakout(Strategy):
    """Long one unit while the close is above Keltner's channel, and until it is below it; never short.

    Keltner (1960), How to Make Money in Commodities, buys beyond the upper line and reverses beyond the lower one; here
    the lower line closes the position, and the channel is the exponential one of Raschke.
    """

    name = "keltner_breakout"
    family = "breakout"
    source = "Keltner 1960, How to Make Money in Commodities"

    period: int = parameter(20, minimum=1)
    range_period: int = parameter(10, minimum=1)
    width: float = parameter(2.0, minimum=0.0)

    upper: float = indicator(Keltner, "period", "range_period", "width", output="upper")
    lower: float = indicator(Keltner, "period", "range_period", "width", output="lower")

    def on_bar(self, now: Now) -> None:
        """Buy above the channel, sell below it."""
        if now.close > self.upper:
            now.hold(1)
        elif now.close < self.lower:
            now.hold(0)
