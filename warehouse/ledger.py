"""The load ledger, ``raw.loads``: what was loaded, identified by content, and what became of it.

A batch's id is the hash of its table, source, namespace and rows, so that the same batch is the same load whoever
sends it and however often. States are appended, never updated; a batch's latest row is its state.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from warehouse.batch import Batch
from warehouse.client import Client
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.wire import content
from zeno.telemetry import correlation_id

UNFINISHED = "maxIf(at, state = 'started') > maxIf(at, state = 'landed')"
"""Condition on a batch's states in ``raw.loads``: it began to load and did not end, so any part of it may be there."""


@dataclass(frozen=True)
class ContentId:
    """A batch's identity: its full hash, and the 64 bits of it that rows carry."""

    sha256: str

    @property
    def batch(self) -> int:
        """The first 8 bytes as an unsigned integer."""
        return int(self.sha256[:16], 16)


@dataclass(frozen=True)
class Load:
    """The latest state of one batch in one table; counts are rows."""

    table_name: str
    source: str
    state: str
    rows_in: int
    rows_stored: int
    rows_present: int
    rows_quarantined: int
    ts_min: datetime | None = None
    ts_max: datetime | None = None
    days: tuple[str, ...] = ()

    @property
    def rows_inserted(self) -> int:
        """Rows that this batch itself brought: what the table must hold under its id."""
        return self.rows_stored - self.rows_present


def identify(batch: Batch) -> ContentId:
    """Hash a batch's content. Row order counts, chunking does not."""
    digest = hashlib.sha256(f"{batch.table}\0{batch.source}\0{batch.namespace}\0".encode())
    digest.update(repr(batch.unreadable).encode())
    for name, column in zip(batch.data.column_names, batch.data.columns, strict=True):
        digest.update(f"\0{name}\0{column.type}\0{len(column)}\0{column.null_count}\0".encode())
        for piece in content(column):
            digest.update(piece)
    return ContentId(digest.hexdigest())


def latest(client: Client, table_name: str, content: ContentId) -> Load | None:
    """Return a batch's latest state in a table, or None if the ledger has never seen it."""
    rows = client.rows(
        "SELECT table_name, source, toString(state), rows_in, rows_stored, rows_present, rows_quarantined, "
        "ts_min, ts_max, days FROM raw.loads WHERE table_name = {table:String} AND batch = {batch:UInt64} "
        "ORDER BY at DESC LIMIT 1",
        {"table": table_name, "batch": content.batch},
    )
    if not rows:
        return None
    found = Load(*rows[0])
    return replace(found, days=tuple(found.days))


def record(client: Client, load: Load, content: ContentId, at: datetime, schema_version: int) -> None:
    """Append a state. A state written twice is harmless: only the latest counts."""
    row: Mapping[str, Any] = {
        "table_name": load.table_name,
        "batch": content.batch,
        "content_sha256": content.sha256,
        "source": load.source,
        "state": load.state,
        "rows_in": load.rows_in,
        "rows_stored": load.rows_stored,
        "rows_present": load.rows_present,
        "rows_quarantined": load.rows_quarantined,
        "ts_min": load.ts_min,
        "ts_max": load.ts_max,
        "days": list(load.days),
        "schema_version": schema_version,
        "correlation_id": correlation_id(),
        "at": at,
    }
    client.insert_repeatable("raw.loads", pa.Table.from_pylist([row], schema=arrow_schema(table("raw.loads"))))


def loaded_days(client: Client) -> list[date]:
    """Return every event day (UTC) whose ticks or corrections were loaded, in order."""
    rows = client.rows(
        "SELECT DISTINCT toDate32(arrayJoin(days)) AS day FROM raw.loads "
        "WHERE table_name IN ('raw.trades', 'raw.corrections') ORDER BY day"
    )
    return [day for (day,) in rows]


def state_hash(client: Client) -> str:
    """Return a hash of all that has landed: equal hashes mean that the same batches are in the same tables."""
    return client.scalar(
        "SELECT lower(hex(groupBitXor(cityHash64(table_name, batch, stored, present)))) FROM ("
        "  SELECT toString(table_name) AS table_name, batch, argMax(rows_stored, at) AS stored,"
        "         argMax(rows_present, at) AS present"
        "  FROM raw.loads GROUP BY table_name, batch HAVING argMax(state, at) = 'landed')"
    )
