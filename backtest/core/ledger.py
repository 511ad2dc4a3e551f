"""The ledger: instruments, cash in each currency, positions and their value. Every change of money goes through here.

Conservation holds after every event, to the last unit: cash = deposits - bought + sold - fees + other cash.
"""

from backtest.core import events
from backtest.core.arithmetic import FX, NONE, floored, scaled, scaled_far
from backtest.core.flat import Flat, external, integers, parameter, reference, state, table


class Journal(Flat):
    """Where events and marks are written; drained by whoever drives the engine."""

    rows: list[int] = external()
    marks: list[int] = external()
    count: int = state()
    room: int = state()
    most: int = state()
    keep: int = state(1)

    def emit(
        self,
        ts: int,
        kind: int,
        instrument: int,
        order: int,
        quantity: int,
        price: int,
        fee: int,
        other: int,
        cash: int,
    ) -> None:
        """Append a row (see ``events``); a sweep keeps none and only counts."""
        if self.keep != 0:
            if self.count >= self.most:
                raise OverflowError("a strategy caused more events in one slice than the journal has room for")
            at = self.count * 8
            self.rows[at] = ts
            self.rows[at + 1] = kind + 256 * instrument
            self.rows[at + 2] = order
            self.rows[at + 3] = quantity
            self.rows[at + 4] = price
            self.rows[at + 5] = fee
            self.rows[at + 6] = other
            self.rows[at + 7] = cash
            self.count += 1


class Instrument(Flat):
    """What is traded: the terms of one instrument, and the account's position in it.

    A position of q quantity units at price p is worth ``q * p * worth / per`` money units, rounded half to even.
    """

    worth: int = parameter(1, minimum=1)
    per: int = parameter(1, minimum=1)
    lot: int = parameter(1, minimum=1)
    max_position: int = parameter(2**53, minimum=0)
    currency: int = parameter(0, minimum=0)
    margin: int = parameter(0, minimum=0)
    borrow: int = parameter(0, minimum=0)
    position: int = state()
    pending: int = state()
    working: int = state()
    last: int = state()
    marked: int = state()
    spent: int = state()
    seen: int = state()
    entered: int = state()
    touched: int = state()
    listed: int = state()
    took: int = state()
    took_at: int = state()
    mean: float = state(0.0)
    variance: float = state(0.0)

    def value(self, quantity: int, price: int) -> int:
        """Return what a quantity is worth at a price, in money units of the instrument's currency."""
        whole = quantity * price * self.worth
        return whole if self.per == 1 else scaled(whole, 1, self.per)

    def worth_of(self, quantity: int, price: int) -> float:
        """Return what a quantity is worth, not rounded: one lot of something cheap may be worth less than a unit."""
        return quantity * price * self.worth / self.per

    def units_for(self, money: int, price: int) -> int:
        """Return how many quantity units a sum from 0 buys at a price, rounded down."""
        each = abs(price) * self.worth
        return money // each if self.per == 1 else floored(money, self.per, each)


class Ledger(Flat):
    """Cash, positions and their mark to market."""

    currencies: int = parameter(1, minimum=1)
    count: int = parameter(1, minimum=1)
    interest: int = parameter(0, minimum=0)
    instruments: list[Instrument] = table(Instrument, lambda self: [Instrument() for _ in range(self.count)])
    cash: list[int] = integers(lambda self: self.currencies)
    marked: list[int] = integers(lambda self: self.currencies)
    rates: list[int] = integers(lambda self: self.currencies)
    lasts: list[int] = integers(lambda self: self.count)
    held: list[int] = integers(lambda self: self.count)
    holding: int = state()
    fees: int = state()
    turnover: int = state()
    fills: int = state()
    trips: int = state()
    accrued: int = state()
    slices: int = state()
    accrues: int = state()
    journal: Journal = reference(Journal)

    def start(self) -> None:
        """Give every currency a rate of one until a conversion sets it."""
        self.rates = [FX] * self.currencies
        self.lasts = [NONE] * self.count

    def equity(self) -> int:
        """Return cash and positions at their last marks, in units of the account's currency."""
        if self.currencies == 1:
            return self.cash[0] + self.marked[0]
        total = 0
        for number in range(self.currencies):
            total += scaled_far(self.cash[number] + self.marked[number], self.rates[number], FX)
        return total

    def equity_in(self, currency: int) -> int:
        """Return the equity in money units of another of the account's currencies."""
        return self.equity() if currency == 0 else scaled_far(self.equity(), FX, self.rates[currency])

    def mark(self, one: Instrument, price: int) -> None:
        """Value an instrument's position at a price."""
        one.last = price
        if one.position != 0 or one.marked != 0:
            value = one.value(one.position, price)
            self.marked[one.currency] += value - one.marked
            one.marked = value

    def trade(self, ts: int, number: int, order: int, quantity: int, price: int, fee: int, reference: int) -> None:
        """Book a fill: the position moves by ``quantity``, cash by its value and the fee."""
        one = self.instruments[number]
        value = one.value(quantity, price)
        self.cash[one.currency] -= value + fee
        self.fees += self._home(fee, one.currency)
        self.turnover += self._home(abs(value), one.currency)
        self.fills += 1
        before, after = one.position, one.position + quantity
        one.position = after
        if before == 0 or (before > 0) != (after > 0):
            one.spent = one.value(after, price)
            one.entered = one.seen
        elif abs(after) > abs(before):
            one.spent += value
        else:
            one.spent = self._share(one.spent, abs(after), abs(before))
        if before != 0 and (after == 0 or (before > 0) != (after > 0)):
            self.trips += 1
        if after != 0 and one.listed == 0:
            one.listed = 1
            self.held[self.holding] = number
            self.holding += 1
        self.mark(one, price)
        self.journal.emit(ts, events.FILL, number, order, quantity, price, fee, reference, self.cash[one.currency])

    def _home(self, amount: int, currency: int) -> int:
        """Return money of a currency in units of the account's."""
        return amount if self.currencies == 1 else scaled_far(amount, self.rates[currency], FX)

    def _share(self, amount: int, part: int, whole: int) -> int:
        return scaled(amount, part, whole) if whole < 2**31 else scaled_far(amount, part, whole)

    def let_go(self, place: int) -> int:
        """Strike an instrument without a position off the list of those held; returns how far to move on in it."""
        one = self.instruments[self.held[place]]
        if one.position != 0:
            return 1
        one.listed = 0
        self.holding -= 1
        self.held[place] = self.held[self.holding]
        return 0

    def move(self, ts: int, number: int, currency: int, amount: int, reason: int) -> None:
        """Book money that moves without a trade: dividends, borrow costs, interest, deposits."""
        if amount != 0:
            self.cash[currency] += amount
            self.journal.emit(ts, events.CASH, number, 0, 0, amount, reason, 0, self.cash[currency])

    def accrue(self, ts: int) -> None:
        """Charge, as a session begins, for the nights since the last one began, on a 360-day year.

        Nothing has traded since that one's end: the positions and the cash are those that were held overnight.
        """
        days = ts // 86_400_000_000 - self.accrued // 86_400_000_000 if self.accrued != 0 else 0
        self.accrued = ts
        if days <= 0:
            return
        for number in range(self.count):
            one = self.instruments[number]
            if one.position < 0 and one.borrow != 0:
                cost = scaled_far(-one.value(one.position, one.last), one.borrow * days, 360 * 100_000_000)
                self.move(ts, number, one.currency, -cost, events.BORROW)
        for currency in range(self.currencies):
            if self.cash[currency] < 0 and self.interest != 0:
                cost = scaled_far(-self.cash[currency], self.interest * days, 360 * 100_000_000)
                self.move(ts, 0, currency, -cost, events.INTEREST)

    def exposure(self) -> int:
        """Return the margin that all positions and market orders need, in units of the account's currency."""
        total = 0
        for number in range(self.count):
            one = self.instruments[number]
            held = one.position + one.pending
            if held != 0 and one.last != NONE:
                need = scaled(abs(one.value(held, one.last)), one.margin, 100_000_000)
                total += self._home(need, one.currency)
        return total
