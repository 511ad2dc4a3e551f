"""The direction of an average that adapts to how efficiently the market moves."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ATR, KAMA, Momentum
from backtest.strategies.rising import refuse_unless_rising


class KamaTrend(Strategy):
    """Long one unit once Kaufman's average has risen by ``filter`` average ranges over ``turn`` bars; short if fallen.

    Between the two it stays as it is. Kaufman (1995), Smarter Trading, chapter 8, measures the turn from the average's
    last low or high, and in its own standard deviations; here it is measured over a fixed span, and in average true
    ranges.
    """

    name = "kama_trend"
    family = "trend"
    source = "Kaufman 1995, Smarter Trading"

    efficiency: int = parameter(10, minimum=1)
    fast: int = parameter(2, minimum=1)
    slow: int = parameter(30, minimum=1)
    turn: int = parameter(5, minimum=1)
    period: int = parameter(20, minimum=1)
    filter: float = parameter(0.5, minimum=0.0)

    mean: float = indicator(KAMA, "efficiency", "fast", "slow")
    change: float = indicator(Momentum, "turn", of="mean")
    reach: float = indicator(ATR, "period")

    def start(self) -> None:
        """Refuse a fast end of the average that is not the faster one."""
        refuse_unless_rising(fast=self.fast, slow=self.slow)

    def on_bar(self, now: Now) -> None:
        """Follow a turn that is large enough."""
        if self.change > self.filter * self.reach:
            now.hold(1)
        elif self.change < -self.filter * self.reach:
            now.hold(-1)
