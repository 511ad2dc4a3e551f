"""Carry across futures."""

import math

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Sides, allot


class CarryRank(PanelStrategy):
    """Each month, long the ``each`` near contracts with the highest roll yield, short those with the lowest.

    The panel has to hold the near and the far contract of one underlying after the other: instruments 0 and 1, 2 and
    3, and so on. Carry is near / far - 1, what a position would earn if the curve stayed as it is; all underlyings
    have to have the same time between the two, for it is not made annual. Only near contracts trade, half of
    ``invest`` a side. A pair of which either has no price has no carry. Simplified: Koijen and others weight by rank,
    and take the spot price or yields for currencies, bonds and equities. Prices of one maturity alone say nothing
    about carry: this strategy is not for such a panel.
    """

    name = "carry_rank"
    family = "carry"
    source = "Koijen, Moskowitz, Pedersen and Vrugt 2018, Carry"

    each: int = parameter(3, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last():
            self.sides.clear()
            for under in range(now.width // 2):
                self.sides.offer(2 * under, self.carry(now, 2 * under))
            self.sides.settle()
            for under in range(now.width // 2):
                side = self.sides.side(2 * under)
                allot(now, 2 * under, side * self.invest / (2.0 * self.sides.size) if side != 0 else 0.0)

    def carry(self, now: Slice, near: int) -> float:
        """Return the roll yield of a near contract; NaN where a price is missing or not positive."""
        if not (now.traded(near) and now.traded(near + 1)) or now.close(near) <= 0 or now.close(near + 1) <= 0:
            return math.nan
        return now.close(near) / now.close(near + 1) - 1.0
