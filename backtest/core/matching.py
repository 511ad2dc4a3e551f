"""How a slice trades against working orders: the intrabar rule, documented here and tested rule by rule.

A bar tells four prices and not their order, so a rule has to be chosen. Zeno's, in this order:

1. **The open.** Orders that are active by then are looked at, oldest first. Market orders fill at the open. Limits that
   the open is at or beyond fill at the open (better than asked for). Stops that the open is at or beyond trigger and
   fill at the open (a gap: worse than asked for).
2. **The range, stops before limits**: when a bar touches both a protective stop and a target, the stop is taken to have
   come first. A stop inside the range fills at its price; a stop-limit that triggers there becomes a limit, and fills
   at once if its limit allows the stop's price.
3. **Limits inside the range** fill at their own price, oldest first.
4. **The end.** Orders good at once only are cancelled; a day's orders expire at its last bar, and where no bar ended
   with the session (trades, a last minute without any) before the next session's first; trailing stops move after the
   bar's extremes, so that a bar never stops itself out at its own high.

Children of a bracket wake when their parent fills: at the open, they take part in the rest of the same bar; inside the
range, from the next slice on. A child that closes all that its parent has filled so far ends the bracket: what is left
of the parent is cancelled, since nothing would protect it. What one order takes of the slice's volume, the next cannot
take.

``same_close`` fills market orders at the close at which they were decided; ``touch`` fills them at the far side of a
quote, whose ``high`` is the ask and whose ``low`` is the bid.
"""

from backtest.core import events
from backtest.core.arithmetic import NONE, RATE, floored
from backtest.core.costs import SQUARE_ROOT, Costs, Slippage
from backtest.core.flat import Flat, parameter, part, reference, state
from backtest.core.ledger import Ledger
from backtest.core.now import View
from backtest.core.orders import DAY, IOC, LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING, Order, Orders

NEXT_OPEN, SAME_CLOSE, TOUCH = 0, 1, 2
_NO_CAP = 2**62


class Matcher(Flat):
    """The simulated venue: paper trading and backtests share it."""

    model: int = parameter(NEXT_OPEN, minimum=0, maximum=2)
    participation: int = parameter(0, minimum=0, maximum=100_000_000)
    cap: int = state()
    volume: int = state()
    costs: Costs = part(Costs, lambda self: Costs())
    slippage: Slippage = part(Slippage, lambda self: Slippage())
    ledger: Ledger = reference(Ledger)
    orders: Orders = reference(Orders)

    def slice(self, now: View, number: int, at: int) -> None:
        """Trade an instrument's working orders against the slice that has begun; ``at`` is its place in the columns."""
        ts = now.started
        # Sessions are a column of their own: a run without orders of a day never waits for it.
        if self.orders.daily != 0 and now.session_first():
            self.orders.new_day(ts, number)
        self._open_for(now.volumes, at)
        if self.participation > 0:
            one = self.ledger.instruments[number]
            one.took, one.took_at = 0, now.time()
        if self.model == TOUCH:
            self._quotes(ts, number, now.highs[at], now.lows[at])
        else:
            self._opening(ts, number, now.opened)
            if self.ledger.instruments[number].working > 0:
                self._stops(ts, number, now.highs[at], now.lows[at])
                self._limits(ts, number, now.highs[at], now.lows[at])
        if self.ledger.instruments[number].working > 0:
            self._ending(ts, number, now.highs[at], now.lows[at], now.session_last(), now.time())

    def now(self, ts: int, number: int, close: int, volumes: list[int], at: int) -> None:
        """Fill market orders at the close at which they were decided (``same_close``)."""
        self._open_for(volumes, at)
        one = self.ledger.instruments[number]
        if self.participation > 0 and one.took_at == ts:
            self.cap -= one.took
        place = 0
        while place < self.orders.working:
            order = self.orders.at(place)
            price = NONE
            if order.instrument == number and order.kind == MARKET and order.active <= ts:
                price = close
            place = self._settle(ts, place, price, False, True)

    def _open_for(self, volumes: list[int], at: int) -> None:
        """Set how much of the slice's volume there is to take; only some models ask."""
        self.cap = _NO_CAP
        if self.participation > 0 or self.slippage.model == SQUARE_ROOT:
            self.volume = volumes[at]
            if self.participation > 0:
                self.cap = floored(self.volume, self.participation, RATE)

    def _opening(self, ts: int, number: int, open: int) -> None:
        place = 0
        while place < self.orders.working and self.ledger.instruments[number].working > 0:
            order = self.orders.at(place)
            price, resting = NONE, False
            if order.instrument == number and order.dormant == 0 and order.active <= ts:
                if order.kind == MARKET:
                    price = open
                elif order.kind == LIMIT or (order.kind == STOP_LIMIT and order.triggered == 1):
                    if _reaches(order.quantity, open, order.limit):
                        price, resting = open, True
                elif order.triggered == 1:
                    price = open
                elif _passes(order.quantity, open, order.stop):
                    price, resting = self._triggered(ts, order, open)
            place = self._settle(ts, place, price, resting, True)

    def _triggered(self, ts: int, order: Order, price: int) -> tuple[int, bool]:
        """Trigger a stop at a price; returns what it trades at now (NONE for a stop-limit out of reach)."""
        order.triggered = 1
        self.ledger.journal.emit(ts, events.TRIGGER, order.instrument, order.id, order.quantity, price, 0, 0, 0)
        if order.kind == STOP_LIMIT and not _reaches(order.quantity, price, order.limit):
            return NONE, False
        return price, order.kind == STOP_LIMIT

    def _stops(self, ts: int, number: int, high: int, low: int) -> None:
        place = 0
        while place < self.orders.working:
            order = self.orders.at(place)
            price, resting = NONE, False
            stops = order.kind == STOP or order.kind == TRAILING or order.kind == STOP_LIMIT
            if stops and order.instrument == number and order.dormant == 0 and order.active <= ts:
                extreme = high if order.quantity > 0 else low
                if order.triggered == 0 and _passes(order.quantity, extreme, order.stop):
                    price, resting = self._triggered(ts, order, order.stop)
            place = self._settle(ts, place, price, resting, False)

    def _limits(self, ts: int, number: int, high: int, low: int) -> None:
        place = 0
        while place < self.orders.working:
            order = self.orders.at(place)
            price = NONE
            limits = order.kind == LIMIT or (order.kind == STOP_LIMIT and order.triggered == 1)
            awake = order.instrument == number and order.dormant == 0 and order.active <= ts
            if limits and awake and _reaches(order.quantity, low if order.quantity > 0 else high, order.limit):
                price = order.limit
            place = self._settle(ts, place, price, True, False)

    def _quotes(self, ts: int, number: int, ask: int, bid: int) -> None:
        """Trade against a quote: takers cross it, limits fill when it reaches them; a crossed quote fills nothing."""
        if ask < bid:
            return
        place = 0
        while place < self.orders.working:
            order = self.orders.at(place)
            touch = ask if order.quantity > 0 else bid
            price, resting = NONE, False
            if order.instrument == number and order.dormant == 0 and order.active <= ts:
                if order.kind == MARKET or (order.triggered == 1 and order.kind != STOP_LIMIT):
                    price = touch
                elif order.kind == LIMIT or (order.kind == STOP_LIMIT and order.triggered == 1):
                    if _reaches(order.quantity, touch, order.limit):
                        price, resting = touch, True
                elif _passes(order.quantity, touch, order.stop):
                    price, resting = self._triggered(ts, order, touch)
            place = self._settle(ts, place, price, resting, True)

    def _settle(self, ts: int, place: int, price: int, resting: bool, opening: bool) -> int:
        """Fill the order at a place if it has a price and there is volume; returns the next place to look at."""
        if price == NONE or self.cap <= 0:
            return place + 1
        order = self.orders.at(place)
        amount = min(abs(order.quantity), self.cap)
        if order.dormant == 0 and self.cap < _NO_CAP:
            self.cap -= amount
            self.ledger.instruments[order.instrument].took += amount
        quantity = amount if order.quantity > 0 else -amount
        paid = price if resting else self.slippage.price(price, quantity, self.volume)
        one = self.ledger.instruments[order.instrument]
        fee = self.costs.fee(one.value(quantity, paid), quantity, order.filled, resting, self.ledger.turnover)
        order.quantity -= quantity
        order.filled += amount
        if order.kind == MARKET:
            one.pending -= quantity
        self.ledger.trade(ts, order.instrument, order.id, quantity, paid, fee, price)
        done, group, parent, left = order.id, order.group, order.parent, order.quantity
        if left == 0:
            self.orders.drop(place)
        if group != 0:
            self._siblings(ts, group, done, amount)
        if parent != 0 and left == 0:
            self.orders.cancel(ts, parent, events.BY_CHILD)
        if one.working > 0:
            self._wake(ts, done, amount, opening)
        if group != 0:
            return 0
        return place if left == 0 else place + 1

    def _siblings(self, ts: int, group: int, done: int, amount: int) -> None:
        """Shrink the other orders of a group by what one of them filled; at nothing left they are cancelled."""
        place = 0
        while place < self.orders.working:
            other = self.orders.at(place)
            if other.group == group and other.id != done:
                left = abs(other.quantity) - amount
                if left <= 0:
                    self.orders.cancel_at(ts, place, events.BY_SIBLING)
                    continue
                self._resize(other, left)
            place += 1

    def _resize(self, order: Order, amount: int) -> None:
        changed = amount if order.quantity > 0 else -amount
        if order.kind == MARKET:
            self.ledger.instruments[order.instrument].pending += changed - order.quantity
        order.quantity = changed

    def _wake(self, ts: int, parent: int, amount: int, opening: bool) -> None:
        """Wake the children of an order that filled; they cover what it has filled so far."""
        for place in range(self.orders.working):
            child = self.orders.at(place)
            if child.parent == parent:
                if child.dormant == 1:
                    child.dormant, child.active = 0, ts if opening else ts + 1
                    self._resize(child, amount)
                else:
                    self._resize(child, abs(child.quantity) + amount)

    def _ending(self, ts: int, number: int, high: int, low: int, closing: bool, end: int) -> None:
        if self.model == TOUCH:  # a sale trails the bid, a purchase the ask: what they would trade at
            high, low = min(high, low), max(high, low)
        place = 0
        while place < self.orders.working:
            order = self.orders.at(place)
            if order.instrument != number or order.dormant == 1 or order.active > ts:
                order.next_day = 1 if closing and order.instrument == number else order.next_day
                place += 1
                continue
            if order.kind == TRAILING:
                _trail(order, high, low)
            if order.time == IOC:
                self.orders.cancel_at(end, place, events.NOT_AT_ONCE)
            elif order.time == DAY and closing:
                self.orders.cancel_at(end, place, events.BY_TIME)
            else:
                place += 1


def _reaches(quantity: int, price: int, limit: int) -> bool:
    """Tell whether a limit order can trade at a price."""
    return price <= limit if quantity > 0 else price >= limit


def _passes(quantity: int, price: int, stop: int) -> bool:
    """Tell whether a price is at or beyond a stop."""
    if stop == NONE:
        return False
    return price >= stop if quantity > 0 else price <= stop


def _trail(order: Order, high: int, low: int) -> None:
    if order.quantity > 0:
        level = low + order.trail
        if order.stop == NONE or level < order.stop:
            order.stop = level
    else:
        level = high - order.trail
        if order.stop == NONE or level > order.stop:
            order.stop = level
