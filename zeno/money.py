"""Fixed-point money: the one scale that prices and sizes are stored at, and exact ways to get there.

Prices, sizes and cash are ``Decimal`` at the boundary and scaled ``int64`` inside; never a float. A value that needs
more decimal places than the scale has is refused, not rounded: ClickHouse itself would truncate it silently.
"""

from decimal import Decimal, InvalidOperation

PRICE_SCALE = 8
"""Decimal places of every price and size in the warehouse."""

PRICE_DIGITS = 18
"""Significant decimal digits that fit the scaled 64-bit integer."""

_LIMIT = 10**PRICE_DIGITS


def to_scaled(value: Decimal | str | int, scale: int = PRICE_SCALE) -> int:
    """Return ``value`` × 10**scale as an exact integer.

    Raises
    ------
    ValueError
        If the value is not finite, has more than ``scale`` decimal places, or needs more than 18 digits.

    >>> to_scaled("1640.25")
    164025000000
    """
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    scaled = number.scaleb(scale)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {scale} decimal places")
    if abs(scaled) >= _LIMIT:
        raise ValueError(f"{value} needs more than {PRICE_DIGITS} digits at scale {scale}")
    return int(scaled)


def from_scaled(value: int, scale: int = PRICE_SCALE) -> Decimal:
    """Return the decimal that ``to_scaled`` made ``value`` from.

    >>> from_scaled(164025000000)
    Decimal('1640.25000000')
    """
    return Decimal(value).scaleb(-scale)
