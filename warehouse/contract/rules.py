"""Rules on values that already have their type: bounds, allow-lists, closed sets, prices, bars, duplicates."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

from warehouse.contract.faults import Faults, Mask
from warehouse.schema import Column, Kind, Role, Table
from warehouse.schema.columns import EARLIEST_DAY, LATEST_DAY
from zeno.arrow_compute import pc
from zeno.instruments import PriceRule

_LONGEST_TEXT = 4096
_CLOCK_SKEW = timedelta(days=1)
_NUMBERS = {Kind.PRICE, Kind.QUANTITY, Kind.INT, Kind.FLOAT}


def check_column(column: Column, values: pa.Array, now: datetime, faults: Faults) -> None:
    """Apply what the column itself declares."""
    if column.kind is Kind.TIMESTAMP:
        _check_time(column, values, now, faults)
    elif column.kind is Kind.DATE:
        low, high = (date.fromisoformat(str(bound)) for bound in (column.minimum or EARLIEST_DAY, LATEST_DAY))
        _bound(column, values, low, high, faults)
    elif column.kind in _NUMBERS and (column.minimum is not None or column.maximum is not None):
        _bound(column, values, _number(column, column.minimum), _number(column, column.maximum), faults)
    elif column.kind is Kind.ENUM:
        _flag(pc.is_in(values, pa.array(column.values)), values, faults, "not_in_enum",
              f"{column.name} is none of {', '.join(column.values)}")  # fmt: skip
    elif column.kind in {Kind.LABEL, Kind.TEXT}:
        _check_text(column, values, faults)


def check_lag(table: Table, data: dict[str, pa.Array], now: datetime, faults: Faults) -> None:
    """Refuse rows that would be known only after tomorrow, counted from their event."""
    lag, event = table.with_role(Role.KNOWLEDGE_LAG), table.with_role(Role.EVENT_TIME)
    if lag is None or event is None:
        return
    lags, events = data[lag.name], data[event.name].cast(pa.int64())
    latest = pa.scalar(now + _CLOCK_SKEW).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    # The lag is compared with the time that is left: event and lag together may be more than 64 bits hold.
    if pc.less_equal(pc.max(lags), pc.subtract(latest, pc.max(events))).as_py():
        return
    _flag(pc.less_equal(lags, pc.subtract(latest, events)), lags, faults, "implausible_time",
          f"{event.name} and {lag.name} together are beyond {now + _CLOCK_SKEW}")  # fmt: skip


def check_prices(table: Table, data: dict[str, pa.Array], rules: dict[int, PriceRule], faults: Faults) -> None:
    """Refuse prices of zero or less, except for instruments that may have them."""
    if "instrument_id" not in data or table.database != "raw":
        return
    free = pa.array([number for number, rule in rules.items() if rule is PriceRule.ANY], pa.uint32())
    for column in table.columns:
        if column.kind is not Kind.PRICE or column.unit != "currency units" or _least(data[column.name]) > 0:
            continue
        positive_only = pc.invert(pc.is_in(pc.fill_null(data["instrument_id"], 0), free))
        low = pc.less_equal(data[column.name], Decimal(0))
        bad = _mask(pc.fill_null(pc.and_(low, positive_only), False))
        faults.add(bad, "price_not_positive", f"{column.name} is zero or negative, and its instrument's prices are not")


def check_instruments(table: Table, data: dict[str, pa.Array], rules: dict[int, PriceRule], faults: Faults) -> None:
    """Refuse ids that no instrument has."""
    if "instrument_id" in data and table.database == "raw":
        ids, registered = data["instrument_id"], pa.array(list(rules), pa.uint32())
        if pc.all(pc.is_in(pc.unique(ids).drop_null(), registered)).as_py() in {True, None}:
            return
        known = pc.is_in(ids, registered)
        _flag(known, data["instrument_id"], faults, "unknown_instrument", "ref.instruments has no such instrument_id")


def check_bar_shape(table: Table, data: dict[str, pa.Array], faults: Faults) -> None:
    """Refuse bars whose high or low does not enclose open and close, and bars without any price."""
    if table.name != "raw.bars":
        return
    high, low = data["high"], data["low"]
    for name in ("open", "close"):
        outside = pc.or_kleene(pc.greater(data[name], high), pc.less(data[name], low))
        faults.add(_mask(pc.fill_null(outside, False)), "inconsistent_bar", f"{name} is not between low and high")
    faults.add(_mask(pc.fill_null(pc.greater(low, high), False)), "inconsistent_bar", "low is above high")
    empty = pc.and_(pc.is_null(data["close"]), pc.is_null(data["adj_close"]))
    faults.add(_mask(empty), "missing", "neither close nor adj_close is given")


def duplicates(table: Table, data: pa.Table) -> tuple[Mask, Mask] | None:
    """Find rows whose key an earlier row of the batch has.

    Returns
    -------
    same, conflicting
        Exact repeats of the key's first row, which are dropped, and rows that say something else than it does, which
        are refused; or None if no key is there twice.
    """
    if _sorted_by_key(table, data):
        return None
    keys = [_codes(data[name]) for name in table.key]
    frame = pa.table({name: pa.array(codes) for name, codes in zip(table.key, keys, strict=True)}).to_pandas()
    repeated = frame.duplicated(keep="first").to_numpy()
    if not repeated.any():
        return None
    # Only the first row of a key is stored: a later one is a repeat if it equals that one, not any other before it.
    first = frame.groupby(list(table.key), sort=False).ngroup().to_numpy()
    first = np.flatnonzero(~repeated)[first]
    payload = [_codes(data[name]) for name in data.column_names if name not in table.key]
    same = repeated & np.all([codes == codes[first] for codes in payload], axis=0)
    return same, repeated & ~same


def _sorted_by_key(table: Table, data: pa.Table) -> bool:
    """Whether rows are sorted by key without a repeat: the usual case, and seen without joining a batch's chunks."""
    columns = data.select(table.key)
    if not all(_is_numbered(column) for column in columns.columns):
        return _strictly_increasing([_codes(column) for column in columns.columns], data.num_rows)
    last: tuple[int, ...] = ()
    for piece in columns.to_batches():
        keys = [_codes(column) for column in piece.columns]
        if last >= tuple(int(key[0]) for key in keys) or not _strictly_increasing(keys, piece.num_rows):
            return False
        last = tuple(int(key[-1]) for key in keys)
    return True


def _strictly_increasing(keys: list[np.ndarray], rows: int) -> bool:
    """Whether rows are already sorted by key without a repeat: the usual case, and a cheap one to see."""
    tied = np.ones(max(rows - 1, 0), bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if (tied & (after < before)).any():
            return False
        tied &= after == before
    return not tied.any()


def _codes(values: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Return integers that are equal where the values are (and in the values' order, where they are numbers)."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if _is_numbered(array):
        numbers = array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array
        return numbers.to_numpy(zero_copy_only=False)
    encoded = array.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False)


def _is_numbered(values: pa.ChunkedArray | pa.Array) -> bool:
    return not values.null_count and (pa.types.is_integer(values.type) or pa.types.is_timestamp(values.type))


def _check_time(column: Column, values: pa.Array, now: datetime, faults: Faults) -> None:
    if column.role in {Role.EVENT_TIME, Role.KNOWLEDGE_TIME}:
        low = datetime.fromisoformat(str(column.minimum)) if column.minimum is not None else None
        _bound(column, values, low, now + _CLOCK_SKEW, faults, reason="implausible_time")
        return
    # Any other time, such as the open of a session to come, may lie in the future: as far as the type goes.
    low, high = (datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in (EARLIEST_DAY, LATEST_DAY))
    _bound(column, values, low, high, faults, reason="implausible_time")


def _check_text(column: Column, values: pa.Array, faults: Faults) -> None:
    # Labels repeat: the rules are applied to each distinct value once.
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary
    fits = pc.less_equal(pc.binary_length(distinct), _LONGEST_TEXT)
    if column.pattern:
        fits = pc.and_(fits, pc.match_substring_regex(distinct, f"^(?:{column.pattern})$"))
    if pc.all(fits).as_py() in {True, None}:
        return
    wrong = ~_mask(fits)
    indices = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    bad = wrong[indices] & ~_mask(pc.is_null(values))
    faults.add(bad, "not_allowed", f"{column.name} does not match its allow-list {column.pattern or '(length)'}")


def _bound(column: Column, values: pa.Array, low: object, high: object, faults: Faults,
           reason: str = "out_of_range") -> None:  # fmt: skip
    span = pc.min_max(values)
    # A look at the extremes is enough for almost every batch.
    if low is not None and span["min"].is_valid and not pc.greater_equal(span["min"], low).as_py():
        _flag(pc.greater_equal(values, low), values, faults, reason, f"{column.name} is below {low}")
    if high is not None and span["max"].is_valid and not pc.less_equal(span["max"], high).as_py():
        _flag(pc.less_equal(values, high), values, faults, reason, f"{column.name} is beyond {high}")


def _flag(good: pa.Array, values: pa.Array, faults: Faults, reason: str, detail: str) -> None:
    bad = pc.and_(pc.invert(pc.fill_null(good, False)), pc.is_valid(values))
    if pc.any(bad).as_py():
        faults.add(_mask(bad), reason, detail)


def _least(values: pa.Array) -> Decimal:
    least = pc.min(values).as_py()
    return Decimal("Infinity") if least is None else least


def _number(column: Column, bound: float | str | None) -> object:
    if bound is None:
        return None
    return Decimal(bound) if column.kind in {Kind.PRICE, Kind.QUANTITY} else bound


def _mask(values: pa.Array) -> Mask:
    return values.to_numpy(zero_copy_only=False).astype(bool)
