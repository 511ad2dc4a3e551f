"""Apply a table's contract to a batch: the one way from rows as they came to rows that the store may see."""

import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from warehouse.batch import Batch, Rejection
from warehouse.contract import rules
from warehouse.contract.casts import UnreadableColumn, cast
from warehouse.contract.faults import Faults
from warehouse.schema import Column, Kind, Role, Table, table
from warehouse.schema.arrow import arrow_schema
from warehouse.symbols import SymbolMap
from zeno.arrow_compute import pc
from zeno.errors import ContractError

_LOADER_FILLS = ("source",)
_PAYLOAD_LIMIT = 10_000
# As many rows as Parquet writers put into a row group: their columns are then used as they were read. Joining the
# chunks of a whole batch costs as much as checking it.
_ROWS_A_PIECE = 1_048_576
_MICROS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Checked:
    """What is left of a batch.

    Parameters
    ----------
    data
        Rows that conform, in the table's Arrow schema less the batch column, in the order they came.
    rejections
        Rows that do not, and rows that could not even be read.
    repeated
        Rows that repeat an earlier row of the batch exactly; stored once.
    rows
        Where in the batch each row of ``data`` was.
    """

    data: pa.Table
    rejections: tuple[Rejection, ...]
    repeated: int
    rows: np.ndarray


@dataclass(frozen=True)
class _Piece:
    """Consecutive rows of a batch: those that conform, where in the batch each was, and those that do not."""

    data: pa.Table
    rows: np.ndarray
    rejections: list[Rejection]


def check(batch: Batch, symbols: SymbolMap, now: datetime) -> Checked:
    """Check every row of ``batch`` against its table's declaration.

    Parameters
    ----------
    now
        The loader's clock, UTC: events, and when they became known, may not lie more than a day after it.

    Raises
    ------
    ContractError
        If the columns are not the declared ones: nothing of such a batch can be trusted. Names every difference.
    """
    declared = table(batch.table)
    _check_shape(declared, batch.data)
    pieces = [_check_piece(declared, batch, first, symbols, now) for first in _starts(batch.data)]
    return _outcome(declared, batch, pieces)


def _starts(data: pa.Table) -> range:
    return range(0, max(data.num_rows, 1), _ROWS_A_PIECE)


def _check_piece(declared: Table, batch: Batch, first: int, symbols: SymbolMap, now: datetime) -> _Piece:
    given = batch.data.slice(first, _ROWS_A_PIECE).combine_chunks()
    faults = Faults(given.num_rows)
    values = _cast_all(declared, given, batch, faults)
    if _resolves(declared, given):
        _resolve(declared, values, given, batch, symbols, faults)
    for column in _checked_columns(declared):
        rules.check_column(column, values[column.name], now, faults)
    rules.check_lag(declared, values, now, faults)
    rules.check_instruments(declared, values, symbols.price_rules, faults)
    rules.check_prices(declared, values, symbols.price_rules, faults)
    rules.check_bar_shape(declared, values, faults)
    return _piece(declared, batch, first, given, values, faults)


def _check_shape(declared: Table, given: pa.Table) -> None:
    wanted = {column.name: column for column in _checked_columns(declared)}
    names = set(given.column_names)
    if _resolves(declared, given):
        wanted.pop("instrument_id")
        names.discard("symbol")
    missing = [name for name, column in wanted.items() if name not in names and not column.nullable]
    extra = sorted(names - set(wanted))
    if missing or extra:
        parts = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"not declared: {', '.join(extra)}"] * bool(extra)
        raise ContractError(f"The columns are not those of {declared.name} ({'; '.join(parts)}).",
                            remedy="Did the source change? Map its columns in the collector.")  # fmt: skip


def _cast_all(declared: Table, given: pa.Table, batch: Batch, faults: Faults) -> dict[str, pa.Array]:
    values: dict[str, pa.Array] = {}
    problems: list[str] = []
    for column in _checked_columns(declared):
        if column.name == "instrument_id" and _resolves(declared, given):
            continue
        array = _column(given, column)
        try:
            values[column.name] = cast(column, array, faults)
        except UnreadableColumn as error:
            problems.append(f"{column.name} is {array.type} and must be {error}")
    if problems:
        raise ContractError(f"The columns of {batch.source} do not fit {declared.name}: {'; '.join(problems)}.",
                            remedy="Did the source change? State units and zones in the collector.")  # fmt: skip
    return values


def _column(given: pa.Table, column: Column) -> pa.Array:
    if column.name not in given.column_names:
        return pa.nulls(given.num_rows)
    chunked = given.column(column.name)
    if chunked.num_chunks == 1:
        return chunked.chunk(0)
    combined = chunked.combine_chunks()
    return combined.combine_chunks() if isinstance(combined, pa.ChunkedArray) else combined


def _resolve(declared: Table, values: dict[str, pa.Array], given: pa.Table, batch: Batch, symbols: SymbolMap,
             faults: Faults) -> None:  # fmt: skip
    names = _column(given, Column(name="symbol", kind=Kind.TEXT, doc="")).cast(pa.string())
    event = declared.with_role(Role.EVENT_TIME)
    if event is None:
        raise ContractError(f"{declared.name} has no event time, so a symbol has no meaning in it.")
    micros = values[event.name].cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    ids = symbols.resolve(batch.namespace, names, np.floor_divide(micros, _MICROS_PER_DAY))
    bad = pc.is_null(ids).to_numpy(zero_copy_only=False)
    faults.add(bad, "unknown_symbol", f"symbol means no instrument in namespace {batch.namespace!r} at that time")
    values["instrument_id"] = ids


def _resolves(declared: Table, given: pa.Table) -> bool:
    return declared.database == "raw" and "instrument_id" in declared.by_name and "symbol" in given.column_names


def _checked_columns(declared: Table) -> list[Column]:
    return [column for column in declared.columns if column.role is not Role.BATCH and column.name not in _LOADER_FILLS]


def _piece(declared: Table, batch: Batch, first: int, given: pa.Table, values: dict[str, pa.Array],
           faults: Faults) -> _Piece:  # fmt: skip
    values["source"] = pa.repeat(pa.scalar(batch.source, pa.string()), given.num_rows)
    fields = [entry for entry in arrow_schema(declared) if declared.by_name[entry.name].role is not Role.BATCH]
    data = pa.Table.from_arrays([values[entry.name] for entry in fields], schema=pa.schema(fields))
    rows = np.arange(first, first + given.num_rows)
    if faults.any:
        good = np.flatnonzero(~faults.bad)
        data, rows = data.take(pa.array(good)), rows[good]
    return _Piece(data, rows, _rejections(given, faults, first))


def _outcome(declared: Table, batch: Batch, pieces: list[_Piece]) -> Checked:
    data = pa.concat_tables([piece.data for piece in pieces])
    found = [rejection for piece in pieces for rejection in piece.rejections]
    rows = np.concatenate([piece.rows for piece in pieces])
    repeats = rules.duplicates(declared, data)
    if repeats is None:
        return Checked(data, (*batch.unreadable, *found), 0, rows)
    same, conflicting = repeats
    faults = Faults(batch.data.num_rows)
    bad = np.zeros(batch.data.num_rows, bool)
    bad[rows[conflicting]] = True
    faults.add(bad, "conflicting_duplicate", "an earlier row of the batch has the same key and other values")
    found = sorted([*found, *_rejections(batch.data, faults, 0)], key=lambda rejection: rejection.row)
    kept = ~(same | conflicting)
    return Checked(data.filter(pa.array(kept)), (*batch.unreadable, *found), int(same.sum()), rows[kept])


def _rejections(given: pa.Table, faults: Faults, first: int) -> list[Rejection]:
    bad = np.flatnonzero(faults.bad)
    rows = _printable(given.take(pa.array(bad))).to_pylist() if len(bad) else []
    return [
        Rejection(first + int(row), *faults.reason(int(row)), json.dumps(payload, default=str)[:_PAYLOAD_LIMIT])
        for row, payload in zip(bad, rows, strict=True)
    ]


def _printable(rows: pa.Table) -> pa.Table:
    """Give times as text: one that is out of range has no Python value."""
    columns = [c.cast(pa.string()) if pa.types.is_temporal(c.type) else c for c in rows.columns]
    return pa.table(columns, names=rows.column_names)
