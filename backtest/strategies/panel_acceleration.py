"""Acceleration: the change of momentum."""

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Ranking, change, hold_best


class Acceleration(PanelStrategy):
    """Each month, equal weights in the ``top`` instruments whose return grew most against the period before.

    The score is the return of the last ``half`` slices less that of the ``half`` before them, so that it ranks by the
    change of momentum, not its level. Only those that accelerate are held. Simplified: Gettleman and Marks sort a
    large universe by six months against the six before, long and short.
    """

    name = "acceleration"
    family = "momentum"
    source = "Gettleman and Marks 2006, Acceleration Strategies"

    half: int = parameter(126, minimum=1)
    top: int = parameter(10, minimum=1)
    invest: float = parameter(0.98, minimum=0.0)
    best: Ranking = part(Ranking, lambda self: Ranking(self.top, 0))

    def history(self) -> int:
        """Return the slices looked back on."""
        return 2 * self.half

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= 2 * self.half:
            self.best.clear()
            for number in range(now.width):
                score = change(now, number, 0, self.half) - change(now, number, self.half, 2 * self.half)
                if score > 0.0:
                    self.best.offer(number, score)
            hold_best(now, self.best, self.invest)
