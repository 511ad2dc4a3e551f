"""The engine's memory: rows are added once, never changed, and read as they were recorded by a moment."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from builders import NOW, kill, make_settings

from mrie.store import MrieStore
from warehouse.schema import TABLES, Kind
from warehouse.schema.arrow import arrow_schema
from warehouse.store import User, connect, embedded
from zeno.clock import ManualClock, SystemClock
from zeno.errors import ConfigError, ContractError, LoadError

HOUR = timedelta(hours=1)
MRIE = [entry for entry in TABLES.values() if entry.database == "mrie"]
_VALUES = {
    Kind.DATE: date(2022, 9, 1), Kind.TIMESTAMP: NOW, Kind.FLOAT: 0.1 + 0.2, Kind.COUNT: 3, Kind.INT: -1,
    Kind.BOOL: True, Kind.TEXT: "it's \"text\"\n", Kind.LABEL: "a->b",
}  # fmt: skip


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def store(warehouse, clock):
    return MrieStore(warehouse, clock=clock)


def rows_of(name: str, **changes: object) -> pa.Table:
    """One row of a table, with a value in every column that the caller fills."""
    declared = TABLES[f"mrie.{name}"]
    row = {c.name: c.values[0] if c.kind is Kind.ENUM else _VALUES[c.kind] for c in declared.columns} | changes
    table = pa.Table.from_pylist([row], schema=arrow_schema(declared))
    return table.drop_columns(["run_id", "recorded_at"])


def reading(p: float = 0.25, month: date = date(2022, 9, 1)) -> pa.Table:
    return rows_of("readings", p_combined=p, month=month)


def write(store: MrieStore, name: str, rows: pa.Table, run: str = "run-1") -> int:
    writer = {"claims": store.write_claim_events}.get(name) or getattr(store, f"write_{name}")
    return writer(rows, run_id=run)


def read(store: MrieStore, name: str, as_of: datetime) -> pa.Table:
    return {"claims": store.claim_events}.get(name, getattr(store, name, None))(as_of=as_of)


@pytest.mark.parametrize("name", [entry.short for entry in MRIE])
def test_what_is_written_is_read_back_exactly(store, name):
    given = rows_of(name)
    assert write(store, name, given) == 1
    found = read(store, name, NOW)
    assert found.schema == arrow_schema(TABLES[f"mrie.{name}"])
    assert found.select(given.column_names).to_pylist() == given.to_pylist()
    assert found["run_id"].to_pylist() == ["run-1"]
    assert found["recorded_at"].to_pylist() == [NOW]


@pytest.mark.parametrize("name", [entry.short for entry in MRIE])
def test_the_same_rows_twice_are_one(store, clock, name):
    write(store, name, rows_of(name))
    clock.advance(3600)
    assert write(store, name, rows_of(name)) == 0
    assert read(store, name, NOW + 2 * HOUR)["recorded_at"].to_pylist() == [NOW]


def test_a_row_does_not_change(store):
    write(store, "readings", reading(0.25))
    with pytest.raises(LoadError, match=r"another p_combined for run_id run-1, month 2022-09-01"):
        write(store, "readings", reading(0.26))
    assert store.readings(as_of=NOW)["p_combined"].to_pylist() == [0.25]


def test_a_refused_call_adds_none_of_its_rows(store):
    write(store, "readings", reading(0.25))
    both = pa.concat_tables([reading(0.5, date(2022, 10, 1)), reading(0.26)])
    with pytest.raises(LoadError):
        write(store, "readings", both)
    assert store.readings(as_of=NOW).num_rows == 1


def test_readers_see_the_latest_run_as_of_their_moment(store, clock):
    write(store, "readings", reading(0.25), "first")
    clock.advance(3600)
    write(store, "readings", reading(0.75), "second")
    assert store.readings(as_of=NOW - HOUR).num_rows == 0
    assert store.readings(as_of=NOW)["p_combined"].to_pylist() == [0.25]
    assert store.readings(as_of=NOW + HOUR)["p_combined"].to_pylist() == [0.75]


def test_the_latest_run_is_of_those_with_the_newest_data(store, clock):
    write(store, "readings", reading(0.25), "present")
    clock.advance(3600)
    past = rows_of("readings", p_combined=0.75, month=date(2009, 5, 1), data_month=date(2009, 5, 1))
    write(store, "readings", past, "past")
    assert store.readings(as_of=NOW + HOUR)["run_id"].to_pylist() == ["present"]
    clock.advance(3600)
    write(store, "readings", reading(0.5), "present again")
    assert store.readings(as_of=NOW + 2 * HOUR)["run_id"].to_pylist() == ["present again"]


def test_each_scenario_and_each_model_has_its_own_latest_run(store, clock):
    write(store, "scenarios", rows_of("scenarios", scenario="hike"), "first")
    write(store, "validations", rows_of("validations", model="hmm"), "first")
    clock.advance(3600)
    write(store, "scenarios", rows_of("scenarios", scenario="cut"), "second")
    write(store, "validations", rows_of("validations", model="var"), "second")
    later = NOW + HOUR
    assert store.scenarios(as_of=later)["scenario"].to_pylist() == ["cut", "hike"]
    assert sorted(store.validations(as_of=later)["model"].to_pylist()) == ["hmm", "var"]


def test_two_runs_of_one_moment_are_told_apart_the_same_way_always(store):
    write(store, "readings", reading(0.25), "b")
    write(store, "readings", reading(0.75), "a")
    assert store.readings(as_of=NOW)["run_id"].to_pylist() == ["b"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(store, value):
    with pytest.raises(ContractError, match="p_combined must be finite"):
        write(store, "readings", reading(value))


def test_a_value_that_is_not_there_is_null(store):
    assert write(store, "readings", rows_of("readings", p_ms=None, low=None, high=None)) == 1
    assert store.readings(as_of=NOW).select(["p_ms", "low"]).to_pylist() == [{"p_ms": None, "low": None}]


def test_rows_must_fit_their_table(store):
    with pytest.raises(ContractError, match="regime"):
        write(store, "readings", reading().drop_columns(["regime"]))
    with pytest.raises(ContractError, match="share a key"):
        write(store, "readings", pa.concat_tables([reading(), reading()]))
    with pytest.raises(ContractError, match="must be one of forecast, conditioned, intervened"):
        write(store, "scenarios", rows_of("scenarios", sense="guessed"))
    with pytest.raises(ContractError, match="'regime' with null values"):
        write(store, "readings", rows_of("readings", regime=None))


def test_a_moment_has_a_zone(store):
    with pytest.raises(ConfigError, match="as_of has no time zone"):
        store.readings(as_of=datetime(2026, 1, 1))  # noqa: DTZ001


def test_no_row_of_no_rows(store):
    assert write(store, "readings", reading().slice(0, 0)) == 0


def test_researchers_read_these_tables_and_cannot_write_them(store, warehouse):
    write(store, "readings", reading())
    client = warehouse.client(User.RESEARCHER)
    assert client.scalar("SELECT count() FROM mrie.readings") == 1
    assert not client.try_command("TRUNCATE TABLE mrie.readings")


def test_records_are_for_tables_that_hold_them(warehouse):
    from warehouse.records import read_records

    with pytest.raises(ConfigError, match="does not hold append-only records"):
        read_records(warehouse, "raw.trades", as_of=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="has no column colour"):
        read_records(warehouse, "mrie.edges", as_of=NOW, where={"colour": "red"})


def test_rows_are_added_once_although_the_engine_is_killed_meanwhile(tmp_path):
    private = connect(make_settings(tmp_path))
    store = MrieStore(private, clock=SystemClock())
    try:
        for month in range(1, 13):
            if month % 4 == 0:
                kill(embedded(private.settings).status()[0].pid)
            run = f"run-{month}"
            assert write(store, "readings", reading(month / 12, date(2022, month, 1)), run) == 1
            assert write(store, "readings", reading(month / 12, date(2022, month, 1)), run) == 0
        assert private.client().scalar("SELECT count() FROM mrie.readings") == 12
        assert store.readings(as_of=store.now())["p_combined"].to_pylist() == [1.0]
    finally:
        private.close()
        embedded(private.settings).down()
