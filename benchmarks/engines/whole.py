"""The engine as a user meets it: start-up with its cache, a file read, ``zeno backtest run``; what a sweep takes."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.engines.work import Bars
from zeno.settings import PROJECT_ROOT

_START = """
import sys, time
began = time.perf_counter()
from pathlib import Path
import numpy as np
from backtest.core import lanes
from backtest.core.columns import Columns
from backtest.core.session import Session, Terms
from backtest.strategies.sma_crossover import SmaCrossover
session = Session(SmaCrossover(), Terms(), Path(sys.argv[1]))
one = np.ones(3, np.int64)
session.feed(Columns(np.arange(3), one, one, one, one, one))
lanes.prepare(session, "batch")
print(time.perf_counter() - began)
"""


def whole(bars: Bars, folder: Path, cache: Path, runs: int = 5) -> dict[str, float]:
    """Return medians in seconds: start-up, later and first, reading a file of the bars, the whole command on it.

    And, in MiB, what a sweep of the benchmark's pairs needs beside bars and program.
    """
    path = folder / "bars.parquet"
    _write(bars, path)
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT_ROOT),
        "ZENO_CACHE": str(cache),
        "ZENO_HOME": str(folder / "home"),
    }
    start = [sys.executable, "-c", _START, str(cache / "kernels")]
    command = [sys.executable, "-m", "cli.main", "backtest", "run", "-s", "sma_crossover", "--bars", str(path),
               "--price-scale", "2", "--quantity", "10", "--cost", "bps:1", "--json"]  # fmt: skip
    _run(start, environment)
    _run(command, environment)
    starts = [float(_run(start, environment)) for _ in range(runs)]
    fresh = [float(_run([*start[:-1], str(folder / f"kernels{number}")], environment)) for number in range(runs)]
    whole_seconds, engine_seconds = [], []
    for _ in range(runs):
        began = time.perf_counter()
        summary = json.loads(_run(command, environment))
        whole_seconds.append(time.perf_counter() - began)
        engine_seconds.append(summary["engine_seconds"])
    memory = float(_run([sys.executable, "-m", "benchmarks.engines.memory"], environment))
    return {
        "start_with_cache_median_s": round(statistics.median(starts), 3),
        "start_that_compiles_median_s": round(statistics.median(fresh), 3),
        "read_1m_bars_parquet_median_s": round(_reading(path, runs), 3),
        "command_on_1m_bars_median_s": round(statistics.median(whole_seconds), 3),
        "engine_within_the_command_median_s": round(statistics.median(engine_seconds), 4),
        "sweep_extra_memory_mib": memory,
    }


def _write(bars: Bars, path: Path) -> None:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: np.ascontiguousarray(getattr(bars, name), np.int64) for name in names}
    pq.write_table(pa.table({"ts": pa.array(bars.ts, pa.timestamp("us", "UTC")), **columns}), path)


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def _reading(path: Path, runs: int) -> float:
    from backtest.frames import read_parquet

    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        read_parquet(path, price_scale=2, panel=False)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
