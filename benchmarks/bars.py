"""1-minute bars, read from the marts, against DuckDB and Polars computing them from the same ticks.

DuckDB has the ticks in a native table; Polars has them in memory, and again in a Parquet file. All return open, high,
low, close, volume and count; ours come over HTTP as Arrow: the query alone, and ``read_bars``, which also looks up the
symbol and where its bars come from. One instrument on one day, of a million ticks and of four; and everything.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from benchmarks.common import INSTRUMENT, SYMBOL, Figures, alternate, median, scratch_warehouse, synthetic_trades
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.readers import read_bars
from warehouse.store import Warehouse
from warehouse.transform import build

RUNS = 9
SIZES = {"day_of_1m": (12_000_000, 3, 4), "day_of_4m": (12_000_000, 1, 3)}
"""Ticks, days and instruments."""
_DAY = datetime(2024, 1, 8, tzinfo=UTC)
_COLUMNS = "instrument_id, ts, open, high, low, close, volume, trades"

Sized = pa.Table | pl.DataFrame


def run() -> Figures:
    """Build the bars once for each size, then time the readers in turn for each scope."""
    values: dict[str, float | int | str] = {}
    for label, (rows, days, instruments) in SIZES.items():
        values[f"{label}_ticks"] = rows // days // instruments
        ticks = synthetic_trades(rows, days=days, instruments=instruments)
        with scratch_warehouse() as store, tempfile.TemporaryDirectory() as folder:
            Loader(store).load(Batch("raw.trades", "benchmark", ticks))
            build(store)
            with duckdb.connect(str(Path(folder) / "ticks.duckdb")) as database:
                database.register("incoming", ticks)
                database.execute("CREATE TABLE trades AS SELECT * FROM incoming ORDER BY instrument_id, ts")
                database.unregister("incoming")
                frame = pl.DataFrame(ticks)
                frame.write_parquet(Path(folder) / "ticks.parquet")
                stored = pl.scan_parquet(Path(folder) / "ticks.parquet")
                others = {"duckdb": _duckdb(database, True), "polars": _polars(frame.lazy(), True),
                          "polars_parquet": _polars(stored, True)}  # fmt: skip
                values |= _timed(label, {"marts": _ours(store, True), "read_bars": _product(store), **others})
                if days > 1:
                    others = {"duckdb": _duckdb(database, False), "polars": _polars(frame.lazy(), False),
                              "polars_parquet": _polars(stored, False)}  # fmt: skip
                    values |= _timed("everything", {"marts": _ours(store, False), **others})
    return Figures("bars", values)


def _timed(label: str, works: dict[str, Callable[[], Sized]]) -> dict[str, float | int | str]:
    counts = {len(work()) for work in works.values()}
    if len(counts) != 1:
        raise RuntimeError(f"they disagree on the number of bars: {counts}")
    seconds = dict(zip(works, alternate(RUNS, *works.values()), strict=True))
    mine = seconds["marts"]
    ratios = {f"{label}_times_faster_than_{name}": round(median([b / a for a, b in zip(mine, other, strict=True)]), 1)
              for name, other in seconds.items() if name not in {"marts", "read_bars"}}  # fmt: skip
    medians = {f"{label}_{name}_median_ms": round(median(each) * 1000, 2) for name, each in seconds.items()}
    return {f"{label}_bars": counts.pop(), **medians, **ratios}


def _ours(store: Warehouse, one: bool) -> Callable[[], pa.Table]:
    client = store.client()
    where = ""
    if one:
        where = f"WHERE instrument_id = {INSTRUMENT} AND ts >= '{_DAY:%F}' AND ts < '{_DAY + timedelta(days=1):%F}'"
    return lambda: client.arrow(f"SELECT {_COLUMNS} FROM marts.bars_1m {where}")


def _product(store: Warehouse) -> Callable[[], pa.Table]:
    end = _DAY + timedelta(days=1)
    return lambda: read_bars([SYMBOL], "1m", _DAY, end, as_of=datetime.now(UTC), warehouse=store)


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
    return lambda: database.sql(sql).to_arrow_table()


def _polars(ticks: pl.LazyFrame, one: bool) -> Callable[[], pl.DataFrame]:
    def compute() -> pl.DataFrame:
        query = ticks
        if one:
            query = query.filter(
                (pl.col("instrument_id") == INSTRUMENT) & (pl.col("ts") >= _DAY) & (pl.col("ts") < _DAY + timedelta(1))
            )
        # The ticks are sorted by ord within an instrument, so first and last are open and close.
        bars = query.group_by("instrument_id", pl.col("ts").dt.truncate("1m")).agg(
            open=pl.col("price").first(), high=pl.col("price").max(), low=pl.col("price").min(),
            close=pl.col("price").last(), volume=pl.col("size").sum(), trades=pl.len(),
        )  # fmt: skip
        return bars.collect()

    return compute
