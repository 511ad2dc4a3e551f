"""What tests make: settings, batches, registered instruments, an emptied warehouse."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.schema import TABLES
from warehouse.store import User, Warehouse
from zeno.settings import Settings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
"""The clock of every test that does not say otherwise."""


def make_settings(home: Path, **changes: object) -> Settings:
    """Return settings whose data folder is ``home``, reading nothing from the environment but the archive cache."""
    cache = Settings.from_env().cache
    return Settings(**({"home": home, "cache": cache, "drop": home / "drop"} | changes))


def empty(store: Warehouse) -> None:
    """Delete every row of every declared table, and whatever is staged."""
    declared = {name for entry in TABLES.values() for name in (entry.name, entry.name + "_local")} - {"ops.migrations"}
    for node in store.nodes(User.ADMIN):
        filled = node.rows("SELECT DISTINCT concat(database, '.', table) FROM system.parts")
        for (name,) in filled:
            if name in declared:
                node.command(f"TRUNCATE TABLE {name} SYNC")


def register(loader: Loader) -> None:
    """Register the two instruments: a future whose prices may not be negative, and a spread whose prices may."""
    loader.load(Batch("ref.instruments", "test", pa.table({
        "instrument_id": [7, 8],
        "security_type": ["future", "commodity"],
        "name": ["E-mini", "A spread"],
        "currency": ["USD", "USD"],
        "price_rule": ["positive", "any"],
        "tick_size": ["0.25", None],
        "multiplier": ["50", "1"],
        "calendar": ["XNYS", "XNYS"],
        "timezone": ["America/Chicago", "America/New_York"],
    })))  # fmt: skip
    days = pa.array([0, 0], pa.date32()), pa.array([120_000, 120_000], pa.date32())
    loader.load(Batch("ref.symbols", "test", pa.table({
        "namespace": ["test", "test"], "symbol": ["ES", "AAA"], "valid_from": days[0], "valid_to": days[1],
        "instrument_id": [7, 8],
    })))  # fmt: skip


def trades(rows: int = 3, **columns: object) -> Batch:
    """Return a batch of trades in ES, one a millisecond from 2013-09-02, changed as the test needs."""
    start = 1_378_080_000_000_000
    data: dict[str, object] = {
        "symbol": ["ES"] * rows,
        "ts": pa.array([start + 1000 * at for at in range(rows)], pa.timestamp("us", "UTC")),
        "ord": list(range(rows)),
        "price": ["1640.25"] * rows,
        "size": list(range(1, rows + 1)),
        "side": ["buy"] * rows,
        "known_lag_us": [0] * rows,
    }
    return Batch("raw.trades", "test", pa.table(data | columns), namespace="test")


def kill(pid: int) -> None:
    """Kill one of our own processes the hard way."""
    os.kill(pid, signal.SIGKILL)
