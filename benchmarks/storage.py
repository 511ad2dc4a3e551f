"""Bytes a trade on disk: the E-mini set and 20 M synthetic trades, against Parquet with zstd and DuckDB."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.common import Figures, scratch_warehouse, synthetic_trades
from collectors.dataset import Context
from collectors.registry import DATASETS
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import User, Warehouse

ROWS = 20_000_000
DAYS = 5


def run(rows: int = ROWS) -> Figures:
    """Load each set, merge it into one part a day, and compare with the same columns elsewhere."""
    values: dict[str, float | int | str] = {}
    with scratch_warehouse() as store:
        for name in ("instruments", "emini_trades"):
            for batch in DATASETS[name].read(Context(settings=store.settings)):
                Loader(store).load(batch)
        values |= _compare(store, "emini", _read_back(store))
        store.client(User.ADMIN).command("TRUNCATE TABLE raw.trades SYNC")
        loader = Loader(store)
        for number in range(DAYS):
            data = synthetic_trades(rows // DAYS, seed=number)
            shifted = pa.array(data["ts"].combine_chunks().cast(pa.int64()).to_numpy() + number * 86_400_000_000)
            data = data.set_column(1, "ts", shifted.cast(pa.timestamp("us", "UTC")))
            loader.load(Batch("raw.trades", "benchmark", data))
        values |= _compare(store, "synthetic", _read_back(store))
    return Figures("storage", values)


def _compare(store: Warehouse, label: str, data: pa.Table) -> dict[str, float | int | str]:
    store.client(User.ADMIN).command("OPTIMIZE TABLE raw.trades FINAL")
    size = store.client(User.ADMIN).scalar(
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'raw' AND table = 'trades'"
    )
    ours = size / data.num_rows
    with tempfile.TemporaryDirectory() as folder:
        parquet = _parquet(Path(folder), data) / data.num_rows
        duck = _duckdb(Path(folder), data) / data.num_rows
    return {
        f"{label}_rows": data.num_rows,
        f"{label}_bytes_a_trade": round(ours, 2),
        f"{label}_parquet_zstd_bytes_a_trade": round(parquet, 2),
        f"{label}_duckdb_bytes_a_trade": round(duck, 2),
        f"{label}_ratio_to_parquet": round(ours / parquet, 3),
        f"{label}_ratio_to_duckdb": round(ours / duck, 3),
    }


def _read_back(store: Warehouse) -> pa.Table:
    return store.client(User.ADMIN).arrow(
        "SELECT instrument_id, ts, ord, price, size, toString(side) AS side, known_lag_us, toString(source) AS source, "
        "batch FROM raw.trades ORDER BY instrument_id, ts, ord"
    )


def _parquet(folder: Path, data: pa.Table) -> int:
    path = folder / "trades.parquet"
    pq.write_table(data, path, compression="zstd")
    return path.stat().st_size


def _duckdb(folder: Path, data: pa.Table) -> int:
    path = folder / "trades.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("incoming", data)
        connection.execute("CREATE TABLE trades AS SELECT * FROM incoming")
        connection.execute("CHECKPOINT")
    return path.stat().st_size
