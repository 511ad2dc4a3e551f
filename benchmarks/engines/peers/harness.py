"""What every runner shares: it reads the bars, times the work and prints one line of JSON. Needs numpy alone.

``python NAME_runner.py WORK FOLDER BARS LANE`` reads the ``.npy`` columns in the folder. Timed is everything from bars
in memory, in the form that the engine takes, to fills and the equity curve, indicators and signals included; not timed
are the import, the reading, the conversion to that form, and a first run that compiles or warms up.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CASH, QUANTITY, FEE = 1_000_000.0, 10, 1e-4
FAST, SLOW = 10, 30
PAIRS = [(fast, slow) for fast in range(5, 24, 2) for slow in range(30, 121, 10)]
BUDGET_S = 4.0  # for runs after the third
LOOKBACK, SKIP, TOP, INVEST = 252, 21, 50, 0.98

Result = tuple[int, float]  # how many fills, and the equity at the last close in dollars; of a sweep the sums


def request() -> tuple[str, dict[str, np.ndarray], str]:
    """Return what the command line asks for: the work, the first BARS of each column, and the lane."""
    work, folder, bars, lane = sys.argv[1:5]
    names = ("ts", "open", "high", "low", "close", "volume")
    return work, {name: np.load(Path(folder) / f"{name}.npy")[: int(bars)] for name in names}, lane


def dollars(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return prices as floats in dollars, each the nearest to its decimal; the volume as floats, too."""
    prices = {name: columns[name] / 100.0 for name in ("open", "high", "low", "close")}
    return {"ts": columns["ts"], **prices, "volume": columns["volume"].astype(np.float64)}


def month_ends(ts: np.ndarray) -> np.ndarray:
    """Return the positions of each month's last session."""
    months = ts.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return np.flatnonzero(months[1:] != months[:-1])


def measure(run: Callable[[Any], Result], prepare: Callable[[], Any], runs: int = 5) -> tuple[float, float, Result]:
    """Return the median seconds of 3 runs, up to ``runs`` in budget, after a first one; of CPU, too; and the result."""
    result, times, cpu_times = run(prepare()), [], []
    began = time.perf_counter()
    while len(times) < 3 or (len(times) < runs and time.perf_counter() - began < BUDGET_S):
        prepared = prepare()
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        result = run(prepared)
        times.append(time.perf_counter() - start)
        cpu_times.append(time.process_time() - cpu)
        del prepared
    return statistics.median(times), statistics.median(cpu_times), result


def report(
    engine: str, version: str, bars: int, note: str, run: Callable[[Any], Result],
    prepare: Callable[[], Any] = lambda: None,
) -> None:  # fmt: skip
    """Measure, and print the line. ``bars`` counts bar by instrument by parameter set; ``prepare`` is not timed."""
    seconds, cpu_seconds, (fills, equity) = measure(run, prepare)
    line = {
        "engine": engine, "version": version, "work": sys.argv[1], "lane": sys.argv[4], "bars": bars,
        "seconds": seconds, "cpu_seconds": cpu_seconds, "fills": int(fills), "final_equity": float(equity),
        "note": note,
    }  # fmt: skip
    print(json.dumps(line), flush=True)
