"""Parts that indicators are made of: rolling totals, weighted totals, moments and maxima in bounded memory.

Every one costs O(1) an update, averaged. The running totals are exact while inputs are whole numbers, as the engine's
prices and volumes are, and the totals stay below 2^53. For other inputs rounding would add up for ever, so each total
is summed anew whenever its window has been filled once more: an error lives for ``n`` updates at most.

Parts take ``n`` at construction, and values that are numbers: never NaN or infinite.
"""

from backtest.core.flat import Flat, integers, parameter, state, window


def positive(x: float) -> float:
    """Return a total of values that are none of them negative without what rounding may have put below zero."""
    return x if x > 0.0 else 0.0


class Total(Flat):
    """The total of the last ``n`` values; those before the first count as zero. Where all are zero, so is the total.

    >>> total = Total(2)
    >>> [total.push(x) for x in (1.0, 3.0, 5.0)]
    [1.0, 4.0, 8.0]
    """

    n: int = parameter(20, minimum=1)
    head: int = state()
    others: int = state()
    total: float = state(0.0)
    anew: float = state(0.0)
    past: list[float] = window(lambda self: self.n)

    def push(self, x: float) -> float:
        """Take the newest value; return the total."""
        self.anew += x
        gone = self.past[self.head]
        self.others += (1 if x != 0.0 else 0) - (1 if gone != 0.0 else 0)
        self.total = self.total + (x - gone) if self.others > 0 else 0.0
        self.past[self.head] = x
        self.head += 1
        if self.head == self.n:
            self.head = 0
            self.total, self.anew = self.anew, 0.0
        return self.total


class WeightedTotal(Flat):
    """The total of the last ``n`` values, and the same with weights: 1 for the oldest to ``n`` for the newest.

    >>> both = WeightedTotal(2)
    >>> [both.push(x) for x in (1.0, 3.0, 5.0)]
    [2.0, 7.0, 13.0]
    >>> both.total
    8.0
    """

    n: int = parameter(20, minimum=1)
    head: int = state()
    total: float = state(0.0)
    weighted: float = state(0.0)
    past: list[float] = window(lambda self: self.n)

    def push(self, x: float) -> float:
        """Take the newest value; return the weighted total."""
        self.weighted += self.n * x - self.total
        self.total += x - self.past[self.head]
        self.past[self.head] = x
        self.head += 1
        if self.head == self.n:
            self.head = 0
            self.total = 0.0
            self.weighted = 0.0
            for i in range(self.n):
                self.total += self.past[i]
                self.weighted += (i + 1) * self.past[i]
        return self.weighted


class Moments(Flat):
    """The mean and variance of the last ``n`` values, from totals of distances to a value out of the recent past.

    Measuring from a nearby origin (Chan, Golub and LeVeque, 1983) avoids the cancellation of the textbook formula. For
    whole numbers with ``n`` times the sum of squared distances below 2^53 the variance is the exact fraction, rounded
    once. The variance of equal values is zero exactly, whatever they are.

    >>> moments = Moments(3)
    >>> for x in (1.0, 2.0, 6.0):
    ...     moments.push(x)
    >>> moments.mean(), moments.variance(0), moments.variance(1)
    (3.0, 4.666666666666667, 7.0)
    """

    n: int = parameter(20, minimum=1)
    seen: int = state()
    head: int = state()
    alike: int = state()
    origin: float = state(0.0)
    newest: float = state(0.0)
    total: float = state(0.0)
    squares: float = state(0.0)
    past: list[float] = window(lambda self: self.n)

    def push(self, x: float) -> None:
        """Take the newest value."""
        self.alike = self.alike + 1 if x == self.newest else 1
        self.newest = x
        if self.seen == 0:
            self.origin = x
        self.seen += 1
        if self.seen > self.n:
            gone = self.past[self.head] - self.origin
            self.total -= gone
            self.squares -= gone * gone
        come = x - self.origin
        self.total += come
        self.squares += come * come
        self.past[self.head] = x
        self.head += 1
        if self.head == self.n:
            self.head = 0
            self.restart()

    def restart(self) -> None:
        """Sum anew, from the newest value as the origin."""
        self.origin = self.newest
        self.total = 0.0
        self.squares = 0.0
        for i in range(self.n):
            apart = self.past[i] - self.origin
            self.total += apart
            self.squares += apart * apart

    def mean(self) -> float:
        """Return the mean of a full window."""
        return self.newest if self.alike >= self.n else self.origin + self.total / self.n

    def variance(self, ddof: int) -> float:
        """Return the variance of a full window: the squared distances' sum over ``n - ddof``."""
        if self.alike >= self.n:
            return 0.0
        spread = self.n * self.squares - self.total * self.total
        return spread / (self.n * (self.n - ddof)) if spread > 0.0 else 0.0


class Maximum(Flat):
    """The greatest of the last ``n`` values, and how long ago it was: the latest, where several are equal.

    A queue of falling values in a ring: the front is the maximum, the newest value removes all behind it that it
    reaches. Every value enters once and leaves once. For a minimum, push the negative. Source: Lemire, "Streaming
    Maximum-Minimum Filter Using No More than Three Comparisons per Element" (2006).

    >>> maximum = Maximum(2)
    >>> [(maximum.push(x), maximum.age()) for x in (3.0, 1.0, 2.0, 2.0)]
    [(3.0, 0), (3.0, 1), (2.0, 0), (2.0, 0)]
    """

    n: int = parameter(20, minimum=1)
    now: int = state()
    front: int = state()
    count: int = state()
    values: list[float] = window(lambda self: self.n)
    stamps: list[int] = integers(lambda self: self.n)

    def push(self, x: float) -> float:
        """Take the newest value; return the maximum."""
        self.now += 1
        if self.count > 0 and self.stamps[self.front] <= self.now - self.n:
            self.front = self.place(1)
            self.count -= 1
        while self.count > 0 and self.values[self.place(self.count - 1)] <= x:
            self.count -= 1
        end = self.place(self.count)
        self.values[end] = x
        self.stamps[end] = self.now
        self.count += 1
        return self.values[self.front]

    def place(self, behind: int) -> int:
        """Return the place in the ring that is so far behind the front."""
        at = self.front + behind
        return at - self.n if at >= self.n else at

    def age(self) -> int:
        """Return how many updates ago the maximum was: 0 for now."""
        return self.now - self.stamps[self.front]
