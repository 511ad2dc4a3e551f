"""Sessions of the exchanges that instruments refer to, with open and close in UTC, half days included.

    exchange_calendars (a dependency) -> one batch a calendar -> ref.calendar

XNYS (New York), CMES (CME Globex), 24/5 (currencies) and 24/7 (crypto), from 1990-01-01 to the end of next year by the
context's clock: exchanges publish about that far. Sessions to come are plans and may change.
"""

from collections.abc import Iterator
from datetime import date

import exchange_calendars
import numpy as np
import pandas as pd

from collectors.dataset import Context, Dataset
from collectors.moments import days, utc
from collectors.shape import make_batch
from warehouse.batch import Batch

CALENDARS = ("XNYS", "CMES", "24/5", "24/7")
START = "1990-01-01"


def _read(context: Context) -> Iterator[Batch]:
    end = date(context.clock.now().year + 1, 12, 31).isoformat()
    for name in CALENDARS:
        calendar = exchange_calendars.get_calendar(name, start=START, end=end)
        columns = {
            "calendar": name,
            "session": days(pd.DatetimeIndex(calendar.sessions).to_numpy("datetime64[D]")),
            "opens_at": utc(_naive(calendar.opens)),
            "closes_at": utc(_naive(calendar.closes)),
        }
        yield make_batch("ref.calendar", EXCHANGE_CALENDARS.name, columns)


def _naive(moments: pd.Series) -> np.ndarray:
    return moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")


EXCHANGE_CALENDARS = Dataset(
    name="exchange_calendars",
    tables=("ref.calendar",),
    title="Exchange sessions since 1990",
    description="XNYS, CMES, 24/5 and 24/7, to the end of next year.",
    origin="exchange_calendars (installed with Zeno)",
    read=_read,
)

DATASETS = (EXCHANGE_CALENDARS,)
