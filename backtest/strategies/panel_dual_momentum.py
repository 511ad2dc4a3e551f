"""Dual momentum."""

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Ranking, allot, change


class DualMomentum(PanelStrategy):
    """Each month, hold the ``top`` instruments that rose most, as far as they rose by more than what is safe.

    Relative momentum chooses among all but the ``safe`` instrument; absolute momentum lets a winner in only if its
    return over ``lookback`` slices beats ``hurdle`` and that of the safe one. Places that stay empty go to the safe
    instrument: its number in the panel, or -1 for cash. Simplified: Antonacci compares with Treasury bills and
    escapes to bonds, here one safe instrument stands for both.
    """

    name = "dual_momentum"
    family = "momentum"
    source = "Antonacci 2014, Dual Momentum Investing"

    lookback: int = parameter(252, minimum=1)
    top: int = parameter(1, minimum=1)
    safe: int = parameter(-1, minimum=-1)
    hurdle: float = parameter(0.0)
    invest: float = parameter(0.98, minimum=0.0)
    best: Ranking = part(Ranking, lambda self: Ranking(self.top, 0))

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= self.lookback:
            self.choose(now, self.bar(now))
            each = self.invest / self.top
            for number in range(now.width):
                if number == self.safe:
                    allot(now, number, each * (self.top - self.best.count))
                else:
                    allot(now, number, each if self.best.has(number) else 0.0)

    def bar(self, now: Slice) -> float:
        """Return the return that a winner has to beat."""
        if self.safe < 0 or self.safe >= now.width:
            return self.hurdle
        safe = change(now, self.safe, 0, self.lookback)
        return safe if safe > self.hurdle else self.hurdle

    def choose(self, now: Slice, bar: float) -> None:
        """Rank what rose by more than ``bar``."""
        self.best.clear()
        for number in range(now.width):
            rise = change(now, number, 0, self.lookback)
            if number != self.safe and rise > bar:
                self.best.offer(number, rise)
