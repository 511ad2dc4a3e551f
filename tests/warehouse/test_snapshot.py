"""A data snapshot names the loads behind an answer: what lands later does not change what is read from it."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from builders import trades

from warehouse import read_bars
from warehouse.batch import Batch
from warehouse.snapshot import bars_snapshot
from warehouse.store import User
from zeno.errors import ConfigError, WarehouseError

START, END = datetime(2013, 9, 2, tzinfo=UTC), datetime(2013, 9, 5, tzinfo=UTC)
LATER = datetime(2020, 1, 1, tzinfo=UTC)


def vendor(closes: list[str], *, first: int = 0, known: int = 0, source: str = "vendor", symbol: str = "AAA",
           resolution: str = "1d") -> Batch:  # fmt: skip
    """Return daily closes from day ``first`` on, known ``known`` days after each began."""
    days = [START + timedelta(days=first + at) for at in range(len(closes))]
    return Batch("raw.bars", source, pa.table({
        "symbol": [symbol] * len(closes), "resolution": [resolution] * len(closes),
        "ts": pa.array(days, pa.timestamp("us", "UTC")),
        "known_at": pa.array([day + timedelta(days=known, hours=21) for day in days], pa.timestamp("us", "UTC")),
        "close": closes,
    }), namespace="test")  # fmt: skip


def taken(warehouse, symbols=("AAA",), resolution="1d", as_of=LATER, **more):
    return bars_snapshot(symbols, resolution, START, END, as_of=as_of, warehouse=warehouse, **more)


def read(warehouse, loads=()) -> list[int]:
    rows = read_bars(["AAA"], "1d", START, END, as_of=LATER, loads=loads, warehouse=warehouse)
    return [int(close) for close in rows["close"].to_pylist()]


def test_a_backfill_and_a_revision_do_not_reach_into_a_snapshot(loader, warehouse):
    loader.load(vendor(["10", "11"]))
    before = taken(warehouse)
    loader.load(vendor(["12"], first=2))
    loader.load(vendor(["99"], known=1))
    assert read(warehouse) == [99, 11, 12]
    assert read(warehouse, before.batches) == [10, 11]


def test_the_id_is_of_the_contents_alone(loader, warehouse):
    loader.load(vendor(["10", "11"]))
    first = taken(warehouse)
    loader.load(vendor(["10", "11"]))
    assert taken(warehouse).id == first.id
    loader.load(vendor(["12"], first=2))
    assert taken(warehouse).id != first.id


def test_it_says_what_was_loaded_and_when(loader, warehouse):
    loader.load(vendor(["10", "11"]))
    (one,) = taken(warehouse).loads
    assert (one["table"], one["source"], one["rows"]) == ("raw.bars", "vendor", 2)
    assert len(one["content_sha256"]) == 64
    assert taken(warehouse).landed == one["landed"]
    loader.load(vendor(["12"], first=2))
    assert taken(warehouse).landed == max(each["landed"] for each in taken(warehouse).loads) > one["landed"]


def test_it_names_only_what_was_known_and_asked_for(loader, warehouse):
    loader.load(vendor(["10", "11"]))
    loader.load(vendor(["99"], known=400))
    early = taken(warehouse, as_of=START + timedelta(days=30))
    assert len(early.loads) == 1
    assert len(taken(warehouse).loads) == 2


def test_bars_of_ticks_are_named_by_trades_and_corrections(loader, warehouse):
    loader.load(trades(3))
    before = taken(warehouse, ["ES"], "1m")
    assert [one["table"] for one in before.loads] == ["raw.trades"]
    loader.load(Batch("raw.corrections", "test", pa.table({
        "symbol": ["ES"], "ts": pa.array([START], pa.timestamp("us", "UTC")), "ord": [0],
        "known_at": pa.array([START + timedelta(hours=1)], pa.timestamp("us", "UTC")), "action": ["correct"],
        "price": ["1641.25"], "size": ["1"],
    }), namespace="test"))  # fmt: skip
    after = taken(warehouse, ["ES"], "1m")
    assert {one["table"] for one in after.loads} == {"raw.trades", "raw.corrections"}
    assert after.id != before.id
    assert taken(warehouse, ["ES"], "1m", START + timedelta(minutes=59)).id == before.id


def test_of_ticks_it_names_the_loads_of_the_interval_and_instrument_and_no_others(loader, warehouse):
    loader.load(trades(3))
    asked = taken(warehouse, ["ES"], "1m")
    for moment in (START - timedelta(microseconds=1), END):
        loader.load(trades(1, ts=pa.array([moment], pa.timestamp("us", "UTC"))))
    loader.load(trades(1, symbol=["AAA"]))
    assert taken(warehouse, ["ES"], "1m") == asked


def test_it_names_the_loads_of_the_interval_instrument_resolution_and_source_and_no_others(loader, warehouse):
    """The interval ends where END begins."""
    loader.load(vendor(["10"]))
    loader.load(vendor(["12"], first=2))
    asked = taken(warehouse)
    assert len(asked.loads) == 2
    assert list(asked.batches) == sorted(asked.batches)
    for other in ({"first": -1}, {"first": 3}, {"symbol": "ES"}, {"resolution": "1h"}, {"source": "other"}):
        loader.load(vendor(["10"], **other))
    assert taken(warehouse, source="vendor") == asked


def test_rows_of_a_load_that_was_not_finished_have_no_snapshot(loader, warehouse):
    loader.load(vendor(["10"]))
    admin = warehouse.nodes(User.ADMIN)[0]
    admin.command("ALTER TABLE raw.loads DELETE WHERE state = 'landed' SETTINGS mutations_sync = 2")
    with pytest.raises(WarehouseError, match="does not know 1 loads"):
        taken(warehouse)


def test_nothing_to_read_is_an_error(loader, warehouse):
    with pytest.raises(WarehouseError, match="no 1d bars of AAA"):
        taken(warehouse)
    with pytest.raises(ConfigError, match="No instrument"):
        taken(warehouse, ["NOPE"])
