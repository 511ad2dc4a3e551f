"""Money that moved without a trade, in the account's currency: every amount at the rate in force when it moved.

Between two fills a rate may move, and what the account has or owes in that currency moves with it: that is a booking of
its own, ``currency``. So bookings and fills together are the change of equity, to a rounding each.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from backtest.actions import in_order
from backtest.core import events
from backtest.exchange import converted, currencies, first_rates
from backtest.run import Result, currencies_of

Booking = tuple[int, str, int]
"""When (µs UTC), why, and money units of the account's currency: what it receives is positive."""


def bookings(result: Result) -> list[Booking]:
    """Return all money that moved without a trade, in order."""
    rows = result.session.record.rows()
    kinds = rows[:, 1] & 255
    if len(result.session.terms.cash) > 1:
        kept = rows[np.isin(kinds, (events.FILL, events.CASH, events.RATE))]
        return list(_exchanged(result, kept.tolist()))
    moved = rows[kinds == events.CASH][:, [0, 5, 4]].tolist()
    return [(ts, events.CASH_REASONS[reason], amount) for ts, reason, amount in moved]


def _exchanged(result: Result, rows: list[list[int]]) -> Iterator[Booking]:
    """Follow the cash of each currency through fills, bookings and changes of rates."""
    session, own = result.session, currencies(result.session).tolist()
    cash, rates, deposits = list(session.terms.cash), first_rates(session), _deposits(result)
    for ts, what, _, changed, amount, reason, _, after in rows:
        if what & 255 == events.RATE:
            before, rates[changed] = converted(cash[changed], rates[changed]), amount
            if gained := converted(cash[changed], amount) - before:
                yield ts, "currency", gained
            continue
        currency = own[what >> 8]
        if what & 255 == events.CASH:
            if reason == events.DEPOSIT:
                currency = next(deposits)
            elif reason == events.INTEREST:  # charged in the order of currencies, and on debts alone
                currency = next(at for at, have in enumerate(cash) if have < 0 and have + amount == after)
            yield ts, events.CASH_REASONS[reason], converted(amount, rates[currency])
        cash[currency] = after


def _deposits(result: Result) -> Iterator[int]:
    """Return the currencies of the deposits that a run has made: the journal has them in the order of its actions."""
    known = currencies_of(result.request, result.frame)
    made: list[Any] = [one for _, one in in_order(result.request.actions, result.frame) if one.kind == "deposit"]
    return iter([known.index(one.name) for one in made if one.value])
