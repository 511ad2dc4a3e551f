"""US macroeconomic series, monthly, to September 2022: production, labour, prices, rates, money, housing, trade.

    samples/us_macro_monthly.csv.gz + us_macro_series.csv (release lags) -> raw.macro (56,205 rows, 69 series)

As revised by 2022-10-31, not as first published: for what was known when, use a set with vintages. Release times are
the usual lag of each series, the end of a day some days after the month's end.
"""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days, usual_release, utc
from collectors.samples import sample
from collectors.shape import make_batch
from collectors.unpack import gunzip
from warehouse.batch import Batch

FILE = "us_macro_monthly.csv.gz"


def release_lags() -> pd.Series:
    """Return the usual days from a month's end to the release, by series."""
    series = read_text(sample("us_macro_series.csv"), "us_macro_series.csv").data.to_pandas()
    return series.set_index("series_id")["release_lag_days"].astype("int64")


def _read(context: Context) -> Iterator[Batch]:  # noqa: ARG001 - shipped with Zeno, needs nothing
    rows = read_text(gunzip(sample(FILE), FILE), FILE)
    months = dates_of(rows.data["period"], "%Y-%m")
    lags = rows.data["series_id"].to_pandas().map(release_lags()).to_numpy("int64")
    columns = {
        "series": rows.data["series_id"],
        "frequency": "M",
        "period": days(months),
        "released_at": utc(usual_release(months, 1, lags)),
        "basis": "usual_lag",
        "value": pc.cast(rows.data["value"], pa.float64()),
    }
    yield make_batch("raw.macro", US_MACRO_MONTHLY.name, columns, unreadable=rows.unreadable)


US_MACRO_MONTHLY = Dataset(
    name="us_macro_monthly",
    tables=("raw.macro",),
    title="69 US macroeconomic series, monthly to 2022-09",
    description="FRED data as revised by 2022-10-31; release times are usual lags.",
    origin=f"collectors/samples/{FILE} (Debian gretl-data 2022c-1)",
    read=_read,
)

DATASETS = (US_MACRO_MONTHLY,)
