"""Frames from the warehouse: bars or trades as they were known at a moment, with instruments' terms and calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce

import numpy as np
import pyarrow as pa

from backtest.frames import RESOLUTIONS, Frame, Traded, frame_of
from warehouse import Warehouse, connect, read_bars
from zeno.arrow_compute import pc
from zeno.errors import ConfigError

_PRICES = ("open", "high", "low", "close")
_TERMS = """
    SELECT toString(symbol) AS symbol, any(currency), any(multiplier), any(tick_size), any(calendar)
    FROM ref.symbols AS s INNER JOIN ref.instruments AS i USING (instrument_id)
    WHERE symbol IN {symbols:Array(String)} GROUP BY symbol
"""
_SESSIONS = """
    SELECT toUnixTimestamp64Micro(opens_at), toUnixTimestamp64Micro(closes_at), toInt64(toUInt16(session))
    FROM ref.calendar WHERE calendar = {calendar:String} AND session >= {start:Date32}
    ORDER BY session LIMIT 1 BY session
"""


def read_market(
    symbols: Sequence[str],
    resolution: str,
    start: datetime,
    end: datetime,
    *,
    as_of: datetime | None = None,
    source: str | None = None,
    panel: bool = False,
    price_scale: int | None = None,
    quantity_scale: int = 0,
    loads: Sequence[int] = (),
    warehouse: Warehouse | None = None,
) -> Frame:
    """Return what was known of instruments at ``as_of`` (now, unless given), as a frame.

    Ticks become slices whose four prices are the trade's; trades of one instrument at the same moment stay apart, in
    the order in which the venue printed them. ``source`` names one of several vendors of the same bars;
    ``loads`` reads a data snapshot (``warehouse.snapshot``) instead of all that there is now.

    Raises
    ------
    ConfigError
        When a symbol or the resolution is unknown, or there is nothing in the interval.
    """
    if resolution not in RESOLUTIONS:
        raise ConfigError(f"there is no resolution {resolution}", remedy=f"choose from: {', '.join(RESOLUTIONS)}")
    if panel and resolution == "tick":
        raise ConfigError("a panel strategy needs bars", remedy="choose a resolution from 1s to 1d")
    if end <= start:
        raise ConfigError(f"{start:%Y-%m-%d} to {end:%Y-%m-%d} is no interval", remedy="swap --from and --to")
    store = warehouse or connect()
    known = as_of or datetime.now(UTC)
    table = read_bars(symbols, resolution, start, end, as_of=known, source=source, loads=loads, warehouse=store)
    if len(table) == 0:
        raise ConfigError(f"the warehouse has no {resolution} bars of {', '.join(symbols)} "
                          f"from {start:%Y-%m-%d} to {end:%Y-%m-%d}" + (f" from {source}" if source else ""),
                          remedy="zeno elt run loads data; zeno status shows what there is")  # fmt: skip
    sources = tuple(sorted(pc.unique(table.column("source")).to_pylist()))
    span = pc.min_max(table["ts"]).as_py()
    table, notes = _priced(_as_bars(table) if resolution == "tick" else table)
    traded, calendars = _terms(store, symbols)
    sessions = _sessions(store, calendars.pop(), start) if len(calendars) == 1 else None
    origin = {"symbols": ", ".join(symbols), "source": ", ".join(sources), "resolution": resolution,
              "first bar": f"{span['min']:%Y-%m-%d %H:%M}", "last bar": f"{span['max']:%Y-%m-%d %H:%M}",
              "as of": f"{known:%Y-%m-%d %H:%M} UTC", **notes}  # fmt: skip
    frame = frame_of(table, panel=panel, duration=RESOLUTIONS[resolution], traded=traded, sessions=sessions,
                     price_scale=price_scale, quantity_scale=quantity_scale, origin=origin,
                     ordered=resolution == "tick")  # fmt: skip
    return replace(frame, sources=sources)


def _priced(table: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """Return bars with all four prices, and notes on what vendors did not give.

    A bar of a close alone, raw or adjusted, becomes one whose four prices are that close: an order for the next open
    then fills at the next close, which the notes say.
    """
    whole = reduce(pc.and_, (pc.is_valid(table.column(name)) for name in _PRICES))
    adjusted = table.column("adj_close") if "adj_close" in table.column_names else table.column("close")
    close = pc.coalesce(table.column("close"), adjusted)
    for name in _PRICES:
        at = table.column_names.index(name)
        table = table.set_column(at, name, pc.if_else(whole, table.column(name), close))
    kept = table.filter(pc.is_valid(close))
    alone, lost = len(table) - (pc.sum(whole).as_py() or 0), len(table) - len(kept)
    notes = {}
    if alone > lost:
        notes["closes only"] = f"{alone - lost:,} bars; their orders fill at the next close"
    if lost:
        notes["left out"] = f"{lost:,} bars without a price"
    return kept, notes


def _as_bars(trades: pa.Table) -> pa.Table:
    price = trades.column("price")
    return pa.table({"symbol": trades.column("symbol"), "ts": trades.column("ts"), "open": price, "high": price,
                     "low": price, "close": price, "volume": trades.column("size")})  # fmt: skip


def _terms(store: Warehouse, symbols: Sequence[str]) -> tuple[list[Traded], set[str]]:
    rows = store.client().rows(_TERMS, {"symbols": list(symbols)})
    traded = [
        Traded(symbol, Decimal(multiplier or 1), currency, Decimal(tick) if tick else None)
        for symbol, currency, multiplier, tick, _ in rows
    ]
    return traded, {row[4] for row in rows if row[4]}


def _sessions(store: Warehouse, calendar: str, start: datetime) -> np.ndarray | None:
    rows = store.client().rows(_SESSIONS, {"calendar": calendar, "start": start.date()})
    return np.array(rows, np.int64) if rows else None
