"""Rows for tests of the data sources: what is loaded, the queries over it, and the readers' answers to them."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import marts
import pyarrow as pa
from builders import NOW, register

from research.sources.plan import Query, bars, macro, schema, trades
from warehouse import Warehouse, read_bars, read_macro, read_trades
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.transform import build
from zeno.clock import ManualClock

DAYS = [date(2013, 9, 2), date(2013, 9, 3)]
START, END = datetime(2013, 9, 2, tzinfo=UTC), datetime(2013, 9, 4, tzinfo=UTC)
LATER = datetime(2020, 1, 1, tzinfo=UTC)
SOON = datetime(2013, 9, 3, 12, tzinfo=UTC)  # some of it was not known yet, some not yet corrected
SYMBOLS = ["ES", "AAA"]  # instruments 7 and 8: on two shards, one on each

Reader = Callable[[Warehouse], pa.Table]
QUESTIONS: dict[str, tuple[Query, Reader]] = {
    "trades": (
        trades(SYMBOLS, START, END, as_of=LATER),
        lambda store: read_trades(SYMBOLS, START, END, as_of=LATER, warehouse=store),
    ),
    "trades as of then": (
        bars(SYMBOLS, "tick", START, END, as_of=SOON),
        lambda store: read_bars(SYMBOLS, "tick", START, END, as_of=SOON, warehouse=store),
    ),
    "bars of ticks": (
        bars(SYMBOLS, "1m", START, END, as_of=SOON),
        lambda store: read_bars(SYMBOLS, "1m", START, END, as_of=SOON, warehouse=store),
    ),
    "vendor bars": (
        bars(SYMBOLS, "1d", START, END, as_of=LATER, source="vendor"),
        lambda store: read_bars(SYMBOLS, "1d", START, END, as_of=LATER, source="vendor", warehouse=store),
    ),
    "macro": (
        macro(["PAYEMS", "CPI"], as_of=SOON),
        lambda store: read_macro(["PAYEMS", "CPI"], as_of=SOON, warehouse=store),
    ),
}


def loaded(home: Path, shards: int) -> Warehouse:
    """Start a warehouse and load it: two instruments' ticks with corrections, bars, a vendor's bars, two series."""
    store = marts.start(home, shards)
    loader = Loader(store, clock=ManualClock(NOW, tick=0.001), patience=30)
    register(loader)
    for number, day in enumerate(DAYS):
        marts.load(store, *marts.random_day(7, day, instruments=(7, 8)), batch=number)
    for batch in (*_vendor_bars(), _macro()):
        loader.load(batch)
    build(store, days=DAYS, select=["tag:bars", "staging"])
    return store


def answer(store: Warehouse, question: str) -> pa.Table:
    """Return the reader's rows, in the declared types and in the order of ``ordered``."""
    query, ask = QUESTIONS[question]
    return ordered(ask(store).cast(schema(query.table)))


def ordered(rows: pa.Table) -> pa.Table:
    """Return rows by all that tells them apart."""
    keys = [name for name in ("ts", "source", "series", "period", "symbol", "ord") if name in rows.column_names]
    return rows.sort_by([(name, "ascending") for name in keys]).combine_chunks()


def _vendor_bars() -> list[Batch]:
    rng = random.Random(5)
    rows = [(symbol, START + timedelta(days=day), START + timedelta(days=day + late), f"{rng.uniform(90, 110):.4f}")
            for symbol in SYMBOLS for day in range(2) for late in (1, 9)]  # fmt: skip
    columns = list(zip(*rows, strict=True))
    stamp = pa.timestamp("us", "UTC")
    return [Batch("raw.bars", "vendor", pa.table({
        "symbol": columns[0], "resolution": ["1d"] * len(rows), "ts": pa.array(columns[1], stamp),
        "known_at": pa.array(columns[2], stamp), "close": columns[3],
    }), namespace="test")]  # fmt: skip


def _macro() -> Batch:
    rows = [(name, date(2012, month, 1), datetime(2013, release, 3, tzinfo=UTC), 100.0 * month + release)
            for name in ("PAYEMS", "CPI") for month in range(1, 9) for release in (1, 10)]  # fmt: skip
    series, periods, released, values = zip(*rows, strict=True)
    count = len(rows)
    return Batch("raw.macro", "test", pa.table({
        "series": series, "frequency": ["M"] * count, "period": pa.array(periods, pa.date32()),
        "released_at": pa.array(released, pa.timestamp("us", "UTC")), "basis": ["vintage"] * count, "value": values,
    }))  # fmt: skip
