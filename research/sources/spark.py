"""The warehouse as a Spark data source, and a session in which it works.

    spark = session()
    rows = frame(spark, bars(["ES"], "1m", start, end, as_of=now))
    rows = spark.read.format("zeno").options(table="bars", resolution="1m", symbols="ES", as_of="2020-01-01",
                                             to="2013-09-04").option("from", "2013-09-02").load()

Whole numbers are 64 bits with a sign, as Spark has no others. A password never is an option: options show in plans and
on Spark's pages. ``ZENO_CLICKHOUSE_URL`` is read from the driver's environment and travels inside the pickled source.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from research.java import require_java
from research.sources.options import number_of, options_of, query_of
from research.sources.plan import NAMES_A_PART, Access, Part, Query, plan, read, schema
from zeno.settings import exported

_ROWS_A_BATCH = 100_000
_DAY = timedelta(days=1)
_LOOPBACK = "127.0.0.1"


def session(master: str = "local[*]", *, app: str = "zeno", **conf: str) -> SparkSession:
    """Return a Spark session that knows the source ``zeno``, in UTC and with this interpreter.

    Its workers see the environment that this process has when the first session starts.

    Parameters
    ----------
    master
        Where it runs. A local one listens on the loopback alone and has no web pages.
    conf
        More of Spark's settings, with ``__`` for the dots.

    Raises
    ------
    ConfigError
        If there is no Java that Spark runs on.
    """
    require_java()
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
    }
    surroundings = {"PYSPARK_PYTHON": sys.executable, "TZ": "UTC"}
    if master.startswith("local"):
        settings |= {"spark.driver.bindAddress": _LOOPBACK, "spark.driver.host": _LOOPBACK, "spark.ui.enabled": "false"}
        surroundings["SPARK_LOCAL_IP"] = _LOOPBACK
    settings |= {name.replace("__", "."): value for name, value in conf.items()}
    builder = SparkSession.builder.master(master).appName(app)
    for name, value in settings.items():
        builder = builder.config(name, value)
    with exported(surroundings):
        made = builder.getOrCreate()
    made.dataSource.register(ZenoDataSource)
    return made


def frame(spark: SparkSession, query: Query, *, home: Path | None = None, every: timedelta | None = None,
          names_a_part: int = NAMES_A_PART) -> DataFrame:  # fmt: skip
    """Return the rows of a query as a Spark data frame; see ``research.sources.dask.frame`` for its twin.

    Parameters
    ----------
    home
        The data folder of the warehouse, if it is not the environment's.
    every
        The longest stretch of time of a partition, in whole days; by default all of the query's.
    names_a_part
        Symbols or series that a partition holds at most.
    """
    options = options_of(query) | {"names_a_part": str(names_a_part)}
    options |= {"days": str(every // _DAY)} if every is not None else {}
    options |= {"home": str(home)} if home is not None else {}
    return spark.read.format(ZenoDataSource.name()).options(**options).load()


class ZenoDataSource(DataSource):
    """Bars, trades and macro series as they were known at a moment: ``spark.dataSource.register(ZenoDataSource)``."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "zeno"

    def schema(self) -> StructType:
        """Return the columns of the table, as the warehouse declares them."""
        return from_arrow_schema(_signed(schema(query_of(self.options).table)))

    def reader(self, schema: StructType) -> "ZenoReader":  # noqa: ARG002 - ours, as declared
        """Return what plans and reads."""
        return ZenoReader(self.options)


class Piece(InputPartition):
    """One part of the plan."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.part = part


class ZenoReader(DataSourceReader):
    """Plans the parts on the driver and reads them on the workers, as Arrow batches.

    Filters are left to Spark: give ``symbols``, ``from`` and ``to`` to read less. There is a hook, ``pushFilters``, but
    Spark 4.1.4 keeps what it planned with one query's filters for every other query of the same frame: after
    ``frame.filter(…).count()``, ``frame.count()`` counts the filtered rows only.

    Parameters
    ----------
    options
        See ``research.sources.options``.

    Raises
    ------
    ConfigError
        If they do not make a query.
    """

    def __init__(self, options: dict[str, str]) -> None:
        self.query = query_of(options)
        self.access = Access.here(options.get("home"))
        self._days = number_of(options, "days", 0)
        self._names_a_part = number_of(options, "names_a_part", NAMES_A_PART)

    def partitions(self) -> Sequence[InputPartition]:
        """Return the parts of the plan."""
        every = timedelta(days=self._days) if self._days else None
        parts = plan(self.query, self.access, every=every, names_a_part=self._names_a_part)
        return [Piece(part) for part in parts]

    def read(self, partition: InputPartition | None) -> Iterator[pa.RecordBatch]:
        """Read one part; Spark asks for None where there is no part at all."""
        if not isinstance(partition, Piece):
            return
        rows = read(partition.part, self.access)
        yield from rows.cast(_signed(rows.schema)).to_batches(max_chunksize=_ROWS_A_BATCH)


def _signed(columns: pa.Schema) -> pa.Schema:
    return pa.schema([one.with_type(pa.int64()) if one.type == pa.uint64() else one for one in columns])
