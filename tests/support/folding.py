"""An account folded from its journal alone: what every row has to agree with, slice by slice."""

from dataclasses import dataclass, field

from backtest.core import events
from backtest.core.orders import MARKET, STOP, STOP_LIMIT, TRAILING

CHILDREN = (STOP, STOP_LIMIT, TRAILING)


@dataclass
class Followed:
    """One working order as the journal tells it."""

    id: int
    instrument: int
    kind: int
    submitted: int
    left: int
    parent: int
    asleep: bool
    filled: int = 0
    triggered: bool = False


@dataclass
class Account:
    """Cash, positions and working orders; ``take`` raises AssertionError on a row that contradicts them."""

    cash: int
    worth: int
    deposits: int = 0
    bought: int = 0
    sold: int = 0
    fees: int = 0
    other: int = 0
    last_id: int = 0
    positions: dict[int, int] = field(default_factory=dict)
    working: dict[int, Followed] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.deposits = self.cash

    def take(self, row: list[int]) -> None:
        """Fold one row."""
        kind = row[1] & 255
        self.seen.add(kind)
        {
            events.SUBMIT: self._submit,
            events.REJECT: self._reject,
            events.TRIGGER: self._trigger,
            events.FILL: self._fill,
            events.CANCEL: self._cancel,
            events.CASH: self._money,
        }[kind](row)

    def _submit(self, row: list[int]) -> None:
        _, what, id_, quantity, _, flags, _, _ = row
        assert id_ == self.last_id + 1, "ids increase by one"
        assert quantity != 0
        parent = flags // 256
        assert parent == 0 or parent in self.working, "a child's parent works"
        self.last_id = id_
        self.working[id_] = Followed(id_, what >> 8, flags % 16, quantity, quantity, parent, parent != 0)

    def _reject(self, row: list[int]) -> None:
        assert row[2] == 0
        assert row[5] in events.REJECTIONS

    def _trigger(self, row: list[int]) -> None:
        order = self._order(row)
        assert order.kind in CHILDREN
        assert not order.triggered, "a stop is touched once"
        assert not order.asleep
        assert row[3] == order.left
        order.triggered = True

    def _fill(self, row: list[int]) -> None:
        order, (_, _, _, quantity, price, fee, _, cash) = self._order(row), row
        assert not order.asleep
        assert quantity * order.left > 0, "a fill is on the order's side"
        assert abs(quantity) <= abs(order.left), "no order fills beyond its quantity"
        assert order.triggered or order.kind not in CHILDREN, "a stop trades once it was touched"
        value = quantity * price * self.worth
        self.cash -= value + fee
        self.fees += fee
        self.bought += value if quantity > 0 else 0
        self.sold -= value if quantity < 0 else 0
        assert self.cash == cash
        self.positions[order.instrument] = self.positions.get(order.instrument, 0) + quantity
        order.left -= quantity
        order.filled += abs(quantity)
        assert order.filled <= abs(order.submitted)
        if order.left == 0:
            del self.working[order.id]
        self._relatives(order, abs(quantity))

    def _relatives(self, order: Followed, amount: int) -> None:
        """Shrink siblings that live on, and wake or grow children."""
        for one in self.working.values():
            if order.parent != 0 and one.parent == order.parent and one is not order and abs(one.left) > amount:
                one.left += amount if one.left < 0 else -amount
            if one.parent == order.id:
                one.left = (amount + (0 if one.asleep else abs(one.left))) * (1 if one.submitted > 0 else -1)
                one.asleep = False

    def _cancel(self, row: list[int]) -> None:
        order = self._order(row)
        assert row[3] == order.left
        assert row[5] in events.CANCELLATIONS
        del self.working[order.id]

    def _money(self, row: list[int]) -> None:
        assert row[4] != 0
        assert row[5] in events.CASH_REASONS
        self.cash += row[4]
        self.other += row[4]
        assert self.cash == row[7]

    def _order(self, row: list[int]) -> Followed:
        assert row[2] in self.working, f"order {row[2]} is not at work"
        order = self.working[row[2]]
        assert row[1] >> 8 == order.instrument
        return order

    def pending(self, number: int) -> int:
        """Return what market orders at work will add to a position."""
        return sum(one.left for one in self.working.values() if one.instrument == number and one.kind == MARKET)

    def conserved(self) -> bool:
        """Tell whether cash is what was paid in, bought, sold and charged."""
        return self.cash == self.deposits - self.bought + self.sold - self.fees + self.other
