"""Studies: what scheduling costs, what a second worker brings, and that the driver's memory does not grow.

- ``overhead``: 1,000 tasks that sleep 10 ms, two workers, from the first submitted to the last landed in the warehouse,
  over the ideal of 5 s. Workers are warm; starting them is reported beside it.
- ``sweep``: 1,000 points over 100,000 one-minute bars, one worker and two, in turn.
- ``memory``: the driver's resident memory over a study of 10,000 tasks, in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.run import Request
from backtest.studies import ask
from backtest.studies.sweep import KIND as SWEEP
from benchmarks.common import Figures, median, scratch_warehouse
from research.canonical import canonical
from research.executors import Executor, executor
from research.java import require_java
from research.kinds import Answer, Results, Task
from research.runner import Runner
from research.spec import Spec
from research.store import StudyStore
from research.worker import Call
from zeno.errors import ConfigError
from zeno.settings import Settings

_TASKS, _NAP, _WORKERS, _ROUNDS = 1_000, 0.010, 2, 3
_BARS, _AXES = 100_000, {"fast": list(range(5, 30)), "slow": list(range(40, 80))}
_MANY = 10_000


class Naps:
    """A study of tasks that sleep."""

    name = "naps"
    rooms = ("research",)
    function = "benchmarks.studies:nap"

    def files(self, spec: Spec) -> Sequence[Path]:  # noqa: ARG002
        """Return none."""
        return []

    def prepare(self, spec: Spec) -> None:
        """Do nothing."""

    def count(self, spec: Spec) -> int:
        """Return how many were asked for."""
        return spec.question["tasks"]

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield them."""
        for number in range(spec.question["tasks"]):
            yield Task(number, f"nap {number}", {"seconds": spec.question["seconds"], "number": number})

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:  # noqa: ARG002
        """Return how many there were."""
        return Answer({"naps": sum(1 for _ in results())})


def nap(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Sleep."""
    time.sleep(payload["seconds"])
    return {"number": payload["number"]}


def run() -> Figures:
    """Measure all three."""
    values: dict[str, float | int | str] = {}
    with scratch_warehouse() as store:
        studies = StudyStore(store)
        for where in ("dask", "spark"):
            values |= _overhead(studies, where)
    values |= _sweep() | _memory()
    return Figures("studies", values)


def _overhead(studies: StudyStore, where: str) -> dict[str, float | int | str]:
    if where == "spark":
        try:
            require_java()
        except ConfigError as error:
            return {"spark": error.message}
    start = time.perf_counter()
    made = executor(where, _WORKERS)
    warm = time.perf_counter() - start
    _drive(studies, made, "warm", 8, _NAP)
    found = [_drive(studies, made, f"round {number}", _TASKS, _NAP) for number in range(_ROUNDS)]
    made.close()
    return {
        f"{where}: start, s": round(warm, 2),
        f"{where}: 1,000 tasks of 10 ms, s": round(median(found), 3),
        f"{where}: over the ideal": round(median(found) / (_TASKS * _NAP / _WORKERS), 3),
    }


class _Kept:
    """An executor that outlives a study."""

    def __init__(self, made: Executor) -> None:
        self.name, self.slots = made.name, made.slots
        self.submit, self.finished = made.submit, made.finished

    def close(self) -> None:
        """Stay."""


def _drive(studies: StudyStore, made: Executor, note: str, tasks: int, seconds: float) -> float:
    spec = Spec("naps", {"tasks": tasks, "seconds": seconds, "note": f"{made.name} {note}"}, {}, "none", "none")
    start = time.perf_counter()
    assert Runner(studies, spec, Naps(), lambda: _Kept(made)).drive() == "finished"
    return time.perf_counter() - start


def _sweep() -> dict[str, float | int | str]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), cache=Settings.from_env().cache, drop=Path(folder) / "drop")
        path = Path(folder) / "bars.parquet"
        pq.write_table(_minutes(), path)
        asked = ask.from_file(path, settings, price_scale=2)
        space = {"axes": _AXES, "sample": {"method": "grid", "count": 0, "seed": 0}}
        about = ask.question("sma_crossover", {}, Request(strategy=None, cost="bps:1"), period="1d")
        spec = Spec("sweep", {**about, "space": space, "chunk": 25}, asked.data, asked.snapshot, "none").normal()
        SWEEP.prepare(spec)
        calls = [Call(one.number, one.name, SWEEP.function, canonical(one.payload)) for one in SWEEP.tasks(spec)]
        made = {workers: executor("dask", workers) for workers in (1, 2)}
        times: dict[int, list[float]] = {1: [], 2: []}
        for workers in (1, 2) * (_ROUNDS + 1):
            times[workers].append(_all(made[workers], calls))
        for one in made.values():
            one.close()
    one, two = (median(times[workers][1:]) for workers in (1, 2))  # the first of each reads and loads
    points = len(_AXES["fast"]) * len(_AXES["slow"])
    return {
        "sweep: points": points,
        "sweep: one worker, s": round(one, 2),
        "sweep: two workers, s": round(two, 2),
        "sweep: speed-up": round(one / two, 2),
        "sweep: bars/s, two workers": round(points * _BARS / two),
    }


def _all(made: Executor, calls: Sequence[Call]) -> float:
    start, done = time.perf_counter(), 0
    for call in calls:
        made.submit([call])
    while done < len(calls):
        for outcomes in made.finished(0.1):
            assert not outcomes[0].cause, outcomes[0].detail
            done += len(outcomes)
    return time.perf_counter() - start


def _minutes() -> pa.Table:
    random = np.random.default_rng(11)
    close = 100_000 + np.cumsum(random.integers(-12, 13, _BARS))
    open_ = close + random.integers(-5, 6, _BARS)
    times = 1_704_067_200_000_000 + 60_000_000 * np.arange(_BARS)
    high, low = np.maximum(open_, close) + 3, np.minimum(open_, close) - 3
    columns = {"open": open_, "high": high, "low": low, "close": close}
    return pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), **columns})


def _memory() -> dict[str, float | int | str]:
    code = "import benchmarks.studies as b; b.grow()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sizes = json.loads(done.stdout.splitlines()[-1])
    tenth, end = sizes[len(sizes) // 10], sizes[-1]
    return {"memory: driver after 1,000 of 10,000 tasks, MiB": round(tenth, 1),
            "memory: driver at the end, MiB": round(end, 1), "memory: growth": round(end / tenth, 3)}  # fmt: skip


def grow() -> None:
    """Drive 10,000 tasks, and print the resident memory after every hundred that are done, in MiB."""
    sizes: list[float] = []

    def watch(now: Any) -> None:
        while len(sizes) < now.done // 100:
            sizes.append(psutil.Process().memory_info().rss / 2**20)

    with scratch_warehouse() as store:
        spec = Spec("naps", {"tasks": _MANY, "seconds": 0.001, "note": "memory"}, {}, "none", "none")
        Runner(StudyStore(store), spec, Naps(), lambda: executor("dask", _WORKERS), watch).drive()
    print(json.dumps(sizes))
