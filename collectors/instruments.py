"""Instruments and their symbols: who is who in the data sets that ship with Zeno. Loads before everything else.

    samples/instruments.csv -> ref.instruments (72 rows)
    samples/symbols.csv     -> ref.symbols     (173 rows)

Ids are permanent and never reused. A namespace is a data set (its own spelling of a symbol), ``exchange`` (tickers as
they trade) or ``drop`` (files that people drop). The same instrument can stand in several: AAPL is 101 in two data
sets. The same symbol can mean different things over time: the exchange knew META as FB until 2022-06-08, and to drop
files FB means it in those years only.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.csvtext import TextRows, read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days
from collectors.samples import sample
from collectors.shape import Values, make_batch
from warehouse.batch import Batch


def _read(context: Context) -> Iterator[Batch]:  # noqa: ARG001 - shipped with Zeno, needs nothing
    registry = read_text(sample("instruments.csv"), "instruments.csv")
    ticks = registry.data["tick_size"].to_numpy()
    columns = _texts(registry) | {
        "instrument_id": pc.cast(registry.data["instrument_id"], pa.uint32()),
        "tick_size": pa.array(np.where(ticks == "", None, ticks), pa.string()),
    }
    yield make_batch("ref.instruments", INSTRUMENTS.name, columns, unreadable=registry.unreadable)
    symbols = read_text(sample("symbols.csv"), "symbols.csv")
    columns = _texts(symbols) | {
        "instrument_id": pc.cast(symbols.data["instrument_id"], pa.uint32()),
        "valid_from": days(dates_of(symbols.data["valid_from"], "%Y-%m-%d")),
        "valid_to": _far(symbols.data["valid_to"]),
    }
    yield make_batch("ref.symbols", INSTRUMENTS.name, columns, unreadable=symbols.unreadable)


def _texts(rows: TextRows) -> dict[str, Values]:
    return {name: rows.data[name] for name in rows.data.column_names}


def _far(text: pa.ChunkedArray) -> pa.Array:
    # 2299-12-31 is beyond what pandas' nanoseconds reach.
    return days(text.to_numpy().astype("datetime64[D]"))


INSTRUMENTS = Dataset(
    name="instruments",
    tables=("ref.instruments", "ref.symbols"),
    title="Registry of instruments and symbols",
    description="Permanent ids for every instrument of the default data sets, and the symbols that mean them.",
    origin="collectors/samples/instruments.csv, symbols.csv",
    read=_read,
)

DATASETS = (INSTRUMENTS,)
