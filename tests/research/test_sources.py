"""The parts of a plan are together the reader's rows, whatever the cuts; and show nothing of how they are reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import source_rows
from builders import make_settings

from research.sources.options import number_of, options_of, query_of
from research.sources.plan import Access, bars, macro, plan, read, schema, trades
from warehouse.store import User
from zeno.errors import ConfigError

pytestmark = pytest.mark.long

CUTS = {"whole": {}, "each name": {"names_a_part": 1}, "hours": {"every": timedelta(hours=7), "names_a_part": 1}}


@pytest.mark.parametrize("question", source_rows.QUESTIONS)
@pytest.mark.parametrize("cut", CUTS)
def test_all_parts_together_are_the_readers_rows(store, question, cut):
    query, _ = source_rows.QUESTIONS[question]
    access = Access(store.settings)
    found = pa.concat_tables([read(part, access) for part in plan(query, access, **CUTS[cut])])
    wanted = source_rows.answer(store, question)
    assert wanted.num_rows >= 4
    assert source_rows.ordered(found).equals(wanted)
    assert found.schema == schema(query.table)


def test_the_reader_itself_has_these_types(store):
    """But for which columns may be null, so that casting to the declared schema changes no value."""
    for query, ask in source_rows.QUESTIONS.values():
        declared = schema(query.table)
        assert [(one.name, one.type) for one in ask(store).schema] == [(one.name, one.type) for one in declared]


def test_a_part_asks_the_node_that_holds_its_rows(store):
    query, _ = source_rows.QUESTIONS["trades"]
    access = Access(store.settings)
    parts = plan(query, access)
    assert [(part.shard, part.query.names) for part in parts] == (
        [(0, ("ES", "AAA"))] if store.shards == 1 else [(0, ("AAA",)), (1, ("ES",))]
    )
    if store.shards == 2:
        for part in parts:
            node = store.nodes(User.ADMIN)[part.shard]
            held = node.scalar("SELECT count() FROM raw.trades_local")
            assert held >= read(part, access).num_rows > 0
            assert held == node.scalar(f"SELECT count() FROM raw.trades_local WHERE instrument_id % 2 = {part.shard}")


def test_any_node_gives_the_same_rows(store):
    """Which node is asked is for speed alone."""
    query, _ = source_rows.QUESTIONS["bars of ticks"]
    access = Access(store.settings)
    (part, *_) = plan(query, access)
    for shard in range(store.shards):
        assert read(replace(part, shard=shard), access).equals(read(part, access))


def test_stretches_of_time_meet_without_a_gap(store):
    query, _ = source_rows.QUESTIONS["trades"]
    parts = plan(query, Access(store.settings), every=timedelta(hours=31))
    spans = sorted({(part.query.start, part.query.end) for part in parts})
    assert spans[0][0] == query.start
    assert spans[-1][1] == query.end
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert plan(replace(query, end=query.start), Access(store.settings)) == []


def test_an_unknown_symbol_is_refused_before_any_work(store):
    query = bars(["ES", "NOPE"], "1m", source_rows.START, source_rows.END, as_of=source_rows.LATER)
    with pytest.raises(ConfigError, match="No instrument has the symbol NOPE"):
        plan(query, Access(store.settings))


AT = datetime(2024, 1, 1, tzinfo=UTC)
NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: bars(["ES"], "5m", AT, AT, as_of=AT), "no resolution '5m'"),
        (lambda: bars(["ES"], "1m", AT, NAIVE, as_of=AT), "to has no time zone"),
        (lambda: trades(["ES"], AT, AT, as_of=NAIVE), "as_of has no time zone"),
        (lambda: macro([], as_of=AT), "nothing to read"),
        (lambda: macro("PAYEMS", as_of=AT), "nothing to read"),
        (lambda: plan(macro(["CPI"], as_of=AT), Access.here(), names_a_part=0), "at least one name"),
    ],
)
def test_queries_that_cannot_be_are_refused(ask, says):
    with pytest.raises(ConfigError, match=says):
        ask()


@pytest.mark.parametrize("question", source_rows.QUESTIONS)
def test_options_ask_for_the_same_query(question):
    query, _ = source_rows.QUESTIONS[question]
    assert query_of(options_of(query)) == query


def test_options_are_days_or_times_with_an_offset():
    options = {"table": "bars", "symbols": "ES, AAA", "resolution": "1m", "as_of": "2024-03-01T00:00:00.000001+01:00"}
    query = query_of(options | {"from": "2024-01-01", "to": "2024-01-02T12:00:00Z"})
    assert query.names == ("ES", "AAA")
    assert query.start == AT
    assert query.as_of == datetime(2024, 2, 29, 23, 0, 0, 1, tzinfo=UTC)


GOOD = {"table": "bars", "symbols": "ES", "resolution": "1m", "from": "2024-01-01", "to": "2024-01-02",
        "as_of": "2024-03-01"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"table": "quotes"}, "no table 'quotes'"),
        ({"as_of": ""}, "as_of is missing"),
        ({"symbols": ""}, "symbols is missing"),
        ({"resolution": ""}, "resolution is missing"),
        ({"from": "yesterday"}, "from is 'yesterday'"),
        ({"to": "2024-01-02T12:00:00"}, "no offset"),
        ({"asof": "2024-01-02"}, "no option asof"),
    ],
)
def test_wrong_options_are_named(changes, says):
    with pytest.raises(ConfigError, match=says):
        query_of(GOOD | changes)
    with pytest.raises(ConfigError, match="days is '0'"):
        number_of({"days": "0"}, "days", 1)


def test_how_to_reach_the_warehouse_shows_nowhere(tmp_path):
    secret = "http://me:hunter2@127.0.0.1:1"
    access = Access(make_settings(tmp_path, clickhouse_url=secret, fred_api_key="k3y"))
    shown = f"{access!r}{access}{replace(access)}"
    assert "hunter2" not in shown
    assert "k3y" not in shown
    assert Access.here(tmp_path).settings.home == tmp_path
