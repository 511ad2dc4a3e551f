"""The quarantine, ``raw.quarantine``: rows that a contract refused, with the reason and the row as it came."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from warehouse.batch import Rejection
from warehouse.client import Client
from warehouse.ledger import ContentId
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema

CONFLICT = "conflicts_with_stored"
"""The reason of a row whose key is stored with other values."""

# One block, one part: the rejections of a batch become visible together or not at all.
_ONE_BLOCK = {"max_insert_block_size": 10**9, "min_insert_block_size_rows": 10**9, "min_insert_block_size_bytes": 0}


def refused_by_contract(client: Client, table_name: str, content: ContentId) -> int:
    """Count the rows of a batch that its contract refused, leaving out those that only contradict stored rows."""
    return sum(reason != CONFLICT for _, reason in _held(client, table_name, content))


def replace(client: Client, table_name: str, source: str, content: ContentId, rejections: Sequence[Rejection],
            at: datetime) -> None:  # fmt: skip
    """Make the quarantine hold exactly these rejections for a batch, whatever an earlier try left there."""
    held = _held(client, table_name, content)
    if held == [(rejection.row, rejection.reason) for rejection in sorted(rejections, key=lambda r: (r.row, r.reason))]:
        return
    if held:
        client.command(
            "ALTER TABLE raw.quarantine DELETE WHERE table_name = {table:String} AND batch = {batch:UInt64}",
            {"table": table_name, "batch": content.batch},
            {"mutations_sync": 2},
        )
    if rejections:
        client.insert("raw.quarantine", _rows(table_name, source, content, rejections, at), _ONE_BLOCK)


def _held(client: Client, table_name: str, content: ContentId) -> list[tuple[int, str]]:
    rows = client.rows(
        "SELECT row, reason FROM raw.quarantine WHERE table_name = {table:String} AND batch = {batch:UInt64} "
        "ORDER BY row, reason",
        {"table": table_name, "batch": content.batch},
    )
    return [(row, reason) for row, reason in rows]


def _rows(table_name: str, source: str, content: ContentId, rejections: Sequence[Rejection], at: datetime) -> pa.Table:
    count = len(rejections)
    columns = {
        "table_name": [table_name] * count,
        "batch": [content.batch] * count,
        "row": [rejection.row for rejection in rejections],
        "source": [source] * count,
        "reason": [rejection.reason for rejection in rejections],
        "detail": [rejection.detail for rejection in rejections],
        "payload": [rejection.payload for rejection in rejections],
        "quarantined_at": [at] * count,
    }
    return pa.table(columns, schema=arrow_schema(table("raw.quarantine")))
