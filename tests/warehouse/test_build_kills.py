"""Kill -9 of a build, its dbt and the engine, at random moments: bars are those before or after it, never others."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import marts
import psutil
import pytest
from builders import kill

from warehouse.bars_from_ticks import LENGTHS
from warehouse.reconcile import reconcile
from warehouse.store import User, Warehouse, embedded
from warehouse.transform import build, one_at_a_time

SEED, KILLS = 20_260_401, 8
DAYS = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]  # two days share a partition
DATA = [marts.random_day(3, day) for day in DAYS]
TRADES = [trade for trades, _ in DATA for trade in trades]
CORRECTIONS = [correction for _, corrections in DATA for correction in corrections]
_SUPPORT = Path(__file__).parent.parent / "support"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    found = marts.start(tmp_path)
    yield found
    found.close()
    embedded(found.settings).down()


@pytest.mark.kill
def test_killed_builds_leave_the_bars_as_they_were_or_as_they_will_be(warehouse: Warehouse):
    rng = random.Random(SEED)
    marts.load(warehouse, TRADES, batch=1)
    build(warehouse, select=["tag:bars", "staging"])
    marts.load(warehouse, corrections=CORRECTIONS, batch=2)
    before = {bars: marts.expected(TRADES, [], length) for bars, length in LENGTHS.items()}
    after = {bars: marts.expected(TRADES, CORRECTIONS, length) for bars, length in LENGTHS.items()}
    builders = []
    for _ in range(KILLS):
        builders.append(builder := worker(warehouse))
        time.sleep(rng.uniform(0.5, 9.0))
        for victim in rng.sample(["builder", "dbt", "engine"], rng.choice((1, 1, 2))):
            kill_one(victim, builder, warehouse)
        for bars in LENGTHS:
            assert months(marts.stored(warehouse, bars)) <= months(before[bars]) | months(after[bars])
    for builder in builders:
        builder.wait(300)
    assert worker(warehouse).wait(120) == 0
    assert {bars: marts.stored(warehouse, bars) for bars in LENGTHS} == after
    assert [result.message for result in reconcile(warehouse, DAYS) if not result.ok] == []
    left = "SELECT name FROM system.tables WHERE position(name, '__dbt') > 0"
    assert warehouse.client(User.ADMIN).rows(left) == []


@pytest.mark.kill
def test_the_dbt_of_a_killed_build_ends_before_the_next_one_begins(warehouse: Warehouse):
    """It would swap in the other days of its month as it read them, over what the next build has made of them."""
    marts.load(warehouse, TRADES, batch=1)
    builder = worker(warehouse, DAYS[0])
    (orphan,) = until(lambda: dbt_of(warehouse))
    kill(builder.pid)
    builder.wait(60)
    assert dbt_of(warehouse) == [orphan]
    with one_at_a_time(warehouse):
        assert dbt_of(warehouse) == []
    assert warehouse.client().scalar("SELECT 1") == 1


def worker(warehouse: Warehouse, *days: date) -> subprocess.Popen[bytes]:
    home = warehouse.settings.home
    command = [sys.executable, str(_SUPPORT / "build_worker.py"), str(home), *map(str, days)]
    paths = os.pathsep.join([str(_SUPPORT), str(_SUPPORT.parent.parent)])
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": paths})


def dbt_of(warehouse: Warehouse) -> list[int]:
    """Return the processes of dbt that work for a data folder."""
    folder, found = str(warehouse.settings.home), []
    for process in psutil.process_iter():
        try:
            target = process.environ().get("DBT_TARGET_PATH", "")
            if target.startswith(folder) and any(Path(word).name == "dbt" for word in process.cmdline()[:2]):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def kill_one(victim: str, builder: subprocess.Popen[bytes], warehouse: Warehouse) -> None:
    engine = embedded(warehouse.settings).status()[0].pid
    pids = {"builder": [builder.pid], "dbt": dbt_of(warehouse), "engine": [engine] if engine else []}
    for pid in pids[victim]:
        if psutil.pid_exists(pid):
            kill(pid)
    if victim == "builder":
        builder.wait(60)


def months(rows: set[tuple]) -> set[tuple]:
    """Return the rows by month, which is what is swapped at once."""
    parts: dict[tuple[int, int], set[tuple]] = {}
    for row in rows:
        parts.setdefault((row[1].year, row[1].month), set()).add(row)
    return {(month, frozenset(part)) for month, part in parts.items()}


def until(found: Callable[[], list[int]], seconds: float = 60) -> list[int]:
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer
