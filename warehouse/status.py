"""What the warehouse holds: tables with rows and time ranges, loads, quarantine, and the bars' reconciliation."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from warehouse.client import Client
from warehouse.schema import TABLES, Role, Table, table
from warehouse.store import User, Warehouse

_MARTS = "SELECT name FROM system.tables WHERE database = 'marts' AND name NOT LIKE '%\\_local' ORDER BY name"
_RECONCILE = "SELECT bar_table, day, argMax(bars_hash = ticks_hash, checked_at) FROM {name} GROUP BY bar_table, day"


@dataclass(frozen=True)
class TableStatus:
    """Rows of one table and the span of its event times (UTC); None where it has none."""

    name: str
    rows: int
    first: datetime | date | None
    last: datetime | date | None
    bytes_on_disk: int


@dataclass(frozen=True)
class SourceStatus:
    """What became of one source's rows in one table."""

    source: str
    table_name: str
    rows_in: int
    rows_stored: int
    rows_quarantined: int
    loaded_at: datetime


@dataclass(frozen=True)
class Status:
    """The whole warehouse at a glance.

    Parameters
    ----------
    reconciled, differing
        Days × bar tables whose newest checks found equal bars on every node, and those that differ on one.
    """

    tables: list[TableStatus]
    sources: list[SourceStatus]
    quarantine: dict[str, int]
    reconciled: int
    differing: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain containers, for JSON."""
        return asdict(self)


def read_status(warehouse: Warehouse) -> Status:
    """Read the state of every table; takes as long as counting them."""
    client = warehouse.client()
    tables = [_declared(warehouse, entry) for entry in TABLES.values() if entry.database in {"raw", "ref"}]
    tables += [_mart(warehouse, name) for (name,) in client.rows(_MARTS)]
    quarantine = client.rows("SELECT toString(reason), count() FROM raw.quarantine GROUP BY reason ORDER BY 2 DESC")
    equal = _equal(warehouse)
    return Status(tables, _sources(warehouse), dict(quarantine), sum(equal), len(equal) - sum(equal))


def prometheus(status: Status) -> bytes:
    """Return the status in Prometheus' text format."""
    registry = CollectorRegistry()
    rows = Gauge("zeno_table_rows", "Rows in a table.", ["table"], registry=registry)
    size = Gauge("zeno_table_bytes", "Bytes on disk of a table.", ["table"], registry=registry)
    refused = Gauge("zeno_quarantined_rows", "Rows refused by a contract.", ["reason"], registry=registry)
    differing = Gauge("zeno_reconcile_differences", "Bar partitions that differ from their ticks.", registry=registry)
    for entry in status.tables:
        rows.labels(entry.name).set(entry.rows)
        size.labels(entry.name).set(entry.bytes_on_disk)
    for reason, count in status.quarantine.items():
        refused.labels(reason).set(count)
    differing.set(status.differing)
    return generate_latest(registry)


def _equal(warehouse: Warehouse) -> list[bool]:
    """Say of each bar table and day whether its newest check found equal bars on every node that has one."""
    found: dict[tuple[str, date], bool] = {}
    for node, name in warehouse.holders(table("ops.reconcile"), User.RESEARCHER):
        for bars, day, equal in node.rows(_RECONCILE.format(name=name)):
            found[bars, day] = found.get((bars, day), True) and bool(equal)
    return list(found.values())


def _declared(warehouse: Warehouse, entry: Table) -> TableStatus:
    event = entry.with_role(Role.EVENT_TIME)
    return _read(warehouse, entry.name, event.name if event else None)


def _mart(warehouse: Warehouse, name: str) -> TableStatus:
    columns = warehouse.client().rows(
        "SELECT name FROM system.columns WHERE database = 'marts' AND table = {table:String} "
        "AND name IN ('ts', 'session', 'period', 'month')",
        {"table": name},
    )
    return _read(warehouse, f"marts.{name}", columns[0][0] if columns else None)


def _read(warehouse: Warehouse, name: str, event: str | None) -> TableStatus:
    client = warehouse.client()
    span = f"min({event}), max({event})" if event else "NULL, NULL"
    rows, first, last = client.rows(f"SELECT count(), {span} FROM {name}")[0]
    size = sum(_bytes(node, name) for node in warehouse.nodes(User.RESEARCHER))
    return TableStatus(name, rows, first if rows else None, last if rows else None, size)


def _bytes(node: Client, name: str) -> int:
    database, short = name.split(".")
    return node.scalar(
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = {database:String} "
        "AND table IN ({table:String}, concat({table:String}, '_local'))",
        {"database": database, "table": short},
    )


def _sources(warehouse: Warehouse) -> list[SourceStatus]:
    rows = warehouse.client().rows(
        "SELECT source, table_name, sum(i), sum(s), sum(q), max(latest) FROM ("
        "  SELECT toString(argMax(source, at)) AS source, toString(table_name) AS table_name, argMax(rows_in, at) AS i,"
        "         argMax(rows_stored, at) AS s, argMax(rows_quarantined, at) AS q, max(at) AS latest"
        "  FROM raw.loads GROUP BY table_name, batch"
        ") GROUP BY source, table_name ORDER BY table_name, source"
    )
    return [SourceStatus(*row) for row in rows]
