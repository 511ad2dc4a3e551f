"""The schema is declared once: declarations, migrations, live tables and Arrow schemas say the same."""

import re

import pytest
from builders import make_settings

from warehouse import migrate as migrations
from warehouse.schema import TABLES, Column, Kind, Placement, Role, Table
from warehouse.schema.arrow import ARROW_TYPES, arrow_schema
from warehouse.schema.ddl import Layout, Target, create_statement, for_layout, storage_name
from warehouse.store import User, connect, embedded
from zeno.errors import MigrationError
from zeno.instruments import SecurityType

TRADES, MACRO = TABLES["raw.trades"], TABLES["raw.macro"]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_migrated_table_is_the_declared_one(running, table):
    rows = running.client(User.ADMIN).rows(
        "SELECT name, type, default_kind FROM system.columns "
        f"WHERE database = '{table.database}' AND table = '{table.short}' ORDER BY position"
    )
    stored = [(name, kind) for name, kind, default in rows if default != "ALIAS"]
    assert stored == [(column.name, column.sql_type) for column in table.columns]
    assert [name for name, _, default in rows if default == "ALIAS"] == list(table.aliases)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_migrated_table_is_sorted_and_partitioned_as_declared(running, table):
    key, partition, comment = running.client(User.ADMIN).rows(
        "SELECT sorting_key, partition_key, comment FROM system.tables "
        f"WHERE database = '{table.database}' AND name = '{table.short}'"
    )[0]
    assert (key.strip("()"), partition) == (", ".join(table.key), table.partition)
    assert comment.lower().startswith(table.grain)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_says_what_it_is(table):
    assert table.grain.startswith("one row per ")
    for column in table.columns:
        assert column.doc.endswith("."), column.name
        assert column.kind is not Kind.ENUM or column.values, column.name
        numeric = column.kind in {Kind.PRICE, Kind.QUANTITY, Kind.FLOAT}
        assert column.unit or not numeric, f"{column.name} has no unit"


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.database == "raw" and t.loadable],
                         ids=lambda table: table.name)  # fmt: skip
def test_every_fact_has_an_event_time_and_a_knowledge_time(table):
    if table.name == "raw.quarantine":
        return
    assert table.with_role(Role.EVENT_TIME) is not None
    assert table.with_role(Role.KNOWLEDGE_TIME) or table.with_role(Role.KNOWLEDGE_LAG)


def test_money_is_never_a_float():
    for table in TABLES.values():
        for column in table.columns:
            if "currency" in column.unit or "contracts" in column.unit or "shares" in column.unit:
                assert column.kind in {Kind.PRICE, Kind.QUANTITY}, f"{table.name}.{column.name}"


def test_times_are_microseconds_in_utc():
    for table in TABLES.values():
        for field in arrow_schema(table):
            assert "timestamp" not in str(field.type) or str(field.type) == "timestamp[us, tz=UTC]"


def test_every_kind_has_an_arrow_type():
    assert set(ARROW_TYPES) == set(Kind)


def test_there_are_eight_security_types_and_no_more():
    assert len(SecurityType) == 8
    assert TABLES["ref.instruments"].by_name["security_type"].values == tuple(SecurityType)


def test_on_one_node_a_statement_is_itself():
    (sql,) = for_layout(create_statement(TRADES), Target(Layout.SINGLE))
    assert "ENGINE = MergeTree" in sql
    assert "raw.trades_local" not in sql


def test_on_shards_rows_are_local_and_the_name_spans_them():
    local, surface = for_layout(create_statement(TRADES), Target(Layout.SHARDS, node=2))
    assert local.startswith("CREATE TABLE IF NOT EXISTS raw.trades_local\n")
    assert "ENGINE = Distributed('zeno', 'raw', 'trades_local', instrument_id)" in surface


def test_on_shards_global_tables_live_on_the_first_node():
    (first,) = for_layout(create_statement(MACRO), Target(Layout.SHARDS, node=1))
    (second,) = for_layout(create_statement(MACRO), Target(Layout.SHARDS, node=2))
    assert "ENGINE = MergeTree" in first
    assert "ENGINE = Distributed('zeno_global', 'raw', 'macro')" in second
    assert "ORDER BY" not in second


def test_on_a_replicated_cluster_everything_is_replicated_and_created_everywhere():
    target = Target(Layout.REPLICATED, cluster="prod")
    local, surface = for_layout(create_statement(TRADES), target)
    assert "raw.trades_local ON CLUSTER 'prod'" in local
    assert "ReplicatedMergeTree('/clickhouse/tables/{shard}/raw/trades', '{replica}')" in local
    assert "raw.trades ON CLUSTER 'prod' AS raw.trades_local" in surface
    assert "Distributed('prod', 'raw', 'trades_local', instrument_id)" in surface
    (everywhere,) = for_layout(create_statement(MACRO), target)
    assert "ReplicatedMergeTree('/clickhouse/tables/global/raw/macro', '{shard}-{replica}')" in everywhere


def test_the_engine_understands_every_statement_for_a_replicated_cluster(running):
    """It has no Keeper here, so that none can be executed; but it parses them, clause by clause."""
    target, client = Target(Layout.REPLICATED, cluster="prod"), running.client(User.ADMIN)
    written = [sql for one in migrations.shipped() for text in one.statements for sql in for_layout(text, target)]
    assert len(written) > len(TABLES)
    for sql in written:
        understood = "\n".join(line for (line,) in client.rows(f"EXPLAIN SYNTAX {sql}"))
        assert re.match(r"CREATE TABLE IF NOT EXISTS \w+\.\w+ ON CLUSTER prod\s", understood)
        assert re.search(r"ENGINE = (ReplicatedMergeTree\('/|Distributed\('prod')", understood)


def test_a_statement_without_a_placement_is_refused():
    with pytest.raises(ValueError, match="must start with its placement"):
        for_layout("CREATE TABLE x (n Int8) ENGINE = MergeTree ORDER BY n", Target())


def test_names_where_rows_are_stored():
    assert storage_name(TRADES, Layout.SINGLE) == "raw.trades"
    assert storage_name(TRADES, Layout.SHARDS) == "raw.trades_local"
    assert storage_name(MACRO, Layout.SHARDS) == "raw.macro"


def test_comments_are_escaped():
    odd = Table(name="raw.odd", grain="one row per quote's \\ backslash", key=("n",), placement=Placement.GLOBAL,
                columns=(Column(name="n", kind=Kind.ID, doc="It's one."),))  # fmt: skip
    assert r"COMMENT 'It\'s one.'" in create_statement(odd)


def test_migrating_twice_does_nothing(running):
    assert migrations.migrate(running.nodes(User.ADMIN), running.layout) == []


def test_migrations_are_numbered_without_a_gap():
    assert [entry.version for entry in migrations.shipped()] == list(range(1, len(migrations.shipped()) + 1))
    assert all(re.match(r"-- @(sharded|global) ", sql) for entry in migrations.shipped() for sql in entry.statements)


def test_a_migration_that_changed_after_it_was_applied_is_refused(running, monkeypatch):
    first, *rest = migrations.shipped()
    changed = migrations.Migration(first.version, first.name, first.text + "\n-- changed")
    monkeypatch.setattr(migrations, "shipped", lambda: [changed, *rest])
    with pytest.raises(MigrationError, match="changed after it was applied"):
        migrations.migrate(running.nodes(User.ADMIN), running.layout)


def test_a_store_from_the_future_is_refused(running, monkeypatch):
    monkeypatch.setattr(migrations, "shipped", list)
    with pytest.raises(MigrationError, match="does not know"):
        migrations.migrate(running.nodes(User.ADMIN), running.layout)


def test_an_interrupted_migration_is_completed(tmp_path, monkeypatch):
    settings = make_settings(tmp_path)
    calls: list[str] = []
    genuine = migrations._execute

    def interrupted(targets, statement):
        calls.append(statement)
        if len(calls) == 5:
            raise KeyboardInterrupt
        genuine(targets, statement)

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            connect(settings)
    store = connect(settings)
    assert store.client().scalar("SELECT count() FROM system.tables WHERE database IN ('raw', 'ref')") == 15
    store.close()
    embedded(settings).down()
