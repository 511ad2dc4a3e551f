"""US consumer prices: every series of the Bureau of Labor Statistics, 1913 to 2026-08.

    cpi wheel -> cpi.db (SQLite, table indexes) -> batches of 250,000 rows in file order -> raw.macro (1,692,467 rows)

7,212 series by area, item and adjustment, such as CUSR0000SA0 (all items, seasonally adjusted) and CUUR0000SA0 (not).
Periods M01 to M12 are months; S01 and S02 half years; M13 and S03 the year's average.

The month 2025-10 is absent: it was never surveyed. Values are as of the file: seasonally adjusted series are revised
every February for five years back, so that those are not as first published. Release times are the usual 15 days after
the period's last month, and the true day for the months since 2013 that a shutdown delayed. 51 zeros in CUURA104SEHF
(1935 to 1940) are as the source has them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow as pa

from collectors.archive import Archive, fetch
from collectors.dataset import Context, Dataset
from collectors.moments import days, end_of_day, usual_release, utc
from collectors.shape import Values, make_batch
from collectors.unpack import member_file
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="cpi",
    version="2.1.0",
    filename="cpi-2.1.0-py3-none-any.whl",
    sha256="42090aa6d930f4448381ce249bf9bf460f494853a0f244bd4f8d758d092579d3",
)
MEMBER = "cpi/cpi.db"
BATCH_ROWS = 250_000
LAG_DAYS = 15
"""Days from the last day of a period to its release."""

DELAYED = {"2013-09": "2013-10-30", "2025-09": "2025-10-24", "2025-11": "2025-12-18"}
"""Release days of months that a government shutdown delayed beyond the usual lag."""

# period code -> (frequency, first month counted from 0, months)
_MONTHS = {f"M{month:02d}": ("M", month - 1, 1) for month in range(1, 13)}
_PERIODS = _MONTHS | {"M13": ("A", 0, 12), "S01": ("S", 0, 6), "S02": ("S", 6, 6), "S03": ("A", 0, 12)}
_LOOKUP = pd.DataFrame(
    list(_PERIODS.values()), index=pd.Index(list(_PERIODS)), columns=pd.Index(["frequency", "first", "months"])
)


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    with member_file(path, MEMBER) as file, closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT series, year, period, value FROM indexes ORDER BY rowid")
        while chunk := rows.fetchmany(BATCH_ROWS):
            yield make_batch("raw.macro", BLS_CPI.name, _columns(chunk))


def _columns(rows: list[tuple[str, int, str, float]]) -> dict[str, Values]:
    series, year, period, value = (list(column) for column in zip(*rows, strict=True))
    shape = _LOOKUP.loc[period]
    months = shape["months"].to_numpy()
    starts = (np.array(year) - 1970) * 12 + shape["first"].to_numpy()
    first = starts.astype("datetime64[M]")
    return {
        "series": pa.array(series, pa.string()),
        "frequency": shape["frequency"].to_numpy(),
        "period": days(first.astype("datetime64[D]")),
        "released_at": utc(_released(first, months)),
        "basis": "usual_lag",
        "value": np.array(value, dtype=np.float64),
    }


def _released(first: np.ndarray, months: np.ndarray) -> np.ndarray:
    released = usual_release(first, months, LAG_DAYS)
    last_month = first + (months - 1).astype("timedelta64[M]")
    for month, day in DELAYED.items():
        released[last_month == np.datetime64(month)] = end_of_day(np.array([np.datetime64(day)]))[0]
    return released


BLS_CPI = Dataset(
    name="bls_cpi",
    tables=("raw.macro",),
    title="US consumer price indexes, 7,212 series, 1913 to 2026-08",
    description="As of the file; 2025-10 was never surveyed. Release times are the usual 15 days.",
    origin=f"{ARCHIVE} {MEMBER}",
    read=_read,
)

DATASETS = (BLS_CPI,)
