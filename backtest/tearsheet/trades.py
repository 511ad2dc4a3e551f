"""Round trips from fills, first in first out by symbol, in exact decimals, and what they say about a strategy.

    fills ──_match──▶ round trips (opened and closed)     P&L = −entry notional − exit notional − both fees
          └─────────▶ open lots   (opened only)

A round trip is one opening fill matched with one closing fill: an order that fills in three parts gives three. Where a
fill is split, notional and fees are shared by quantity to twelve decimals and the last part takes the rest, so that
the parts always add up to the fill. Slippage is in the prices already; it is a cost to report, not to subtract.

A split rescales the open lots of its symbol to the position after it; what they cost stays. A position that it leaves
nothing of is closed, for what it cost: what was paid for it is other cash.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Any

import pyarrow as pa

_PRECISION = Context(prec=90)
_SHARE = Decimal("1e-12")
_ZERO = Decimal(0)


@dataclass
class Leg:
    """A fill, or what is left of one. Signed quantity and notional; notional and fee in the account's currency."""

    ts: datetime
    symbol: str
    quantity: Decimal
    notional: Decimal
    fee: Decimal

    def take(self, amount: Decimal) -> "Leg":
        """Split off ``amount`` (> 0) of the quantity with its share of notional and fee."""
        whole = abs(self.quantity)
        part = Leg(
            self.ts,
            self.symbol,
            amount.copy_sign(self.quantity),
            _share(self.notional, amount, whole),
            _share(self.fee, amount, whole),
        )
        self.quantity -= part.quantity
        self.notional -= part.notional
        self.fee -= part.fee
        return part


@dataclass(frozen=True)
class RoundTrip:
    """A closed trade: ``quantity`` > 0 was long; ``pnl`` is net of ``fees``; money in the account's currency."""

    symbol: str
    opened: datetime
    closed: datetime
    quantity: Decimal
    pnl: Decimal
    fees: Decimal


def round_trips(fills: pa.Table, splits: pa.Table | None = None) -> tuple[list[RoundTrip], list[Leg]]:
    """Match ``inputs.FILLS`` over ``inputs.SPLITS``; return closed trades in order of closing, and the open lots."""
    books: defaultdict[str, deque[Leg]] = defaultdict(deque)
    columns = (fills[name].to_pylist() for name in ("ts", "symbol", "quantity", "notional", "fee"))
    rescaled, seen = _by_symbol(splits), Counter[str]()
    closed: list[RoundTrip] = []
    with localcontext(_PRECISION):
        for row in zip(*columns, strict=True):
            fill = Leg(*row)
            closed += _rescale(books, rescaled[fill.symbol], seen[fill.symbol])
            closed += _match(books, fill)
            seen[fill.symbol] += 1
        closed += [trip for symbol, one in rescaled.items() for trip in _rescale(books, one, seen[symbol])]
    return closed, [lot for lots in books.values() for lot in lots]


def _by_symbol(splits: pa.Table | None) -> defaultdict[str, deque[dict[str, Any]]]:
    found: defaultdict[str, deque[dict[str, Any]]] = defaultdict(deque)
    for one in splits.to_pylist() if splits is not None else ():
        found[one["symbol"]].append(one)
    return found


def _rescale(books: defaultdict[str, deque[Leg]], splits: deque[dict[str, Any]], seen: int) -> Iterator[RoundTrip]:
    """Apply the splits of a symbol that come before its next fill."""
    while splits and splits[0]["fills"] <= seen:
        split = splits.popleft()
        symbol, position = split["symbol"], split["position"]
        lots = books[symbol]
        if not position:
            yield from (_written_off(lot, split["ts"]) for lot in lots)
            lots.clear()
        before, left = sum((lot.quantity for lot in lots), _ZERO), position
        for lot in lots:
            lot.quantity = left if lot is lots[-1] else _share(position, lot.quantity, before)
            left -= lot.quantity


def _written_off(lot: Leg, ts: datetime) -> RoundTrip:
    return RoundTrip(lot.symbol, lot.ts, ts, lot.quantity, -lot.notional - lot.fee, lot.fee)


def _match(books: defaultdict[str, deque[Leg]], fill: Leg) -> Iterator[RoundTrip]:
    lots = books[fill.symbol]
    while fill.quantity and lots and (lots[0].quantity > 0) != (fill.quantity > 0):
        amount = min(abs(lots[0].quantity), abs(fill.quantity))
        entry, exit_ = lots[0].take(amount), fill.take(amount)
        if not lots[0].quantity:
            lots.popleft()
        fees = entry.fee + exit_.fee
        pnl = -entry.notional - exit_.notional - fees
        yield RoundTrip(fill.symbol, entry.ts, exit_.ts, entry.quantity, pnl, fees)
    if fill.quantity:
        lots.append(fill)


def _share(total: Decimal, amount: Decimal, whole: Decimal) -> Decimal:
    return total if amount == whole else (total * amount / whole).quantize(_SHARE)
