"""Cross-sectional momentum."""

from backtest.core.arithmetic import NONE, nearest, ratio_order
from backtest.core.flat import integers, parameter, window
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy


class XsMomentum(PanelStrategy):
    """Each month, equal weights in the ``top`` instruments that rose most, leaving out the most recent ``skip`` bars.

    Ranks close[t - skip] / close[t - lookback] exactly, ties in the order of the symbols; buys whole units worth
    ``invest`` of the equity. The rule is run for any ``skip``, one of the whole past, too.

    Jegadeesh and Titman (1993), Returns to Buying Winners and Selling Losers.
    """

    name = "xs_momentum"
    family = "cross-sectional"
    source = "Jegadeesh and Titman 1993"

    lookback: int = parameter(252, minimum=1)
    skip: int = parameter(21, minimum=0)
    top: int = parameter(50, minimum=1)
    invest: float = parameter(0.98, minimum=0.0)

    ranked: list[int] = integers(lambda self: self.top + 1)
    scores: list[float] = window(lambda self: self.top + 1)

    def history(self) -> int:
        """Return the bars looked back on."""
        return max(self.lookback, self.skip)

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
            score, place = late / early, count
            while place > 0 and self.beats(now, score, number, place - 1):
                self.ranked[place], self.scores[place] = self.ranked[place - 1], self.scores[place - 1]
                place -= 1
            self.ranked[place], self.scores[place] = number, score
            count = min(count + 1, self.top)
        return count

    def beats(self, now: Slice, score: float, number: int, place: int) -> bool:
        """Tell whether a rise is larger than that of the instrument ranked at a place: exactly, where they are near."""
        difference = score - self.scores[place]
        if abs(difference) > 1e-9 * (1.0 + abs(score)):
            return difference > 0.0
        other = self.ranked[place]
        return ratio_order(now.past_close(number, self.skip), now.past_close(number, self.lookback),
                           now.past_close(other, self.skip), now.past_close(other, self.lookback)) > 0  # fmt: skip

    def rebalance(self, now: Slice, count: int) -> None:
        """Move every position to its target, in the order of the symbols: whole units, or nothing."""
        ppm, equity = nearest(self.invest * 1e6), max(now.equity(), 0)
        spend = equity // 1_000_000 * ppm + equity % 1_000_000 * ppm // 1_000_000
        self.in_order(count)
        place = 0
        for number in range(now.width):
            if place < count and self.ranked[place] == number:
                now.target(number, now.units_for(number, spend, now.close(number)) // self.top)
                place += 1
            elif now.position(number) + now.pending(number) != 0:
                now.target(number, 0)

    def in_order(self, count: int) -> None:
        """Sort the ranked instruments by their number."""
        for last in range(1, count):
            number, place = self.ranked[last], last
            while place > 0 and self.ranked[place - 1] > number:
                self.ranked[place] = self.ranked[place - 1]
                place -= 1
            self.ranked[place] = number
