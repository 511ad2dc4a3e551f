"""The warehouse as a Dask data frame: one partition a part, read by the worker that needs it.

from research.sources.dask import frame
from research.sources.plan import bars

rows = frame(bars(["ES"], "1m", start, end, as_of=now), every=timedelta(days=1))
"""

from datetime import timedelta
from typing import Any

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa

from research.sources.plan import NAMES_A_PART, Access, Part, Query, plan, read, schema

INDEX = "ts"


def frame(
    query: Query, *, access: Access | None = None, every: timedelta | None = None, names_a_part: int = NAMES_A_PART
) -> dd.DataFrame:
    """Return the rows of a query as a lazy data frame.

    Columns keep their Arrow types (exact decimals; ask for ``.astype("float64")`` to compute with floats). Bars and
    trades have their time as index, UTC to the microsecond; macro series have none.

    Parameters
    ----------
    every
        The longest stretch of time of a partition. Where no two partitions share a stretch, because their names fit one
        part, the frame's divisions are known.
    names_a_part
        Symbols or series that a partition holds at most.

    Raises
    ------
    ConfigError
        If a symbol is unknown or ambiguous.
    """
    where = access or Access.here()
    parts = plan(query, where, every=every, names_a_part=names_a_part)
    meta = _pandas(schema(query.table).empty_table())
    if not parts:
        return dd.from_pandas(meta, npartitions=1)
    known: Any = dd
    return known.from_map(_rows, parts, access=where, meta=meta, divisions=_divisions(parts), label="zeno")


def _rows(part: Part, access: Access) -> pd.DataFrame:
    return _pandas(read(part, access))


def _pandas(rows: pa.Table) -> pd.DataFrame:
    made = rows.to_pandas(types_mapper=pd.ArrowDtype)
    if INDEX not in made:
        return made
    # Dask compares divisions with the index, which it can with numpy's times alone.
    made[INDEX] = made[INDEX].astype("datetime64[us, UTC]")
    return made.set_index(INDEX)


def _divisions(parts: list[Part]) -> tuple[Any, ...] | None:
    starts = [part.query.start for part in parts]
    if not parts[0].query.timed or len(set(starts)) < len(starts):
        return None
    return tuple(pd.Timestamp(moment) for moment in [*starts, parts[-1].query.end])
