"""Who does which work, on how many bars, and how one of them is run.

Slow engines get fewer bars, so that none takes more than about 15 seconds; their speed does not grow with more.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engines.environments import ENVIRONMENTS, PeerError, last_line
from benchmarks.engines.work import DAYS
from zeno.settings import PROJECT_ROOT

MOST, MANY, FEW = 1_000_000, 100_000, 20_000
ZENO = "zeno"
_FOLDER = Path(__file__).parent
_RUN_SECONDS = 180


@dataclass(frozen=True)
class Entry:
    """One row: ``peer`` names an environment, or is Zeno or plain Python, which run in ours."""

    peer: str
    work: str
    lane: str
    bars: int

    @property
    def script(self) -> Path:
        """The runner."""
        return _FOLDER / "zeno_runner.py" if self.peer == ZENO else _FOLDER / "peers" / f"{self.peer}_runner.py"


ENTRIES = (
    Entry(ZENO, "sma", "batch", MOST),
    Entry(ZENO, "sma", "wake", MOST),
    Entry(ZENO, "sma", "dense", MOST),
    Entry(ZENO, "sma", "live", MANY),
    Entry(ZENO, "sma", "plain", FEW),
    Entry("plain", "sma", "loop", MOST),
    Entry("vectorbt", "sma", "from_signals rust", MOST),
    Entry("vectorbt", "sma", "from_signals numba", MOST),
    Entry("vectorbt", "sma", "from_orders rust", MOST),
    Entry("vectorbt", "sma", "from_orders numba", MOST),
    Entry("raptorbt", "sma", "single", MOST),
    Entry("backtesting", "sma", "Strategy", MANY),
    Entry("nautilus", "sma", "bars", FEW),
    Entry("nautilus", "sma", "opens and bars", FEW),
    Entry("backtrader", "sma", "runonce", FEW),
    Entry(ZENO, "sweep", "batch", MANY),
    Entry("plain", "sweep", "loop", FEW),
    Entry("vectorbt", "sweep", "from_signals numba", MANY),
    Entry("vectorbt", "sweep", "from_signals rust", MANY),
    Entry("raptorbt", "sweep", "batch", MANY),
    Entry(ZENO, "portfolio", "batch", DAYS),
    Entry("vectorbt", "portfolio", "from_orders rust", DAYS),
    Entry("vectorbt", "portfolio", "from_orders numba", DAYS),
)


def call(entry: Entry, folder: Path, cache: Path) -> dict[str, Any]:
    """Run an entry in a process of its own on the bars in the folder, and return the line that it printed.

    Raises
    ------
    PeerError
        If it cannot be installed, fails, or says why it did not run.
    """
    own = entry.peer not in ENVIRONMENTS
    python = sys.executable if own else str(ENVIRONMENTS[entry.peer].interpreter(cache))
    words = (python, str(entry.script), entry.work, str(folder), str(entry.bars), entry.lane)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if own:
        variables["PYTHONPATH"] = str(PROJECT_ROOT)
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False, env=variables, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"took more than {_RUN_SECONDS} s") from error
    if done.returncode:
        raise PeerError(f"failed: {last_line(done.stderr)}")
    return parse(done.stdout)


def parse(output: str) -> dict[str, Any]:
    """Return the line of JSON that ends a runner's output."""
    try:
        line = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise PeerError("printed no line of JSON") from error
    if "error" in line:
        raise PeerError(line["error"])
    return line
