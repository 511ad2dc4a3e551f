"""Vintages from the warehouse: every row of ``raw.macro`` in the same form as an interchange file's.

A row counts as known in the month of its ``released_at``, and a reading is made at a month's end. ``basis`` stays what
the warehouse says: ``usual_lag`` where only the usual release day is known.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from mrie.panel.concepts import CONCEPTS
from warehouse.store import Warehouse, connect
from zeno.errors import SourceRejected

_ALL = datetime(2200, 1, 1, tzinfo=UTC)
_HISTORY = """
    SELECT replaceAll(lower(toString(raw.macro.source)), '_', '-') AS source, toString(raw.macro.series) AS series,
           toYear(period) * 12 + toMonth(period) - 1 + if(frequency = 'Q', 2, 0) AS period_month,
           toYear(released_at) * 12 + toMonth(released_at) - 1 AS known, toString(basis) AS basis,
           argMax(value, released_at) AS value, argMax(isNull(raw.macro.value), released_at) AS withdrawn
    FROM raw.macro
    WHERE raw.macro.series IN {series:Array(String)} AND frequency IN ('M', 'Q')
      AND released_at <= {as_of:DateTime64(6, 'UTC')}
    GROUP BY source, series, period_month, known, basis
    ORDER BY source, series, known, period_month
"""


def read_warehouse(
    series: Sequence[str] | None = None, *, warehouse: Warehouse | None = None, as_of: datetime | None = None
) -> pd.DataFrame:
    """Read the whole release history of macro series.

    Parameters
    ----------
    series
        Series ids; by default all that the panel's concepts name.
    as_of
        Releases up to this moment (with a zone); by default all.

    Returns
    -------
    pandas.DataFrame
        source, series, period, known (months' numbers), basis, value; of several releases in a month the last.

    Raises
    ------
    SourceRejected
        If the warehouse has none of them.
    """
    wanted = list(series) if series is not None else [name for concept in CONCEPTS for name in concept.series]
    table = (warehouse or connect()).client().arrow(_HISTORY, {"series": wanted, "as_of": as_of or _ALL}).to_pandas()
    if table.empty:
        raise SourceRejected("The warehouse has no macro series.", remedy="Load some first: zeno elt run")
    value = np.where(table["withdrawn"].to_numpy(bool), np.nan, table["value"].to_numpy(np.float64))
    rows = table[["source", "series"]].assign(period=table["period_month"].astype(np.int64))
    return rows.assign(known=table["known"].astype(np.int64), basis=table["basis"], value=value)
