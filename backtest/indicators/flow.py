"""What prices say when weighed by volume."""

import math

from backtest.core.flat import parameter, part, state
from backtest.core.indicator import Indicator
from backtest.indicators.rolling import Total, positive


class OBV(Indicator):
    """On-balance volume: the running total of volume, added when the close rises, taken off when it falls.

    In units of volume; it starts from the first bar's volume, as TA-Lib does, so that only its changes mean anything.
    Source: Granville, "New Key to Stock Market Profits" (1963).

    >>> balance = OBV()
    >>> [balance.update(*bar) for bar in ((5.0, 10.0), (6.0, 2.0), (6.0, 7.0), (4.0, 3.0))]
    [10.0, 12.0, 12.0, 9.0]
    """

    seen: int = state()
    before: float = state(0.0)
    total: float = state(0.0)

    def warmup(self) -> int:
        """Return 1."""
        return 1

    def update(self, close: float, volume: float) -> float:
        """Take the newest bar; return the balance."""
        self.seen += 1
        if self.seen == 1 or close > self.before:
            self.total += volume
        elif close < self.before:
            self.total -= volume
        self.before = close
        return self.total


class VWAP(Indicator):
    """Volume-weighted mean of the typical price over the last ``n`` bars, in price units.

    Rolling, not anchored to a session: it needs no calendar and forgets in bounded memory. The typical price is the
    mean of high, low and close. Where nothing traded in ``n`` bars the answer is the newest typical price. Source:
    Berkowitz, Logue and Noser, "The Total Cost of Transactions on the NYSE", Journal of Finance (1988).

    >>> mean = VWAP(2)
    >>> [mean.update(x, x, x, v) for x, v in ((3.0, 1.0), (6.0, 2.0), (7.0, 0.0), (8.0, 0.0))]
    [nan, 5.0, 6.0, 8.0]
    """

    n: int = parameter(20, minimum=1)
    seen: int = state()
    money: Total = part(Total, lambda self: Total(self.n))
    traded: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n``."""
        return self.n

    def update(self, high: float, low: float, close: float, volume: float) -> float:
        """Take the newest bar; return the mean."""
        triple = high + low + close
        self.seen += 1
        money, traded = self.money.push(triple * volume), self.traded.push(volume)
        if self.seen < self.n:
            return math.nan
        return money / (3.0 * traded) if traded > 0.0 else triple / 3.0


class MFI(Indicator):
    """Money flow index: ``100 up / (up + down)``, the money traded while the typical price rose or fell; 0 to 100.

    Over the last ``n`` changes; money is typical price (mean of high, low and close) times volume, an unchanged price
    counts on neither side. Where no money flowed the answer is 50 (TA-Lib says 0). Source: Quong and Soudack,
    "Volume-Weighted RSI: Money Flow", Stocks & Commodities (1989).

    >>> index = MFI(2)
    >>> [index.update(x, x, x, v) for x, v in ((3.0, 9.0), (6.0, 1.0), (3.0, 6.0), (3.0, 9.0))]
    [nan, nan, 25.0, 0.0]
    """

    n: int = parameter(14, minimum=1)
    seen: int = state()
    before: float = state(0.0)
    up: Total = part(Total, lambda self: Total(self.n))
    down: Total = part(Total, lambda self: Total(self.n))

    def warmup(self) -> int:
        """Return ``n + 1``."""
        return self.n + 1

    def update(self, high: float, low: float, close: float, volume: float) -> float:
        """Take the newest bar; return the index."""
        triple = high + low + close
        before = self.before
        self.before = triple
        self.seen += 1
        if self.seen == 1:
            return math.nan
        up = positive(self.up.push(triple * volume if triple > before else 0.0))
        down = positive(self.down.push(triple * volume if triple < before else 0.0))
        if self.seen <= self.n:
            return math.nan
        return 100.0 * (up / (up + down)) if up + down > 0.0 else 50.0
