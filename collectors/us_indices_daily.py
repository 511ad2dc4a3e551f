"""US indices and oil, daily: S&P 500, NASDAQ Composite, VIX, WTI.

    arch wheel -> sp500.csv.gz, nasdaq.csv.gz -> raw.bars with all prices  (5,031 rows each, 1999-01-04 to 2018-12-31)
               -> vix.csv.gz                  -> raw.bars, close           (1,259 rows, 2014-01-03 to 2019-01-03)
               -> wti.csv.gz                  -> raw.bars, close           (8,321 rows, 1986-01-02 to 2019-01-03)

Index prices went through 32-bit floats and were cut to six decimals (1228.1 became 1228.099976): they become the
shortest decimal of that float again. ``.`` stands for "no value" in the last two and is no row: 46 days of VIX, all of
them exchange holidays, and 290 of WTI.

When known: the indices at New York's close, early on half days; VIX fifteen minutes later. WTI is the spot price at
Cushing that the Energy Information Administration publishes on Wednesdays up to the Monday before: it is known on the
first Wednesday at least two days after its date, at 17:00 in New York; in weeks with a holiday that may be a day early.
Oil keeps other holidays: 19 of its days since 1990 are no session of the New York Stock Exchange.
"""

from collections.abc import Callable, Iterator
from datetime import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from collectors.archive import Archive, fetch
from collectors.csvtext import TextRows, read_text
from collectors.dataset import Context, Dataset
from collectors.moments import at_local, dates_of, session_closes, utc
from collectors.shape import Values, make_batch, shortest_float32
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="arch",
    version="8.0.0",
    filename="arch-8.0.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
    sha256="975ec3bdf7926335742ac362251fafe32b448b8f194dead062f22a00beef772d",
    compiled=True,
)
PRICES = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "adj_close": "Adj Close"}
SIX_DECIMALS = 5.1e-7
"""Half of the last digit of the file's prices, and a little for the comparison itself."""

_NO_VALUE = "."
_WEDNESDAY = 6  # days after 1970-01-01, a Thursday
_VIX_DELAY = np.timedelta64(15, "m")


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    for symbol, file in (("SP500", "sp500"), ("NASDAQ", "nasdaq")):
        rows = _rows(path, file)
        yield _batch(symbol, rows, _index_columns(rows))
    vix = _rows(path, "vix")
    yield _batch("VIX", vix, _close_columns(vix, "vix", lambda days: session_closes("XNYS", days) + _VIX_DELAY))
    wti = _rows(path, "wti")
    yield _batch("WTI", wti, _close_columns(wti, "DCOILWTICO", wti_published))


def wti_published(dates: np.ndarray) -> np.ndarray:
    """Return when the spot price of each date is published: Wednesday, 17:00 New York, at least two days later."""
    earliest = dates.astype("datetime64[D]") + np.timedelta64(2, "D")
    wait = (_WEDNESDAY - earliest.astype(np.int64)) % 7
    return at_local(earliest + wait.astype("timedelta64[D]"), time(17), "America/New_York")


def _rows(path: Path, name: str) -> TextRows:
    file = f"arch/data/{name}/{name}.csv.gz"
    return read_text(member(path, file), file)


def _index_columns(rows: TextRows) -> dict[str, Values]:
    sessions = dates_of(rows.data["Date"], "%m/%d/%Y")
    prices = {ours: shortest_float32(rows.data[theirs], tolerance=SIX_DECIMALS) for ours, theirs in PRICES.items()}
    closes = utc(session_closes("XNYS", sessions))
    return {"ts": utc(sessions), "known_at": closes, "volume": rows.data["Volume"], **prices}


def _close_columns(rows: TextRows, column: str, known: Callable[[np.ndarray], np.ndarray]) -> dict[str, Values]:
    values = rows.data[column].to_numpy()
    there = values != _NO_VALUE
    dates = dates_of(rows.data["Date"], "%m/%d/%Y")[there]
    return {"ts": utc(dates), "known_at": utc(known(dates)), "close": pa.array(values[there], pa.string())}


def _batch(symbol: str, rows: TextRows, columns: dict[str, Values]) -> Batch:
    shared: dict[str, Values] = {"symbol": symbol, "resolution": "1d"}
    return make_batch("raw.bars", US_INDICES_DAILY.name, shared | columns, unreadable=rows.unreadable)


US_INDICES_DAILY = Dataset(
    name="us_indices_daily",
    tables=("raw.bars",),
    title="S&P 500 and NASDAQ 1999-2018, VIX 2014-2019, WTI oil 1986-2019, daily",
    description="Index bars with volume; VIX and WTI closes. WTI is known on the Wednesday of its publication.",
    origin=f"{ARCHIVE} arch/data/sp500, nasdaq, vix, wti",
    read=_read,
)

DATASETS = (US_INDICES_DAILY,)
