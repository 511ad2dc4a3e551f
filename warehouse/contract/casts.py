"""Exact casts to a column's Arrow type: a value that would change on the way is a fault of its row.

Each cast takes a column of a batch, returns the values with bad ones null, and records faults. A column whose type can
never mean the declared kind (a naive timestamp, a bare integer for a time) is an ``Unreadable`` column: the batch's
shape is wrong, not a row.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from warehouse.contract.faults import Faults, Mask
from warehouse.schema import Column, Kind
from warehouse.schema.arrow import ARROW_TYPES
from zeno.arrow_compute import pc
from zeno.money import PRICE_SCALE

# Whole-array casts say only that some value is bad; casting in pieces finds which without a Python loop over the rest.
_PIECE = 65_536
_EXACT_FLOAT_LIMIT = 2.0**53
_MOST_FLOAT = 2.0**55  # 2**8 of it must fit into 64 bits
_LOW_HALF = 2**32 - 1
_NS_PER_US = 1000


class UnreadableColumn(Exception):
    """The column's type cannot carry the declared kind; the message says what would."""


def cast(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    """Return ``values`` as the column's Arrow type; what cannot be exact becomes null and a fault.

    Raises
    ------
    UnreadableColumn
        If no value of this Arrow type could be read as the column's kind.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    target = ARROW_TYPES[column.kind]
    if pa.types.is_null(values.type):
        result = pa.nulls(len(values), target)
    else:
        result = _CASTS[column.kind](column, values, faults)
    if not column.nullable and result.null_count:
        faults.add(_mask(pc.is_null(result)), "missing", f"{column.name} is missing")
    return result


def _decimal(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    target = ARROW_TYPES[column.kind]
    if pa.types.is_floating(values.type):
        return _decimal_from_float(column, values, faults)
    if pa.types.is_integer(values.type):
        values = values.cast(pa.decimal128(38, PRICE_SCALE))
    elif not (pa.types.is_decimal(values.type) or _is_text(values.type)):
        raise UnreadableColumn("a decimal, an integer, text, or a float that is exact at scale 8")
    return _exactly(column, values, target, faults)


def _decimal_from_float(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    given = values.to_numpy(zero_copy_only=False)
    null = _mask(pc.is_null(values))
    finite = np.isfinite(given)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(given * 10**PRICE_SCALE)
        exact = finite & (np.abs(scaled) < _EXACT_FLOAT_LIMIT) & (scaled / 10**PRICE_SCALE == given)
    faults.add(~finite & ~null, "not_finite", f"{column.name} is NaN or infinite")
    low = np.where(exact, scaled, 0).astype(np.int64)
    high = low >> 63
    if not (exact | null).all():
        exact = exact | _large(column, given, finite & ~exact & ~null, low, high, faults)
    return _from_words(low, high, exact & ~null).cast(ARROW_TYPES[column.kind])


def _large(column: Column, given: np.ndarray, rows: Mask, low: np.ndarray, high: np.ndarray, faults: Faults) -> Mask:
    """Fill in the words of ``rows`` that are too large to be scaled as floats; return which are exact.

    A float is a whole number of powers of two: it has at most 8 decimal places if 2**8 of it are whole.
    """
    wide = np.where(rows, given, 0).astype(np.float64)
    beyond = np.abs(wide) >= min(_MOST_FLOAT, 10.0 ** (ARROW_TYPES[column.kind].precision - PRICE_SCALE))
    faults.add(beyond, "out_of_range", f"{column.name} has too many digits")
    parts = np.where(beyond, 0, wide) * 2**PRICE_SCALE
    exact = rows & ~beyond & (np.floor(parts) == parts)
    faults.add(rows & ~exact, "over_precise", f"{column.name} is no decimal with {PRICE_SCALE} places")
    # The parts times 5**8 are the value at scale 8, in more than 64 bits: multiplied by halves of 32.
    whole = parts[exact].astype(np.int64)
    lower, upper = (whole & _LOW_HALF) * 5**PRICE_SCALE, (whole >> 32) * 5**PRICE_SCALE
    low[exact] = (upper << 32) + lower
    high[exact] = (upper + (lower >> 32)) >> 32
    return exact


def _from_words(low: np.ndarray, high: np.ndarray, valid: Mask) -> pa.Array:
    """Build decimal128 values from integers at scale 8: two 64-bit words each, the upper one with the sign."""
    words = np.stack([low, high], axis=1)
    bits = pa.array(valid).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(38, PRICE_SCALE), len(words), [bits, pa.py_buffer(words)])


def _timestamp(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    given = values.type
    if not pa.types.is_timestamp(given) or given.tz is None:
        raise UnreadableColumn("an Arrow timestamp with a time zone: a bare number's unit, or a naive time's zone, "
                               "would be a guess")  # fmt: skip
    if given.unit == "ns":
        odd = pc.not_equal(pc.fill_null(values.cast(pa.int64()), 0), pc.multiply(
            pc.divide(pc.fill_null(values.cast(pa.int64()), 0), _NS_PER_US), _NS_PER_US))  # fmt: skip
        faults.add(_mask(odd), "over_precise", f"{column.name} has nanoseconds")
        return values.cast(ARROW_TYPES[Kind.TIMESTAMP], safe=False)
    return _exactly(column, values, ARROW_TYPES[Kind.TIMESTAMP], faults)


def _date(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    del column, faults
    if not pa.types.is_date(values.type):
        raise UnreadableColumn("an Arrow date")
    return values.cast(pa.date32())


def _float(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or _is_text(values.type)):
        raise UnreadableColumn("a number")
    result = _exactly(column, values, pa.float64(), faults)
    # NaN is never a value: a missing one is null, where the column allows it.
    finite = pc.fill_null(pc.is_finite(result), True)
    faults.add(_mask(pc.invert(finite)), "not_finite", f"{column.name} is NaN or infinite")
    return result


def _integer(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    if not (pa.types.is_integer(values.type) or _is_text(values.type)):
        raise UnreadableColumn("a whole number")
    return _exactly(column, values, ARROW_TYPES[column.kind], faults)


def _text(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    del column, faults
    if not _is_text(values.type):
        raise UnreadableColumn("text")
    return values.cast(pa.string())


def _bool(column: Column, values: pa.Array, faults: Faults) -> pa.Array:
    del column, faults
    if not pa.types.is_boolean(values.type):
        raise UnreadableColumn("true or false")
    return values


_CASTS: dict[Kind, Callable[[Column, pa.Array, Faults], pa.Array]] = {
    Kind.PRICE: _decimal,
    Kind.QUANTITY: _decimal,
    Kind.TIMESTAMP: _timestamp,
    Kind.DATE: _date,
    Kind.FLOAT: _float,
    Kind.ID: _integer,
    Kind.INT: _integer,
    Kind.COUNT: _integer,
    Kind.YEAR: _integer,
    Kind.BOOL: _bool,
    Kind.TEXT: _text,
    Kind.LABEL: _text,
    Kind.ENUM: _text,
}


def _exactly(column: Column, values: pa.Array, target: pa.DataType, faults: Faults) -> pa.Array:
    """Cast safely; where Arrow refuses a piece, look at its values one by one."""
    if values.type == target:
        return values
    try:
        return values.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    pieces, bad = [], np.zeros(len(values), bool)
    for start in range(0, len(values), _PIECE):
        piece = values.slice(start, _PIECE)
        try:
            pieces.append(piece.cast(target))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            singly = [_one(piece.slice(at, 1), target) for at in range(len(piece))]
            bad[start : start + len(piece)] = [one is None for one in singly]
            pieces.append(pa.concat_arrays([pa.nulls(1, target) if one is None else one for one in singly]))
    for reason, rows in _sorted_by_reason(values, bad).items():
        faults.add(rows, reason, f"{column.name} is not {_wanted(target)}")
    return pa.concat_arrays(pieces)


def _one(value: pa.Array, target: pa.DataType) -> pa.Array | None:
    try:
        return value.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _sorted_by_reason(values: pa.Array, bad: Mask) -> dict[str, Mask]:
    found: dict[str, Mask] = {}
    for row in np.flatnonzero(bad):
        reason = _reason(values[int(row)].as_py())
        found.setdefault(reason, np.zeros(len(bad), bool))[row] = True
    return found


def _reason(value: object) -> str:
    text = str(value).strip().lower().lstrip("+-")
    if text in {"nan", "inf", "infinity", "1e999"}:
        return "not_finite"
    number = text.replace(".", "", 1)
    if not number.isdecimal():
        return "not_finite" if number.partition("e")[2].isdecimal() else "not_a_number"
    return "over_precise" if len(text.partition(".")[2]) > PRICE_SCALE else "out_of_range"


def _wanted(target: pa.DataType) -> str:
    if pa.types.is_decimal(target):
        return f"a decimal with at most {target.precision - target.scale} digits and {target.scale} decimal places"
    return f"a value that {target} holds exactly"


def _is_text(given: pa.DataType) -> bool:
    return pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given)


def _mask(values: pa.Array) -> Mask:
    return values.to_numpy(zero_copy_only=False).astype(bool)
