"""US corporate yields, core inflation and equity factors, monthly.

    arch wheel -> default.csv.gz    -> AAA, BAA            1919-01 to 2018-12  -+
               -> core-cpi.csv.gz   -> CPILFESL            1957-01 to 2018-11  -+-> raw.macro (7,579 rows)
               -> frenchdata.csv.gz -> Mkt-RF, SMB, HML, RF  1926-07 to 2018-11 -+

Percent a year (AAA, BAA), an index with 1982-84 = 100 (CPILFESL), percent a month (the factors of Kenneth French, whose
dates are written yyyymm). The values are as revised by 2019, not as first published. Release times are the usual lag
after the month's end, in ``LAG_DAYS``: yields a day, prices 13 days, the factors a month, when the library is renewed.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.archive import fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days, usual_release, utc
from collectors.shape import Values, make_batch
from collectors.unpack import member
from collectors.us_indices_daily import ARCHIVE
from warehouse.batch import Batch

LAG_DAYS = {"default/default": 1, "core_cpi/core-cpi": 13, "frenchdata/frenchdata": 30}
"""Days from the month's end to the release, by file."""

_PATTERNS = {"frenchdata/frenchdata": "%Y%m"}


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    for file, lag in LAG_DAYS.items():
        name = f"arch/data/{file}.csv.gz"
        rows = read_text(member(path, name), name)
        months = dates_of(rows.data["Date"], _PATTERNS.get(file, "%m/%d/%Y"))
        columns = wide_to_long(rows.data, months, lag)
        yield make_batch("raw.macro", US_CREDIT_AND_FACTORS_MONTHLY.name, columns, unreadable=rows.unreadable)


def wide_to_long(data: pa.Table, months: np.ndarray, lag_days: int) -> dict[str, Values]:
    """Return the columns of raw.macro for a table with one column a series, all monthly with one usual lag."""
    series = [column for column in data.column_names if column != "Date"]
    released = usual_release(months, 1, lag_days)
    return {
        "series": np.repeat(np.array(series, dtype=object), len(months)),
        "frequency": "M",
        "period": days(np.tile(months, len(series))),
        "released_at": utc(np.tile(released, len(series))),
        "basis": "usual_lag",
        "value": np.concatenate([pc.cast(data[name], pa.float64()).to_numpy() for name in series]),
    }


US_CREDIT_AND_FACTORS_MONTHLY = Dataset(
    name="us_credit_and_factors_monthly",
    tables=("raw.macro",),
    title="Moody's Aaa and Baa yields, core CPI, French factors, monthly to 2018",
    description="Values as revised by 2019; release times are usual lags.",
    origin=f"{ARCHIVE} arch/data/default, core_cpi, frenchdata",
    read=_read,
)

DATASETS = (US_CREDIT_AND_FACTORS_MONTHLY,)
