"""Exact integer arithmetic, the same compiled and interpreted. Rounding is half to even, here and nowhere else.

Money is counted in millionths of a currency unit, prices in units of the run's price scale, quantities in units of its
quantity scale, all in 64-bit integers. ``bound`` limits in ``orders`` keep every product below 2^62.
"""

import math

NONE = -(2**62)  # "no price": negative prices exist, so zero cannot say it
MONEY = 1_000_000  # money units in one unit of currency
RATE = 100_000_000  # fee and rate units in 1: a basis point is 10,000 of them
FX = 1_000_000_000  # exchange rate units in 1


def scaled(value: int, factor: int, divisor: int) -> int:
    """Return ``value * factor / divisor``, rounded half to even, without forming the whole product.

    Exact while ``divisor * factor`` and the result stay below 2^63; ``divisor`` is positive.
    """
    whole = value // divisor
    rest = (value - whole * divisor) * factor
    part = rest // divisor
    left = rest - part * divisor
    total = whole * factor + part
    if 2 * left > divisor or (2 * left == divisor and total % 2 == 1):
        total += 1
    return total


def scaled_far(value: int, factor: int, divisor: int) -> int:
    """Return the same for factors and divisors below 2^61, whose product need not fit into a word."""
    whole = value // divisor
    part, left = divided(value - whole * divisor, factor, divisor)
    total = whole * factor + part
    if 2 * left > divisor or (2 * left == divisor and total % 2 == 1):
        total += 1
    return total


def divided(value: int, factor: int, divisor: int) -> tuple[int, int]:
    """Return the quotient of ``value * factor`` and ``divisor``, and the rest, for 0 <= value < divisor < 2^61.

    The factor is taken in two halves, or bit by bit where those are too wide.
    """
    if factor < 2**42 and divisor < 2**36:
        high = factor // 65_536
        first = value * high // divisor
        left = (value * high - first * divisor) * 65_536 + value * (factor - high * 65_536)
        part = left // divisor
        return first * 65_536 + part, left - part * divisor
    whole, rest = 0, 0
    for bit in range(60, -1, -1):
        whole, rest = 2 * whole, 2 * rest + value * (factor >> bit & 1)
        while rest >= divisor:
            whole, rest = whole + 1, rest - divisor
    return whole, rest


def floored(value: int, factor: int, divisor: int) -> int:
    """Return ``value * factor / divisor``, rounded down and at most 2^62; for numbers as in ``divided``."""
    whole = value // divisor
    if whole > 2**61 // factor:
        return 2**62
    return whole * factor + divided(value - whole * divisor, factor, divisor)[0]


def nearest(value: float) -> int:
    """Return the whole number nearest to a float, ties to even; NONE when it is not a number, or too large for one."""
    if not abs(value) < 4.0e18:
        return NONE
    low = math.floor(value)
    rest = value - low
    whole = int(low)
    if rest > 0.5 or (rest == 0.5 and whole % 2 != 0):
        whole += 1
    return whole


def truncated(value: float) -> int:
    """Return a float's whole part, cut off just beyond 2^53: an order of that size is refused, not wrapped round."""
    return int(min(max(value, -9007199254740994.0), 9007199254740994.0))


def ratio_order(a: int, b: int, c: int, d: int) -> int:
    """Compare a/b with c/d exactly, for positive b and d: 1, 0 or -1. Euclid's way, so nothing overflows."""
    sign = 1
    while True:
        left, right = a // b, c // d
        if left != right:
            return sign if left > right else -sign
        rest, other = a - left * b, c - right * d
        if rest == 0 or other == 0:
            if rest == other:
                return 0
            return sign if other == 0 else -sign
        a, b, c, d = b, rest, d, other
        sign = -sign
