"""How much to trade: five sizers, chosen when a run starts. They answer in whole lots, never negative.

``FIXED``: ``size`` quantity units. ``NOTIONAL``: ``size`` money units' worth. ``EQUITY``: ``share`` of the equity.
``VOLATILITY``: so much that the position's annualised volatility is ``share`` of the equity (Moskowitz, Ooi and
Pedersen 2012). ``KELLY``: ``share`` of the growth-optimal fraction, mean over variance of the returns (Kelly 1956),
at most ``most`` times the equity, and nothing while the mean is not positive.

Mean and variance are exponentially weighted over the instrument's own slices; until ``warmup`` returns have been seen,
the last two answer nothing.
"""

import math

from backtest.core.arithmetic import NONE, truncated
from backtest.core.flat import Flat, parameter, reference
from backtest.core.ledger import Instrument, Ledger

FIXED, NOTIONAL, EQUITY, VOLATILITY, KELLY = 0, 1, 2, 3, 4
TOO_MANY = 2**54
"""Units that no position limit allows: an order for more would be refused, too, or wrap round."""


class Sizer(Flat):
    """The size of one unit of a strategy's position."""

    model: int = parameter(FIXED, minimum=0, maximum=4)
    size: int = parameter(1, minimum=0)
    share: float = parameter(1.0, minimum=0.0)
    most: float = parameter(1.0, minimum=0.0)
    memory: float = parameter(0.94, minimum=0.0, maximum=1.0)
    warmup: int = parameter(20, minimum=1)
    yearly: float = parameter(252.0, minimum=0.0)
    ledger: Ledger = reference(Ledger)

    def observe(self, one: Instrument, price: int) -> None:
        """Take the newest price of an instrument into its mean and variance of returns."""
        if self.model >= VOLATILITY and one.last > 0 and price > 0 and one.seen > 0:
            change = price / one.last - 1.0
            one.mean += (1.0 - self.memory) * (change - one.mean)
            one.variance = self.memory * one.variance + (1.0 - self.memory) * change * change

    def units(self, number: int, price: int) -> int:
        """Return the quantity of one unit of an instrument at a price."""
        one = self.ledger.instruments[number]
        if self.model == FIXED:
            return self.size
        each = one.worth_of(one.lot, abs(price)) if price != NONE else 0.0
        if each <= 0.0:
            return 0
        if self.model == NOTIONAL:
            return min(one.units_for(self.size, one.lot * price), TOO_MANY // one.lot) * one.lot
        equity = self.ledger.equity_in(one.currency)
        if equity <= 0:
            return 0
        return truncated(min(equity * self._fraction(one) / each, TOO_MANY // one.lot)) * one.lot

    def _fraction(self, one: Instrument) -> float:
        if self.model == EQUITY:
            return self.share
        if one.seen < self.warmup or one.variance <= 0.0:
            return 0.0
        if self.model == VOLATILITY:
            return min(self.share / math.sqrt(one.variance * self.yearly), self.most)
        return 0.0 if one.mean <= 0.0 else min(self.share * one.mean / one.variance, self.most)
