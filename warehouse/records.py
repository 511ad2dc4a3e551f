"""Append-only records: tables whose rows are computed by Zeno itself, added once and never changed.

    append  ->  probe for the keys  ->  equal rows are left alone, different ones refused  ->  one block, atomic

The probe makes it repeatable (docs/decisions/0003-probe-then-insert.md): the same rows twice are stored once, and a
call that was interrupted is made again. All rows of one call appear together, because one block of one partition is
one part. Not here: market data and everything else that comes from outside; it passes the contract and the loader.
"""

import fcntl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pyarrow as pa

from warehouse.client import Client
from warehouse.schema import Kind, Placement, Table, table
from warehouse.schema.arrow import arrow_schema
from warehouse.store import User, Warehouse
from zeno.arrow_compute import pc
from zeno.clock import Clock, SystemClock
from zeno.errors import ConfigError, ContractError, LoadError, WarehouseDown

RECORDED_AT = "recorded_at"
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2
_LONGEST_BLOCK = 1_000_000  # rows; ClickHouse splits longer inserts, and only a block is atomic

Row = dict[str, Any]


def append(
    warehouse: Warehouse, name: str, rows: pa.Table, *, stamps: Collection[str] = (RECORDED_AT,),
    clock: Clock | None = None,
) -> int:  # fmt: skip
    """Add those rows whose key the table does not hold yet, all at once.

    Parameters
    ----------
    name
        A declared, global, unpartitioned table such as ``mrie.edges``.
    rows
        The table's columns, in any order; floats finite, nulls only where declared.
    stamps
        Columns that may differ when the same row is offered again (when, and by which run, it was recorded).

    Returns
    -------
    int
        Rows added; 0 if all were there.

    Raises
    ------
    ContractError
        If the rows do not fit the declaration, or two of them share a key.
    LoadError
        If the table holds one of the keys with other values: records do not change.
    WarehouseDown
        If it stays away for a minute; call again.
    """
    declared = _appendable(name)
    fitted = _fit(declared, rows)
    time = clock or SystemClock()
    with _turn(warehouse, declared):
        return _patiently(warehouse, time, lambda: _append_once(warehouse, declared, fitted, frozenset(stamps)))


def read_records(
    warehouse: Warehouse, name: str, *, as_of: datetime, latest_by: Sequence[str] | None = None,
    where: Mapping[str, str] | None = None,
) -> pa.Table:  # fmt: skip
    """Return the rows recorded by ``as_of``, in the order of the table's key.

    Parameters
    ----------
    latest_by
        Keep the rows of the latest run alone, for each value of these columns; ``()`` for one latest run of the whole
        table, None for the rows of every run. The latest is the one recorded last; in tables that tell a run's last
        month of data, of those with the newest: a run as of an earlier moment does not take the present's place.
    where
        Columns and the text they must equal.

    Raises
    ------
    ConfigError
        If ``as_of`` has no zone, or a column is not the table's.
    """
    declared = _appendable(name)
    if as_of.tzinfo is None:
        raise ConfigError("as_of has no time zone.", remedy="Use datetime(…, tzinfo=UTC).")
    filters = dict(where or {})
    unknown = [column for column in (*filters, *(latest_by or ())) if column not in declared.by_name]
    if unknown:
        raise ConfigError(f"{name} has no column {', '.join(unknown)}.",
                          remedy=f"Its columns: {', '.join(declared.by_name)}.")  # fmt: skip
    conditions = ["recorded_at <= {as_of:DateTime64(6, 'UTC')}"]
    conditions += [f"toString({column}) = {{{column}:String}}" for column in filters]
    if latest_by is not None:
        conditions.append(_latest(declared, latest_by))
    sql = f"{_select(declared)} WHERE {' AND '.join(conditions)} ORDER BY {', '.join(declared.key)}"
    found = warehouse.client().arrow(sql, {"as_of": as_of, **filters})
    return found.cast(arrow_schema(declared))


def _latest(declared: Table, by: Sequence[str]) -> str:
    # Two runs recorded in the same microsecond: the greater name, so that every reader sees the same one.
    newest = "data_month, " if "data_month" in declared.by_name else ""
    run = f"argMax(run_id, ({newest}recorded_at, run_id))"
    columns = ", ".join(by)
    within = f"FROM {declared.name} WHERE recorded_at <= {{as_of:DateTime64(6, 'UTC')}}"
    if not by:
        return f"run_id IN (SELECT {run} {within})"
    return f"({columns}, run_id) IN (SELECT {columns}, {run} {within} GROUP BY {columns})"


def _select(declared: Table) -> str:
    # Enums and low-cardinality text as plain text: what the Arrow schema says.
    text = {Kind.ENUM, Kind.LABEL}
    names = [f"toString(r.{c.name}) AS {c.name}" if c.kind in text else f"r.{c.name} AS {c.name}"
             for c in declared.columns]  # fmt: skip
    return f"SELECT {', '.join(names)} FROM {declared.name} AS r"


def _append_once(warehouse: Warehouse, declared: Table, rows: pa.Table, stamps: frozenset[str]) -> int:
    ((node, stored),) = warehouse.holders(declared, User.WRITER)
    known = _known(node, declared, rows)
    keys = [tuple(row[name] for name in declared.key) for row in rows.to_pylist()]
    fresh = [place for place, key in enumerate(keys) if key not in known]
    for place in sorted(set(range(len(keys))) - set(fresh)):
        _check_same(declared, known[keys[place]], rows.slice(place, 1).to_pylist()[0], stamps)
    if fresh:
        node.insert(stored, rows.take(fresh))
    return len(fresh)


def _known(node: Client, declared: Table, rows: pa.Table) -> dict[tuple[Any, ...], Row]:
    """Return the stored rows that can have one of the keys."""
    first = declared.key[0]
    asked = pc.unique(rows[first]).to_pylist()
    sql = f"{_select(declared)} WHERE toString(r.{first}) IN {{asked:Array(String)}}"
    found = node.arrow(sql, {"asked": [str(value) for value in asked]}).cast(arrow_schema(declared))
    return {tuple(row[name] for name in declared.key): row for row in found.to_pylist()}


def _check_same(declared: Table, stored: Row, offered: Row, stamps: frozenset[str]) -> None:
    differing = [name for name in offered if name not in stamps and stored[name] != offered[name]]
    if differing:
        key = ", ".join(f"{name} {stored[name]}" for name in declared.key)
        raise LoadError(f"{declared.name} holds another {', '.join(differing)} for {key}.",
                        remedy="Records do not change: give what was computed anew a run of its own.")  # fmt: skip


def _fit(declared: Table, rows: pa.Table) -> pa.Table:
    schema = arrow_schema(declared)
    odd = sorted(set(rows.column_names) ^ set(schema.names))
    if odd:
        raise ContractError(f"The columns are not those of {declared.name}: {', '.join(odd)}.")
    try:
        fitted = rows.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise ContractError(f"The rows do not fit {declared.name}: {error}") from error
    for column in declared.columns:
        _check_column(declared, fitted[column.name], column.name)
    _check_keys(declared, fitted)
    return fitted


def _check_column(declared: Table, values: pa.ChunkedArray, name: str) -> None:
    column = declared.by_name[name]
    if column.kind is Kind.FLOAT and not pc.all(pc.is_finite(pc.drop_null(values)), min_count=0).as_py():
        raise ContractError(f"{declared.name}.{name} must be finite.", remedy="Write null where there is no value.")
    if column.kind is Kind.ENUM and set(pc.unique(values).to_pylist()) - set(column.values):
        raise ContractError(f"{declared.name}.{name} must be one of {', '.join(column.values)}.")


def _check_keys(declared: Table, rows: pa.Table) -> None:
    if rows.num_rows > _LONGEST_BLOCK:
        raise ContractError(f"{declared.name}: {rows.num_rows} rows in one call.",
                            remedy=f"At most {_LONGEST_BLOCK}, so that they appear together.")  # fmt: skip
    keys = rows.select(list(declared.key)).group_by(list(declared.key)).aggregate([])
    if keys.num_rows != rows.num_rows:
        raise ContractError(f"Two rows for {declared.name} share a key ({', '.join(declared.key)}).")


def _appendable(name: str) -> Table:
    declared = table(name)
    if declared.placement is not Placement.GLOBAL or declared.partition or RECORDED_AT not in declared.by_name:
        raise ConfigError(f"{name} does not hold append-only records.", remedy="Load it through warehouse.loader.")
    return declared


def _patiently(warehouse: Warehouse, clock: Clock, step: Any) -> int:
    """Repeat a step that asks what landed before it inserts, until the warehouse is back."""
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return step()
        except WarehouseDown:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(_PAUSE_SECONDS)
            if warehouse.recover is not None:
                warehouse.recover()


@contextmanager
def _turn(warehouse: Warehouse, declared: Table) -> Iterator[None]:
    """Wait for other writers of this table on this machine: two could both find that nothing has landed."""
    folder = warehouse.settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{declared.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
