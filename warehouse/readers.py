"""Readers: what was known at a moment, as Arrow tables. The only way that research and live read market data.

Every reader requires ``as_of`` and returns nothing that was not known then: a late trade, a correction or a revision
becomes visible at its own knowledge time. Call ``.to_pandas()`` on what they return for a frame.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

import pyarrow as pa

from warehouse.client import Parameters
from warehouse.store import Warehouse, connect
from zeno.arrow_compute import pc
from zeno.errors import ConfigError

# What holds for ever is superseded on the engine's last day: a moment from then on would see nothing.
_LATEST = datetime(2299, 12, 31, tzinfo=UTC) - timedelta(microseconds=1)

RESOLUTIONS = ("tick", "1s", "1m", "1h", "1d")

_TRADES = """
    SELECT t.instrument_id AS instrument_id, t.ts AS ts, t.ord AS ord,
           if(c.found, c.fixed_price, t.price) AS price, if(c.found, c.fixed_size, t.size) AS size,
           toString(t.side) AS side, t.known_at AS known_at, toString(t.source) AS source
    FROM (
        SELECT instrument_id, ts, ord, price, size, side, known_at, source FROM raw.trades
        WHERE instrument_id IN {ids:Array(UInt32)} AND ts >= {start:DateTime64(6, 'UTC')}
          AND ts < {end:DateTime64(6, 'UTC')} AND known_at <= {as_of:DateTime64(6, 'UTC')}
    ) AS t
    GLOBAL LEFT JOIN (
        SELECT instrument_id, ts, ord, 1 AS found, argMax(price, known_at) AS fixed_price,
               argMax(size, known_at) AS fixed_size, argMax(action, known_at) AS last_action
        FROM raw.corrections
        WHERE instrument_id IN {ids:Array(UInt32)} AND ts >= {start:DateTime64(6, 'UTC')}
          AND ts < {end:DateTime64(6, 'UTC')} AND known_at <= {as_of:DateTime64(6, 'UTC')}
        GROUP BY instrument_id, ts, ord
    ) AS c USING (instrument_id, ts, ord)
    WHERE NOT (c.found AND c.last_action = 'cancel')
    ORDER BY ts, instrument_id, ord
"""

_BUILT_BARS = """
    SELECT instrument_id, ts, open, high, low, close, CAST(NULL, 'Nullable(Decimal(18, 8))') AS adj_close,
           volume, trades, vwap, known_at, 'ticks' AS source
    FROM marts.bars_{resolution}
    WHERE instrument_id IN {{ids:Array(UInt32)}} AND ts >= {{start:DateTime64(6, 'UTC')}}
      AND ts < {{end:DateTime64(6, 'UTC')}} AND known_at <= {{as_of:DateTime64(6, 'UTC')}}
      AND superseded_at > {{as_of:DateTime64(6, 'UTC')}}
    ORDER BY ts, instrument_id
"""

_VENDOR_BARS = """
    SELECT instrument_id, ts, open, high, low, close, adj_close, volume, CAST(NULL, 'Nullable(UInt64)') AS trades,
           CAST(NULL, 'Nullable(Decimal(18, 8))') AS vwap, known_at, toString(source) AS source
    FROM raw.bars
    WHERE instrument_id IN {ids:Array(UInt32)} AND raw.bars.source = {source:String}
      AND resolution = {resolution:String} AND ts >= {start:DateTime64(6, 'UTC')} AND ts < {end:DateTime64(6, 'UTC')}
      AND known_at <= {as_of:DateTime64(6, 'UTC')}
      AND (empty({loads:Array(UInt64)}) OR has({loads:Array(UInt64)}, batch))
    ORDER BY instrument_id, ts, known_at DESC
    LIMIT 1 BY instrument_id, ts
"""

_SOURCES = """
    SELECT DISTINCT instrument_id, toString(raw.bars.source) AS source FROM raw.bars
    WHERE instrument_id IN {ids:Array(UInt32)} AND resolution = {resolution:String}
"""
_PROBE = "(SELECT instrument_id, 'ticks' AS source FROM raw.trades WHERE instrument_id = {number} LIMIT 1)"
_PROBES = 100  # instruments a query

_MACRO = """
    SELECT * FROM (
        SELECT toString(source) AS source, toString(series) AS series, toString(frequency) AS frequency, period, value,
               released_at
        FROM raw.macro
        WHERE raw.macro.series IN {series:Array(String)} AND released_at <= {as_of:DateTime64(6, 'UTC')}
          AND ({source:String} = '' OR raw.macro.source = {source:String})
        ORDER BY source, series, frequency, period, released_at DESC
        LIMIT 1 BY source, series, frequency, period
    )
    WHERE value IS NOT NULL
    ORDER BY source, series, frequency, period
"""


def read_trades(
    symbols: Sequence[str], start: datetime, end: datetime, *, as_of: datetime, warehouse: Warehouse | None = None
) -> pa.Table:
    """Return trades with ``start <= ts < end`` as they were known at ``as_of``: corrected, and without cancelled ones.

    Parameters
    ----------
    symbols
        Symbols in any namespace; each must mean one instrument.
    start, end, as_of
        Timezone-aware.

    Returns
    -------
    pyarrow.Table
        symbol, ts (us, UTC), ord, price and size (decimal128(18, 8)), side, known_at, source; by ts.

    Raises
    ------
    ConfigError
        If a symbol is unknown or ambiguous, two mean one instrument, none is given, or a time is naive.
    """
    store = warehouse or connect()
    names = instruments(store, symbols)
    return _named(store.client().arrow(_TRADES, _span(names, start, end, as_of)), names)


def read_bars(
    symbols: Sequence[str],
    resolution: str,
    start: datetime,
    end: datetime,
    *,
    as_of: datetime,
    source: str | None = None,
    loads: Sequence[int] = (),
    warehouse: Warehouse | None = None,
) -> pa.Table:
    """Return bars whose start lies in ``[start, end)``, as they were known at ``as_of``.

    Parameters
    ----------
    resolution
        ``tick`` (trades, see ``read_trades``), ``1s``, ``1m``, ``1h`` or ``1d``.
    source
        ``ticks`` for bars built from our own trades, or the data set of a vendor's bars; by default ``ticks`` where
        there are trades, otherwise the one vendor that has the instrument.
    loads
        Batches of a vendor's bars to read, and no others (``warehouse.snapshot``); all, unless given.

    Returns
    -------
    pyarrow.Table
        symbol, ts (start of the bar, UTC), open, high, low, close, adj_close, volume, trades, vwap, known_at, source;
        by ts. Columns that a source does not have are null.

    Raises
    ------
    ConfigError
        If the resolution or a symbol is unknown, two symbols mean one instrument, none is given, a time is naive, or
        several vendors have the instrument.
    """
    if resolution not in RESOLUTIONS:
        raise ConfigError(f"There is no resolution {resolution!r}.", remedy=f"One of {', '.join(RESOLUTIONS)}.")
    store = warehouse or connect()
    if resolution == "tick":
        return read_trades(symbols, start, end, as_of=as_of, warehouse=store)
    names = instruments(store, symbols)
    sources = dict.fromkeys(names, source) if source else sources_of(store, names, resolution)
    groups: dict[str, dict[int, str]] = {}
    for number, chosen in sources.items():
        groups.setdefault(chosen, {})[number] = names[number]
    times = (start, end, as_of)
    parts = [_bars_from(store, chosen, resolution, group, times, loads) for chosen, group in groups.items()]
    return pa.concat_tables(parts, promote_options="permissive").sort_by([("ts", "ascending"), ("symbol", "ascending")])


def read_macro(
    series: Sequence[str], *, as_of: datetime, source: str | None = None, warehouse: Warehouse | None = None
) -> pa.Table:
    """Return macro series as they were known at ``as_of``: each period's latest release by then.

    Returns
    -------
    pyarrow.Table
        source, series, frequency, period (date), value (in the series' own unit), released_at; by series and period.

    Raises
    ------
    ConfigError
        If a series is unknown, or the source has none of that name; if none is given, or ``as_of`` is naive. A series
        of which nothing was known yet has no rows.
    """
    store = warehouse or connect()
    asked = _several(series, "series")
    parameters = {"series": asked, "source": source or "", "as_of": _aware(as_of, "as_of")}
    found = store.client().arrow(_MACRO, parameters)
    missing = set(asked) - set(pc.unique(found["series"]).to_pylist())
    if missing:
        _refuse_unknown_series(store, [name for name in asked if name in missing], source)
    return found


def _refuse_unknown_series(store: Warehouse, missing: Sequence[str], source: str | None) -> None:
    rows = store.client().arrow("SELECT DISTINCT toString(source) AS source, toString(series) AS series FROM raw.macro")
    held = list(zip(rows["source"].to_pylist(), rows["series"].to_pylist(), strict=True))
    known = sorted({series for origin, series in held if source in {None, "", origin}})
    unknown = [name for name in missing if name not in known]
    if not unknown:
        return
    sources = sorted({origin for origin, _ in held})
    if source and sources and source not in sources:
        raise ConfigError(f"No macro series are from the source {source}.",
                          remedy=_guess([source], sources) + "zeno elt sources lists all.")  # fmt: skip
    origin = f" from {source}" if source else ""
    raise ConfigError(
        f"There is no macro series {', '.join(unknown)}{origin}.", remedy=_where_series_are(unknown, held, known)
    )


def _where_series_are(unknown: Sequence[str], held: Sequence[tuple[str, str]], known: Sequence[str]) -> str:
    if not held:
        return "The warehouse has no macro series yet; load the default data sets: zeno elt run"
    elsewhere = sorted({origin for origin, series in held if series in unknown})
    if elsewhere:
        return f"It is from {', '.join(elsewhere)}: give that source, or none."
    return _guess(unknown, known) + 'All: zeno query "SELECT DISTINCT source, series FROM raw.macro"'


def shards_of(symbols: Sequence[str], *, warehouse: Warehouse | None = None) -> dict[str, int]:
    """Return which shard, from 0, holds the rows of each symbol that a reader would name, in the order asked for.

    Raises
    ------
    ConfigError
        If a symbol is unknown or ambiguous.
    """
    store = warehouse or connect()
    return {symbol: number % store.shards for number, symbol in instruments(store, symbols).items()}


def _bars_from(store: Warehouse, source: str, resolution: str, names: dict[int, str],
               times: tuple[datetime, datetime, datetime], loads: Sequence[int]) -> pa.Table:  # fmt: skip
    parameters = _span(names, *times)
    if source == "ticks":
        sql = _BUILT_BARS.format(resolution=resolution)
    else:
        sql, parameters = _VENDOR_BARS, {**parameters, "source": source, "resolution": resolution}
        parameters["loads"] = list(loads)
    return _named(store.client().arrow(sql, parameters), names)


def sources_of(store: Warehouse, names: Mapping[int, str], resolution: str) -> dict[int, str]:
    """Return where each instrument's bars come from when nothing else is said: our own ticks, or its one vendor.

    Parameters
    ----------
    names
        Symbols by instrument, for messages.

    Raises
    ------
    ConfigError
        If several vendors have an instrument.
    """
    numbers, found = list(names), dict[int, list[str]]()
    for start in range(0, len(numbers), _PROBES):
        ids = numbers[start : start + _PROBES]
        # One probe an instrument stops at its first trade; a DISTINCT over all of them would read every trade.
        probes = " UNION ALL ".join([_SOURCES, *(_PROBE.format(number=int(number)) for number in ids)])
        rows = store.client().arrow(probes, {"ids": ids, "resolution": resolution})
        for number, source in zip(rows["instrument_id"].to_pylist(), rows["source"].to_pylist(), strict=True):
            found.setdefault(number, []).append(source)
    return {number: _one_source(sorted(found.get(number, ())), symbol, resolution) for number, symbol in names.items()}


def _one_source(known: Sequence[str], symbol: str, resolution: str) -> str:
    if "ticks" in known or not known:
        return "ticks"
    if len(known) > 1:
        raise ConfigError(f"{symbol} has {resolution} bars from several sources.",
                          remedy=f"Give source= (--source), one of {', '.join(known)}.")  # fmt: skip
    return known[0]


def instruments(store: Warehouse, symbols: Sequence[str]) -> dict[int, str]:
    """Return the instrument of each symbol, in the order asked for: id to symbol.

    Raises
    ------
    ConfigError
        If a symbol is unknown, has meant several instruments, or means the same one as another; if none is given.
    """
    symbols = _several(symbols, "symbols")
    rows = store.client().arrow(
        "SELECT toString(symbol) AS name, groupUniqArray(instrument_id) AS ids FROM ref.symbols "
        "WHERE symbol IN {symbols:Array(String)} GROUP BY symbol",
        {"symbols": symbols},
    )
    found = dict(zip(rows["name"].to_pylist(), rows["ids"].to_pylist(), strict=True))
    unknown = [symbol for symbol in symbols if symbol not in found]
    if unknown:
        raise ConfigError(
            f"No instrument has the symbol {', '.join(unknown)}.", remedy=_where_symbols_are(store, unknown)
        )
    ambiguous = [symbol for symbol in symbols if len(found[symbol]) > 1]
    if ambiguous:
        raise ConfigError(f"The symbol {', '.join(ambiguous)} has meant several instruments.",
                          remedy="Ask for a symbol that has meant only one: see ref.symbols.")  # fmt: skip
    return _one_each({symbol: found[symbol][0] for symbol in symbols})


def _one_each(numbers: Mapping[str, int]) -> dict[int, str]:
    """Turn symbols' instruments round; a row can carry but one of two symbols that mean the same instrument."""
    names: dict[int, str] = {}
    for symbol, number in numbers.items():
        if number in names:
            raise ConfigError(f"The symbols {names[number]} and {symbol} are one instrument.",
                              remedy="Ask for one of them: its rows are the same by either name.")  # fmt: skip
        names[number] = symbol
    return names


def _where_symbols_are(store: Warehouse, unknown: Sequence[str]) -> str:
    """Return what to do about unknown symbols: load some, or the known ones that are spelt alike."""
    known = store.client().arrow("SELECT DISTINCT toString(symbol) AS name FROM ref.symbols")["name"].to_pylist()
    if not known:
        return "The warehouse has no instruments yet; load the default data sets: zeno elt run"
    # Symbols have no small letters: see ref.symbols.
    guess = _guess([symbol.upper() for symbol in unknown], known)
    return guess + 'All are in ref.symbols: zeno query "SELECT * FROM ref.symbols"'


def _guess(unknown: Sequence[str], known: Sequence[str]) -> str:
    alike = [name for each in unknown for name in get_close_matches(each, known, 3, 0.5)]
    return f"Did you mean {', '.join(dict.fromkeys(alike))}? " if alike else ""


def _several(names: Sequence[str], what: str) -> list[str]:
    if isinstance(names, str):
        raise ConfigError(f"{what} is the text {names!r}, not a list.", remedy=f"Write [{names!r}].")
    if not names:
        raise ConfigError(f"No {what} are given.", remedy="Name one or more.")
    return list(names)


def _named(rows: pa.Table, names: dict[int, str]) -> pa.Table:
    """Put the symbol that was asked for in the place of the instrument's id."""
    positions = pc.index_in(rows["instrument_id"], pa.array(list(names), pa.uint32()))
    symbols = pa.array(list(names.values()), pa.string()).take(positions.combine_chunks())
    return rows.set_column(0, "symbol", symbols)


def _span(names: dict[int, str], start: datetime, end: datetime, as_of: datetime) -> Parameters:
    times = {"start": start, "end": end, "as_of": as_of}
    return {"ids": list(names), **{name: _aware(moment, name) for name, moment in times.items()}}


def _aware(moment: datetime, name: str) -> datetime:
    if not isinstance(moment, datetime):
        raise ConfigError(f"{name} is {moment!r}, not a datetime.", remedy="Use datetime(…, tzinfo=UTC).")
    if moment.tzinfo is None:
        raise ConfigError(f"{name} has no time zone.", remedy="Use datetime(…, tzinfo=UTC).")
    return min(moment, _LATEST)
