"""Breakout with its stop and its target set in advance."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ATR, Donchian, Lag


class BracketedAtrBreakout(Strategy):
    """Enter where the close leaves the channel of the ``enter`` bars before it, between a stop and a target.

    The stop is ``risk`` average true ranges behind the close, the target ``reward`` of them ahead: both work as soon as
    the entry fills, and one cancels the other. Nothing else closes a position. Donchian's (1960) entry with the
    initial risk and its multiples of Tharp (1998), Trade Your Way to Financial Freedom. Measured from the close that
    decides, not from the open that fills.
    """

    name = "bracketed_atr_breakout"
    family = "breakout"
    source = "Tharp 1998, Trade Your Way to Financial Freedom; Donchian 1960"

    enter: int = parameter(20, minimum=1)
    period: int = parameter(14, minimum=1)
    risk: float = parameter(1.5, minimum=0.0)
    reward: float = parameter(3.0, minimum=0.0)

    top_now: float = indicator(Donchian, "enter", output="upper")
    bottom_now: float = indicator(Donchian, "enter", output="lower")
    top: float = indicator(Lag, 1, of="top_now")
    bottom: float = indicator(Lag, 1, of="bottom_now")
    reach: float = indicator(ATR, "period")

    def on_bar(self, now: Now) -> None:
        """Enter with protection, when there is no position."""
        if now.position() != 0 or now.pending() != 0 or not self.reach > 0.0:
            return
        side = 1 if now.close > self.top else -1 if now.close < self.bottom else 0
        quantity = side * now.unit()
        if quantity != 0:
            ahead, behind = side * self.reward * self.reach, side * self.risk * self.reach
            now.bracket(quantity, now.close + ahead, now.close - behind)
