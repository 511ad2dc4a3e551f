"""The columns of a dropped file into those of its table: times parsed, what may be left out filled in.

Used by ``collectors.drop_folder`` alone, which says what the rules are.
"""

import json
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.csvtext import TextRows
from collectors.shape import Values, make_batch, mismatch
from warehouse.batch import Batch, Rejection
from warehouse.schema import Kind, Role, Table
from warehouse.schema.arrow import ARROW_TYPES
from zeno.errors import SourceRejected
from zeno.times import UTC_MICROSECONDS, parse_dates, parse_timestamps

SOURCE = "drop"
_BAR_MICROS = {"1s": 1_000_000, "1m": 60_000_000, "1h": 3_600_000_000, "1d": 86_400_000_000}
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
    payload = json.dumps(rows.data.slice(row, 1).to_pylist()[0], default=str)
    return Rejection(position, "not_a_time", f"line {rows.first_line + position}: {reason}", payload)


def _column(declared: Table, name: str, values: pa.ChunkedArray, refused: dict[int, str]) -> _Arrow:
    """Return a column with times and dates parsed; rows that are none go into ``refused``."""
    column = declared.by_name.get(name)
    kind = Kind.TIMESTAMP if name == "known_at" else column.kind if column else Kind.LABEL
    text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    if text and column is not None and column.nullable:
        empty = pc.call_function("equal", [values, pa.scalar("", values.type)])
        values = pc.call_function("if_else", [empty, pa.scalar(None, values.type), values])
    if kind not in (Kind.TIMESTAMP, Kind.DATE):
        return values
    if not text:
        return _native_time(name, kind, values)
    parsed = parse_timestamps(values) if kind is Kind.TIMESTAMP else parse_dates(values)
    refused.update({row: f"{name}: {reason}" for row, reason in parsed.reasons.items()})
    return parsed.values


def _native_time(name: str, kind: Kind, values: pa.ChunkedArray) -> pa.ChunkedArray:
    zoned = pa.types.is_timestamp(values.type) and values.type.tz is not None
    if not (zoned if kind is Kind.TIMESTAMP else pa.types.is_date(values.type)):
        raise SourceRejected(f"{name} is {values.type}: its unit or zone would be a guess.")
    try:
        return pc.cast(values, ARROW_TYPES[kind])
    except pa.ArrowInvalid as error:
        raise SourceRejected(f"{name} does not fit {ARROW_TYPES[kind]}: {error}") from error


def _with_knowledge(declared: Table, columns: dict[str, _Arrow]) -> dict[str, Values]:
    """Return the columns with the knowledge time that the file left out."""
    filled: dict[str, Values] = dict(columns)
    if declared.with_role(Role.KNOWLEDGE_LAG) and "known_lag_us" not in columns:
        known = columns.get("known_at")
        filled.pop("known_at", None)
        filled["known_lag_us"] = 0 if known is None else _micros(known) - _micros(columns["ts"])
    if declared.name == "raw.bars" and "known_at" not in columns:
        lengths = columns["resolution"].to_pandas().map(_BAR_MICROS)  # an unknown one stays null, and is refused later
        ends = pa.array(_micros(columns["ts"]) + lengths.fillna(0).to_numpy("int64"), mask=lengths.isna().to_numpy())
        filled["known_at"] = ends.cast(UTC_MICROSECONDS)
    return filled


def _micros(times: _Arrow) -> np.ndarray:
    return pc.cast(times, pa.int64()).to_numpy()
