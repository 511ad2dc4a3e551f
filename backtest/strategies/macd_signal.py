"""Convergence and divergence against its signal line."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import MACD


class MacdSignal(Strategy):
    """Long one unit while the MACD line is above its signal, short while it is below.

    Appel (1979), The Moving Average Convergence-Divergence Trading Method. Simplified: Appel has other averages for
    buying than for selling, and looks at divergences too.
    """

    name = "macd_signal"
    family = "trend"
    source = "Appel 1979, The Moving Average Convergence-Divergence Trading Method"

    fast: int = parameter(12, minimum=1)
    slow: int = parameter(26, minimum=2)
    smooth: int = parameter(9, minimum=1)

    histogram: float = indicator(MACD, "fast", "slow", "smooth", output="histogram")

    def on_bar(self, now: Now) -> None:
        """Be on the side of the histogram."""
        if self.histogram > 0.0:
            now.hold(1)
        elif self.histogram < 0.0:
            now.hold(-1)
