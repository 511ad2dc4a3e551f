"""What benchmarks share: a warehouse of their own, synthetic trades, medians of alternating runs."""

import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import User, Warehouse, connect, embedded
from zeno.settings import Settings

SEED = 7
INSTRUMENT, SYMBOL = 900_001, "SYN1"
_TICK = 25_000_000  # 0.25 at scale 8
_START = int(datetime(2024, 1, 8, tzinfo=UTC).timestamp()) * 1_000_000
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Figures:
    """What one benchmark measured: names to values, with units in the names; and a table, where that reads better."""

    name: str
    values: dict[str, float | int | str] = field(default_factory=dict)
    table: str = ""


@contextmanager
def scratch_warehouse(shards: int = 1) -> Iterator[Warehouse]:
    """Give an empty warehouse in a temporary folder, and end it."""
    with tempfile.TemporaryDirectory(prefix="zeno-bench-") as folder:
        home = Path(folder)
        settings = Settings(home=home, cache=Settings.from_env().cache, drop=home / "drop", shards=shards)
        store = connect(settings)
        try:
            _register(store)
            yield store
        finally:
            store.close()
            embedded(settings).down()


def alternate(
    runs: int, *works: Callable[[], object], before: Callable[[], object] = lambda: None
) -> list[list[float]]:
    """Time pieces of work in turn, so that a machine's drift falls on all; seconds each, a list for each.

    Parameters
    ----------
    before
        Done before each piece, and not timed.
    """
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for work, seconds in zip(works, times, strict=True):
            before()
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return times


def settle(store: Warehouse) -> None:
    """Wait until the engine merges nothing: what one side leaves behind is not the next one's cost."""
    admin = store.client(User.ADMIN)
    quiet = 0
    while quiet < 3:
        quiet = 0 if admin.scalar("SELECT count() FROM system.merges") else quiet + 1
        time.sleep(0.2)


def median(seconds: list[float]) -> float:
    """Return the median."""
    return statistics.median(seconds)


def machine() -> str:
    """Describe the machine in a line."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB"


def synthetic_trades(rows: int, days: int = 1, instruments: int = 1, seed: int = SEED) -> pa.Table:
    """Return trades as a venue prints them: bursts in time, a walk on a 0.25 tick, small sizes, 1–20 ms to arrive.

    Columns are those of raw.trades less batch and source; by instrument, then time.
    """
    parts = [_one(rows // instruments, days, INSTRUMENT + number, seed + number) for number in range(instruments)]
    return pa.concat_tables(parts).combine_chunks()


def _one(rows: int, days: int, instrument: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    per_day = -(-rows // days)
    starts = _START + np.repeat(np.arange(days) * _DAY, per_day)[:rows]
    gaps = rng.exponential(1.0, rows) * rng.choice([0.02, 1.0, 6.0], rows, p=[0.5, 0.4, 0.1])
    within = np.concatenate([np.cumsum(part) for part in np.array_split(gaps, days)])[:rows]
    scale = 0.98 * _DAY / max(within.max(), 1)
    steps = rng.choice([-1, 0, 1], rows, p=[0.15, 0.7, 0.15])
    prices = (20_000 + np.cumsum(steps)) * _TICK
    sizes = np.minimum(rng.geometric(0.35, rows), 500) * 10**8
    return pa.table({
        "instrument_id": pa.array(np.full(rows, instrument, np.uint32)),
        "ts": pa.array(starts + (within * scale).astype(np.int64), pa.timestamp("us", "UTC")),
        "ord": pa.array(np.arange(rows, dtype=np.uint64)),
        "price": _decimals(prices),
        "size": _decimals(sizes),
        "side": pa.array(np.array(["buy", "sell"])[rng.integers(0, 2, rows)]),
        "known_lag_us": pa.array(rng.integers(1_000, 20_000, rows)),
    })  # fmt: skip


def _decimals(scaled: np.ndarray) -> pa.Array:
    words = np.empty((len(scaled), 2), np.int64)
    words[:, 0], words[:, 1] = scaled, scaled >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 8), len(scaled), [None, pa.py_buffer(words)])


def _register(store: Warehouse) -> None:
    count = 100
    Loader(store).load(Batch("ref.instruments", "benchmark", pa.table({
        "instrument_id": [INSTRUMENT + number for number in range(count)],
        "security_type": ["future"] * count,
        "name": [f"Synthetic {number}" for number in range(count)],
        "currency": ["USD"] * count,
        "price_rule": ["positive"] * count,
        "tick_size": ["0.25"] * count,
        "multiplier": ["1"] * count,
        "calendar": ["XNYS"] * count,
        "timezone": ["UTC"] * count,
    })))  # fmt: skip
    Loader(store).load(Batch("ref.symbols", "benchmark", pa.table({
        "namespace": ["benchmark"],
        "symbol": [SYMBOL],
        "valid_from": [date(2000, 1, 1)],
        "valid_to": [date(2100, 1, 1)],
        "instrument_id": [INSTRUMENT],
    })))  # fmt: skip
