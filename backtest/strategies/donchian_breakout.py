"""Channel breakout, as the Turtles traded it."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ATR, Donchian, Lag


class DonchianBreakout(Strategy):
    """Enter beyond the extremes of ``enter`` bars, leave beyond the opposite ones of ``leave`` bars, or at a stop.

    Long one unit where the close is above the highest high of the ``enter`` bars before it, short below the lowest low.
    Out where the close is beyond the opposite extreme of the ``leave`` bars before it, or ``stop`` average true ranges
    against the mean entry price. The Turtles' System 1: Faith (2003), The Original Turtle Trading Rules; Donchian
    (1960). Simplified: entries at the open after a close instead of inside the bar, no pyramiding, and no skipping of
    a breakout after a winner; the stop is watched at the close, with today's average range.
    """

    name = "donchian_breakout"
    family = "breakout"
    source = "Faith 2003, The Original Turtle Trading Rules; Donchian 1960"

    enter: int = parameter(20, minimum=1)
    leave: int = parameter(10, minimum=1)
    period: int = parameter(20, minimum=1)
    stop: float = parameter(2.0, minimum=0.0)

    top_now: float = indicator(Donchian, "enter", output="upper")
    bottom_now: float = indicator(Donchian, "enter", output="lower")
    ceiling_now: float = indicator(Donchian, "leave", output="upper")
    floor_now: float = indicator(Donchian, "leave", output="lower")
    top: float = indicator(Lag, 1, of="top_now")
    bottom: float = indicator(Lag, 1, of="bottom_now")
    ceiling: float = indicator(Lag, 1, of="ceiling_now")
    floor: float = indicator(Lag, 1, of="floor_now")
    reach: float = indicator(ATR, "period")

    def on_bar(self, now: Now) -> None:
        """Turn with a breakout; else leave where the shorter channel or the stop says so."""
        have, away = now.position(), self.stop * self.reach
        if now.close > self.top and away >= 0.0:
            now.hold(1)
        elif now.close < self.bottom and away >= 0.0:
            now.hold(-1)
        elif (have > 0 and (now.close < self.floor or now.close <= now.entry() - away)) or (
            have < 0 and (now.close > self.ceiling or now.close >= now.entry() + away)
        ):
            now.hold(0)
