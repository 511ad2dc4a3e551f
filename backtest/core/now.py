"""The view handed to a strategy: what is known at the end of one slice, and what may be done about it.

It has no index past now. Prices are whole numbers in units of the price scale; ``position`` and orders are in quantity
units, buying positive. A float given as a price is rounded to the nearest whole unit, ties to even.
"""

from backtest.core import events, orders
from backtest.core.arithmetic import NONE, nearest, truncated
from backtest.core.flat import Flat, column, external, reference, state
from backtest.core.ledger import Journal, Ledger
from backtest.core.orders import Orders
from backtest.core.sizing import Sizer

SESSION_FIRST, SESSION_LAST, MONTH_LAST, WEEK_LAST = 1, 2, 4, 8


class View(Flat):
    """What both kinds of view share: where time stands, and the account's books."""

    at: int = state()
    started: int = state()
    opened: int = state()
    duration: int = state()
    begun: int = state()
    done: int = state()
    why: int = state()
    times: list[int] = external()
    opens: list[int] = external()
    highs: list[int] = external()
    lows: list[int] = external()
    closes: list[int] = external()
    volumes: list[int] = external()
    flags: list[int] = external()
    members: list[int] = external()
    ledger: Ledger = reference(Ledger)
    orders: Orders = reference(Orders)
    sizer: Sizer = reference(Sizer)
    journal: Journal = reference(Journal)

    def time(self) -> int:
        """Return the moment of decision: the end of this slice, µs UTC."""
        return self.started + self.duration

    def equity(self) -> int:
        """Return the account's equity in money units at the last marks."""
        return self.ledger.equity()

    def cash(self) -> int:
        """Return the cash of the account's currency in money units."""
        return self.ledger.cash[0]

    def cancel(self, order: int) -> bool:
        """Cancel a working order by its id."""
        return self.orders.cancel(self.time(), order, events.BY_STRATEGY)

    def session_first(self) -> bool:
        """Tell whether this is the first slice of a session."""
        return self.flag() & 1 != 0

    def session_last(self) -> bool:
        """Tell whether this is the last slice of a session."""
        return self.flag() & 2 != 0

    def month_last(self) -> bool:
        """Tell whether this is the last slice of the last session of a month."""
        return self.flag() & 4 != 0

    def week_last(self) -> bool:
        """Tell whether this is the last slice of the last session of a week."""
        return self.flag() & 8 != 0

    def minute_of_day(self) -> int:
        """Return the minute of the day, UTC, at which this slice ended."""
        return self.time() // 60_000_000 % 1440

    def weekday(self) -> int:
        """Return the day of the week, UTC, at which this slice began: Monday is 0."""
        return ((self.time() - self.duration) // 86_400_000_000 + 3) % 7

    def flag(self) -> int:
        """Return the slice's calendar flags."""
        return self.flags[self.at]


class Now(View):
    """The view of a strategy on one instrument."""

    instrument: int = state()
    open: int = column("opens")
    high: int = column("highs")
    low: int = column("lows")
    close: int = column("closes")
    volume: int = column("volumes")

    def position(self) -> int:
        """Return the position."""
        return self.ledger.instruments[self.instrument].position

    def pending(self) -> int:
        """Return what market orders at work will add to the position."""
        return self.ledger.instruments[self.instrument].pending

    def seen(self) -> int:
        """Return how many slices of this instrument came before this one."""
        return self.ledger.instruments[self.instrument].seen

    def held(self) -> int:
        """Return for how many slices the position has been held: 1 in the slice that opened it, 0 without one."""
        one = self.ledger.instruments[self.instrument]
        return one.seen - one.entered + 1 if one.position != 0 else 0

    def entry(self) -> float:
        """Return the mean price that the position was entered at; 0 without one."""
        one = self.ledger.instruments[self.instrument]
        return one.spent / one.value(one.position, 1) if one.position != 0 and one.per == 1 else self._entry_fine()

    def _entry_fine(self) -> float:
        one = self.ledger.instruments[self.instrument]
        return one.spent / (one.position * one.worth / one.per) if one.position != 0 else 0.0

    def unit(self) -> int:
        """Return the quantity of one unit, as the run's sizer has it now."""
        return self.sizer.units(self.instrument, self.close)

    def worth(self, price: int) -> int:
        """Return what one quantity unit is worth at a price, in money units of the instrument's currency."""
        return self.ledger.instruments[self.instrument].value(1, price)

    def target(self, quantity: int) -> int:
        """Trade at market towards a position, counting what is at work already; returns the order's id, or 0."""
        one = self.ledger.instruments[self.instrument]
        change = quantity - one.position - one.pending
        return self.buy(change) if change != 0 else 0

    def hold(self, direction: int) -> int:
        """Be long one unit (1), short one unit (-1) or flat (0), sized when it begins; returns the order's id, or 0."""
        one = self.ledger.instruments[self.instrument]
        have = one.position + one.pending
        if (have > 0 and direction > 0) or (have < 0 and direction < 0) or (have == 0 and direction == 0):
            return 0
        return self.target(direction * self.unit() if direction != 0 else 0)

    def weight(self, share: float) -> int:
        """Trade towards a position worth a share of the equity, if there is any; returns the order's id, or 0."""
        one = self.ledger.instruments[self.instrument]
        each, equity = abs(one.worth_of(one.lot, self.close)), self.ledger.equity_in(one.currency)
        if each == 0.0 or share != share:
            return 0
        return self.target(truncated(share * equity / each) * one.lot if equity > 0 else 0)

    def buy(self, quantity: int) -> int:
        """Buy at market (sell, when negative); returns the order's id, or 0 when it is refused."""
        return self._order(orders.MARKET, quantity, NONE, NONE, 0, orders.GTC, 0, 0)

    def sell(self, quantity: int) -> int:
        """Sell at market."""
        return self._order(orders.MARKET, -quantity, NONE, NONE, 0, orders.GTC, 0, 0)

    def limit(self, quantity: int, price: float, time: int = 0) -> int:
        """Submit a limit order; buying is positive. ``time``: GTC 0, DAY 1, IOC 2."""
        return self._order(orders.LIMIT, quantity, nearest(price), NONE, 0, time, 0, 0)

    def stop(self, quantity: int, price: float, time: int = 0) -> int:
        """Submit a stop order: at market once the price is reached."""
        return self._order(orders.STOP, quantity, NONE, nearest(price), 0, time, 0, 0)

    def stop_limit(self, quantity: int, stop: float, limit: float, time: int = 0) -> int:
        """Submit a stop order that becomes a limit order once its stop is reached."""
        return self._order(orders.STOP_LIMIT, quantity, nearest(limit), nearest(stop), 0, time, 0, 0)

    def trail(self, quantity: int, distance: float) -> int:
        """Submit a stop that follows the price's extremes since now at a distance."""
        away = nearest(distance)
        level = self.close + away if quantity > 0 else self.close - away
        return self._order(orders.TRAILING, quantity, NONE, level, away, orders.GTC, 0, 0)

    def bracket(self, quantity: int, target: float, stop: float) -> int:
        """Enter at market with a limit at ``target`` and a stop at ``stop``; when one fills, the other goes."""
        parent = self.buy(quantity)
        return self._protect(parent, quantity, target, stop)

    def bracket_limit(self, quantity: int, price: float, target: float, stop: float) -> int:
        """Enter at a limit, protected like a bracket."""
        parent = self.limit(quantity, price)
        return self._protect(parent, quantity, target, stop)

    def bracket_stop(self, quantity: int, price: float, target: float, stop: float) -> int:
        """Enter at a stop, protected like a bracket."""
        parent = self.stop(quantity, price)
        return self._protect(parent, quantity, target, stop)

    def _protect(self, parent: int, quantity: int, target: float, stop: float) -> int:
        if parent != 0:
            below = self._order(orders.STOP, -quantity, NONE, nearest(stop), 0, orders.GTC, parent, parent)
            above = self._order(orders.LIMIT, -quantity, nearest(target), NONE, 0, orders.GTC, parent, parent)
            if below == 0 or above == 0:  # never enter unprotected
                self.orders.cancel(self.time(), parent, events.BY_STRATEGY)
                return 0
        return parent

    def oca(self, quantity: int, low: float, high: float) -> int:
        """Submit a buy stop above and a sell stop below, of which one cancels the other; returns the group, or 0."""
        group = self.orders.last_id + 1
        up, down = nearest(high), nearest(low)
        if self._order(orders.STOP, quantity, NONE, up, 0, orders.GTC, 0, group) == 0:
            return 0
        if self._order(orders.STOP, -quantity, NONE, down, 0, orders.GTC, 0, group) == 0:
            self.cancel(group)  # one half alone is another order than the one that was asked for
            return 0
        return group

    def cancel_all(self) -> int:
        """Cancel every working order of the instrument; returns how many there were."""
        if self.ledger.instruments[self.instrument].working == 0:
            return 0
        return self.orders.cancel_all(self.time(), self.instrument, events.BY_STRATEGY)

    def _order(
        self, kind: int, quantity: int, limit: int, stop: int, trail: int, time: int, parent: int, group: int
    ) -> int:
        made = self.orders.submit(self.time(), self.instrument, kind, quantity, limit, stop, trail, time, parent, group)
        if time == orders.DAY and made != 0 and self.session_last():
            self.orders.at(self.orders.working - 1).next_day = 1
        return made


def within(number: int, width: int) -> None:
    """Refuse a number that is no instrument's: beyond the row lies the next slice's."""
    if number < 0 or number >= width:
        raise IndexError("there is no instrument of that number in the slice")


class Slice(View):
    """The view of a strategy on many instruments at once: one row of every column."""

    width: int = state()
    history: int = state()

    def traded(self, number: int) -> bool:
        """Tell whether an instrument has a price in this slice."""
        within(number, self.width)
        return self.closes[self.at * self.width + number] != NONE

    def close(self, number: int) -> int:
        """Return an instrument's close, its last one when it did not trade, NONE before the first."""
        within(number, self.width)
        price = self.closes[self.at * self.width + number]
        return price if price != NONE else self.ledger.lasts[number]

    def past_close(self, number: int, back: int) -> int:
        """Return the close ``back`` slices ago, NONE without one; at most the strategy's declared ``history``."""
        within(number, self.width)
        if back < 0 or back > self.history:
            raise IndexError("a strategy sees its declared history and nothing past now")
        return NONE if back > self.ledger.slices else self.closes[(self.at - back) * self.width + number]

    def position(self, number: int) -> int:
        """Return the position in an instrument."""
        within(number, self.width)
        return self.ledger.instruments[number].position

    def pending(self, number: int) -> int:
        """Return what market orders at work will add to the position in an instrument."""
        within(number, self.width)
        return self.ledger.instruments[number].pending

    def cancel_all(self, number: int) -> int:
        """Cancel every working order of an instrument; returns how many there were."""
        within(number, self.width)
        return self.orders.cancel_all(self.time(), number, events.BY_STRATEGY)

    def seen(self) -> int:
        """Return how many slices came before this one."""
        return self.ledger.slices

    def unit(self, number: int) -> int:
        """Return the quantity of one unit of an instrument, as the run's sizer has it now."""
        return self.sizer.units(number, self.close(number))

    def worth(self, number: int, price: int) -> int:
        """Return what one quantity unit of an instrument is worth at a price, in money units of its currency."""
        within(number, self.width)
        return self.ledger.instruments[number].value(1, price)

    def units_for(self, number: int, money: int, price: int) -> int:
        """Return how many quantity units a sum from 0, in the instrument's currency, buys at a price, rounded down."""
        within(number, self.width)
        return self.ledger.instruments[number].units_for(money, price)

    def target(self, number: int, quantity: int) -> int:
        """Trade at market towards a position in an instrument; returns the order's id, or 0."""
        within(number, self.width)
        one = self.ledger.instruments[number]
        change = quantity - one.position - one.pending
        if change == 0:
            return 0
        one.last = self.close(number)
        return self.orders.submit(self.time(), number, orders.MARKET, change, NONE, NONE, 0, orders.GTC, 0, 0)

    def hold(self, number: int, direction: int) -> int:
        """Be long one unit (1), short one unit (-1) or flat (0) of an instrument, sized when it begins."""
        within(number, self.width)
        one = self.ledger.instruments[number]
        have = one.position + one.pending
        if (have > 0 and direction > 0) or (have < 0 and direction < 0) or (have == 0 and direction == 0):
            return 0
        return self.target(number, direction * self.unit(number) if direction != 0 else 0)

    def weight(self, number: int, share: float) -> int:
        """Trade towards a position worth a share of the equity, if there is any; returns the order's id, or 0."""
        within(number, self.width)
        one, close = self.ledger.instruments[number], self.close(number)
        each = abs(one.worth_of(one.lot, close)) if close != NONE else 0.0
        equity = self.ledger.equity_in(one.currency)
        if each == 0.0 or share != share:
            return 0
        return self.target(number, truncated(share * equity / each) * one.lot if equity > 0 else 0)
