"""Working orders: submitting, cancelling, brackets and one-cancels-all groups. How they trade is in ``matching``.

Working orders sit in one table, oldest first, without gaps: their place is their priority. Where the oldest is moves on
as orders end, since it is mostly the oldest that does. An order is refused here, with a reason in the journal, or it
works until it fills, expires or is cancelled.
"""

from backtest.core import events
from backtest.core.arithmetic import FX, NONE, RATE, scaled, scaled_far
from backtest.core.flat import Flat, copies, move_up, parameter, part, reference, state, table
from backtest.core.ledger import Instrument, Journal, Ledger

MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING = 0, 1, 2, 3, 4
GTC, DAY, IOC = 0, 1, 2
KINDS = {0: "market", 1: "limit", 2: "stop", 3: "stop_limit", 4: "trailing"}
TIMES = {0: "gtc", 1: "day", 2: "ioc"}


class Order(Flat):
    """One working order; ``quantity`` is what is left of it, signed."""

    id: int = state()
    instrument: int = state()
    kind: int = state()
    time: int = state()
    quantity: int = state()
    filled: int = state()
    limit: int = state(NONE)
    stop: int = state(NONE)
    trail: int = state()
    triggered: int = state()
    active: int = state()
    parent: int = state()
    group: int = state()
    dormant: int = state()
    next_day: int = state()


class Orders(Flat):
    """The table of working orders of an account."""

    room: int = parameter(64, minimum=1)
    latency: int = parameter(0, minimum=0)
    margined: int = parameter(0, minimum=0, maximum=1)
    table: list[Order] = table(Order, lambda self: copies(Order(), self.room))
    first: int = state()
    working: int = state()
    last_id: int = state()
    rejected: int = state()
    daily: int = state()
    ledger: Ledger = reference(Ledger)
    journal: Journal = reference(Journal)

    def submit(self, ts: int, number: int, kind: int, quantity: int, limit: int, stop: int, trail: int, time: int,
               parent: int, group: int) -> int:  # fmt: skip
        """Accept an order, or refuse it with a reason; returns its id, or 0."""
        reason = self._refusal(number, kind, quantity, limit, stop, trail, parent)
        if reason != 0:
            self.rejected += 1
            self.journal.emit(ts, events.REJECT, number, 0, quantity, limit, reason, stop, 0)
            return 0
        order = self._next()
        self.last_id += 1
        order.id, order.instrument, order.kind, order.time = self.last_id, number, kind, time
        order.quantity, order.filled, order.limit, order.stop = quantity, 0, limit, stop
        order.trail, order.triggered, order.active = trail, 0, ts + self.latency
        order.parent, order.group, order.dormant, order.next_day = parent, group, 1 if parent != 0 else 0, 0
        one = self.ledger.instruments[number]
        one.working += 1
        if kind == MARKET:
            one.pending += quantity
        if time == DAY:
            self.daily = 1
        flags = kind + 16 * time + 256 * parent
        self.journal.emit(
            ts, events.SUBMIT, number, self.last_id, quantity, limit, flags, trail if kind == TRAILING else stop, 0
        )
        return self.last_id

    def at(self, place: int) -> Order:
        """Return the working order at a place; the oldest is at 0."""
        return self.table[self.first + place]

    def _next(self) -> Order:
        """Take the row after the youngest order; all move to the table's beginning when that is its end."""
        if self.first + self.working == self.room:
            move_up(self.table, 0, self.working, self.first)
            self.first = 0
        self.working += 1
        return self.at(self.working - 1)

    def _refusal(self, number: int, kind: int, quantity: int, limit: int, stop: int, trail: int, parent: int) -> int:
        one = self.ledger.instruments[number]
        if quantity == 0:
            return events.BAD_QUANTITY
        if self.working >= self.room:
            return events.NO_ROOM
        expected = one.position + one.pending + quantity
        if parent == 0 and abs(expected + self._beside(number, quantity)) > one.max_position:
            return events.TOO_LARGE
        needs_limit = kind in (LIMIT, STOP_LIMIT)
        needs_stop = kind in (STOP, STOP_LIMIT)
        if (needs_limit and limit == NONE) or (needs_stop and stop == NONE) or (kind == TRAILING and trail <= 0):
            return events.BAD_PRICE
        if self.margined != 0 and parent == 0:
            if one.last == NONE:
                return events.BAD_PRICE
            if self._beyond_margin(number, quantity):
                return events.NO_MARGIN
        return 0

    def _beside(self, number: int, quantity: int) -> int:
        """Return what orders that wait for a price would add on the same side; children only reduce."""
        total = 0
        if self.ledger.instruments[number].working == 0:
            return total
        for place in range(self.working):
            other = self.at(place)
            waits = other.instrument == number and other.kind != MARKET and other.parent == 0
            if waits and (other.quantity > 0) == (quantity > 0):
                total += other.quantity
        return total

    def _beyond_margin(self, number: int, quantity: int) -> bool:
        one = self.ledger.instruments[number]
        before = one.position + one.pending
        grows = abs(before + quantity) - abs(before)
        if grows <= 0:
            return False
        free = self.ledger.equity() - self.ledger.exposure()
        need = scaled(abs(one.value(grows, one.last)), one.margin, RATE)
        if self.ledger.currencies > 1:
            need = scaled_far(need, self.ledger.rates[one.currency], FX)
        return need > free

    def drop(self, place: int) -> None:
        """Take an order out of the table; those after it move up, unless it was the oldest."""
        order = self.at(place)
        one = self.ledger.instruments[order.instrument]
        one.working -= 1
        if order.kind == MARKET:
            one.pending -= order.quantity
        self.working -= 1
        if self.working == 0:
            self.first = 0
        elif place == 0:
            self.first += 1
        else:
            move_up(self.table, self.first + place, self.working - place, 1)

    def cancel_at(self, ts: int, place: int, reason: int) -> None:
        """Cancel the order at a place; what depends on it goes with it."""
        order = self.at(place)
        gone, filled = order.id, order.filled
        self.journal.emit(ts, events.CANCEL, order.instrument, gone, order.quantity, 0, reason, 0, 0)
        self.drop(place)
        if filled == 0:
            self.orphan(ts, gone)

    def new_day(self, ts: int, number: int) -> None:
        """Expire an instrument's orders of a day that ended without a slice of its own to say so."""
        place = 0
        while place < self.working:
            order = self.at(place)
            mine = order.instrument == number and order.time == DAY and order.dormant == 0 and order.active <= ts
            if mine and order.next_day == 0:
                self.cancel_at(ts, place, events.BY_TIME)
                place = 0
            else:
                order.next_day = 0 if mine else order.next_day
                place += 1

    def orphan(self, ts: int, parent: int) -> None:
        """Cancel the children of an order that ended without any fill."""
        place = 0
        while place < self.working:
            if self.at(place).parent == parent and self.at(place).dormant == 1:
                child = self.at(place)
                self.journal.emit(
                    ts, events.CANCEL, child.instrument, child.id, child.quantity, 0, events.BY_PARENT, 0, 0
                )
                self.drop(place)
            else:
                place += 1

    def cancel(self, ts: int, order: int, reason: int) -> bool:
        """Cancel an order by its id; false when it does not work any more."""
        for place in range(self.working):
            if self.at(place).id == order:
                self.cancel_at(ts, place, reason)
                return True
        return False

    def cancel_all(self, ts: int, number: int, reason: int) -> int:
        """Cancel every working order of an instrument; returns how many."""
        place, gone = 0, 0
        while place < self.working:
            if self.at(place).instrument == number:
                before = self.working
                self.cancel_at(ts, place, reason)
                gone += before - self.working
                place = 0
            else:
                place += 1
        return gone


class Account(Flat):
    """The ledger and its working orders; what happens to both between slices: splits, dividends, rates, deposits."""

    ledger: Ledger = part(Ledger, lambda self: Ledger())
    orders: Orders = part(Orders, lambda self: Orders())

    def split(self, ts: int, number: int, new: int, old: int) -> None:
        """Give ``new`` units for every ``old``: positions and orders grow, prices shrink, and the value stays.

        A fraction of a unit is paid out in cash at the last price.
        """
        one, ledger = self.ledger.instruments[number], self.ledger
        before, price = one.position, scaled(one.last, old, new) if one.last != NONE else NONE
        after = abs(before) * new // old if before >= 0 else -(abs(before) * new // old)
        one.position = after
        ledger.mark(one, price)
        if ledger.lasts[number] != NONE:
            ledger.lasts[number] = scaled(ledger.lasts[number], old, new)
        ledger.journal.emit(ts, events.SPLIT, number, 0, after, new, old, 0, 0)
        rest = abs(before) * new - abs(after) * old
        paid = scaled(abs(one.value(rest, price)), 1, old)
        ledger.move(ts, number, one.currency, paid if before > 0 else -paid, events.IN_LIEU)
        for place in range(self.orders.working):
            order = self.orders.at(place)
            if order.instrument == number:
                self._rescale(order, one, new, old)
        self._drop_empty(ts)

    def _drop_empty(self, ts: int) -> None:
        """Cancel orders of which a split left nothing."""
        place = 0
        while place < self.orders.working:
            if self.orders.at(place).quantity == 0:
                self.orders.cancel_at(ts, place, events.BY_SPLIT)
                place = 0
            else:
                place += 1

    def _rescale(self, order: Order, one: Instrument, new: int, old: int) -> None:
        amount = abs(order.quantity) * new // old
        changed = amount if order.quantity > 0 else -amount
        if order.kind == MARKET:
            one.pending += changed - order.quantity
        order.quantity = changed
        order.filled = order.filled * new // old
        order.trail = scaled(order.trail, old, new)
        if order.limit != NONE:
            order.limit = scaled(order.limit, old, new)
        if order.stop != NONE:
            order.stop = scaled(order.stop, old, new)

    def dividend(self, ts: int, number: int, amount: int, scale: int) -> None:
        """Pay ``amount`` money units for every ``scale`` quantity units held; a short position pays it."""
        one = self.ledger.instruments[number]
        self.ledger.move(ts, number, one.currency, scaled(one.position, amount, scale), events.DIVIDEND)

    def revalue(self, ts: int, currency: int, rate: int) -> None:
        """Set what a currency is worth, in units of 1e-9 of the account's."""
        self.ledger.rates[currency] = rate
        self.ledger.journal.emit(ts, events.RATE, 0, 0, currency, rate, 0, 0, 0)

    def deposit(self, ts: int, currency: int, amount: int) -> None:
        """Pay money in, or out when negative."""
        self.ledger.move(ts, 0, currency, amount, events.DEPOSIT)
