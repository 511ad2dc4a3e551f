"""Whether bars equal their ticks: which days must be rebuilt, and the check that makes a day clean again.

    dirty_days  ->  transform.build(days=...)  ->  reconcile(days)  ->  ops.reconcile

A day is clean when, on every node and for all four bar tables, its newest check found equal hashes and covered the
batches that touch the day now, each as often as it landed, and when no load that touches it is unfinished. The batches
are read before the ticks, so that a load that lands during a check leaves the day dirty. Bars are computed anew in
``warehouse.bars_from_ticks``.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from warehouse.bars_from_ticks import COLUMNS, LENGTHS, bars_sql, loose_table, seconds_table
from warehouse.client import Client
from warehouse.ledger import UNFINISHED
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.schema.ddl import LOCAL_SUFFIX, Layout
from warehouse.store import User, Warehouse
from zeno.clock import Clock, SystemClock

# A batch that lands again may bring rows that it did not have before (a symbol was registered, a lost part came back):
# every landing counts, by its time. A state that was written twice has one time.
_LOADS = """
SELECT day, sum(cityHash64(table_name, batch)) AS batches FROM (
    SELECT DISTINCT table_name, batch, at, toDate32(arrayJoin(days)) AS day FROM raw.loads
    WHERE state = 'landed' AND table_name IN ('raw.trades', 'raw.corrections')
) GROUP BY day"""
# Some partitions of a load that was interrupted may be in the table, and more may come: no check can cover that.
_UNFINISHED = f"""
SELECT DISTINCT toDate32(arrayJoin(arrayFlatten(found))) AS day FROM (
    SELECT groupArray(days) AS found FROM raw.loads WHERE table_name IN ('raw.trades', 'raw.corrections')
    GROUP BY table_name, batch HAVING {UNFINISHED}
)"""
_SAMPLE = 3
_SESSION_SECONDS = 900


@dataclass(frozen=True)
class Result:
    """One check of one day of one bar table on one node.

    Parameters
    ----------
    node
        Number of the node, from 1.
    bars, ticks
        Bars stored, and trades that they were checked against.
    batches
        Order-free hash of the batches that touched the day when the check began.
    differences
        The first bars that differ, each in words.
    """

    node: int
    bar_table: str
    day: date
    bars: int
    ticks: int
    bars_hash: int
    ticks_hash: int
    batches: int
    differences: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the stored bars are exactly those of the ticks."""
        return self.bars_hash == self.ticks_hash

    @property
    def message(self) -> str:
        """What was found, in one line for each bar that differs."""
        head = f"marts.{self.bar_table} on {self.day} (node {self.node})"
        if self.ok:
            return f"{head}: {self.bars} bars equal their {self.ticks} ticks."
        return "\n  ".join([f"{head}: bars differ from their ticks.", *self.differences])


def dirty_days(warehouse: Warehouse) -> list[date]:
    """Return the event days (UTC) whose bars must be rebuilt, in order: loaded into, and not proven right since.

    Days of a load that was interrupted stay dirty until it has been loaded again.
    """
    wanted = _batches(warehouse)
    unfinished = {day for (day,) in warehouse.client(User.WRITER).rows(_UNFINISHED)}
    proven = [_proven(node, name) for node, name in warehouse.holders(table("ops.reconcile"), User.WRITER)]
    unproven = {day for day, batches in wanted.items()
                if any(checks.get((bars, day)) != batches for checks in proven for bars in LENGTHS)}  # fmt: skip
    return sorted(unproven | unfinished)


def reconcile(warehouse: Warehouse, days: Sequence[date], *, clock: Clock | None = None) -> list[Result]:
    """Compare all stored bars of ``days`` (UTC) with bars computed anew from the ticks, and record the outcome.

    Returns
    -------
    list of Result
        One for each day, node and bar table; nothing is raised for bars that differ.

    Raises
    ------
    WarehouseError
        If a bar table is not there, or a node does not answer.
    """
    found = []
    for day in days:
        batches = _batches(warehouse).get(day, 0)
        for number, node in enumerate(warehouse.nodes(User.WRITER), 1):
            results = _check(node, number, _suffix(warehouse), day, batches)
            _record(node, f"ops.reconcile{_suffix(warehouse)}", results, (clock or SystemClock()).now())
            found += results
    return found


def _batches(warehouse: Warehouse) -> dict[date, int]:
    return {day: batches for day, batches in warehouse.client(User.WRITER).rows(_LOADS)}  # noqa: C416 - typed


def _suffix(warehouse: Warehouse) -> str:
    return "" if warehouse.layout is Layout.SINGLE else LOCAL_SUFFIX


def _proven(node: Client, name: str) -> dict[tuple[str, date], int]:
    """Return the batches that each table and day is proven right for."""
    rows = node.rows(f"""
        SELECT bar_table, day, argMax((bars_hash = ticks_hash, batches), checked_at) AS newest
        FROM {name} GROUP BY bar_table, day""")
    return {(bars, day): newest[1] for bars, day, newest in rows if newest[0]}


def _check(node: Client, number: int, suffix: str, day: date, batches: int) -> list[Result]:
    # Temporary tables live in a session, and go with it.
    session = {"session_id": f"reconcile-{uuid.uuid4().hex}", "session_timeout": _SESSION_SECONDS}
    sources = (f"raw.trades{suffix}", f"raw.corrections{suffix}", day)
    node.command(seconds_table(*sources), settings=session)
    node.command(loose_table(*sources), settings=session)
    ticks = _one(node, "SELECT sum(trades) AS ticks FROM seconds", session)["ticks"]
    results = []
    for name, length in LENGTHS.items():
        stored = _stored(f"marts.{name}{suffix}", day)
        bars = _one(node, _hashed(stored), session)
        anew = _one(node, _hashed(bars_sql(length)), session)
        unequal = bars["hash"] != anew["hash"]
        differences = _differences(node, stored, bars_sql(length), session) if unequal else ()
        results.append(Result(number, name, day, bars["bars"], ticks, bars["hash"], anew["hash"], batches, differences))
    for name in ("seconds", "loose"):
        node.command(f"DROP TEMPORARY TABLE IF EXISTS {name}", settings=session)
    return results


def _stored(name: str, day: date) -> str:
    columns = ", ".join(f"{column} AS bar_{column}" for column in COLUMNS)
    return f"SELECT {columns} FROM {name} WHERE toYYYYMMDD(ts) = {day:%Y%m%d}"


def _hashed(bars: str) -> str:
    columns = ", ".join(f"bar_{column}" for column in COLUMNS)
    return f"SELECT count() AS bars, sum(cityHash64({columns})) AS hash FROM ({bars})"


def _differences(node: Client, stored: str, anew: str, session: dict[str, Any]) -> tuple[str, ...]:
    """Say of the first bars that differ what is stored and what the ticks say."""
    key = ("bar_instrument_id", "bar_ts", "bar_known_at")
    rows = node.arrow(f"""
        WITH stored AS ({stored}), anew AS ({anew})
        SELECT 'stored' AS side, * FROM (SELECT * FROM stored EXCEPT SELECT * FROM anew)
        UNION ALL
        SELECT 'anew' AS side, * FROM (SELECT * FROM anew EXCEPT SELECT * FROM stored)
        ORDER BY {", ".join(key)}, side LIMIT {2 * _SAMPLE}""", settings=session).to_pylist()  # fmt: skip
    sides: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in rows:
        sides.setdefault(tuple(row[name] for name in key), {})[row.pop("side")] = row
    return tuple(_in_words(bar, found) for bar, found in list(sides.items())[:_SAMPLE])


def _in_words(bar: tuple[Any, ...], sides: dict[str, dict[str, Any]]) -> str:
    head = f"instrument {bar[0]}, bar {bar[1]:%Y-%m-%d %H:%M:%S}, known {bar[2]:%Y-%m-%d %H:%M:%S.%f}"
    if "anew" not in sides:
        return f"{head}: stored, but the ticks make no such bar."
    if "stored" not in sides:
        return f"{head}: missing."
    unequal = [f"{name.removeprefix('bar_')} is {value}, the ticks say {sides['anew'][name]}"
               for name, value in sides["stored"].items() if value != sides["anew"][name]]  # fmt: skip
    return f"{head}: {'; '.join(unequal)}."


def _one(node: Client, sql: str, session: dict[str, Any]) -> dict[str, int]:
    return node.arrow(sql, settings=session).to_pylist()[0]


def _record(node: Client, name: str, results: list[Result], now: datetime) -> None:
    rows = [{"bar_table": r.bar_table, "day": r.day, "bars": r.bars, "ticks": r.ticks, "bars_hash": r.bars_hash,
             "ticks_hash": r.ticks_hash, "batches": r.batches, "checked_at": now.astimezone(UTC)}
            for r in results]  # fmt: skip
    node.insert(name, pa.Table.from_pylist(rows, schema=arrow_schema(table("ops.reconcile"))))
