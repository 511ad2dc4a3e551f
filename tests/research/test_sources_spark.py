"""The Spark frame has the reader's rows, whatever the session's time zone, and however often it is filtered."""

import sys
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pyarrow as pa
import pytest
import source_rows
from java import NEEDS_JAVA
from pyspark.sql import DataFrame, SparkSession

from research.sources.plan import schema
from research.sources.spark import frame, session
from warehouse import Warehouse

pytestmark = [NEEDS_JAVA, pytest.mark.long]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("spark")
    made = session("local[2]", spark__sql__shuffle__partitions="2", spark__sql__warehouse__dir=str(folder),
                   spark__local__dir=str(folder), spark__sql__python__filterPushdown__enabled="true")  # fmt: skip
    yield made
    made.stop()


def ask(spark: SparkSession, store: Warehouse, question: str, **cuts) -> DataFrame:
    return frame(spark, source_rows.QUESTIONS[question][0], home=store.settings.home, **cuts)


def rows_of(made: DataFrame, table: str) -> pa.Table:
    return source_rows.ordered(made.toArrow().cast(schema(table)))


@pytest.mark.parametrize("question", source_rows.QUESTIONS)
def test_the_frame_is_the_readers_rows(spark, store, question):
    made = ask(spark, store, question, every=timedelta(days=1), names_a_part=1)
    assert rows_of(made, source_rows.QUESTIONS[question][0].table).equals(source_rows.answer(store, question))


def test_one_partition_a_shard_and_group_of_symbols(spark, store):
    assert ask(spark, store, "trades").rdd.getNumPartitions() == store.shards
    assert ask(spark, store, "trades", every=timedelta(days=1), names_a_part=1).rdd.getNumPartitions() == 4


def test_a_filtered_frame_leaves_the_frame_as_it_was(spark, store):
    """With filters pushed down Spark 4.1 would take the first filter for all that is ever asked of the frame."""
    made = ask(spark, store, "trades")
    wanted = source_rows.answer(store, "trades")
    early = made.filter("ts < '2013-09-03 00:00:00' AND symbol = 'ES'")
    late = made.filter("ts >= '2013-09-03 00:00:00' AND symbol = 'ES'")
    ours = wanted.num_rows - wanted["symbol"].to_pylist().count("AAA")
    assert 0 < early.count() < ours
    assert made.count() == wanted.num_rows
    assert early.union(late).count() == ours


def test_times_are_exact_in_any_session_time_zone(spark, store):
    wanted = source_rows.answer(store, "trades")
    assert any(moment.microsecond % 1_000 for moment in wanted["ts"].to_pylist()), "the data must have microseconds"
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        assert rows_of(ask(spark, store, "trades"), "trades")["ts"].equals(wanted["ts"])
        midnight = ask(spark, store, "trades").filter("ts >= timestamp'2013-09-03 00:00:00Z'").count()
        assert midnight == sum(moment.day == 3 for moment in wanted["ts"].to_pylist())
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_a_stretch_without_rows_is_an_empty_frame(spark, store):
    made = spark.read.format("zeno").options(table="trades", symbols="ES", to="2013-09-02", as_of="2020-01-01",
                                             home=str(store.settings.home))  # fmt: skip
    assert made.option("from", "2013-09-02").load().count() == 0
    assert made.option("from", "2013-09-01").load().count() == 0


def test_a_wrong_option_is_named_with_its_remedy(spark, store):
    with pytest.raises(Exception, match=r"There is no resolution '5m'\. One of tick, 1s"):
        spark.read.format("zeno").options(table="bars", symbols="ES", resolution="5m", to="2013-09-02",
                                          as_of="2020-01-01").option("from", "2013-09-01").load()  # fmt: skip


def test_a_local_session_listens_on_the_loopback_alone_and_runs_this_interpreter(spark):
    (jvm,) = [one for one in psutil.Process().children() if "java" in one.name()]
    family = [jvm, *jvm.children(recursive=True)]
    listening = {at.laddr.ip for one in family for at in one.net_connections("tcp") if at.status == "LISTEN"}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert spark.sparkContext.uiWebUrl is None
    assert spark.sparkContext.pythonExec == sys.executable
