"""Loads land exactly once: whatever is repeated, interrupted, lost underneath, or half wrong."""

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from builders import NOW, trades

from warehouse import ledger
from warehouse.audit import audit
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.reconcile import dirty_days
from warehouse.store import User, Warehouse
from zeno.clock import ManualClock
from zeno.errors import ContractError, WarehouseError


def stored(warehouse: Warehouse) -> int:
    return warehouse.client(User.WRITER).scalar("SELECT count() FROM raw.trades")


def balance(load: ledger.Load) -> bool:
    return load.rows_in == load.rows_stored + load.rows_quarantined


def test_the_same_batch_twice_is_stored_once(loader, warehouse):
    first, second = loader.load(trades(5)), loader.load(trades(5))
    assert first.rows_stored == second.rows_stored == 5
    assert stored(warehouse) == 5


@pytest.mark.parametrize("size", ["0", "0.00000001", "0.0000009"])
def test_a_column_whose_sum_is_nothing_or_next_to_it_is_stored(loader, warehouse, size):
    assert loader.load(trades(1, size=[size])).rows_stored == 1
    assert warehouse.client().scalar("SELECT toString(size) FROM raw.trades") == size


COLUMNS = {
    "number": pa.array([1, None, 3, 4], pa.int32()),
    "decimal": pa.array([Decimal("1.5"), None, Decimal(2), Decimal(3)], pa.decimal128(18, 8)),
    "time": pa.array([1, 2, None, 4], pa.timestamp("us", "UTC")),
    "text": pa.array(["x", None, "", "yy"]),
    "large": pa.array(["x", "q", "", None], pa.large_string()),
    "flag": pa.array([True, False, None, True]),
    "list": pa.array([["a"], [], None, ["b", "c"]]),
    "dictionary": pa.array(["p", "q", "p", None]).dictionary_encode(),
    "null": pa.nulls(4),
}


def identity(data: pa.Table) -> str:
    return ledger.identify(Batch("raw.trades", "test", data)).sha256


@pytest.mark.parametrize("name", COLUMNS)
def test_chunking_does_not_change_a_batchs_identity(name):
    whole = pa.table({name: COLUMNS[name]})
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 2), whole.slice(3, 0), whole.slice(3)])
    assert identity(pieces) == identity(whole) == identity(pa.concat_tables([whole, whole]).slice(4))
    assert identity(whole.take([1, 0, 2, 3])) != identity(whole) or name == "null"


def test_what_lies_under_a_null_is_no_content():
    bits = pa.py_buffer(bytes([0b101]))
    under = [pa.Array.from_buffers(pa.int64(), 3, [bits, pa.py_buffer(np.array([1, other, 3]))]) for other in (0, 9)]
    assert identity(pa.table({"a": under[0]})) == identity(pa.table({"a": under[1]}))


@pytest.mark.parametrize("others", [["a", "bc"], ["ab", None], [None, "ab"]])
def test_where_a_text_ends_is_content(others):
    assert identity(pa.table({"a": ["ab", "c"]})) != identity(pa.table({"a": others}))


@pytest.mark.parametrize("change", [{"size": [9, 2, 3]}, {"ord": [0, 1, 5]}, {"side": ["buy", "buy", "sell"]}])
def test_any_other_value_is_another_batch(change):
    assert ledger.identify(trades(3, **change)) != ledger.identify(trades(3))


def test_an_overlapping_batch_adds_only_what_is_new_i01(loader, warehouse):
    loader.load(trades(5))
    load = loader.load(trades(8))
    assert (load.rows_stored, load.rows_present, load.rows_inserted) == (8, 5, 3)
    assert stored(warehouse) == 8
    assert audit(warehouse) == []


def test_a_row_that_contradicts_a_stored_one_is_quarantined(loader, warehouse):
    loader.load(trades(3))
    load = loader.load(trades(3, price=["1640.25", "1640.50", "1640.25"]))
    assert (load.rows_stored, load.rows_present, load.rows_quarantined) == (2, 2, 1)
    assert balance(load)
    reasons = warehouse.client().rows("SELECT reason, payload FROM raw.quarantine")
    assert reasons[0][0] == "conflicts_with_stored"
    assert "1640.5" in reasons[0][1]


def test_a_row_that_contradicts_a_stored_one_is_found_in_its_batch(loader, warehouse):
    bars = {
        "symbol": ["ES", "AAA", "ES", "AAA"], "resolution": ["1d"] * 4, "close": ["1", "2", "nan", "4"],
        "ts": pa.array([1_378_080_000_000_000 + 86_400_000_000 * at for at in (0, 0, 1, 1)], pa.timestamp("us", "UTC")),
        "known_at": pa.array([1_378_270_000_123_456] * 4, pa.timestamp("us", "UTC")),
    }  # fmt: skip
    loader.load(Batch("raw.bars", "test", pa.table(bars), "test"))
    loader.load(Batch("raw.bars", "test", pa.table(bars | {"close": ["1", "9", "nan", "9"]}), "test"))
    found = warehouse.client().rows("SELECT row, reason FROM raw.quarantine ORDER BY reason, row")
    assert found == [(1, "conflicts_with_stored"), (3, "conflicts_with_stored"), (2, "not_finite"), (2, "not_finite")]


def period(value: float) -> Batch:
    return Batch("raw.macro", "test", pa.table({
        "series": ["GDP"], "frequency": ["Q"], "period": pa.array([15_000], pa.date32()), "basis": ["vintage"],
        "released_at": pa.array([1_378_270_000_000_000], pa.timestamp("us", "UTC")), "value": [value],
    }))  # fmt: skip


def test_rows_with_days_in_their_key_are_found_in_their_batch_too(loader, warehouse):
    for value in (1.0, 2.0):
        loader.load(period(value))
    assert warehouse.client().rows("SELECT row, reason FROM raw.quarantine") == [(0, "conflicts_with_stored")]


def test_good_rows_of_a_bad_batch_land_and_the_rest_is_quarantined(loader, warehouse):
    load = loader.load(trades(4, price=["1", "nan", "1.123456789", "2"]))
    assert (load.rows_in, load.rows_stored, load.rows_quarantined) == (4, 2, 2)
    again = loader.load(trades(4, price=["1", "nan", "1.123456789", "2"]))
    assert again == load
    assert warehouse.client().scalar("SELECT count() FROM raw.quarantine") == 2
    assert audit(warehouse) == []


def test_a_batch_of_the_wrong_shape_loads_nothing_and_is_on_record_w08(loader, warehouse):
    with pytest.raises(ContractError):
        loader.load(trades(3, venue=["a", "b", "c"]))
    assert stored(warehouse) == 0
    assert warehouse.client().rows("SELECT row, reason FROM raw.quarantine") == [(-1, "contract")]
    assert (
        warehouse.client().scalar("SELECT toString(state) FROM raw.loads WHERE table_name = 'raw.trades'") == "failed"
    )


def test_rows_refused_for_an_unknown_symbol_land_once_it_is_registered(loader, warehouse):
    batch = trades(2, symbol=["ES", "NEW"])
    assert loader.load(batch).rows_quarantined == 1
    loader.load(Batch("ref.symbols", "test", pa.table({
        "namespace": ["test"], "symbol": ["NEW"], "valid_from": pa.array([0], pa.date32()),
        "valid_to": pa.array([120_000], pa.date32()), "instrument_id": [8],
    })))  # fmt: skip
    load = loader.load(batch)
    assert (load.rows_stored, load.rows_quarantined) == (2, 0)
    assert warehouse.client().scalar("SELECT count() FROM raw.quarantine") == 0
    assert audit(warehouse) == []


def test_hostile_symbols_are_text_to_the_store_i23(loader, warehouse):
    hostile = "a'; DROP TABLE raw.trades; --"
    load = loader.load(trades(2, symbol=["ES", hostile]))
    assert load.rows_quarantined == 1
    assert hostile in warehouse.client().scalar("SELECT payload FROM raw.quarantine")
    assert stored(warehouse) == 1


def test_a_load_that_stopped_after_staging_is_resumed_w01(loader, warehouse, monkeypatch):
    import warehouse.landing as landing

    def stop(*_args: object) -> None:
        raise WarehouseError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "_attach", stop)
        with pytest.raises(WarehouseError, match="stopped"):
            loader.load(trades(5))
    assert stored(warehouse) == 0
    assert loader.load(trades(5)).rows_inserted == 5
    assert stored(warehouse) == 5


def test_a_load_that_landed_in_some_partitions_is_completed_without_a_second_copy(loader, warehouse, monkeypatch):
    import warehouse.landing as landing

    day = 86_400_000_000
    batch = trades(4, ts=pa.array([1_378_080_000_000_000 + at * day for at in range(4)], pa.timestamp("us", "UTC")))
    genuine, calls = landing.Client.command_once, []

    def twice(self: landing.Client, sql: str) -> None:
        if "ATTACH" in sql:
            calls.append(sql)
            if len(calls) > 2:
                raise WarehouseError("stopped")
        genuine(self, sql)

    with monkeypatch.context() as patch:
        patch.setattr(landing.Client, "command_once", twice)
        with pytest.raises(WarehouseError):
            loader.load(batch)
    assert stored(warehouse) == 2
    assert loader.load(batch).rows_inserted == 4
    assert stored(warehouse) == 4
    assert audit(warehouse) == []


def test_ticks_of_an_interrupted_load_are_in_the_audit_and_their_day_is_dirty(loader, warehouse, monkeypatch):
    genuine = Loader._record

    def stop(self: Loader, load: ledger.Load, content: ledger.ContentId) -> None:
        if load.state == "landed":
            raise WarehouseError("stopped")
        genuine(self, load, content)

    with monkeypatch.context() as patch:
        patch.setattr(Loader, "_record", stop)
        with pytest.raises(WarehouseError, match="stopped"):
            loader.load(trades(5))
    assert stored(warehouse) == 5
    (difference,) = audit(warehouse)
    assert (difference.expected, difference.found) == (0, 5)
    assert "5 rows of a load that did not end" in str(difference)
    assert dirty_days(warehouse) == [date(2013, 9, 2)]
    assert loader.load(trades(5)).rows_inserted == 5
    assert (audit(warehouse), dirty_days(warehouse)) == ([], [date(2013, 9, 2)])


def test_rows_lost_under_the_ledger_are_found_and_brought_back_w02(loader, warehouse):
    batch = trades(5)
    loader.load(batch)
    warehouse.client(User.ADMIN).command("ALTER TABLE raw.trades DROP PARTITION ID '20130902'")
    (difference,) = audit(warehouse)
    assert (difference.table_name, difference.expected, difference.found) == ("raw.trades", 5, 0)
    assert loader.load(batch).rows_inserted == 5
    assert audit(warehouse) == []


def test_a_doubled_batch_is_found_by_the_audit(loader, warehouse):
    loader.load(trades(5))
    warehouse.client(User.ADMIN).command("INSERT INTO raw.trades SELECT * FROM raw.trades")
    assert [(entry.expected, entry.found) for entry in audit(warehouse)] == [(5, 10)]


def test_a_retry_long_after_is_still_one_load_w03(loader, warehouse):
    loader.load(trades(3))
    for number in range(20):
        loader.load(trades(1, ord=[100 + number]))
    loader.load(trades(3))
    assert stored(warehouse) == 23
    assert audit(warehouse) == []


def test_two_loaders_of_the_same_batch_store_it_once(loader, warehouse):
    from concurrent.futures import ThreadPoolExecutor

    others = [Loader(warehouse, clock=ManualClock(NOW, tick=0.001)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one.load(trades(50)), others))
    assert stored(warehouse) == 50


def test_an_empty_batch_is_on_record_and_harmless(loader, warehouse):
    load = loader.load(trades(0))
    assert (load.state, load.rows_in) == ("landed", 0)
    assert audit(warehouse) == []


def test_the_ledger_names_the_days_whose_bars_must_be_rebuilt(loader):
    batch = trades(2, ts=pa.array([1_378_079_999_999_999, 1_378_080_000_000_000], pa.timestamp("us", "UTC")))
    assert loader.load(batch).days == ("2013-09-01", "2013-09-02")


@pytest.fixture(autouse=True)
def every_load_balances(running):
    yield
    rows = running.client().rows("SELECT rows_in, rows_stored, rows_quarantined FROM raw.loads WHERE state = 'landed'")
    assert all(rows_in == kept + refused for rows_in, kept, refused in rows)
