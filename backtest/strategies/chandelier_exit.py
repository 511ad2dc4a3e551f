"""A stop that hangs from the highest high."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ATR, Highest, Lag


class ChandelierExit(Strategy):
    """Buy one unit at a new highest close of ``enter`` bars; a stop hangs ``width`` average ranges below the top since.

    The stop is an order at work: raised after a bar, never lowered, it trades inside the next one. LeBeau's exit, in
    Elder (2002), Come into My Trading Room; the entry is a plain one. Long only. The stop begins to work after the bar
    of the entry.
    """

    name = "chandelier_exit"
    family = "trend"
    source = "Elder 2002, Come into My Trading Room (LeBeau's Chandelier exit)"

    enter: int = parameter(22, minimum=1)
    period: int = parameter(22, minimum=1)
    width: float = parameter(3.0, minimum=0.0)
    peak: int = state()
    level: float = state(0.0)
    guarded: int = state()

    best_now: float = indicator(Highest, "enter")
    best: float = indicator(Lag, 1, of="best_now")
    reach: float = indicator(ATR, "period")

    def on_bar(self, now: Now) -> None:
        """Raise the stop, or look for an entry."""
        have = now.position()
        if have > 0:
            self.raise_stop(now, have)
        else:
            self.guarded = 0
            if now.close > self.best and self.reach > 0.0:
                now.hold(1)

    def raise_stop(self, now: Now, have: int) -> None:
        """Hang the stop below the highest high since the entry, for the whole position; one that is trading stays."""
        first = now.held() == 1
        self.peak = now.high if first else max(self.peak, now.high)
        level = self.peak - self.width * self.reach
        if first or have > self.guarded or (have == self.guarded and level > self.level):
            self.level = level if first else max(level, self.level)
            self.guarded = have
            now.cancel_all()
            now.stop(-have, self.level)
