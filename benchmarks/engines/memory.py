"""What a sweep of the benchmark's pairs needs beside the bars and the program: ``python -m benchmarks.engines.memory``.

Prints MiB: the most that the process held while it set up and ran the sweep, less what it held before, when bars and
compiled code were there. Linux alone resets the mark of the most that a process has held.
"""

import gc
import sys
from pathlib import Path

import numpy as np

from backtest.core.columns import Columns
from backtest.core.sweep import Sweep
from backtest.strategies.sma_crossover import SmaCrossover
from benchmarks.engines.peers import harness
from benchmarks.engines.work import Bars, minute_bars
from benchmarks.engines.zeno_runner import MINUTE, columns_of, terms
from zeno.settings import Settings

BARS = 100_000
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def sweep_extra_mib(bars: int = BARS) -> float:
    """Return the extra memory of a sweep of 100 pairs; NaN where the system does not say."""
    if not _RESET.exists():
        return float("nan")
    made, kernels = minute_bars(bars), Settings.from_env().cache / "kernels"
    columns, few = _columns(made), _columns(made.head(1_000))
    pairs = [{"fast": fast, "slow": slow} for fast, slow in harness.PAIRS]
    Sweep(SmaCrossover, pairs[:1], terms(), kernels).run(few)  # loads the compiled code
    gc.collect()
    _RESET.write_text("5")
    before = _kib("VmRSS")
    found = Sweep(SmaCrossover, pairs, terms(), kernels).run(columns)
    assert np.all(found.column("fills") > 0)
    return (_kib("VmHWM") - before) / 1024


def _columns(bars: Bars) -> Columns:
    return columns_of({name: getattr(bars, name) for name in ("ts", "open", "high", "low", "close", "volume")}, MINUTE)


def _kib(name: str) -> int:
    return next(int(line.split()[1]) for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))


if __name__ == "__main__":
    print(f"{sweep_extra_mib(*map(int, sys.argv[1:])):.1f}")
