"""Moving-average crossover."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import SMA


class SmaCrossover(Strategy):
    """Long one unit while the fast mean of the closes is above the slow one, flat otherwise.

    The rule is run for any two lengths, also where the fast one is the longer.

    Brock, Lakonishok and LeBaron (1992), Simple Technical Trading Rules and the Stochastic Properties of Stock Returns.
    """

    name = "sma_crossover"
    family = "trend"
    source = "Brock, Lakonishok and LeBaron 1992"

    fast: int = parameter(10, minimum=1)
    slow: int = parameter(30, minimum=2)

    quick: float = indicator(SMA, "fast")
    calm: float = indicator(SMA, "slow")

    def wake(self, now: Now) -> bool:
        """Tell whether the position differs from what the means say."""
        return (self.quick > self.calm) != (now.position() + now.pending() > 0)

    def on_bar(self, now: Now) -> None:
        """Hold what the means say."""
        now.hold(1 if self.quick > self.calm else 0)
