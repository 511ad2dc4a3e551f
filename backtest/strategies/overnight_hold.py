"""The return between sessions."""

from backtest.core.now import Now
from backtest.core.strategy import Strategy


class OvernightHold(Strategy):
    """Buy one unit at the end of a session, sell it at the open of the next: only for runs that fill at the close.

    Sold by a limit one price unit above the close and a stop one below, of which the open meets the one or the other;
    where it meets neither, the first that the price touches. Such a run has no market order at an open, and where fills
    are at the next open the rule means nothing. Cliff, Cooper and Gulen (2008), Return Differences between Trading and
    Non-Trading Hours: Like Night and Day.
    """

    name = "overnight_hold"
    family = "seasonality"
    source = "Cliff, Cooper and Gulen 2008, Return Differences between Trading and Non-Trading Hours"

    def on_bar(self, now: Now) -> None:
        """Buy at the close, with the sale at the open attached."""
        if now.session_last() and now.position() == 0 and now.pending() == 0:
            quantity = now.unit()
            if quantity > 0:
                now.bracket(quantity, now.close + 1, now.close - 1)
