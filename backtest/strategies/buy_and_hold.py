"""Buying once: what every other strategy is measured against."""

from backtest.core.now import Now
from backtest.core.strategy import Strategy


class BuyAndHold(Strategy):
    """Buy one unit at the first opportunity and keep it.

    The benchmark of Sharpe (1991), The Arithmetic of Active Management. It is asked again for as long as it has no
    position, as a sizer that estimates says nothing at first.
    """

    name = "buy_and_hold"
    family = "overlay"
    source = "Sharpe 1991, The Arithmetic of Active Management"

    def wake(self, now: Now) -> bool:
        """Tell whether there is anything to buy still."""
        return now.position() + now.pending() <= 0

    def on_bar(self, now: Now) -> None:
        """Be long."""
        now.hold(1)
