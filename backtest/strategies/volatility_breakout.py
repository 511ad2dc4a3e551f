"""Yesterday's range, added to the price, as today's trigger."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy


class VolatilityBreakout(Strategy):
    """A buy stop ``share`` of the bar's range above the close, a sell stop as far below; out after ``bars`` bars.

    The two stops work for one bar; one cancels the other. A position is closed at the open after it has been held for
    ``bars`` bars, the one of the entry included. Williams (1999), Long-Term Secrets to Short-Term Trading, measures
    from the next open, which is not known when the orders are placed; he leaves at the first profitable open.
    """

    name = "volatility_breakout"
    family = "breakout"
    source = "Williams 1999, Long-Term Secrets to Short-Term Trading"

    share: float = parameter(0.8, minimum=0.0)
    bars: int = parameter(1, minimum=1)

    def on_bar(self, now: Now) -> None:
        """Renew the stops, or leave."""
        now.cancel_all()
        if now.position() != 0:
            if now.held() >= self.bars:
                now.hold(0)
        else:
            quantity, away = now.unit(), self.share * (now.high - now.low)
            if quantity > 0 and away > 0.0:
                now.oca(quantity, now.close - away, now.close + away)
