"""Checks that guard correctness stop what is downstream; the warehouse then says which rows are wrong."""

import shutil
from datetime import date
from types import SimpleNamespace

import dagster as dg
import pytest
from builders import NOW, empty, register, trades
from datasets import make_dataset

from assets.build import build
from assets.house import House
from assets.instance import open_instance
from assets.marts import PUBLISHED, chosen_days
from assets.raw import table_key
from assets.run import backfill, run_elt
from warehouse.loader import Loader
from warehouse.store import User, Warehouse
from zeno.clock import ManualClock
from zeno.settings import Settings

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def warehouse(running) -> Warehouse:
    """Emptied once: a build takes a quarter of a minute, so the tests below go on from one another's state."""
    empty(running)
    admin = running.client(User.ADMIN)
    for (name,) in admin.rows("SELECT name FROM system.tables WHERE database = 'marts'"):
        admin.command(f"DROP TABLE marts.{name} SYNC")
    for folder in (running.settings.dagster_home, running.settings.drop):
        shutil.rmtree(folder, ignore_errors=True)
    return running


@pytest.fixture(scope="module")
def settings(warehouse) -> Settings:
    return warehouse.settings


@pytest.fixture(scope="module")
def instance(settings):
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def loader(warehouse) -> Loader:
    made = Loader(warehouse, clock=ManualClock(NOW, tick=0.001), patience=30)
    register(made)
    return made


@pytest.fixture(scope="module")
def built(settings, loader, manifest):
    """A warehouse of three trades, loaded, built, proven and published."""
    definitions = build(datasets={"test": make_dataset("test", trades())}, settings=settings, manifest=manifest,
                        retry=dg.RetryPolicy(max_retries=1, delay=0))  # fmt: skip
    result = run_elt(settings, definitions=definitions)
    assert result.success, (result.failures, result.red)
    return definitions


def admin(warehouse, sql: str) -> None:
    warehouse.client(User.ADMIN).command(sql, settings={"mutations_sync": 2})


def test_everything_is_built_proven_and_published(built, instance, warehouse):
    assert warehouse.client().scalar("SELECT sum(trades) FROM marts.bars_1d") == 3
    made = instance.get_latest_materialization_event(table_key("marts.bars_1d")).asset_materialization
    assert made.metadata["dagster/row_count"].value == 1
    assert instance.get_latest_materialization_event(PUBLISHED) is not None
    assert instance.get_materialized_partitions(table_key("marts.bars_1d")) == {"2013"}


def test_a_second_run_builds_nothing_and_proves_again(built, settings):
    result = run_elt(settings, definitions=built)
    assert result.success
    assert [skip.reason for skip in result.skipped] == ["nothing was inserted and no model changed since the last time"]
    assert {check.asset for check in result.checks if check.check == "reconcile"} >= {"marts.bars_1s", "marts.bars_1d"}
    assert not any(name.startswith("marts.") for name in result.tables)


def test_changed_models_are_built_over_all_days(built, settings, instance, monkeypatch):
    context, house = SimpleNamespace(has_partition_key_range=False, instance=instance), House(settings, {})
    assert chosen_days(context, house) == []
    monkeypatch.setattr("assets.marts.project_hash", lambda: "another version")
    assert chosen_days(context, house) is None


def test_a_lost_partition_turns_the_contract_red_and_no_mart_is_built(built, settings, instance, warehouse):
    before = instance.get_latest_materialization_event(PUBLISHED).timestamp
    admin(warehouse, "ALTER TABLE raw.trades DROP PARTITION 20130902")
    done = built.resolve_job_def("build_marts").execute_in_process(instance=instance, raise_on_error=False)
    assert not done.success
    assert done.get_step_skipped_events() or not done.events_for_node("dbt")
    assert not [event for event in done.events_for_node("dbt") if event.is_step_start]
    assert instance.get_latest_materialization_event(PUBLISHED).timestamp == before
    # The remedy is to load again: the loader finds what is missing.
    assert run_elt(settings, definitions=built).success


def test_one_cent_in_a_bar_turns_the_reconcile_red_until_it_is_rebuilt(built, settings, instance, warehouse):
    admin(warehouse, "ALTER TABLE marts.bars_1m UPDATE close = close + toDecimal64('0.01', 8) WHERE 1")
    result = run_elt(settings, definitions=built)
    assert not result.success
    assert [(check.asset, check.check) for check in result.red] == [("marts.bars_1m", "reconcile")]
    assert "close is 1640.26" in result.red[0].detail
    assert not result.tables.get("ops.published")
    assert run_elt(settings, definitions=built).success, "a day that is not proven is rebuilt"


def test_a_red_reconcile_stops_publication(built, settings, instance, warehouse, monkeypatch):
    before = instance.get_latest_materialization_event(PUBLISHED).timestamp
    admin(warehouse, "ALTER TABLE marts.bars_1s UPDATE volume = volume + 1 WHERE 1")
    monkeypatch.setattr("assets.marts.chosen_days", lambda _context, _house: [])
    done = built.resolve_job_def("build_marts").execute_in_process(instance=instance, raise_on_error=False)
    assert not done.success
    assert instance.get_latest_materialization_event(PUBLISHED).timestamp == before


def test_a_late_tick_rebuilds_its_day_alone(built, settings, warehouse, loader):
    loader.load(trades(1, ord=[50], price=["1641.00"]))
    result = run_elt(settings, definitions=built)
    assert result.success, (result.failures, result.red)
    assert warehouse.client().scalar("SELECT max(high) FROM marts.bars_1d WHERE superseded_at > now()") == 1641


def test_a_backfill_rebuilds_the_days_of_its_years(built, settings, instance, warehouse):
    admin(warehouse, "ALTER TABLE marts.bars_1h UPDATE low = 1 WHERE 1")
    result = backfill(settings, date(2013, 1, 1), date(2013, 12, 31), definitions=built)
    assert result.success, (result.failures, result.red)
    assert warehouse.client().scalar("SELECT min(low) FROM marts.bars_1h") > 1
    made = instance.get_materialized_partitions(table_key("marts.bars_1h"))
    assert made == {"2013"}
