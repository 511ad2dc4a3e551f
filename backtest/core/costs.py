"""What trading costs: four fee models and four slippage models, chosen when a run starts.

Rates are in units of 1e-8 (a basis point is 10,000), money in millionths, quantities in the run's quantity units.
Fees are rounded half to even at one millionth.
"""

import math

from backtest.core.arithmetic import RATE, nearest, scaled
from backtest.core.flat import Flat, integers, parameter

ZERO, PER_SHARE, BASIS_POINTS, MAKER_TAKER = 0, 1, 2, 3
NO_SLIPPAGE, TICKS, SPREAD, SQUARE_ROOT = 0, 1, 2, 3


class Costs(Flat):
    """A fee model.

    ``ZERO``; ``PER_SHARE``: ``rate`` money units a quantity unit (over ``per``), at least ``least`` an order;
    ``BASIS_POINTS``: ``rate`` of the value, or of ``tiers`` (turnover so far, rate) once the account has traded that
    much; ``MAKER_TAKER``: ``maker`` for resting orders and ``rate`` for the others, a rebate when negative.
    """

    model: int = parameter(ZERO, minimum=0, maximum=3)
    rate: int = parameter(0)
    maker: int = parameter(0)
    least: int = parameter(0, minimum=0)
    per: int = parameter(1, minimum=1)
    tier_count: int = parameter(0, minimum=0)
    tiers: list[int] = integers(lambda self: 2 * self.tier_count)

    def fee(self, value: int, quantity: int, before: int, resting: bool, turnover: int) -> int:
        """Return the fee of a fill of ``quantity`` worth ``value``; ``before`` is what the order had filled already."""
        if self.model == ZERO:
            return 0
        if self.model == PER_SHARE:
            return self._per_share(before + abs(quantity)) - self._per_share(before)
        if self.model == MAKER_TAKER:
            return scaled(abs(value), self.maker if resting else self.rate, RATE)
        rate = self.rate
        for number in range(self.tier_count):
            if turnover >= self.tiers[2 * number]:
                rate = self.tiers[2 * number + 1]
        return scaled(abs(value), rate, RATE)

    def _per_share(self, quantity: int) -> int:
        return 0 if quantity == 0 else max(self.least, scaled(quantity, self.rate, self.per))


class Slippage(Flat):
    """How far a taking order trades from the price it aimed at: never in its favour.

    ``TICKS``: ``size`` price units; ``SPREAD``: half of ``size`` (1e-8 of the price); ``SQUARE_ROOT``: ``size`` (1e-8)
    of the price times the root of its share in the slice's volume (Almgren et al. 2005, square-root impact).
    """

    model: int = parameter(NO_SLIPPAGE, minimum=0, maximum=3)
    size: int = parameter(0, minimum=0)

    def price(self, price: int, quantity: int, volume: int) -> int:
        """Return the price that a taking order of signed ``quantity`` gets."""
        if self.model == NO_SLIPPAGE:
            return price
        if self.model == TICKS:
            worse = self.size
        elif self.model == SPREAD:
            worse = scaled(abs(price), self.size, 2 * RATE)
        else:
            share = abs(quantity) / volume if volume > 0 else 1.0
            worse = nearest(abs(price) * (self.size / RATE) * math.sqrt(share))
        return price + worse if quantity > 0 else price - worse
