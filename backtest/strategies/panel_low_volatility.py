"""The low-volatility effect."""

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy, indicator
from backtest.indicators import RealisedVolatility
from backtest.strategies.ranking import Ranking, hold_best


class LowVolatility(PanelStrategy):
    """Each month, equal weights in the ``top`` instruments with the lowest realised volatility of ``lookback`` returns.

    An instrument whose price has not moved at all is taken for a stale one and left out. Simplified: Blitz and van
    Vliet use three years of weekly returns and the top decile of a large universe.
    """

    name = "low_volatility"
    family = "volatility"
    source = "Blitz and van Vliet 2007, The Volatility Effect: Lower Risk without Lower Return"

    lookback: int = parameter(252, minimum=2)
    top: int = parameter(10, minimum=1)
    invest: float = parameter(0.98, minimum=0.0)
    calm: Ranking = part(Ranking, lambda self: Ranking(self.top, 0))
    volatility: list[float] = indicator(RealisedVolatility, "lookback")

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month, once there is enough of a past."""
        if now.month_last() and now.seen() >= self.lookback:
            self.calm.clear()
            for number in range(now.width):
                if self.volatility[number] > 0.0:
                    self.calm.offer(number, -self.volatility[number])
            hold_best(now, self.calm, self.invest)
