"""The Dask frame has the reader's rows to the microsecond and the last decimal, here and on workers of their own."""

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pytest
import source_rows
from builders import make_settings
from distributed import Client, LocalCluster

from research.sources.dask import _rows, frame
from research.sources.plan import Access, bars, plan, schema
from warehouse.store import User, Warehouse
from zeno.errors import ConfigError

pytestmark = pytest.mark.long

HERE = {"scheduler": "synchronous"}


def rows_of(made: pd.DataFrame, table: str) -> pa.Table:
    flat = made.reset_index() if made.index.name else made
    return source_rows.ordered(pa.Table.from_pandas(flat, preserve_index=False, schema=schema(table)))


@pytest.mark.parametrize("question", source_rows.QUESTIONS)
@pytest.mark.parametrize("every", [None, timedelta(hours=7)])
def test_the_frame_is_the_readers_rows(store, question, every):
    query, _ = source_rows.QUESTIONS[question]
    lazy = frame(query, access=Access(store.settings), every=every, names_a_part=1)
    with dask.config.set(HERE):
        made = lazy.compute()
    assert rows_of(made, query.table).equals(source_rows.answer(store, question))
    pd.testing.assert_frame_equal(lazy._meta, made.iloc[:0])


def test_divisions_are_known_where_stretches_are_not_shared(store):
    shared, _ = source_rows.QUESTIONS["trades"]
    alone = bars(["ES"], "1m", source_rows.START, source_rows.END, as_of=source_rows.LATER)
    access, day = Access(store.settings), timedelta(days=1)
    assert not frame(shared, access=access, every=day, names_a_part=1).known_divisions
    lazy = frame(alone, access=access, every=day)
    assert lazy.divisions == tuple(pd.Timestamp(source_rows.START) + number * day for number in range(3))
    second = slice(pd.Timestamp("2013-09-03 03:00", tz="UTC"), pd.Timestamp("2013-09-03 10:00", tz="UTC"))
    assert lazy.loc[second].npartitions == 1
    with dask.config.set(HERE):
        found = lazy.loc[second].compute()
        assert len(found) > 0
        pd.testing.assert_frame_equal(found, lazy.compute().loc[second])


def test_an_empty_stretch_is_an_empty_frame(store):
    nothing = bars(["ES"], "1m", source_rows.START, source_rows.START, as_of=source_rows.LATER)
    with dask.config.set(HERE):
        made = frame(nothing, access=Access(store.settings)).compute()
    assert made.empty
    assert rows_of(made, "bars").schema == schema("bars")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    with (
        dask.config.set({"temporary-directory": str(tmp_path_factory.mktemp("dask"))}),
        LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0",
                     host="127.0.0.1") as made,
        Client(made) as client,
    ):  # fmt: skip
        yield client


def external(store: Warehouse) -> tuple[Access, str]:
    """Reach one node as a server somewhere, by an address with a password; shards as they are."""
    address = store.addresses[User.ADMIN][0]
    if store.shards > 1:
        return Access(store.settings), address.password
    url = f"http://{address.user}:{quote(address.password)}@{address.host}:{address.port}"
    return Access(make_settings(store.settings.home / "none", clickhouse_url=url)), address.password


def test_workers_connect_by_themselves_and_show_no_password(store, cluster, capfd, caplog):
    access, password = external(store)
    query, _ = source_rows.QUESTIONS["bars of ticks"]
    lazy = frame(query, access=access, every=timedelta(days=1))
    assert rows_of(lazy.compute(), "bars").equals(source_rows.answer(store, "bars of ticks"))
    (part, *_) = plan(query, access)
    wrong = replace(part, query=replace(query, resolution="5m"))
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError, match="no resolution"):
        dd.from_map(_rows, [wrong], access=access, meta=lazy._meta).compute()
    said = capfd.readouterr()
    logs = str(cluster.get_worker_logs()) + str(cluster.get_scheduler_logs()) + said.out + said.err + caplog.text
    assert "Compute Failed" in logs, "the worker must have said something"
    logs += repr(lazy) + lazy.expr.tree_repr()
    assert password not in logs
    assert quote(password) not in logs
