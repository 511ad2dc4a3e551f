"""What to read from the warehouse, cut into parts that workers read by themselves.

1. ``Query`` is the arguments of one reader: ``bars``, ``trades`` or ``macro`` make one.
2. ``plan`` cuts it: by shard, by groups of symbols, and, if asked, by stretches of time.
3. ``read`` gives the rows of one part, as the reader gives them, in the types of ``schema``.

All parts together are exactly the reader's rows: a row belongs to one symbol and one moment, and ``as_of`` is the same
for all, so that loads that arrive meanwhile are in none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock

import pyarrow as pa

from warehouse import Warehouse, connect, read_bars, read_macro, read_trades
from warehouse.readers import RESOLUTIONS, shards_of
from warehouse.schema import table
from warehouse.schema.arrow import ARROW_TYPES, arrow_schema
from warehouse.schema.model import Kind
from zeno.errors import ConfigError
from zeno.settings import Settings

_ALWAYS = datetime.max.replace(tzinfo=UTC)

NAMES_A_PART = 20
"""Symbols or series that one part reads: enough that a query's own cost does not show, few enough to spread."""

_COLUMNS = {
    "trades": ("ts", "ord", "price", "size", "side", "known_at", "source"),
    "bars": ("ts", "open", "high", "low", "close", "adj_close", "volume", "trades", "vwap", "known_at", "source"),
    "macro": ("source", "series", "frequency", "period", "value", "released_at"),
}
# Columns of the readers that their raw tables do not declare: computed from a lag, or from the ticks of a bar.
_COMPUTED = {"known_at": Kind.TIMESTAMP, "trades": Kind.COUNT, "vwap": Kind.PRICE}


@dataclass(frozen=True)
class Access:
    """How a worker reaches the warehouse. It may hold a password, and so shows nothing of what it holds."""

    settings: Settings = field(repr=False)

    @classmethod
    def here(cls, home: Path | str | None = None) -> "Access":
        """Return the access of this process, or of another data folder than the environment's."""
        settings = replace(Settings.from_env(), fred_api_key=None)  # of no use to a worker
        if home is not None:
            settings = replace(settings, home=Path(home).expanduser().resolve(), shards=None)
        return cls(settings)

    def warehouse(self) -> Warehouse:
        """Return the warehouse; a process connects once."""
        with _CONNECTING:
            return _connected(self.settings)


@dataclass(frozen=True)
class Query:
    """The arguments of one reader.

    Attributes
    ----------
    table
        ``bars``, ``trades`` or ``macro``.
    names
        Symbols; of macro, series.
    start, end
        Of bars and trades, ``start <= ts < end``, in UTC.
    """

    table: str
    names: tuple[str, ...]
    as_of: datetime
    resolution: str = ""
    start: datetime = _ALWAYS
    end: datetime = _ALWAYS
    source: str | None = None

    @property
    def timed(self) -> bool:
        """Whether rows lie in ``start`` to ``end`` by their column ts."""
        return self.table != "macro"


@dataclass(frozen=True)
class Part:
    """What one worker reads: a narrower query, and the node, from 0, that holds its rows."""

    query: Query
    shard: int


def bars(
    symbols: Sequence[str],
    resolution: str,
    start: datetime,
    end: datetime,
    *,
    as_of: datetime,
    source: str | None = None,
) -> Query:
    """Return the query of ``warehouse.read_bars``.

    Raises
    ------
    ConfigError
        If no symbol is given, the resolution is unknown, or a time is naive.
    """
    if resolution not in RESOLUTIONS:
        raise ConfigError(f"There is no resolution {resolution!r}.", remedy=f"One of {', '.join(RESOLUTIONS)}.")
    if resolution == "tick":
        return trades(symbols, start, end, as_of=as_of)
    return Query(
        "bars", _names(symbols), _utc(as_of, "as_of"), resolution, _utc(start, "from"), _utc(end, "to"), source
    )


def trades(symbols: Sequence[str], start: datetime, end: datetime, *, as_of: datetime) -> Query:
    """Return the query of ``warehouse.read_trades``; see ``bars``."""
    return Query("trades", _names(symbols), _utc(as_of, "as_of"), "", _utc(start, "from"), _utc(end, "to"))


def macro(series: Sequence[str], *, as_of: datetime, source: str | None = None) -> Query:
    """Return the query of ``warehouse.read_macro``; see ``bars``."""
    return Query("macro", _names(series), _utc(as_of, "as_of"), source=source)


def schema(table_name: str) -> pa.Schema:
    """Return the columns of a table's reader, in the types that the warehouse declares; all of them may be null.

    >>> schema("macro").field("released_at").type
    TimestampType(timestamp[us, tz=UTC])
    """
    types = {one.name: one.type for one in arrow_schema(table(f"raw.{table_name}"))}
    types = {name: ARROW_TYPES[kind] for name, kind in _COMPUTED.items()} | types
    own = [(name, types[name]) for name in _COLUMNS[table_name]]
    return pa.schema(own if table_name == "macro" else [("symbol", pa.string()), *own])


def plan(
    query: Query, access: Access, *, every: timedelta | None = None, names_a_part: int = NAMES_A_PART
) -> list[Part]:
    """Cut a query into parts, ordered by time and then by shard.

    Parameters
    ----------
    every
        The longest stretch of time of a part; by default all of the query's.

    Raises
    ------
    ConfigError
        If a symbol is unknown or ambiguous, or a part would have no name or no time.
    """
    if names_a_part < 1 or (every is not None and every <= timedelta(0)):
        raise ConfigError("A part needs at least one name and some time.",
                          remedy="Give positive numbers of names and days.")  # fmt: skip
    placed = shards_of(query.names, warehouse=access.warehouse()) if query.timed else dict.fromkeys(query.names, 0)
    groups = [
        (shard, names)
        for shard in sorted(set(placed.values()))
        for names in _batches([name for name in placed if placed[name] == shard], names_a_part)
    ]
    return [
        Part(replace(query, names=names, start=start, end=end), shard)
        for start, end in _stretches(query, every)
        for shard, names in groups
    ]


def read(part: Part, access: Access) -> pa.Table:
    """Return the rows of a part, in the reader's order and the types of ``schema``."""
    query, store = part.query, access.warehouse().asking(part.shard)
    if query.table == "bars":
        found = read_bars(query.names, query.resolution, query.start, query.end, as_of=query.as_of, source=query.source,
                          warehouse=store)  # fmt: skip
    elif query.table == "trades":
        found = read_trades(query.names, query.start, query.end, as_of=query.as_of, warehouse=store)
    else:
        found = read_macro(query.names, as_of=query.as_of, source=query.source, warehouse=store)
    return found.cast(schema(query.table))


_CONNECTING = Lock()


@cache
def _connected(settings: Settings) -> Warehouse:
    return connect(settings)


def _stretches(query: Query, every: timedelta | None) -> Iterator[tuple[datetime, datetime]]:
    if not query.timed:
        yield query.start, query.end
        return
    start = query.start
    while start < query.end:
        stop = query.end if every is None else min(start + every, query.end)
        yield start, stop
        start = stop


def _batches(names: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for at in range(0, len(names), size):
        yield tuple(names[at : at + size])


def _names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not names:
        raise ConfigError("There is nothing to read.", remedy="Give a list of one symbol or series, or more.")
    return tuple(dict.fromkeys(names))


def _utc(moment: datetime, name: str) -> datetime:
    if moment.tzinfo is None:
        raise ConfigError(f"{name} has no time zone.", remedy="Use datetime(…, tzinfo=UTC).")
    return moment.astimezone(UTC)
