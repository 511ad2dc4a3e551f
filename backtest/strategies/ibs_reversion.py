"""Internal bar strength."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy
from backtest.strategies.rising import refuse_unless_rising


class IbsReversion(Strategy):
    """Buy one unit after a close in the lowest part of the bar's range, sell it after one in the highest part.

    Internal bar strength is ``(close - low) / (high - low)``: buy below ``low``, out above ``high``. A bar without a
    range decides nothing. Pagonidis (2013), The IBS Effect: Mean Reversion in Equity ETFs, who trades at the close;
    this trades at the next open unless the run fills at the close. Long only.
    """

    name = "ibs_reversion"
    family = "mean-reversion"
    source = "Pagonidis 2013, The IBS Effect: Mean Reversion in Equity ETFs"

    low: float = parameter(0.2, minimum=0.0, maximum=1.0)
    high: float = parameter(0.8, minimum=0.0, maximum=1.0)

    def start(self) -> None:
        """Refuse closes that are to be bought and sold."""
        refuse_unless_rising(True, low=self.low, high=self.high)

    def on_bar(self, now: Now) -> None:
        """Buy a weak close, sell a strong one."""
        height = now.high - now.low
        if height > 0:
            strength = (now.close - now.low) / height
            if strength < self.low:
                now.hold(1)
            elif strength > self.high:
                now.hold(0)
