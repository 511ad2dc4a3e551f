"""Loading 5 M trades from a Parquet file, with contract, ledger, quarantine and verification, against a bare insert.

The bare side is handed an Arrow table in memory and only sends it; ours starts from the file. Two bare inserts, into a
table of the same declaration: the driver's ``insert_arrow``, and the stream that a load itself stages its rows with.
Each begins when the merges of the one before have ended.
"""

import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.common import Figures, alternate, median, scratch_warehouse, settle, synthetic_trades
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import User

ROWS = 5_000_000
RUNS = 5


def run(rows: int = ROWS, runs: int = RUNS) -> Figures:
    """Measure both, alternating."""
    with scratch_warehouse() as store, tempfile.TemporaryDirectory() as folder:
        writer, loader = store.client(User.WRITER), Loader(store)
        for name in ("bare", "streamed"):
            writer.command(f"CREATE TABLE staging.{name} AS raw.trades")
        files = [_file(Path(folder), rows, number) for number in range(runs)]
        bare = _complete(pq.read_table(files[0]))
        queue = iter(files)

        def load() -> None:
            loader.load(Batch("raw.trades", "benchmark", pq.read_table(next(queue))))

        ours, theirs, streamed = alternate(
            runs, load, lambda: writer.insert("staging.bare", bare), lambda: writer.stream("staging.streamed", bare),
            before=lambda: settle(store),
        )  # fmt: skip
        reads = [_timed_read(file) for file in files]
        stored = store.client().scalar("SELECT count() FROM raw.trades")
    return Figures("load", {
        "rows": rows,
        "rows_stored": stored,
        "load_median_s": round(median(ours), 3),
        "bare_insert_median_s": round(median(theirs), 3),
        "bare_stream_median_s": round(median(streamed), 3),
        "parquet_read_median_s": round(median(reads), 3),
        "load_rows_per_s": round(rows / median(ours)),
        "ratio_to_bare_insert": round(median([b / a for a, b in zip(ours, theirs, strict=True)]), 3),
        "ratio_to_bare_stream": round(median([b / a for a, b in zip(ours, streamed, strict=True)]), 3),
        "ratio_to_read_and_bare_stream": round((median(streamed) + median(reads)) / median(ours), 3),
    })  # fmt: skip


def _file(folder: Path, rows: int, number: int) -> Path:
    path = folder / f"trades-{number}.parquet"
    data = synthetic_trades(rows, seed=number)
    moved = pa.array(data["ts"].combine_chunks().cast(pa.int64()).to_numpy() + number * 86_400_000_000)
    pq.write_table(data.set_column(1, "ts", moved.cast(pa.timestamp("us", "UTC"))), path)
    return path


def _timed_read(path: Path) -> float:
    start = time.perf_counter()
    pq.read_table(path)
    return time.perf_counter() - start


def _complete(data: pa.Table) -> pa.Table:
    rows = data.num_rows
    return data.append_column("source", pa.repeat("bare", rows)).append_column(
        "batch", pa.repeat(pa.scalar(0, pa.uint64()), rows)
    )
