"""1-minute bars, read from the marts, against DuckDB and Polars computing them from the same ticks.

DuckDB has the ticks in a native table, Polars in memory. All three return open, high, low, close, volume and count;
ours come over HTTP as Arrow. One instrument on one day, and everything.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from benchmarks.common import INSTRUMENT, Figures, alternate, median, scratch_warehouse, synthetic_trades
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import Warehouse
from warehouse.transform import build

ROWS = 12_000_000
DAYS, INSTRUMENTS, RUNS = 3, 4, 7
_DAY = datetime(2024, 1, 8, tzinfo=UTC)
_COLUMNS = "instrument_id, ts, open, high, low, close, volume, trades"

Scope = tuple[str, str]  # a WHERE clause for SQL over ticks, and one over bars


def run(rows: int = ROWS) -> Figures:
    """Build the bars once, then time the three readers in turn for each scope."""
    with scratch_warehouse() as store, tempfile.TemporaryDirectory() as folder:
        ticks = synthetic_trades(rows, days=DAYS, instruments=INSTRUMENTS)
        Loader(store).load(Batch("raw.trades", "benchmark", ticks))
        build(store)
        database = duckdb.connect(str(Path(folder) / "ticks.duckdb"))
        database.register("incoming", ticks)
        database.execute("CREATE TABLE trades AS SELECT * FROM incoming ORDER BY instrument_id, ts")
        frame = pl.from_arrow(ticks)
        values: dict[str, float | int | str] = {"ticks": rows}
        for label, one in (("one_instrument_day", True), ("everything", False)):
            values |= _scope(label, store, database, frame, one)
        database.close()
    return Figures("bars", values)


def _scope(label: str, store: Warehouse, database: duckdb.DuckDBPyConnection, frame: pl.DataFrame,
           one: bool) -> dict[str, float | int | str]:  # fmt: skip
    ours, duck, polars = _ours(store, one), _duckdb(database, one), _polars(frame, one)
    counts = {len(ours()), len(duck()), len(polars())}
    if len(counts) != 1:
        raise RuntimeError(f"the three disagree on the number of bars: {counts}")
    mine, theirs = alternate(ours, duck, RUNS)
    again, others = alternate(ours, polars, RUNS)
    return {
        f"{label}_bars": counts.pop(),
        f"{label}_marts_median_ms": round(median(mine + again) * 1000, 2),
        f"{label}_duckdb_median_ms": round(median(theirs) * 1000, 2),
        f"{label}_polars_median_ms": round(median(others) * 1000, 2),
        f"{label}_times_faster_than_duckdb": round(median([b / a for a, b in zip(mine, theirs, strict=True)]), 1),
        f"{label}_times_faster_than_polars": round(median([b / a for a, b in zip(again, others, strict=True)]), 1),
    }


def _ours(store: Warehouse, one: bool) -> Callable[[], pa.Table]:
    client = store.client()
    where = ""
    if one:
        where = f"WHERE instrument_id = {INSTRUMENT} AND ts >= '{_DAY:%F}' AND ts < '{_DAY + timedelta(days=1):%F}'"
    return lambda: client.arrow(f"SELECT {_COLUMNS} FROM marts.bars_1m {where}")


def _duckdb(database: duckdb.DuckDBPyConnection, one: bool) -> Callable[[], pa.Table]:
    where = ""
    if one:
        days = f"ts >= '{_DAY:%F} 00:00:00+00' AND ts < '{_DAY + timedelta(days=1):%F} 00:00:00+00'"
        where = f"WHERE instrument_id = {INSTRUMENT} AND {days}"
    sql = (
        "SELECT instrument_id, time_bucket(INTERVAL 1 MINUTE, ts) AS minute, arg_min(price, ord) AS open, "
        "max(price) AS high, min(price) AS low, arg_max(price, ord) AS close, sum(size) AS volume, count(*) AS trades "
        f"FROM trades {where} GROUP BY ALL"
    )
    return lambda: database.execute(sql).to_arrow_table()


def _polars(frame: pl.DataFrame, one: bool) -> Callable[[], pl.DataFrame]:
    def compute() -> pl.DataFrame:
        query = frame.lazy()
        if one:
            query = query.filter(
                (pl.col("instrument_id") == INSTRUMENT) & (pl.col("ts") >= _DAY) & (pl.col("ts") < _DAY + timedelta(1))
            )
        # The ticks are sorted by ord within an instrument, so first and last are open and close.
        return query.group_by("instrument_id", pl.col("ts").dt.truncate("1m")).agg(
            open=pl.col("price").first(), high=pl.col("price").max(), low=pl.col("price").min(),
            close=pl.col("price").last(), volume=pl.col("size").sum(), trades=pl.len(),
        ).collect()  # fmt: skip

    return compute
