"""Against a price that is far from its mean."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ZScore
from backtest.strategies.rising import refuse_unless_rising


class ZscoreReversion(Strategy):
    """Long one unit where the close is ``enter`` deviations below its mean, short where above; out within ``leave``.

    Where it is ``give_up`` deviations away, the position is closed. Chan (2013), Algorithmic Trading, chapter 3, on a
    mean-reverting price; Chan has no point at which to give up. It may enter again at once when the score comes back
    below ``give_up``.
    """

    name = "zscore_reversion"
    family = "mean-reversion"
    source = "Chan 2013, Algorithmic Trading"

    period: int = parameter(20, minimum=2)
    enter: float = parameter(2.0, minimum=0.0)
    leave: float = parameter(0.5, minimum=0.0)
    give_up: float = parameter(4.0, minimum=0.0)

    score: float = indicator(ZScore, "period")

    def start(self) -> None:
        """Refuse bands that do not follow each other: out, in, and given up."""
        refuse_unless_rising(leave=self.leave, enter=self.enter, give_up=self.give_up)

    def on_bar(self, now: Now) -> None:
        """Enter far from the mean, leave near it or much too far from it."""
        have, away = now.position(), abs(self.score)
        if away >= self.give_up or (have > 0 and self.score >= -self.leave) or (have < 0 and self.score <= self.leave):
            now.hold(0)
        elif away >= self.enter:
            now.hold(1 if self.score < 0.0 else -1)
