"""In which slice each row of a journal happened. The rows do not say so; when, what and of whom say it together.

    an action                                    before the slice that it precedes
    a stop touched, a fill                       at the start of a slice of the instrument
    a decision, what expires, a fill at a close  at the end of a slice of the instrument
    borrow, interest                             at the start of the first slice that begins a session there
    a day's order                                at the end of its session's last slice, or before the next session
    what a fill or a cancellation cancels        with the row before it

One slice's end may be the next one's start: kind and fill model tell them apart. ``same_close`` leaves market orders to
the next open where the volume did not suffice; there the price before slippage tells, and where close and open are
equal, the volume. Two things no row says. Of trades that share a moment the first that fits is taken; and what a
strategy cancels of another instrument may have been cancelled later at that moment.
"""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.core import events
from backtest.core.columns import Columns
from backtest.core.matching import SAME_CLOSE
from backtest.core.now import SESSION_FIRST, SESSION_LAST
from backtest.core.orders import MARKET
from backtest.core.session import Session

Places = NDArray[np.int64]
_BETWEEN = (events.DIVIDEND, events.DEPOSIT, events.IN_LIEU)
_WITH_THE_ROW_BEFORE = (events.BY_SIBLING, events.BY_PARENT, events.BY_CHILD)


def places(session: Session) -> Places:
    """Return for each row of a session's journal the slice that it happened in, or before; in order, shape (rows,).

    The mark of that slice is the first that knows the row.
    """
    rows, columns = session.record.rows(), session.columns
    kinds, reasons, ts = rows[:, 1] & 255, rows[:, 5], rows[:, 0]
    moved, cancelled = kinds == events.CASH, kinds == events.CANCEL
    between = (kinds == events.SPLIT) | (kinds == events.RATE) | (moved & np.isin(reasons, _BETWEEN))
    between |= cancelled & (reasons == events.BY_SPLIT)
    follows = cancelled & np.isin(reasons, _WITH_THE_ROW_BEFORE)
    starts, ends = _of(columns, rows[:, 1] >> 8, ts), _of(columns, rows[:, 1] >> 8, ts - columns.duration)
    opening = (kinds == events.TRIGGER) | ((kinds == events.FILL) & ~_at_the_close(session, rows, starts, ends))
    opening |= cancelled & (reasons == events.BY_TIME) & ~_ended(columns, ts, ends)
    found = np.where(opening, starts, ends)
    found[between] = np.searchsorted(columns.times, ts[between], side="left")
    charged = moved & ~between
    found[charged] = _session_starts(columns, ts[charged])
    found[follows] = 0
    _not_after_what_follows(found, cancelled & (reasons == events.BY_STRATEGY), follows)
    found = np.maximum.accumulate(found) if len(found) else found
    if not _shares_moments(columns):
        return found
    return _among_trades(columns, rows, found, opening, ~(opening | between | charged | follows))


def _of(columns: Columns, numbers: Places, starts: Places) -> Places:
    """Return the first slice of each row's instrument that begins at or after a moment; the last one's if none does."""
    if columns.closes.ndim == 2 or not columns.members.any():
        return np.minimum(np.searchsorted(columns.times, starts, side="left"), len(columns) - 1)
    order = np.argsort(columns.members, kind="stable")
    edges = np.searchsorted(columns.members[order], np.arange(int(columns.members.max()) + 2))
    found = np.zeros(len(starts), np.int64)
    for number in np.unique(numbers):
        own, mine = order[edges[number] : edges[number + 1]], numbers == number
        if len(own):
            at = np.searchsorted(columns.times[own], starts[mine], side="left")
            found[mine] = own[np.minimum(at, len(own) - 1)]
    return found


def _session_starts(columns: Columns, moments: Places) -> Places:
    """Return the first slice that begins at a moment and begins a session."""
    first = np.flatnonzero(columns.flags & SESSION_FIRST)
    return first[np.searchsorted(columns.times[first], moments, side="left")] if len(moments) else moments


def _ended(columns: Columns, ts: Places, ends: Places) -> NDArray[np.bool_]:
    """Tell where a slice that ended at a moment ended its session, too."""
    return (columns.times[ends] == ts - columns.duration) & (columns.flags[ends] & SESSION_LAST != 0)


def _not_after_what_follows(found: Places, cancelled: NDArray[np.bool_], follows: NDArray[np.bool_]) -> None:
    """Bring cancellations forward to the next row's slice: a strategy may cancel any instrument's order by its id."""
    if not cancelled.any():
        return
    later = np.where(cancelled | follows, np.iinfo(np.int64).max, found)
    later = np.minimum.accumulate(later[::-1])[::-1]
    found[cancelled] = np.minimum(found[cancelled], later[cancelled])


def _at_the_close(session: Session, rows: Any, starts: Places, ends: Places) -> NDArray[np.bool_]:
    """Tell which rows are fills at the close at which they were decided: of market orders, under ``same_close``."""
    if session.terms.fill != SAME_CLOSE:
        return np.zeros(len(rows), bool)
    columns, numbers = session.columns, rows[:, 1] >> 8
    submitted = rows[(rows[:, 1] & 255) == events.SUBMIT]
    types = np.full(int(rows[:, 2].max(initial=0)) + 1, MARKET)
    types[submitted[:, 2]] = submitted[:, 5] & 15
    paid = rows[:, 6]
    closing = (columns.times[ends] == rows[:, 0] - columns.duration) & (_price(columns.closes, ends, numbers) == paid)
    opening = (columns.times[starts] == rows[:, 0]) & (_price(columns.opens, starts, numbers) == paid)
    market = ((rows[:, 1] & 255) == events.FILL) & (types[rows[:, 2]] == MARKET)
    closing &= market
    if session.terms.participation > 0:
        _leave_what_is_too_much(session, rows, starts, ends, closing, opening)
    return closing


def _price(prices: Any, at: Places, numbers: Places) -> Any:
    return prices[at] if prices.ndim == 1 else prices[at, numbers]


def _leave_what_is_too_much(session: Session, rows: Any, starts: Places, ends: Places, closing: NDArray[np.bool_],
                            opening: NDArray[np.bool_]) -> None:  # fmt: skip
    """Leave to the open what the close's volume did not suffice for, where the price fits both."""
    volumes, share = session.columns.volumes, session.terms.participation
    taken: defaultdict[tuple[int, int], int] = defaultdict(int)
    for at in np.flatnonzero((rows[:, 1] & 255) == events.FILL).tolist():
        number, amount, end = int(rows[at, 1]) >> 8, abs(int(rows[at, 3])), int(ends[at])
        if closing[at] and opening[at] and starts[at] != end:
            room = int(volumes[end] if volumes.ndim == 1 else volumes[end, number]) * share // 100_000_000
            closing[at] = taken[end, number] + max(amount, 1) <= room  # without room nothing fills
        taken[end if closing[at] else int(starts[at]), number] += amount


def _shares_moments(columns: Columns) -> bool:
    """Tell whether an instrument has several slices of one moment: trades in the order of their printing."""
    same = (np.diff(columns.times) == 0) & (np.diff(columns.members) == 0)
    return columns.closes.ndim == 1 and bool(same.any())


def _among_trades(columns: Columns, rows: Any, found: Places, opening: Any, decided: Any) -> Places:
    """Return the first slices that fit among those of one moment, in order."""
    at, ended = 0, False
    for place, row in enumerate(rows.tolist()):
        if found[place] > at:
            at, ended = int(found[place]), False
        if opening[place] or decided[place]:
            before, at = at, _fitting(columns, row, at + (ended and opening[place]), bool(opening[place]))
            ended = bool(decided[place]) or (ended and at == before)
        found[place] = at
    return found


def _fitting(columns: Columns, row: list[int], at: int, opening: bool) -> int:
    """Return the first slice from one on that is the instrument's, with the price in its range if it is a fill's."""
    price, after = row[6] if row[1] & 255 == events.FILL else row[4], at
    while after < len(columns) and columns.times[after] == row[0]:
        mine = columns.members[after] == row[1] >> 8
        if mine and (not opening or columns.lows[after] <= price <= columns.highs[after]):
            return after
        after += 1
    return min(at, len(columns) - 1)
