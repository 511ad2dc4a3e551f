"""Against the gap between two sessions."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.strategies.intraday import Intraday


class GapFade(Intraday):
    """When a session opens ``gap`` away from the last close, trade back towards it after the first bar.

    The target is the last close, the stop as far beyond the open as the gap is wide, and what is left goes ``leave``
    minutes into the session. No trade when the first bar ends beyond either. Grant, Wolf and Yu (2005), Intraday Price
    Reversals in the US Stock Index Futures Market, who trade every large opening change to the session's end; target
    and stop are additions.
    """

    name = "gap_fade"
    family = "mean-reversion"
    source = "Grant, Wolf and Yu 2005, Intraday Price Reversals in the US Stock Index Futures Market"

    gap: float = parameter(0.005, minimum=0.0)
    before: int = state()

    def on_bar(self, now: Now) -> None:
        """Fade at the start of a session, leave before its end."""
        minutes = self.minutes(now)
        if self.over(now, minutes):
            self.go_home(now)
        elif now.session_first() and self.before > 0 and now.position() == 0 and now.pending() == 0:
            self.fade(now)
        if now.session_last():
            self.before = now.close

    def fade(self, now: Now) -> None:
        """Enter between target and stop, where the gap is wide enough."""
        wide = now.open - self.before
        stop = now.open + wide
        inside = min(self.before, stop) < now.close < max(self.before, stop)
        quantity = now.unit()
        if inside and quantity > 0 and abs(wide) >= self.gap * self.before:
            now.bracket(-quantity if wide > 0 else quantity, self.before, stop)
