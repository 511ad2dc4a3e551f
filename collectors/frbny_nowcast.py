"""Two real vintages of 29 US series, as the New York Fed's nowcast saw them in June and July 2016.

    statsmodels wheel -> 2016-06-29.csv -> raw.macro, basis vintage (8,653 rows)
                      -> 2016-07-29.csv -> raw.macro, basis vintage (8,676 rows)

1985 to 2016, each vintage whole: payrolls of 2016-04 are 143,856 thousand in the first and 143,877 in the second. Rows
without a value are no rows. All that is known of a vintage is its day: it counts as released at the day's end, UTC.
Years have two digits (1/1/85). GDPC1, ULCNFB and A261RX1Q020SBEA are quarterly and stand in their quarter's last month;
their period here is the quarter's first day.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days, end_of_day, utc
from collectors.shape import Values, make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="statsmodels",
    version="0.15.0",
    filename="statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    sha256="b67886b66d9c7ca118526accedb5c6de7ffd74c015dc0492ea0b1690192b65da",
    compiled=True,
)
FOLDER = "statsmodels/tsa/statespace/tests/results/frbny_nowcast/Nowcasting/data/US"
VINTAGES = ("2016-06-29", "2016-07-29")
QUARTERLY = ("GDPC1", "ULCNFB", "A261RX1Q020SBEA")


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    for vintage in VINTAGES:
        name = f"{FOLDER}/{vintage}.csv"
        rows = read_text(member(path, name), name)
        columns = _columns(rows.data, np.datetime64(vintage))
        yield make_batch("raw.macro", FRBNY_NOWCAST_VINTAGES.name, columns, unreadable=rows.unreadable)


def _columns(data: pa.Table, vintage: np.datetime64) -> dict[str, Values]:
    names = [column for column in data.column_names if column != "Date"]
    months = dates_of(data["Date"], "%m/%d/%y")
    quarters = months.astype("datetime64[M]")
    quarters = (quarters - (quarters.astype(np.int64) % 3).astype("timedelta64[M]")).astype("datetime64[D]")
    values = np.concatenate([data[name].to_numpy() for name in names])
    there = values != ""
    series = np.repeat(np.array(names, dtype=object), len(months))
    periods = np.concatenate([quarters if name in QUARTERLY else months for name in names])
    return {
        "series": series[there],
        "frequency": np.where(np.isin(series, QUARTERLY), "Q", "M")[there].astype(object),
        "period": days(periods[there]),
        "released_at": utc(np.repeat(end_of_day(np.array([vintage])), there.sum())),
        "basis": "vintage",
        "value": pc.cast(pa.array(values[there], pa.string()), pa.float64()),
    }


FRBNY_NOWCAST_VINTAGES = Dataset(
    name="frbny_nowcast_vintages",
    tables=("raw.macro",),
    title="29 US series in the vintages of 2016-06-29 and 2016-07-29",
    description="What was published when: 17 of the 29 series were revised between the two.",
    origin=f"{ARCHIVE} {FOLDER}",
    read=_read,
)

DATASETS = (FRBNY_NOWCAST_VINTAGES,)
