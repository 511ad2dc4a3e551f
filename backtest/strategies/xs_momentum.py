"""Cross-sectional momentum."""

from backtest.core.arithmetic import NONE, nearest, ratio_order
from backtest.core.flat import integers, parameter
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from zeno.errors import ConfigError


class XsMomentum(PanelStrategy):
    """Each month, equal weights in the ``top`` instruments that rose most, leaving out the most recent ``skip`` bars.

    Ranks close[t - skip] / close[t - lookback] exactly, ties in the order of the symbols; buys whole units worth
    ``invest`` of the equity. Jegadeesh and Titman (1993), Returns to Buying Winners and Selling Losers.
    """

    name = "xs_momentum"
    family = "cross-sectional"
    source = "Jegadeesh and Titman 1993"

    lookback: int = parameter(252, minimum=1)
    skip: int = parameter(21, minimum=0)
    top: int = parameter(50, minimum=1)
    invest: float = parameter(0.98, minimum=0.0)

    ranked: list[int] = integers(lambda self: self.top + 1)

    def start(self) -> None:
        """Refuse to leave out more than is looked back on."""
        if self.skip >= self.lookback:
            raise ConfigError(f"a skip of {self.skip} leaves nothing of a lookback of {self.lookback}",
                              remedy="choose a skip below the lookback")  # fmt: skip

    def history(self) -> int:
        """Return the bars looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month, once there is enough of a past."""
        if now.month_last() and now.seen() >= self.lookback:
            self.rebalance(now, self.rank(now))

    def rank(self, now: Slice) -> int:
        """Put the winners into ``ranked``, best first; returns how many."""
        count = 0
        for number in range(now.width):
            late, early = now.past_close(number, self.skip), now.past_close(number, self.lookback)
            if late == NONE or early == NONE or early <= 0 or now.close(number) <= 0 or not now.traded(number):
                continue
            place = count
            while place > 0 and self.beats(now, late, early, self.ranked[place - 1]):
                self.ranked[place] = self.ranked[place - 1]
                place -= 1
            self.ranked[place] = number
            count = min(count + 1, self.top)
        return count

    def beats(self, now: Slice, late: int, early: int, other: int) -> bool:
        """Tell whether a rise is larger than that of an instrument already ranked."""
        late_other, early_other = now.past_close(other, self.skip), now.past_close(other, self.lookback)
        difference = late / early - late_other / early_other
        if abs(difference) > 1e-9:
            return difference > 0.0
        return ratio_order(late, early, late_other, early_other) > 0

    def rebalance(self, now: Slice, count: int) -> None:
        """Move every position to its target: whole units for the winners, nothing for the rest."""
        ppm, equity = nearest(self.invest * 1e6), max(now.equity(), 0)
        spend = equity // 1_000_000 * ppm + equity % 1_000_000 * ppm // 1_000_000
        for number in range(now.width):
            wanted = 0
            for place in range(count):
                if self.ranked[place] == number:
                    wanted = spend // (self.top * now.worth(number, now.close(number)))
            if wanted != 0 or now.position(number) != 0:
                now.target(number, wanted)
