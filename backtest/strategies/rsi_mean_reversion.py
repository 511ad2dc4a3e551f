"""Short-term oversold, in a long-term rise."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import RSI, SMA


class RsiMeanReversion(Strategy):
    """Buy one unit when a two-bar relative strength index is below ``low`` above a 200-bar mean.

    Out when the close is above the mean of the last ``leave`` bars. Connors and Alvarez (2009), Short Term Trading
    Strategies That Work, chapter 9: long only, without a stop, as there; they trade at the close, this at the next
    open unless the run fills at the close.
    """

    name = "rsi_mean_reversion"
    family = "mean-reversion"
    source = "Connors and Alvarez 2009, Short Term Trading Strategies That Work"

    period: int = parameter(2, minimum=1)
    low: float = parameter(10.0, minimum=0.0, maximum=100.0)
    trend: int = parameter(200, minimum=1)
    leave: int = parameter(5, minimum=1)

    strength: float = indicator(RSI, "period")
    calm: float = indicator(SMA, "trend")
    quick: float = indicator(SMA, "leave")

    def on_bar(self, now: Now) -> None:
        """Buy weakness in a rise, sell the recovery."""
        if now.position() > 0:
            if now.close > self.quick:
                now.hold(0)
        elif self.strength < self.low and now.close > self.calm:
            now.hold(1)
