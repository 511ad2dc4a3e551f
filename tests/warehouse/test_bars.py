"""Bars equal their ticks at every length and as of every moment, on one node and on two."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import marts
import pyarrow as pa
import pytest

from warehouse.bars_from_ticks import LENGTHS
from warehouse.reconcile import dirty_days, reconcile
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.status import read_status
from warehouse.store import User, Warehouse, embedded
from warehouse.transform import build, make_surfaces
from zeno.clock import ManualClock

pytestmark = pytest.mark.long

# A leap day and the first of March, the last and the first day of a year: every partition has an edge here.
DAYS = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 1)]
DATA = [marts.random_day(7, day) for day in DAYS]
TRADES = [trade for trades, _ in DATA for trade in trades]
CORRECTIONS = [correction for _, corrections in DATA for correction in corrections]
ORPHAN = marts.Correction((1, TRADES[0].ts, 999_999), TRADES[0].known, TRADES[0].price, TRADES[0].size)


@pytest.fixture(scope="module", params=[1, 2], ids=["one node", "two shards"])
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = marts.start(tmp_path_factory.mktemp("bars"), request.param)
    try:
        marts.load(found, TRADES, [*CORRECTIONS, ORPHAN])
        build(found, days=DAYS[:2], select=["tag:bars", "staging"])
        build(found, days=DAYS[2:], select=["tag:bars", "staging"])
        yield found
    finally:
        found.close()
        embedded(found.settings).down()


@pytest.mark.parametrize("bars", LENGTHS)
def test_bars_are_those_of_an_oracle_in_plain_python(warehouse: Warehouse, bars: str):
    wanted = marts.expected(TRADES, CORRECTIONS, LENGTHS[bars])
    found = marts.stored(warehouse, bars)
    assert found - wanted == set()
    assert wanted - found == set()
    assert any(row[-1] for row in found), "the data must have late trades"


@pytest.mark.parametrize("bars", LENGTHS)
def test_bars_as_of_a_moment_are_those_of_the_ticks_known_by_then(warehouse: Warehouse, bars: str):
    rng = random.Random(11)
    length, compared = timedelta(seconds=LENGTHS[bars]), 0
    for moment in rng.sample([trade.known for trade in TRADES], 10):
        known = [trade for trade in TRADES if trade.known <= moment]
        corrected = [correction for correction in CORRECTIONS if correction.known <= moment]
        wanted = {row for row in marts.expected(known, corrected, LENGTHS[bars]) if row[-2] == marts.FOREVER}
        as_of = f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')"
        found = marts.stored(warehouse, bars, f"known_at <= {as_of} AND {as_of} < superseded_at")
        # Until the allowed lateness has passed, a bar may still be withheld.
        settled = [{row[:-3] + row[-1:] for row in rows if row[1] + length + marts.LATENESS <= moment}
                   for rows in (found, wanted)]  # fmt: skip
        assert settled[0] == settled[1]
        compared += len(settled[0])
    assert compared > 3


def test_no_bar_is_known_before_its_end(warehouse: Warehouse):
    for bars, length in LENGTHS.items():
        assert all(row[-3] >= row[1] + timedelta(seconds=length) for row in marts.stored(warehouse, bars))


def test_reconciliation_agrees_and_cleans_the_days(warehouse: Warehouse):
    assert dirty_days(warehouse) == DAYS
    results = reconcile(warehouse, DAYS)
    assert [result.message for result in results if not result.ok] == []
    assert len(results) == len(DAYS) * len(LENGTHS) * warehouse.shards
    assert sum(result.ticks for result in results) == len(TRADES) * len(LENGTHS)
    assert dirty_days(warehouse) == []


def test_bars_that_differ_on_one_node_are_in_the_status_until_they_are_built_again(warehouse: Warehouse):
    node, name = warehouse.holders(table("ops.reconcile"), User.WRITER)[0]
    node.command(f"INSERT INTO {name} SELECT * REPLACE (bars_hash + 1 AS bars_hash, checked_at + 1 AS checked_at) "
                 f"FROM {name} WHERE bar_table = 'bars_1m' AND day = '{DAYS[0]}'")  # fmt: skip
    other = warehouse.holders(table("ops.reconcile"), User.WRITER)[-1]
    if warehouse.shards > 1:
        other[0].command(f"INSERT INTO {other[1]} SELECT * REPLACE (checked_at + 2 AS checked_at) FROM {other[1]} "
                         f"WHERE bar_table = 'bars_1m' AND day = '{DAYS[0]}'")  # fmt: skip
    found = read_status(warehouse)
    assert (found.reconciled, found.differing) == (len(DAYS) * len(LENGTHS) - 1, 1)
    reconcile(warehouse, DAYS[:1], clock=ManualClock(datetime.now(UTC) + timedelta(seconds=3)))
    assert read_status(warehouse).differing == 0


def test_building_again_changes_nothing(warehouse: Warehouse):
    before = {bars: marts.stored(warehouse, bars) for bars in LENGTHS}
    build(warehouse, days=[DAYS[1], DAYS[2]], select=["tag:bars"])
    assert {bars: marts.stored(warehouse, bars) for bars in LENGTHS} == before
    build(warehouse, days=[], select=["tag:bars"])
    assert {bars: marts.stored(warehouse, bars) for bars in LENGTHS} == before
    build(warehouse, select=["tag:bars"])
    assert {bars: marts.stored(warehouse, bars) for bars in LENGTHS} == before


def test_trades_that_stand_are_the_latest_word(warehouse: Warehouse):
    said = {trade.key: (trade, [c for c in CORRECTIONS if c.trade == trade.key]) for trade in TRADES}
    end = datetime(2030, 1, 1, tzinfo=UTC)
    held = {key: marts.as_held(trade, corrections, end) for key, (trade, corrections) in said.items()}
    wanted = {(key[0], *entry) for key, entry in held.items() if entry}
    rows = warehouse.client().arrow("SELECT instrument_id, ts, ord, price, size, known_at FROM staging.stg_trades")
    found = [tuple(row.values()) for row in rows.to_pylist()]
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_global_marts_are_readable_from_every_node_and_follow_their_columns(warehouse: Warehouse):
    turn = {"country": "US", "month": date(2020, 2, 1), "kind": "peak", "known_at": datetime(2020, 6, 8, tzinfo=UTC),
            "basis": "announced", "source": "test", "batch": 1}  # fmt: skip
    rows = pa.Table.from_pylist([turn], schema=arrow_schema(table("ref.turning_points")))
    warehouse.client(User.WRITER).insert("ref.turning_points", rows)
    build(warehouse, select=["recessions"])
    counts = [node.scalar("SELECT count() FROM marts.recessions") for node in warehouse.nodes(User.RESEARCHER)]
    assert counts[0] > 12
    assert set(counts) == {counts[0]}
    warehouse.client(User.ADMIN).command("ALTER TABLE marts.recessions ADD COLUMN extra UInt8")
    make_surfaces(warehouse)
    assert [node.scalar("SELECT sum(extra) FROM marts.recessions") for node in warehouse.nodes(User.RESEARCHER)] == (
        [0] * warehouse.shards
    )


def test_dbt_leaves_nothing_in_the_checkout(warehouse: Warehouse):
    project = Path(__file__).parents[2] / "dbt"
    assert {entry.name for entry in project.iterdir()} == {"dbt_project.yml", "macros", "models", "profiles.yml"}
    assert (warehouse.settings.home / "dbt" / "node1" / "target" / "partial_parse.msgpack").exists()
