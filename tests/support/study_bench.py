"""Studies of strategies on files of bars: specs, their tasks run as a worker runs them, and answers."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from builders import make_settings
from walks import DAY, START

from backtest.run import Request
from backtest.studies import ask
from research.canonical import canonical
from research.kinds import Answer
from research.spec import Spec
from research.worker import Call, Outcome, perform

COSTLY = Request(strategy=None, cost="bps:5", slippage="spread:2", sizer="equity:0.9")
_ALONE = """
import json, sys
from research.worker import Call, perform
print(perform([Call(**json.loads(sys.stdin.read()))])[0].result)
"""
IDLE = '''
"""A strategy with a parameter that does nothing, and one that is fed through a function."""
from backtest.core.flat import parameter
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import SMA, Lag


class Idle(Strategy):
    fast: int = parameter(5, minimum=1)
    slow: int = parameter(20, minimum=2)
    idle: int = parameter(9, minimum=1)
    quick: float = indicator(SMA, "fast")
    calm: float = indicator(SMA, lambda self: 2 * self.slow)
    unheard: float = indicator(Lag, "idle")
    before: float = indicator(Lag, 1)

    def on_bar(self, now):
        now.hold(1 if self.quick > self.calm else 0)
'''


def bars_file(folder: Path, symbols: Sequence[str] = ("AAA",), count: int = 400, seed: int = 1,
              step: int = DAY, per_day: int = 1, drift: float = 0.0) -> Path:  # fmt: skip
    """Write seeded bars in cents, the same of a symbol whichever others there are; ``per_day`` bars from midnight."""
    days = START + np.arange(-(-count // per_day)) * DAY
    times = (days[:, None] + np.arange(per_day) * step).reshape(-1)[:count]
    tables = [_bars(one, times, seed + sum(map(ord, one)), drift) for one in symbols]
    path = folder / f"bars_{'_'.join(symbols)}_{count}_{seed}_{per_day}_{drift}.parquet"
    pq.write_table(pa.concat_tables(tables).sort_by([("ts", "ascending"), ("symbol", "ascending")]), path)
    return path


def _bars(symbol: str, times: np.ndarray, seed: int, drift: float) -> pa.Table:
    random = np.random.default_rng(seed)
    closes = np.rint(10_000 * np.exp(np.cumsum(random.normal(drift, 0.01, len(times))))).astype(np.int64)
    opens = np.r_[closes[:1], closes[:-1]] + random.integers(-5, 6, len(times))
    highs, lows = np.maximum(opens, closes) + 7, np.minimum(opens, closes) - 7
    columns = {
        "open": opens,
        "high": highs,
        "low": lows,
        "close": closes,
        "volume": random.integers(1_000, 9_000, len(times)),
    }
    return pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), "symbol": [symbol] * len(times), **columns})


def spec(kind: Any, path: Path, strategy: str = "sma_crossover", *, fixed: Mapping[str, float] | None = None,
         request: Request = COSTLY, panel: bool = False, seed: int = 3, objective: str = "sharpe",
         **more: Any) -> Spec:  # fmt: skip
    """Return the spec of a study over a file of bars."""
    asked = ask.from_file(path, make_settings(path.parent), price_scale=2, panel=panel)
    about = ask.question(strategy, fixed or {}, request, period="slice", objective=objective, seed=seed) | more
    return Spec(kind.name, about, asked.data, asked.snapshot, "as it is").normal()


def calls(kind: Any, of: Spec) -> list[Call]:
    """Return the calls of all tasks."""
    return [Call(one.number, one.name, kind.function, canonical(one.payload)) for one in kind.tasks(of)]


def outcomes(kind: Any, of: Spec) -> list[Outcome]:
    """Run all tasks as a worker does; an error of one is raised."""
    found = perform(calls(kind, of))
    assert not [one.detail for one in found if one.cause], next(one.detail for one in found if one.cause)
    assert len(found) == kind.count(of)
    return found


def results(kind: Any, of: Spec) -> list[Any]:
    """Return what all tasks found."""
    return [json.loads(one.result) for one in outcomes(kind, of)]


def answer(kind: Any, of: Spec, folder: Path) -> Answer:
    """Return the answer, put together as a study puts it together."""
    found = results(kind, of)
    return kind.answer(of, lambda: iter(enumerate(found)), folder)


def alone(call: Call) -> str:
    """Return the result of a call in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _ALONE], input=json.dumps(asdict(call)), capture_output=True,
                          text=True, check=True, env=environment)  # fmt: skip
    return done.stdout.strip()


def idle_strategy(folder: Path) -> str:
    """Write a user's own strategy file; returns its name."""
    path = folder / "idle.py"
    path.write_text(IDLE)
    return f"{path}:Idle"
