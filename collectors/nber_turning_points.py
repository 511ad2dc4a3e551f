"""Peaks and troughs of the US business cycle since 1945, with the day on which each was announced.

    samples/nber_turning_points.csv -> ref.turning_points (26 rows)

A recession is known long after it began: the peak of 2007-12 was announced on 2008-12-01. From 1980 on ``known_at`` is
the end of the day of the announcement, UTC. Before that the committee made none: one year after the month's end stands
in, and ``basis`` says ``usual_lag``.
"""

from collections.abc import Iterator

import numpy as np

from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days, end_of_day, usual_release, utc
from collectors.samples import sample
from collectors.shape import make_batch
from warehouse.batch import Batch

FILE = "nber_turning_points.csv"


def _read(context: Context) -> Iterator[Batch]:  # noqa: ARG001 - shipped with Zeno, needs nothing
    rows = read_text(sample(FILE), FILE)
    months = dates_of(rows.data["month"], "%Y-%m-%d")
    announced = dates_of(rows.data["announced"], "%Y-%m-%d")
    unannounced = np.isnat(announced)
    assumed = usual_release(months, 13, 0)  # the month itself and twelve more
    columns = {
        "country": "US",
        "month": days(months),
        "kind": rows.data["kind"],
        "known_at": utc(np.where(unannounced, assumed, end_of_day(announced))),
        "basis": np.where(unannounced, "usual_lag", "announced").astype(object),
    }
    yield make_batch("ref.turning_points", NBER_TURNING_POINTS.name, columns, unreadable=rows.unreadable)


NBER_TURNING_POINTS = Dataset(
    name="nber_turning_points",
    tables=("ref.turning_points",),
    title="US business-cycle peaks and troughs since 1945",
    description="With announcement days from 1980 on; before that, one year after the month is assumed.",
    origin=f"collectors/samples/{FILE}",
    read=_read,
)

DATASETS = (NBER_TURNING_POINTS,)
