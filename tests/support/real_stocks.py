"""Real daily closes of twenty US stocks as a Parquet file of bars, and a walk-forward question about them."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collectors.dataset import Context
from collectors.registry import dataset
from zeno.clock import ManualClock
from zeno.settings import Settings


@cache
def real_closes(symbols: int, days: int) -> pa.Table:
    """Return bars of the first ``symbols`` stocks over the first ``days`` sessions from 1990; all prices are closes."""
    context = Context(settings=Settings.from_env(), clock=ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    batches = sorted(dataset("us_equities_daily").read(context), key=lambda one: one.data["symbol"][0].as_py())
    parts = []
    for batch in batches[:symbols]:
        data = batch.data.slice(0, days)
        close = pa.array([round(float(str(price)), 4) for price in data["adj_close"].to_pylist()], pa.float64())
        close = close.cast(pa.decimal128(18, 4))
        parts.append(pa.table({"symbol": data["symbol"].cast(pa.string()), "ts": data["ts"], "open": close,
                               "high": close, "low": close, "close": close}))  # fmt: skip
    return pa.concat_tables(parts).sort_by([("ts", "ascending"), ("symbol", "ascending")])


def as_data(table: pa.Table, path: Path) -> dict[str, Any]:
    """Write bars to a file; return the ``data`` of a spec that names it."""
    pq.write_table(table, path)
    symbols = sorted(set(table["symbol"].to_pylist()))
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "price_scale": 4,
            "quantity_scale": 0, "symbols": symbols, "resolution": "86400 s", "currency": "USD",
            "caveats": []}  # fmt: skip


def question(**changed: Any) -> dict[str, Any]:
    """Return a walk-forward question about a crossover on every stock."""
    run = {"cash": "1000000", "sizer": "equity:0.05", "cost": "bps:5", "slippage": "spread:2", "fill": "next_open",
           "latency": 0, "participation": "0", "margin": "0", "borrow": "0", "interest": "0", "lot": "1",
           "currency": ""}  # fmt: skip
    axes = {"fast": [5, 10, 20], "slow": [30, 60]}
    space = {"axes": axes, "sample": {"method": "grid", "count": 0, "seed": 0}}
    return {
        "strategy": "sma_crossover", "fixed": {}, "run": run, "period": "slice", "objective": "sharpe", "seed": 0,
        "space": space,
        "train": 400, "test": 100, "step": None, "purge": 5, "embargo": 0, "anchored": False, **changed,
    }  # fmt: skip
