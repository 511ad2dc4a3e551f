"""Rates of a session: what money of another currency is worth in the account's, in the moment in which it moves."""

import numpy as np
from numpy.typing import NDArray

from backtest.core import events
from backtest.core.arithmetic import FX, scaled_far
from backtest.core.session import Session


def currencies(session: Session) -> NDArray[np.int64]:
    """Return the currency of each instrument, as the ledger numbers them."""
    return np.array([one.get("currency", 0) for one in session.terms.instruments])


def first_rates(session: Session) -> list[int]:
    """Return the rate of each currency when the run began, in units of 1e-9 of the account's."""
    return list(session.terms.rates or (FX,) * len(session.terms.cash))


def fill_rates(session: Session) -> NDArray[np.int64]:
    """Return the rate at which each fill counts; 1 where the run has one currency."""
    rows = session.record.rows()
    kinds = rows[:, 1] & 255
    fills, changes = np.flatnonzero(kinds == events.FILL), np.flatnonzero(kinds == events.RATE)
    own, found = currencies(session)[rows[fills, 1] >> 8], np.full(len(fills), FX)
    for currency, first in enumerate(first_rates(session) if len(session.terms.cash) > 1 else ()):
        mine = changes[rows[changes, 3] == currency]
        known = np.r_[first, rows[mine, 4]]
        found[own == currency] = known[np.searchsorted(mine, fills[own == currency])]
    return found


def converted(units: int, rate: int) -> int:
    """Return money units at a rate, rounded as the ledger does."""
    return units if rate == FX else scaled_far(units, rate, FX)


def fees(session: Session) -> int:
    """Return all fees, in money units of the account's currency."""
    if len(session.terms.cash) == 1:
        return session.number(session.engine.account.ledger, "fees")
    paid = session.record.fills()[:, 5].tolist()
    return sum(converted(fee, rate) for fee, rate in zip(paid, fill_rates(session).tolist(), strict=True))
