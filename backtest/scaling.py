"""Prices and sizes to whole numbers and back, exactly or not at all."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa

from backtest.core.arithmetic import MONEY
from zeno.arrow_compute import pc
from zeno.errors import ConfigError

MOST_DECIMALS = 18
"""Of a price or a quantity: 64 bits hold no more."""


def whole(values: pa.ChunkedArray, scale: int | None, name: str) -> tuple[np.ndarray, int]:
    """Return a column as int64 in units of 10^-scale, and that scale.

    Decimals bring their own scale unless one is given; integers are taken to be in units of 10^-scale already; floats
    have to be exact at the scale: each must be the float nearest to a multiple of 10^-scale, and to no other.

    Raises
    ------
    ConfigError
        When a value is missing, does not fit the scale exactly, or no scale is known.
    """
    if values.null_count:
        raise ConfigError(f"{name} has {values.null_count} missing values", remedy="drop those rows")
    if scale is not None and not 0 <= scale <= MOST_DECIMALS:
        raise ConfigError(f"{name} cannot have {scale} decimals", remedy=f"give a scale from 0 to {MOST_DECIMALS}")
    kind = values.type
    if not (pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ConfigError(f"{name} is {kind}, not a number", remedy=f"write {name} as decimals")
    if pa.types.is_decimal(kind):
        return _decimals(values, kind.scale if scale is None else scale, name)
    if scale is None:
        raise ConfigError(f"{name} is {kind}, and its scale is not known",
                          remedy="give --price-scale: 2 when prices are in cents")  # fmt: skip
    if pa.types.is_integer(kind):
        return integers(values, name), scale
    return _floats(values.to_numpy(), scale, name), scale


def integers(values: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return a column of whole numbers as int64, none wrapped round.

    Raises
    ------
    ConfigError
        When one does not fit.
    """
    try:
        return np.ascontiguousarray(pc.cast(values, pa.int64()).to_numpy())
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{name} does not fit 64 bits: {error}", remedy=f"correct {name}") from error


def _decimals(values: pa.ChunkedArray, scale: int, name: str) -> tuple[np.ndarray, int]:
    own = values.type.scale
    if pa.types.is_decimal128(values.type):
        units = np.concatenate([_low_words(chunk) for chunk in values.chunks] or [np.empty(0, np.int64)])
    else:
        try:
            narrow = pc.cast(values, pa.decimal128(38, own))
        except pa.ArrowInvalid as error:
            raise ConfigError(f"{name} does not fit 64 bits: {error}", remedy="choose a smaller scale") from error
        units = np.concatenate([_low_words(chunk) for chunk in narrow.chunks] or [np.empty(0, np.int64)])
    if scale >= own:
        factor = 10 ** (scale - own)
        if len(units) and max(int(units.max()), -int(units.min())) > 2**62 // factor:
            raise ConfigError(f"{name} does not fit 64 bits at a scale of {scale}", remedy="choose a smaller scale")
        return units * factor, scale
    divisor = 10 ** (own - scale)
    if (units % divisor).any():
        raise ConfigError(f"{name} has more than {scale} decimals", remedy=f"give a scale of up to {own}")
    return units // divisor, scale


def _low_words(chunk: pa.Array) -> np.ndarray:
    """Return the low 64 bits of 128-bit decimals: all of them, for what a price can be."""
    words = np.frombuffer(chunk.buffers()[1], np.int64)[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
    if (words[1::2] != words[::2] >> 63).any():
        raise ConfigError("prices do not fit 64 bits at their own scale", remedy="write them with fewer decimals")
    return words[::2].copy()


def _floats(values: np.ndarray, scale: int, name: str) -> np.ndarray:
    factor = 10.0**scale
    units = np.rint(values.astype(np.float64) * factor)
    largest = 2.0 ** np.finfo(values.dtype).nmant  # beyond it, two multiples may have the same float
    wrong = ~np.isfinite(values) | (np.abs(units) > largest) | ((units / factor).astype(values.dtype) != values)
    if wrong.any():
        value = values[int(np.argmax(wrong))]
        raise ConfigError(f"{name} {float(value)!r} is not exact at a scale of {scale}",
                          remedy="raise --price-scale, or write the prices as decimals")  # fmt: skip
    return units.astype(np.int64)


def smallest_scale(units: np.ndarray, scale: int, least: int = 0) -> tuple[np.ndarray, int]:
    """Return the same prices in the coarsest power of ten that is exact, of ``least`` decimals or more."""
    while scale > least and len(units) and not (units % 10).any():
        units, scale = units // 10, scale - 1
    return units, scale


def decimals_in(value: Decimal) -> int:
    """Return how many decimals a number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def to_units(value: Decimal, scale: int, name: str) -> int:
    """Return a number in units of 10^-scale.

    Raises
    ------
    ConfigError
        When it has more decimals than that, is no number, or does not fit.
    """
    if not value.is_finite() or value.adjusted() + scale > 17:
        raise ConfigError(f"{name} {value} is not a number that fits", remedy="give a smaller one")
    units = value.scaleb(scale)
    if units != int(units):
        raise ConfigError(f"{name} {value} has more than {scale} decimals", remedy="round it")
    return int(units)


def money(units: int) -> Decimal:
    """Return money units as a decimal amount of currency."""
    return Decimal(units).scaleb(-6)


def worth(multiplier: Decimal, price_scale: int, quantity_scale: int) -> tuple[int, int]:
    """Return what one price unit of one quantity unit is worth in money units, as a reduced fraction."""
    value = Fraction(multiplier) * MONEY / 10 ** (price_scale + quantity_scale)
    return value.numerator, value.denominator
