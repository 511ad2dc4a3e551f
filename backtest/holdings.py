"""What a run held at the end of every slice, and what it was worth: over splits, and in the account's currency."""

import numpy as np

from backtest.core import events
from backtest.core.arithmetic import FX, NONE
from backtest.core.session import Session
from backtest.exchange import currencies, first_rates
from backtest.placing import places
from backtest.run import Result


def exposures(result: Result, equity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return net and gross exposure after every slice, as shares of the equity; 0 where there is none left."""
    session, count = result.session, len(equity)
    rows, at = session.record.rows(), places(session)
    moving = np.isin(rows[:, 1] & 255, (events.FILL, events.SPLIT))
    rates = _rates(session, rows, at, count)
    net, gross = np.zeros(count), np.zeros(count)
    own = currencies(session)
    for number, one in enumerate(session.engine.account.ledger.instruments):
        mine = moving & (rows[:, 1] >> 8 == number)
        if not mine.any():
            continue
        moved = np.bincount(at[mine], weights=_moves(rows[mine]).astype(float), minlength=count)
        value = np.cumsum(moved) * closes_of(result, number) * (one.worth / one.per)
        if rates:
            value *= rates[own[number]]
        net += value
        gross += np.abs(value)
    alive = equity > 0
    return tuple(np.divide(one, equity, out=np.zeros(count), where=alive) for one in (net, gross))  # type: ignore[return-value]


def _moves(rows: np.ndarray) -> np.ndarray:
    """Return by how much each of an instrument's fills and splits moved the position: a split says what came of it."""
    moves, held, done = rows[:, 3].copy(), 0, 0
    for at in np.flatnonzero((rows[:, 1] & 255) == events.SPLIT):
        moves[at] -= held + moves[done:at].sum()
        held, done = int(rows[at, 3]), at + 1
    return moves


def _rates(session: Session, rows: np.ndarray, at: np.ndarray, count: int) -> list[np.ndarray]:
    """Return what each currency is worth after every slice; nothing where the run has one."""
    found = [np.full(count, rate / FX) for rate in first_rates(session)] if len(session.terms.cash) > 1 else []
    for row in np.flatnonzero((rows[:, 1] & 255) == events.RATE) if found else ():
        found[rows[row, 3]][at[row] :] = rows[row, 4] / FX
    return found


def fill_slices(result: Result) -> np.ndarray:
    """Return the slice in which each fill happened."""
    kinds = result.session.record.rows()[:, 1] & 255
    return places(result.session)[kinds == events.FILL]


def closes_of(result: Result, number: int) -> np.ndarray:
    """Return an instrument's last close at every slice; one from before a split is what it came to after it."""
    columns = result.frame.columns
    if columns.closes.ndim == 2:
        own = columns.closes[:, number]
        known = own != NONE
    else:
        own = columns.closes
        known = columns.members == number
    last = np.maximum.accumulate(np.where(known, np.arange(len(own)), 0))
    units = units_of(result, number)
    return np.where(known[last], own[last], 0).astype(float) * (units[last] / units)


def units_of(result: Result, number: int) -> np.ndarray:
    """Return how many units one of the first slice has become by splits, at every slice."""
    columns = result.frame.columns
    found = np.ones(len(columns))
    if not any(one.kind == "split" for one in result.request.actions):  # the rows may be many
        return found
    rows = result.session.record.of_kind(events.SPLIT)
    for ts, _, _, _, new, old, _, _ in rows[rows[:, 1] >> 8 == number].tolist():
        found[np.searchsorted(columns.times, ts, side="left") :] *= new / old
    return found
