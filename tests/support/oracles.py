"""What two strategies must do, in plain integers and fractions: nothing here comes from the engine.

Prices are whole numbers of the price scale, money is in millionths, ``worth`` is the money value of one price unit of
one quantity unit. Everything is rounded half to even, which is what ``round`` does to a ``Fraction``.
"""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

Price = int | None


@dataclass
class Books:
    """What came of a run: fills as (time, instrument, signed quantity, price, fee), and the equity after each slice.

    ``ties`` counts the fees that fell exactly between two millionths, by whether they were rounded up.
    """

    cash: int
    worth: Fraction
    rate: Fraction  # of the value, such as 1/10000
    fills: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    equity: list[int] = field(default_factory=list)
    fees: int = 0
    ties: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    positions: dict[int, int] = field(default_factory=dict)

    def fill(self, ts: int, number: int, quantity: int, price: int) -> None:
        """Book a fill."""
        value = round(quantity * price * self.worth)
        exact = abs(value) * self.rate
        fee = round(exact)
        if exact.denominator == 2:
            self.ties[fee > exact] += 1
        self.cash -= value + fee
        self.fees += fee
        self.positions[number] = self.positions.get(number, 0) + quantity
        self.fills.append((ts, number, quantity, price, fee))

    def nav(self, prices: list[Price]) -> int:
        """Return cash and positions at these prices."""
        return self.cash + sum(
            round(held * prices[number] * self.worth) for number, held in self.positions.items() if held
        )


def sma_crossover(
    times: list[int], opens: list[int], closes: list[int], books: Books, *, fast: int, slow: int, quantity: int
) -> Books:
    """Long ``quantity`` while the fast mean is above the slow one: seen at a close, filled at the next open."""
    wanted = 0
    for t in range(len(closes)):
        if wanted != books.positions.get(0, 0):
            books.fill(times[t], 0, wanted - books.positions.get(0, 0), opens[t])
        books.equity.append(books.nav([closes[t]]))
        if t + 1 >= max(fast, slow):
            quick = Fraction(sum(closes[t + 1 - fast : t + 1]), fast)
            calm = Fraction(sum(closes[t + 1 - slow : t + 1]), slow)
            wanted = quantity if quick > calm else 0
    return books


def xs_momentum(
    times: list[int],
    opens: list[list[Price]],
    closes: list[list[Price]],
    month_ends: set[int],
    books: Books,
    *,
    lookback: int,
    skip: int,
    top: int,
    invest: Fraction,
) -> Books:
    """Equal shares of the equity in the ``top`` risers at each month's end; orders wait for the next price there is."""
    width = len(closes[0])
    waiting: deque[tuple[int, int]] = deque()
    last: list[Price] = [None] * width
    for t in range(len(times)):
        waiting = _trade(times[t], opens[t], waiting, books)
        last = [new if new is not None else old for new, old in zip(closes[t], last, strict=True)]
        books.equity.append(books.nav(last))
        if t not in month_ends or t < lookback:
            continue
        best = ranked(closes, t, lookback, skip)[:top]
        for number in range(width):
            target = 0
            if number in best:
                target = invest * books.equity[-1] / top / (closes[t][number] * books.worth) // 1
            change = target - books.positions.get(number, 0) - sum(each for one, each in waiting if one == number)
            if change:
                waiting.append((number, change))
    return books


def ranked(closes: list[list[Price]], t: int, lookback: int, skip: int) -> list[int]:
    """Return the instruments that have all three prices, best first, ties in the order of their numbers."""
    rises = {}
    for number, now in enumerate(closes[t]):
        late, early = closes[t - skip][number], closes[t - lookback][number]
        if None not in (now, late, early):
            rises[number] = Fraction(late, early)
    return sorted(rises, key=lambda number: (-rises[number], number))


def _trade(ts: int, opens: list[Price], waiting: deque[tuple[int, int]], books: Books) -> deque[tuple[int, int]]:
    """Fill what has a price, instrument by instrument in the order of their oldest orders; return what still waits."""
    for number in dict.fromkeys(one for one, _ in waiting):
        if opens[number] is not None:
            for each in [quantity for one, quantity in waiting if one == number]:
                books.fill(ts, number, each, opens[number])
    return deque((one, quantity) for one, quantity in waiting if opens[one] is None)
