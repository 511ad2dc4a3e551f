"""The market itself, in inverse proportion to its variance."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import RealisedVolatility


class VolatilityTarget(Strategy):
    """At the end of each month, hold ``(target / volatility)^2`` of the equity's worth, at most ``most``.

    Volatility is that of the last ``period`` bars, times the root of ``yearly``: on other than daily bars, say how many
    make a year. Moreira and Muir (2017), Volatility-Managed Portfolios, Journal of Finance, scale so that the whole
    sample has the market's volatility, which is only known afterwards; a target stands in for that. Trades change the
    position: the run's sizer is not asked.
    """

    name = "volatility_target"
    family = "volatility"
    source = "Moreira and Muir 2017, Volatility-Managed Portfolios"

    period: int = parameter(22, minimum=1)
    yearly: float = parameter(252.0, minimum=0.0)
    target: float = parameter(0.15, minimum=0.0)
    most: float = parameter(1.5, minimum=0.0)

    volatility: float = indicator(RealisedVolatility, "period", "yearly")

    def on_bar(self, now: Now) -> None:
        """Set the weight anew."""
        if now.month_last() and self.volatility > 0.0:
            ratio = self.target / self.volatility
            now.weight(min(ratio * ratio, self.most))
