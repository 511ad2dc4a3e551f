"""Kill -9 of the warehouse, its supervisor and the loader, at random moments of a load: nothing lost, nothing twice.

The load is then resumed, and the table must equal, by content hash, that of an undisturbed load.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import kill, make_settings

from warehouse.audit import audit
from warehouse.store import User, Warehouse, connect, embedded

KILLS = 50
BATCHES = 60
SEED = 20_260_101
_CONTENT = """
    SELECT count(), sum(cityHash64(instrument_id, ts, ord, price, size, side, known_lag_us, source, batch))
    FROM raw.trades
"""
_SUPPORT = Path(__file__).parent.parent / "support"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple]]:
    home = tmp_path_factory.mktemp("undisturbed")
    worker(home).wait(300)
    yield content(connect(make_settings(home)))
    embedded(make_settings(home)).down()


@pytest.mark.kill
def test_fifty_kills_lose_nothing_and_repeat_nothing_w01(undisturbed, tmp_path):
    settings = make_settings(tmp_path)
    control = embedded(settings)
    store = connect(settings)
    rng = random.Random(SEED)
    loader, kills = worker(tmp_path), 0
    while kills < KILLS:
        time.sleep(rng.uniform(0.05, 0.9))
        victim = rng.choice(["engine", "engine", "loader", "supervisor"])
        pid = {"engine": control.status()[0].pid, "loader": loader.pid, "supervisor": control.supervisor_pid()}[victim]
        if pid is not None:
            kills += try_kill(pid)
        if loader.poll() is not None:
            # Killed, or done: either way the next run starts from what landed. A store that is loaded is loaded again.
            loader = worker(tmp_path)
    loader.wait(300)
    assert worker(tmp_path).wait(300) == 0, (tmp_path / "worker.log").read_text()[-4000:]
    assert content(store) == undisturbed
    assert audit(store) == []
    assert (
        store.client().scalar("SELECT countIf(name LIKE 'load_%') FROM system.tables WHERE database = 'staging'") == 0
    )
    store.close()
    control.down()


def try_kill(pid: int) -> int:
    try:
        kill(pid)
    except ProcessLookupError:
        return 0
    return 1


def content(store: Warehouse) -> list[tuple]:
    refused = store.client(User.WRITER).rows("SELECT batch, row, reason FROM raw.quarantine ORDER BY batch, row")
    return [*store.client(User.WRITER).rows(_CONTENT), *refused]


def worker(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(_SUPPORT / "load_worker.py"), str(home), str(BATCHES)]
    root = str(_SUPPORT.parent.parent)
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": root})
