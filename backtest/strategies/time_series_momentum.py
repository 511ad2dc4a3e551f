"""Time-series momentum."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import Lag


class TimeSeriesMomentum(Strategy):
    """At the end of each month: long one unit after a rise over ``lookback`` bars, short after a fall.

    Unchanged until the next month. Moskowitz, Ooi and Pedersen (2012), Time Series Momentum, Journal of Financial
    Economics, hold 12 months' winners for one month, each sized to 40% volatility: choose the ``VOLATILITY`` sizer for
    that. Simplified: the price's own change stands for the return in excess of cash, and a position that goes on is not
    sized anew each month.
    """

    name = "time_series_momentum"
    family = "momentum"
    source = "Moskowitz, Ooi and Pedersen 2012, Time Series Momentum"

    lookback: int = parameter(252, minimum=1)

    before: float = indicator(Lag, "lookback")

    def on_bar(self, now: Now) -> None:
        """Follow the sign of the past return."""
        if now.month_last() and self.before > 0.0:
            now.hold(1 if now.close > self.before else -1 if now.close < self.before else 0)
