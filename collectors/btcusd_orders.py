"""BTC/USD, every change of every resting order for half an hour, and the trades that came of them.

    ob-analytics wheel -> orders.csv.gz -> raw.book_events (314,057 rows)
                       -> trades.csv    -> raw.trades      (284 rows)

2026-05-02 02:36 to 03:06 UTC. Both stamps of the file are kept: ``ts`` is the exchange's, and ``known_lag_us`` is how
much later it was received (0 to 2.68 s: the first 6,512 events are a snapshot of the book, all stamped alike).

What is odd, and left as it is:

* 49 order events (27 orders) have a limit price of 0, which the contract refuses for this instrument: quarantined.
* 306 events have size 0; on a deletion that is what was left, on the other three it is what the exchange said.
* Four events have a price of up to a billion dollars: they are real orders, far from the market.
* 89 order events repeat (order, time, action): partial fills within a millisecond. ``ord`` is the row number, so that
  none is lost. The receive stamp steps back once; the exchange's never does.
* Small sizes are written as ``7.18e-06``; at eight decimals all of them are exact.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.archive import Archive, fetch
from collectors.csvtext import TextRows, read_text
from collectors.dataset import Context, Dataset
from collectors.moments import utc
from collectors.shape import Values, make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="ob-analytics",
    version="0.1.0",
    filename="ob_analytics-0.1.0-py3-none-any.whl",
    sha256="0326a93aaee4ea08356d8dea59868d68592623a2434bbe4d9be379fa855c9c62",
)
FOLDER = "ob_analytics/_sample_data"


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    orders = read_text(member(path, f"{FOLDER}/orders.csv.gz"), "orders.csv")
    yield make_batch("raw.book_events", BTCUSD_ORDERS.name, _order_columns(orders), unreadable=orders.unreadable)
    trades = read_text(member(path, f"{FOLDER}/trades.csv"), "trades.csv")
    yield make_batch("raw.trades", BTCUSD_ORDERS.name, _trade_columns(trades), unreadable=trades.unreadable)


def _order_columns(rows: TextRows) -> dict[str, Values]:
    return {
        "symbol": "BTC/USD",
        **_times(rows.data),
        "ord": np.arange(rows.data.num_rows, dtype=np.uint64),
        "order_id": pc.cast(rows.data["id"], pa.uint64()),
        "action": rows.data["action"],
        "side": rows.data["direction"],
        "price": rows.data["price"],
        "size": _plain(rows.data["volume"]),
    }


def _trade_columns(rows: TextRows) -> dict[str, Values]:
    return {
        "symbol": "BTC/USD",
        **_times(rows.data),
        "ord": pc.cast(rows.data["trade_id"], pa.uint64()),
        "price": rows.data["price"],
        "size": _plain(rows.data["amount"]),
        "side": rows.data["side"],
    }


def _times(data: pa.Table) -> dict[str, Values]:
    """Return event time and lag; the file's stamps are milliseconds since 1970, UTC."""
    happened = pc.cast(data["exchange_timestamp"], pa.int64()).to_numpy()
    received = pc.cast(data["timestamp"], pa.int64()).to_numpy()
    return {"ts": utc(happened.astype("datetime64[ms]")), "known_lag_us": (received - happened) * 1000}


def _plain(size: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return sizes as decimals: exact, or an error for more than eight places."""
    return pc.cast(size, pa.decimal128(18, 8))


BTCUSD_ORDERS = Dataset(
    name="btcusd_orders",
    tables=("raw.book_events", "raw.trades"),
    title="BTC/USD order flow and trades, half an hour of May 2026",
    description="314,057 order events and 284 trades of 2026-05-02 with exchange and receive stamps. 49 events have a "
    "price of 0 and go to the quarantine.",
    origin=f"{ARCHIVE} {FOLDER}/orders.csv.gz, trades.csv",
    read=_read,
)

DATASETS = (BTCUSD_ORDERS,)
