"""Zeno's own rows, by the protocol of the peers: ``python zeno_runner.py WORK FOLDER BARS LANE``.

Everything that knows the engine's interface is in the functions that prepare; what they return runs it once.
"""

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from backtest.core import lanes
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, Costs
from backtest.core.session import Session, Terms
from backtest.core.sizing import Sizer
from backtest.core.sweep import Sweep
from backtest.sessions import flags_of
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.xs_momentum import XsMomentum
from benchmarks.engines.peers import harness
from zeno.settings import Settings

NOTE = "whole numbers, half-even fees"
CENT = 10_000  # money units in a cent
MINUTE, DAY = 60_000_000, 86_400_000_000


def terms(width: int = 1) -> Terms:
    """Return the work's account: cash, one basis point, a fixed quantity."""
    return Terms(
        instruments=tuple({"worth": CENT} for _ in range(width)),
        cash=(int(harness.CASH) * 1_000_000,),
        costs=Costs(model=BASIS_POINTS, rate=10_000),
        sizer=Sizer(size=harness.QUANTITY),
    )


def columns_of(given: dict[str, Any], duration: int, flags: np.ndarray | None = None) -> Columns:
    """Return the bars as the engine takes them."""
    names = ("ts", "open", "high", "low", "close", "volume")
    arrays = [np.ascontiguousarray(given[name], np.int64) for name in names]
    return Columns(*arrays, duration=duration, **({} if flags is None else {"flags": flags}))


def session(strategy: Any, columns: Columns, lane: str, kernels: Path) -> Session:
    """Return a session that has been fed and whose lane is compiled."""
    made = Session(strategy, terms(columns.width), kernels)
    made.feed(columns)
    lanes.prepare(made, lane)
    return made


def prepare(work: str, given: dict[str, Any], lane: str) -> Callable[[], harness.Result]:
    """Return what runs the work once."""
    kernels = Settings.from_env().cache / "kernels"
    if work == "sweep":
        pairs = [{"fast": fast, "slow": slow} for fast, slow in harness.PAIRS]
        sweep, columns = Sweep(SmaCrossover, pairs, terms(), kernels), columns_of(given, MINUTE)
        return lambda: _swept(sweep.run(columns))
    if work == "portfolio":
        columns = columns_of(given, DAY, flags_of(given["ts"], DAY))
        strategy = XsMomentum(harness.LOOKBACK, harness.SKIP, harness.TOP, harness.INVEST)
    else:
        columns, strategy = columns_of(given, MINUTE), SmaCrossover(harness.FAST, harness.SLOW)
    made = session(strategy, columns, lane, kernels)
    if lane == "live":
        rows, feed = list(lanes.events_of(columns, 0, len(columns))), lanes.Feed(made)
        return lambda: _pushed(made, feed, rows)
    return lambda: _proceeded(made, len(columns), lane)


def _proceeded(made: Session, stop: int, lane: str) -> harness.Result:
    lanes.proceed(made, stop, lane)
    return _fills(made), made.equity() / 1e6


def _pushed(made: Session, feed: lanes.Feed, rows: list[np.ndarray]) -> harness.Result:
    push = feed.push
    for row in rows:
        push(row)
    return _fills(made), int(rows[-1][-1]) / 1e6


def _fills(made: Session) -> int:
    return made.number(made.engine.account.ledger, "fills")


def _swept(found: Any) -> harness.Result:
    return int(found.column("fills").sum()), float(found.column("final_equity").sum()) / 1e6


def main() -> None:
    """Print the line."""
    work, given, lane = harness.request()
    bars = given["close"].size * (len(harness.PAIRS) if work == "sweep" else 1)
    harness.report("zeno", version("zeno"), bars, NOTE, lambda ready: ready(), lambda: prepare(work, given, lane))


if __name__ == "__main__":
    main()
