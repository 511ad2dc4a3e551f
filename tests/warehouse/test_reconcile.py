"""Which days are dirty, what a check says, and that a rebuild repairs what it should and nothing else."""

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import marts
import pyarrow as pa
import pytest
from builders import NOW, register, trades

from warehouse import read_bars, transform
from warehouse.bars_from_ticks import LENGTHS
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.reconcile import dirty_days, reconcile
from warehouse.store import User, Warehouse, embedded
from warehouse.transform import TransformError, build
from zeno.clock import ManualClock

pytestmark = pytest.mark.long

FIRST, SECOND, OTHER_MONTH = date(2024, 4, 29), date(2024, 4, 30), date(2024, 5, 1)
LOADED_AT = datetime(2013, 9, 2, tzinfo=UTC)
LOADED = LOADED_AT.date()
DAYS = [FIRST, SECOND, OTHER_MONTH]
LATE = marts.Trade(1, datetime(2024, 4, 30, 9, 0, 0, 500_000, UTC), 10**6, Decimal("4000.25"), Decimal(2),
                   datetime(2024, 4, 30, 10, 0, 0, 0, UTC))  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = marts.start(tmp_path_factory.mktemp("reconcile"))
    for number, day in enumerate(DAYS, 1):
        marts.load(found, *marts.random_day(5, day, count=30), batch=number)
    build(found, days=[], select=["staging"])
    _rebuild(found, DAYS)
    yield found
    found.close()
    embedded(found.settings).down()


def _rebuild(warehouse: Warehouse, days: list[date]) -> None:
    build(warehouse, days=days, select=["tag:bars"])
    assert [result.message for result in reconcile(warehouse, days) if not result.ok] == []


def _parts(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    rows = warehouse.client(User.ADMIN).rows("""
        SELECT table, partition_id, arrayStringConcat(arraySort(groupArray(concat(name, hash_of_all_files))), ' ')
        FROM system.parts WHERE active AND database = 'marts' GROUP BY table, partition_id""")
    return {(table, partition): parts for table, partition, parts in rows}


def test_a_loaded_day_is_dirty_until_it_is_proven(warehouse: Warehouse):
    assert dirty_days(warehouse) == []


@pytest.mark.parametrize("bars", LENGTHS)
def test_one_changed_cent_is_found_and_named(warehouse: Warehouse, bars: str):
    writer = warehouse.client(User.WRITER)
    instrument, ts = writer.rows(f"SELECT instrument_id, ts FROM marts.{bars} WHERE toDate(ts) = '{SECOND}' LIMIT 1")[0]
    writer.command(f"ALTER TABLE marts.{bars} UPDATE high = high + 0.01 "
                   f"WHERE instrument_id = {instrument} AND ts = '{ts:%Y-%m-%d %H:%M:%S}'",
                   settings={"mutations_sync": 2})  # fmt: skip
    wrong = [result for result in reconcile(warehouse, [SECOND]) if not result.ok]
    assert [result.bar_table for result in wrong] == [bars]
    assert f"instrument {instrument}, bar {ts:%Y-%m-%d %H:%M:%S}" in wrong[0].message
    assert "high is " in wrong[0].message
    assert dirty_days(warehouse) == [SECOND]
    _rebuild(warehouse, [SECOND])
    assert dirty_days(warehouse) == []


def test_a_bar_too_many_and_one_too_few_are_found(warehouse: Warehouse):
    writer = warehouse.client(User.WRITER)
    writer.command(f"ALTER TABLE marts.bars_1m DELETE WHERE toDate(ts) = '{SECOND}' AND instrument_id = 2",
                   settings={"mutations_sync": 2})  # fmt: skip
    writer.command(f"INSERT INTO marts.bars_1h SELECT * REPLACE (99 AS instrument_id) FROM marts.bars_1h "
                   f"WHERE toDate(ts) = '{SECOND}' LIMIT 1")  # fmt: skip
    wrong = {result.bar_table: result.message for result in reconcile(warehouse, [SECOND]) if not result.ok}
    assert set(wrong) == {"bars_1m", "bars_1h"}
    assert "missing" in wrong["bars_1m"]
    assert "instrument 99" in wrong["bars_1h"]
    _rebuild(warehouse, [SECOND])


def test_a_late_batch_dirties_its_day_and_the_rebuild_swaps_only_its_partitions(warehouse: Warehouse):
    before = {bars: marts.stored(warehouse, bars) for bars in LENGTHS}
    marts.load(warehouse, [LATE], batch=100)
    assert dirty_days(warehouse) == [SECOND]
    parts = _parts(warehouse)
    _rebuild(warehouse, [SECOND])
    after = _parts(warehouse)
    assert {key for key in parts if parts[key] != after[key]} == {
        ("bars_1s", "20240430"), ("bars_1m", "202404"), ("bars_1h", "2024"), ("bars_1d", "2024")}  # fmt: skip
    assert set(after) == set(parts)
    for bars in LENGTHS:
        changed = before[bars] ^ marts.stored(warehouse, bars)
        assert {(row[0], row[1].date()) for row in changed} == {(1, SECOND)}
    assert dirty_days(warehouse) == []


def test_the_bar_as_known_before_the_late_trade_stays_readable(warehouse: Warehouse):
    minute = datetime(2024, 4, 30, 9, tzinfo=UTC)
    versions = sorted(
        (row for row in marts.stored(warehouse, "bars_1m") if row[:2] == (1, minute)), key=lambda row: row[-3]
    )
    without, with_it = (next(row for row in versions if row[-3] <= at < row[-2])
                        for at in (LATE.known - timedelta(microseconds=1), LATE.known))  # fmt: skip
    assert with_it[7] == without[7] + 1
    assert with_it[-1] == without[-1] + 1


def test_a_build_that_fails_midway_leaves_what_was_and_the_day_dirty(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    broken = tmp_path / "dbt"
    shutil.copytree(transform.PROJECT, broken)
    model = broken / "models" / "marts" / "bars_1h.sql"
    head, body = model.read_text().split("}}", 1)
    model.write_text(f"{head}}}}}\nselect * from (\n{body}\n) where not throwIf(toHour(ts) = 9, 'stopped midway')\n")
    marts.load(warehouse, [dataclasses.replace(LATE, ord=LATE.ord + 1)], batch=101)
    before = marts.stored(warehouse, "bars_1h")
    with monkeypatch.context() as patch:
        patch.setattr(transform, "PROJECT", broken)
        with pytest.raises(TransformError, match=r"(?s)dbt failed on node 1\..*stopped midway"):
            build(warehouse, days=[SECOND], select=["tag:bars"])
    assert marts.stored(warehouse, "bars_1h") == before
    assert dirty_days(warehouse) == [SECOND]
    assert not next(r for r in reconcile(warehouse, [SECOND]) if r.bar_table == "bars_1h").ok
    assert dirty_days(warehouse) == [SECOND]
    _rebuild(warehouse, [SECOND])
    left = warehouse.client(User.ADMIN).scalar("SELECT count() FROM system.tables WHERE position(name, '__dbt') > 0")
    assert (dirty_days(warehouse), left) == ([], 0)


def test_a_load_that_lands_after_the_check_began_leaves_the_day_dirty(warehouse: Warehouse):
    marts.load(warehouse, [dataclasses.replace(LATE, ord=LATE.ord + 2)], batch=102)
    _rebuild(warehouse, [SECOND])
    marts.load(warehouse, corrections=[marts.Correction(LATE.key, LATE.known, LATE.price, LATE.size)], batch=103)
    assert dirty_days(warehouse) == [SECOND]
    _rebuild(warehouse, [SECOND])


@pytest.fixture
def loader(warehouse: Warehouse) -> Loader:
    """Return a loader into the module's warehouse; what it loads is of 2013-09-02, a day that no other test has."""
    made = Loader(warehouse, clock=ManualClock(NOW, tick=0.001), patience=30)
    register(made)
    return made


def test_a_batch_that_lands_again_with_more_rows_makes_its_day_dirty(warehouse: Warehouse, loader: Loader):
    batch = trades(3, symbol=["ES", "ES", "NEWCO"])
    assert loader.load(batch).rows_quarantined == 1
    _rebuild(warehouse, [LOADED])
    loader.load(batch)
    assert dirty_days(warehouse) == [], "nothing came that was not there"
    loader.load(Batch("ref.symbols", "test", pa.table({
        "namespace": ["test"], "symbol": ["NEWCO"], "valid_from": pa.array([0], pa.date32()),
        "valid_to": pa.array([120_000], pa.date32()), "instrument_id": [8],
    })))  # fmt: skip
    assert loader.load(batch).rows_stored == 3
    assert dirty_days(warehouse) == [LOADED]
    _rebuild(warehouse, [LOADED])
    assert dirty_days(warehouse) == []
    for as_of in (datetime.now(UTC), marts.FOREVER, datetime.max.replace(tzinfo=UTC)):
        bars = read_bars(["NEWCO"], "1d", LOADED_AT, as_of, as_of=as_of, warehouse=warehouse)
        assert bars["trades"].to_pylist() == [1]


def test_a_day_whose_trades_went_away_loses_its_bars(warehouse: Warehouse):
    others = {bars: marts.stored(warehouse, bars, f"toDate(ts) != '{OTHER_MONTH}'") for bars in LENGTHS}
    warehouse.client(User.WRITER).command("ALTER TABLE raw.trades DROP PARTITION 20240501")
    assert {r.bar_table for r in reconcile(warehouse, [OTHER_MONTH]) if not r.ok} == set(LENGTHS)
    _rebuild(warehouse, [OTHER_MONTH])
    assert {bars: marts.stored(warehouse, bars) for bars in LENGTHS} == others


def test_a_full_refresh_of_some_days_is_refused(warehouse: Warehouse):
    with pytest.raises(TransformError, match="makes all days anew"):
        build(warehouse, days=[FIRST], full_refresh=True)


def test_the_password_is_in_the_environment_alone(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []

    def run(command: list[str], **options: object) -> object:
        seen.append(command)
        return transform.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(transform.subprocess, "run", run)
    build(warehouse, days=[FIRST])
    password = transform.dbt_env(warehouse, 0)["ZENO_DBT_PASSWORD"]
    assert len(password) > 20
    assert password not in " ".join(seen[0])


def test_other_days_do_not_make_dbt_read_the_project_anew(warehouse: Warehouse):
    build(warehouse, days=[OTHER_MONTH], select=["bars_1d"])
    said = (warehouse.settings.home / "dbt" / "node1" / "logs" / "dbt.log").read_text()
    assert said.count("Running with dbt") > 1
    assert said.count("Unable to do partial parsing") == 1  # the first time, before there was anything
