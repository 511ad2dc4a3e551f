"""Landing: how checked rows get into a table, all of a batch or none of it, once, whatever is killed when.

On each node that holds the table:

1. stage    a table of the same shape in ``staging``, filled anew (an earlier try's leftovers are dropped);
2. verify   rows and column sums of the stage equal those of the batch, or nothing goes on;
3. compare  rows whose key the table has already are taken out: landed by an earlier try of this batch, present from
            another one, or in conflict with it;
4. attach   every partition of the stage, each one atomic and without copying;
5. verify   the table now holds exactly the rows of this batch that it must.

Every step may be repeated from the start, because step 3 asks what landed: that is the probe before the insert.
Deduplication tokens are not used: docs/decisions/0003-probe-then-insert.md.
"""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from warehouse.client import Client
from warehouse.schema import Kind, Role, Table
from warehouse.schema.ddl import create_statement
from zeno.arrow_compute import pc
from zeno.errors import LoadError

_FEW_VALUES = {Kind.ID, Kind.LABEL, Kind.ENUM}  # key columns worth narrowing a look-up by
# Fewer, larger parts: what is written once need not be merged at once, beside the next load.
_LARGE_BLOCKS = {"min_insert_block_size_rows": 4_000_000, "min_insert_block_size_bytes": 2**30}
_STREAMS = 2
_ROWS_WORTH_A_STREAM = 500_000
_SUMMED = {Kind.PRICE, Kind.QUANTITY, Kind.INT}


@dataclass(frozen=True)
class Landed:
    """What became of the rows given to one node.

    Parameters
    ----------
    inserted
        Rows that the table holds under this batch.
    present
        Rows that were there already, identical, from other batches.
    conflicting
        Rows whose key is there with other values: in the batch's own columns, to be quarantined.
    """

    inserted: int
    present: int
    conflicting: pa.Table


def land(node: Client, table: Table, name: str, rows: pa.Table, batch: int) -> Landed:
    """Land ``rows`` in the table called ``name`` on ``node``.

    Raises
    ------
    WarehouseDown
        If the node went away; call again, it resumes.
    LoadError
        If the stage or the table does not hold what it must.
    """
    stage = f"staging.load_{table.short}_{batch:016x}"
    try:
        _stage(node, table, stage, rows)
        landed = _compare(node, table, name, stage, batch)
        _attach(node, name, stage)
        _verify_landed(node, table, name, batch, rows, landed.inserted)
        return landed
    finally:
        _drop_if_up(node, stage)


def count_landed(node: Client, table: Table, name: str, batch: int, span: tuple[object, object] | None) -> int:
    """Count the rows of a batch in a table; ``span`` of event times keeps it to the partitions it can be in."""
    event = table.with_role(Role.EVENT_TIME)
    within, parameters = "", {"batch": batch}
    if span is not None and event is not None and event.kind is Kind.TIMESTAMP:
        within = f" AND {event.name} BETWEEN {{low:DateTime64(6, 'UTC')}} AND {{high:DateTime64(6, 'UTC')}}"
        parameters |= {"low": span[0], "high": span[1]}
    return node.scalar(f"SELECT count() FROM {name} WHERE batch = {{batch:UInt64}}{within}", parameters)


def _stage(node: Client, table: Table, stage: str, rows: pa.Table) -> None:
    node.command(f"DROP TABLE IF EXISTS {stage} SYNC")
    # Rendered anew rather than CREATE AS, which on a replicated table would copy its replication path.
    _, create = create_statement(table).split("\n", 1)
    node.command(create.replace(table.name, stage, 1).rstrip(";"))
    _insert(node, table, stage, rows)
    summed = [column.name for column in table.columns if column.kind in _SUMMED and column.role is not Role.BATCH]
    wanted = [rows.num_rows, *(_sum(rows[column]) for column in summed)]
    sums = "".join(f", ifNull(toString(sum({column})), '0')" for column in summed)
    found = list(node.rows(f"SELECT count(){sums} FROM {stage}")[0])
    if [_plain(value) for value in found] != [_plain(value) for value in wanted]:
        raise LoadError(f"The stage of {table.name} holds {found}, the batch {wanted} (rows, sums of {summed}).",
                        remedy="Run the load again; if it persists, report it with the batch.")  # fmt: skip


def _insert(node: Client, table: Table, stage: str, rows: pa.Table) -> None:
    """Send the rows in as many streams as they are worth: the engine reads each on one thread."""
    streams = min(_STREAMS, rows.num_rows // _ROWS_WORTH_A_STREAM + 1)
    share = -(-rows.num_rows // streams)
    parts = [rows.slice(number * share, share) for number in range(streams)]
    with ThreadPoolExecutor(streams) as pool:
        # Each thread in a context of its own: the correlation id goes along.
        sent = [pool.submit(copy_context().run, node.stream, stage, _wired(table, part), _LARGE_BLOCKS)
                for part in parts]  # fmt: skip
        for one in sent:
            one.result()


def _wired(table: Table, rows: pa.Table) -> pa.Table:
    """Send labels as dictionaries: that is what the node stores, and it is a fraction of the text."""
    for place, field in enumerate(rows.schema):
        if table.by_name[field.name].kind is Kind.LABEL:
            rows = rows.set_column(place, field.name, rows[field.name].dictionary_encode())
    return rows


def _compare(node: Client, table: Table, name: str, stage: str, batch: int) -> Landed:
    staged = node.scalar(f"SELECT count() FROM {stage}")
    empty = _conflict_schema(table).empty_table()
    if not _may_overlap(node, table, name, stage):
        return Landed(staged, 0, empty)
    keys = ", ".join(table.key)
    match = f"{stage} AS s INNER JOIN {_in_range(table, name, stage)} AS t USING ({keys})"
    differs = " OR ".join(f"s.{c} IS DISTINCT FROM t.{c}" for c in _payload(table)) or "0"
    overlap, own, conflicts = node.rows(
        f"SELECT count(), countIf(t.batch = {batch}), countIf(t.batch != {batch} AND ({differs})) FROM {match}"
    )[0]
    if not overlap:
        return Landed(staged, 0, empty)
    conflicting = empty
    if conflicts:
        columns = ", ".join(f"{_readable(table, c)} AS {c}" for c in empty.column_names)
        conflicting = node.arrow(f"SELECT {columns} FROM {match} WHERE t.batch != {batch} AND ({differs})")
    _keep_only_new(node, table, name, stage)
    return Landed(staged - overlap + own, overlap - own - conflicts, conflicting)


def _may_overlap(node: Client, table: Table, name: str, stage: str) -> bool:
    """Whether the table has any row in the stage's range: a cheap look at the index, and usually no."""
    return bool(node.scalar(f"SELECT count() FROM {_in_range(table, name, stage)} AS t LIMIT 1"))


def _in_range(table: Table, name: str, stage: str) -> str:
    """Return a subquery of the rows that can have one of the stage's keys."""
    event = table.with_role(Role.EVENT_TIME)
    few = [name for name in table.key if table.by_name[name].kind in _FEW_VALUES]
    parts = [f"{name} IN (SELECT DISTINCT {name} FROM {stage})" for name in few]
    if event is not None and event.name in table.key:
        low, high = f"(SELECT min({event.name}) FROM {stage})", f"(SELECT max({event.name}) FROM {stage})"
        parts.append(f"{event.name} >= {low} AND {event.name} <= {high}")
    where = f" WHERE {' AND '.join(parts)}" if parts else ""
    return f"(SELECT * FROM {name}{where})"


def _keep_only_new(node: Client, table: Table, name: str, stage: str) -> None:
    fresh = f"{stage}_new"
    columns = ", ".join(column.name for column in table.columns)
    node.command(f"DROP TABLE IF EXISTS {fresh} SYNC")
    node.command(f"CREATE TABLE {fresh} AS {stage}")
    node.command(
        f"INSERT INTO {fresh} SELECT {columns} FROM {stage} AS s "
        f"LEFT ANTI JOIN {_in_range(table, name, stage)} AS t USING ({', '.join(table.key)})"
    )
    node.command(f"EXCHANGE TABLES {fresh} AND {stage}")
    node.command(f"DROP TABLE {fresh} SYNC")


def _attach(node: Client, name: str, stage: str) -> None:
    database, short = stage.split(".")
    partitions = node.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {database:String} "
        "AND table = {table:String} ORDER BY 1",
        {"database": database, "table": short},
    )
    for (partition,) in partitions:
        node.command_once(f"ALTER TABLE {name} ATTACH PARTITION ID '{partition}' FROM {stage}")


def _verify_landed(node: Client, table: Table, name: str, batch: int, rows: pa.Table, wanted: int) -> None:
    event = table.with_role(Role.EVENT_TIME)
    span = None
    if event is not None and rows.num_rows:
        bounds = pc.min_max(rows[event.name]).as_py()
        span = (bounds["min"], bounds["max"])
    found = count_landed(node, table, name, batch, span)
    if found != wanted:
        raise LoadError(f"{name} holds {found} rows of batch {batch:016x}, not {wanted}.",
                        remedy="Run: zeno warehouse audit")  # fmt: skip


def _drop_if_up(node: Client, stage: str) -> None:
    for leftover in (stage, f"{stage}_new"):
        node.try_command(f"DROP TABLE IF EXISTS {leftover} SYNC")


def _payload(table: Table) -> list[str]:
    skipped = {*table.key, "source"}
    return [c.name for c in table.columns if c.name not in skipped and c.role is not Role.BATCH]


def _conflict_schema(table: Table) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in (*table.key, *_payload(table))])


def _readable(table: Table, column: str) -> str:
    prefix = "" if column in table.key else "s."
    return f"toString({prefix}{column})"


def _sum(values: pa.ChunkedArray) -> object:
    total = pc.sum(values).as_py()
    return 0 if total is None else total


def _plain(value: object) -> Decimal:
    # As numbers: a sum of 1E-8 or 0E-8 is spelled otherwise by Python than by the node.
    return Decimal(str(value))
