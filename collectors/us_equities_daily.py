"""Twenty US stocks and the S&P 500 index, daily, 1990 to 2022.

    skfolio wheel -> sp500_dataset.csv.gz (wide) -> one column a stock -> raw.bars, adj_close only (166,260 rows)
                  -> sp500_index.csv.gz                                -> raw.bars, close only     (8,313 rows)

1990-01-02 to 2022-12-28; the rows equal the sessions of the New York Stock Exchange exactly, without a gap. A bar is
known at its session's close, early on half days.

Survivors only: all twenty were listed throughout and large at the end, so that any study which buys "stocks" from this
set knows the future. The prices are adjusted for what came later, to three decimals: they are not what anybody saw
on the day, and ``close`` is null for that reason.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from collectors.archive import Archive, fetch
from collectors.csvtext import TextRows, read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, session_closes, utc
from collectors.shape import make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="skfolio",
    version="1.12.2",
    filename="skfolio-1.12.2-py3-none-any.whl",
    sha256="2d324c62a4188dc0b62a713f8d5cea177e208a5b45987e3d3f204dd56d3a669b",
)
FOLDER = "skfolio/datasets/data"


def _read_stocks(context: Context) -> Iterator[Batch]:
    yield from _bars(context, "sp500_dataset.csv.gz", US_EQUITIES_DAILY.name, "adj_close")


def _read_index(context: Context) -> Iterator[Batch]:
    yield from _bars(context, "sp500_index.csv.gz", SP500_INDEX_DAILY.name, "close")


def _bars(context: Context, file: str, source: str, price: str) -> Iterator[Batch]:
    name = f"{FOLDER}/{file}"
    rows = read_text(member(fetch(ARCHIVE, context.archives), name), name)
    symbols = [column for column in rows.data.column_names if column != "Date"]
    sessions = dates_of(rows.data["Date"], "%Y-%m-%d")
    columns = {
        "symbol": np.repeat(np.array(symbols, dtype=object), len(sessions)),
        "resolution": "1d",
        "ts": utc(np.tile(sessions, len(symbols))),
        "known_at": utc(np.tile(session_closes("XNYS", sessions), len(symbols))),
        price: _stacked(rows, symbols),
    }
    yield make_batch("raw.bars", source, columns, unreadable=rows.unreadable)


def _stacked(rows: TextRows, symbols: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for symbol in symbols for chunk in rows.data[symbol].chunks])


US_EQUITIES_DAILY = Dataset(
    name="us_equities_daily",
    tables=("raw.bars",),
    title="Twenty large US stocks, adjusted daily closes, 1990-2022",
    description="Survivors only. Prices are adjusted for what came later; there are no raw ones.",
    origin=f"{ARCHIVE} {FOLDER}/sp500_dataset.csv.gz",
    read=_read_stocks,
)

SP500_INDEX_DAILY = Dataset(
    name="sp500_index_daily",
    tables=("raw.bars",),
    title="S&P 500 index, daily closes, 1990-2022",
    description="The price index, without dividends; one row a session of the New York Stock Exchange.",
    origin=f"{ARCHIVE} {FOLDER}/sp500_index.csv.gz",
    read=_read_index,
)

DATASETS = (US_EQUITIES_DAILY, SP500_INDEX_DAILY)
