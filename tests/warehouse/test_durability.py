"""What survives: parts lost under a remembered token, kills during merges and mutations, and a full disk."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from builders import kill, make_settings, register, trades

from warehouse.audit import audit
from warehouse.client import Client
from warehouse.loader import Loader
from warehouse.store import User, Warehouse, connect, embedded
from zeno.errors import WarehouseFull

DISK = 400 * 2**20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Warehouse]:
    settings = make_settings(tmp_path)
    made = connect(settings)
    yield made
    made.close()
    embedded(settings).down()


def lose_parts(store: Warehouse, table: str) -> None:
    """Kill the engine and take the table's parts from its disk, as a crash between log and rename does."""
    database, short = table.split(".")
    admin, control = store.client(User.ADMIN), embedded(store.settings)
    paths = [row[0] for row in admin.rows(
        f"SELECT path FROM system.parts WHERE active AND database = '{database}' AND table = '{short}'")]  # fmt: skip
    control.down()
    for path in paths:
        shutil.rmtree(path)
    control.up()


def test_a_remembered_token_drops_a_retry_although_its_part_is_gone_w02(store):
    """Why the ledger decides and not the engine's token: the retry is acknowledged, and stores nothing."""
    admin = store.client(User.ADMIN)
    admin.command("CREATE TABLE staging.tokens (n UInt8) ENGINE = MergeTree ORDER BY n "
                  "SETTINGS non_replicated_deduplication_window = 2")  # fmt: skip

    def insert(token: str) -> int:
        rows = pa.table({"n": pa.array([1], pa.uint8())})
        admin.insert("staging.tokens", rows, {"insert_deduplication_token": token, "async_insert": 0})
        return admin.scalar("SELECT count() FROM staging.tokens")

    assert insert("a") == 1
    assert insert("a") == 1, "within the window, the token does what it says"
    lose_parts(store, "staging.tokens")
    assert insert("a") == 0, "the retry vanished although it was acknowledged"
    insert("b"), insert("c"), insert("d")
    assert insert("a") == 4, "past the window, the same token is stored again"


def test_the_loader_brings_back_what_the_same_crash_took_w02(store):
    loader = Loader(store)
    register(loader)
    loader.load(trades(100))
    lose_parts(store, "raw.trades")
    assert [(entry.expected, entry.found) for entry in audit(store)] == [(100, 0)]
    assert loader.load(trades(100)).rows_inserted == 100
    assert audit(store) == []


def test_kills_during_merges_and_mutations_change_no_count_w04(store):
    loader, admin, control = Loader(store), store.client(User.ADMIN), embedded(store.settings)
    register(loader)
    for number in range(6):
        loader.load(trades(20_000, ord=list(range(number * 20_000, (number + 1) * 20_000))))
    wanted = admin.rows("SELECT count(), sum(size), sum(price) FROM raw.trades")
    for number in range(6):
        merge = "OPTIMIZE TABLE raw.trades FINAL"
        mutation = f"ALTER TABLE raw.trades UPDATE known_lag_us = {number} WHERE 1"
        background(store, mutation if number % 2 else merge)
        time.sleep(0.03 * number)
        kill(control.status()[0].pid)
        assert admin.rows("SELECT count(), sum(size), sum(price) FROM raw.trades") == wanted
    assert audit(store) == []


def background(store: Warehouse, sql: str) -> None:
    """Send a statement that will be killed half-way, on a connection of its own."""
    doomed = Client(store.addresses[User.ADMIN][0], patience=0)
    threading.Thread(target=doomed.try_command, args=(sql,), daemon=True).start()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not allow mounts")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_a_load_whole_and_it_can_be_resumed_w05(small_disk):
    settings = make_settings(small_disk)
    store = connect(settings)
    try:
        loader = Loader(store)
        register(loader)
        loader.load(trades(10))
        filler = small_disk / "filler"
        free = shutil.disk_usage(small_disk).free
        filler.write_bytes(b"\0" * (free - 3 * 2**20))
        batch = trades(400_000, price=[f"{1000 + at * 7919 % 100_003}.{at % 97:02}" for at in range(400_000)],
                       ord=list(range(100, 400_100)))  # fmt: skip
        with pytest.raises(WarehouseFull):
            loader.load(batch)
        assert store.client().scalar("SELECT count() FROM raw.trades") == 10, "all or nothing"
        filler.unlink()
        assert loader.load(batch).rows_inserted == 400_000
        assert audit(store) == []
    finally:
        store.close()
        embedded(settings).down()
