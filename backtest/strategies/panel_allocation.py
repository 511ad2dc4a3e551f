"""Allocations that hold everything: equal weights, and weights by volatility."""

from backtest.core.flat import parameter
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy, indicator
from backtest.indicators import RealisedVolatility
from backtest.strategies.ranking import allot


class EqualWeightRebalance(PanelStrategy):
    """Each month, the same share of the equity in every instrument that has a price: the benchmark for all the others.

    1/N of ``invest`` in whole lots. An instrument that starts later joins at the end of its first month; one that has
    ended is sold at its next price, if there ever is one.
    """

    name = "equal_weight_rebalance"
    family = "overlay"
    source = "DeMiguel, Garlappi and Uppal 2009, Optimal Versus Naive Diversification"

    invest: float = parameter(0.98, minimum=0.0)

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last():
            count = 0
            for number in range(now.width):
                count += 1 if now.traded(number) else 0
            for number in range(now.width):
                allot(now, number, self.invest / count if now.traded(number) else 0.0)


class InverseVolatility(PanelStrategy):
    """Each month, weights in proportion to one over the realised volatility of the last ``lookback`` returns.

    The weights add up to ``invest``. An instrument whose price has not moved at all is left out. Simplified: where all
    correlations are equal these are the weights of equal contributions to risk (Maillard, Roncalli and Teiletche); the
    correlations themselves are not estimated.
    """

    name = "inverse_volatility"
    family = "volatility"
    source = "Maillard, Roncalli and Teiletche 2010, The Properties of Equally Weighted Risk Contribution Portfolios"

    lookback: int = parameter(63, minimum=2)
    invest: float = parameter(0.98, minimum=0.0)
    volatility: list[float] = indicator(RealisedVolatility, "lookback")

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= self.lookback:
            total = 0.0
            for number in range(now.width):
                total += 1.0 / self.volatility[number] if self.volatility[number] > 0.0 else 0.0
            for number in range(now.width):
                moves = self.volatility[number] > 0.0
                allot(now, number, self.invest / (self.volatility[number] * total) if moves else 0.0)
