"""Breakout from the first minutes of a session."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.strategies.intraday import Intraday
from backtest.strategies.rising import refuse_unless_rising


class OpeningRangeBreakout(Intraday):
    """Stops one price unit beyond the high and the low of a session's first ``span`` minutes; flat by its end.

    One cancels the other, so that there is one entry a session; it is kept until ``leave`` minutes into the session.
    Crabel (1990), Day Trading with Short Term Price Patterns and Opening Range Breakout. Simplified: the range itself
    is the trigger, not a "stretch" around the open, and there is no stop.
    """

    name = "opening_range_breakout"
    family = "breakout"
    source = "Crabel 1990, Day Trading with Short Term Price Patterns and Opening Range Breakout"

    span: int = parameter(30, minimum=1)
    top: int = state()
    bottom: int = state()
    watching: int = state()

    def start(self) -> None:
        """Refuse a range that ends when it is time to leave."""
        refuse_unless_rising(span=self.span, leave=self.leave)

    def on_bar(self, now: Now) -> None:
        """Measure the range, then place the stops."""
        minutes = self.minutes(now)
        if now.session_first():
            self.top, self.bottom, self.watching = now.high, now.low, 1
        if self.over(now, minutes):
            self.go_home(now)
            self.watching = 0
        elif self.watching == 1:
            self.top, self.bottom = max(self.top, now.high), min(self.bottom, now.low)
            if minutes >= self.span:
                self.place(now)

    def place(self, now: Now) -> None:
        """Put a stop on either side."""
        self.watching = 0
        quantity = now.unit()
        if quantity > 0:
            now.oca(quantity, self.bottom - 1, self.top + 1)
