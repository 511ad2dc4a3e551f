"""The columns of a dropped file into those of its table: times parsed, what may be left out filled in.

Used by ``collectors.drop_folder`` alone, which says what the rules are.
"""

import json
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from collectors.csvtext import TextRows
from collectors.shape import Values, make_batch, mismatch
from warehouse.batch import Batch, Rejection
from warehouse.schema import Column, Kind, Role, Table
from warehouse.schema.arrow import ARROW_TYPES
from zeno.arrow_compute import pc
from zeno.errors import SourceRejected
from zeno.times import UTC_MICROSECONDS, parse_dates, parse_timestamps

SOURCE = "drop"
_BAR_MICROS = {"1s": 1_000_000, "1m": 60_000_000, "1h": 3_600_000_000, "1d": 86_400_000_000}
_NANOS_PER_MICRO = 1000
_MICROS_PER = {"us": 1, "ms": 1000, "s": 1_000_000}
_Arrow: TypeAlias = pa.Array | pa.ChunkedArray


def check_columns(declared: Table, given: list[str]) -> None:
    """Refuse a file whose columns are not the table's.

    Raises
    ------
    SourceRejected
        If one is missing that may not be left out, or unknown.
    """
    assumed = set(given)
    if declared.with_role(Role.KNOWLEDGE_LAG):
        assumed = (assumed - {"known_at"}) | {"known_lag_us"}
    if declared.name == "raw.bars":
        assumed.add("known_at")
    if wrong := mismatch(declared, sorted(assumed)):
        raise SourceRejected(f"The file does not fit {declared.name}: {wrong}.")


def check_types(declared: Table, schema: pa.Schema) -> None:
    """Refuse a file with a column whose type no value could be read from, or with a name twice.

    What passes here is refused row by row, so that no later row can undo what earlier ones began.

    Raises
    ------
    SourceRejected
        If there is such a column.
    """
    names = schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SourceRejected(f"The file has a column more than once: {', '.join(twice)}.")
    for field in schema:
        kind = _kind(declared, field.name)
        if pa.types.is_nested(_value_type(field.type)):
            raise SourceRejected(f"{field.name} is {field.type}: a table's column holds single values.")
        if field.name == "symbol" and not _is_symbol(field.type):
            raise SourceRejected(f"symbol is {field.type} and must be text.")
        if kind in (Kind.TIMESTAMP, Kind.DATE) and not _is_time(kind, _value_type(field.type)):
            raise SourceRejected(f"{field.name} is {field.type}: its unit or zone would be a guess.")


def to_batch(declared: Table, rows: TextRows) -> Batch:
    """Return rows as a batch: times parsed, rows without a valid one refused, knowledge times filled in."""
    refused: dict[int, str] = {}
    columns = {name: _column(declared, name, rows.data[name], refused) for name in rows.data.column_names}
    keep = np.ones(rows.data.num_rows, dtype=bool)
    keep[list(refused)] = False
    mask = pa.array(keep)
    kept = {name: values.filter(mask) for name, values in columns.items()}
    unreadable = [*rows.unreadable, *(_rejection(rows, row, reason) for row, reason in sorted(refused.items()))]
    return make_batch(
        declared.name,
        SOURCE,
        _with_knowledge(declared, kept),
        unreadable=tuple(sorted(unreadable, key=lambda r: r.row)),
    )


def _rejection(rows: TextRows, row: int, reason: str) -> Rejection:
    position = int(rows.positions[row])
    payload = json.dumps(_printable(rows.data.slice(row, 1)), default=str)
    return Rejection(position, "not_a_time", f"line {rows.first_line + position}: {reason}", payload)


def _printable(row: pa.Table) -> dict[str, object]:
    """Give times as text: one that is out of range has no Python value."""
    columns = [pc.cast(c, pa.string()) if pa.types.is_timestamp(c.type) else c for c in row.columns]
    return pa.table(columns, names=row.column_names).to_pylist()[0]


def _kind(declared: Table, name: str) -> Kind:
    column = declared.by_name.get(name)
    return Kind.TIMESTAMP if name == "known_at" else column.kind if column else Kind.LABEL


def _value_type(given: pa.DataType) -> pa.DataType:
    return given.value_type if isinstance(given, pa.DictionaryType) else given


def _is_text(given: pa.DataType) -> bool:
    return pa.types.is_string(given) or pa.types.is_large_string(given)


def _is_symbol(given: pa.DataType) -> bool:
    kind = _value_type(given)
    return _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)


def _is_time(kind: Kind, given: pa.DataType) -> bool:
    if _is_text(given) or pa.types.is_null(given):
        return True
    if kind is Kind.DATE:
        return pa.types.is_date(given)
    return pa.types.is_timestamp(given) and given.tz is not None


def _column(declared: Table, name: str, values: pa.ChunkedArray, refused: dict[int, str]) -> _Arrow:
    """Return a column with times and dates parsed; rows that are none go into ``refused``."""
    column, kind = declared.by_name.get(name), _kind(declared, name)
    if kind in (Kind.TIMESTAMP, Kind.DATE) and pa.types.is_dictionary(values.type):
        values = pc.cast(values, _value_type(values.type))
    text = _is_text(values.type)
    if text and column is not None and column.nullable:
        values = pc.if_else(pc.equal(values, pa.scalar("", values.type)), pa.scalar(None, values.type), values)
    if kind not in (Kind.TIMESTAMP, Kind.DATE):
        return values
    if text:
        parsed = parse_timestamps(values) if kind is Kind.TIMESTAMP else parse_dates(values)
        refused.update({row: f"{name}: {reason}" for row, reason in parsed.reasons.items()})
        return parsed.values
    return _native_column(column, name, kind, values, refused)


def _native_column(
    column: Column | None, name: str, kind: Kind, values: pa.ChunkedArray, refused: dict[int, str]
) -> _Arrow:
    """Return a column of Arrow times; rows that neither the lag nor the contract could make a time of are refused."""
    native = _native_time(kind, values)
    if kind is Kind.DATE or (column is not None and native.type.unit in ("us", "ns")):
        return native
    lost = pc.is_null(_micros(native))
    if column is not None:  # where nothing is given, the contract knows whether that is allowed
        lost = pc.and_(lost, pc.is_valid(native))
    refused.update({int(row): f"{name}: missing, or not in whole microseconds" for row in np.flatnonzero(lost)})
    return native


def _native_time(kind: Kind, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the times in the table's type, or as they came if one of them does not fit: the contract refuses that."""
    try:
        return pc.cast(values, ARROW_TYPES[kind])
    except pa.ArrowInvalid:
        return values


def _with_knowledge(declared: Table, columns: dict[str, _Arrow]) -> dict[str, Values]:
    """Return the columns with the knowledge time that the file left out."""
    filled: dict[str, Values] = dict(columns)
    if declared.with_role(Role.KNOWLEDGE_LAG) and "known_lag_us" not in columns:
        known = columns.get("known_at")
        filled.pop("known_at", None)
        lag = 0 if known is None else pc.subtract(_micros(known), _micros(columns["ts"]))
        filled["known_lag_us"] = lag
    if declared.name == "raw.bars" and "known_at" not in columns:
        filled["known_at"] = _bar_ends(columns)
    return filled


def _bar_ends(columns: dict[str, _Arrow]) -> pa.Array:
    """Return when each bar ends; null, which is refused later, for an unknown resolution and where there is no time."""
    lengths = columns["resolution"].to_pandas().astype(object).map(_BAR_MICROS)
    micros = pa.array(lengths.fillna(0).to_numpy("int64"), mask=lengths.isna().to_numpy())
    return pc.add(_micros(columns["ts"]), micros).cast(UTC_MICROSECONDS)


def _micros(times: _Arrow) -> _Arrow:
    """Return whole microseconds since 1970; null for a time that is missing or that they cannot say."""
    unit, numbers = times.type.unit, pc.cast(times, pa.int64())
    if unit == "ns":
        whole = pc.divide(numbers, _NANOS_PER_MICRO)
        return pc.if_else(pc.equal(pc.multiply(whole, _NANOS_PER_MICRO), numbers), whole, None)
    most = np.iinfo(np.int64).max // _MICROS_PER[unit]
    within = pc.and_(pc.less_equal(numbers, most), pc.greater_equal(numbers, -most))
    return pc.multiply(pc.if_else(within, numbers, None), _MICROS_PER[unit])
