"""Data snapshots: which loads an answer was read from, so that it can be read again after others have landed.

A load is its content (``warehouse.ledger``): the loads that rows came with name exactly what was read. Bars of
vendors can be read from a snapshot alone (``read_bars(loads=)``). Bars built from trades are rebuilt when trades
arrive: for them a snapshot can only tell that they are not what they were.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warehouse.readers import instruments, sources_of
from warehouse.store import Warehouse, connect
from zeno.errors import WarehouseError

_BARS = """
    SELECT DISTINCT batch FROM raw.bars
    WHERE instrument_id IN {ids:Array(UInt32)} AND raw.bars.source IN {sources:Array(String)}
      AND resolution = {resolution:String} AND ts >= {start:DateTime64(6, 'UTC')} AND ts < {end:DateTime64(6, 'UTC')}
      AND known_at <= {as_of:DateTime64(6, 'UTC')}
"""
_TICKS = """
    SELECT DISTINCT batch FROM {table}
    WHERE instrument_id IN {{ids:Array(UInt32)}} AND ts >= {{start:DateTime64(6, 'UTC')}}
      AND ts < {{end:DateTime64(6, 'UTC')}} AND known_at <= {{as_of:DateTime64(6, 'UTC')}}
"""
_NAMES = """
    SELECT toString(table_name), batch, any(content_sha256), any(toString(source)), max(rows_stored), max(at)
    FROM raw.loads WHERE batch IN {batches:Array(UInt64)} AND state = 'landed' GROUP BY table_name, batch ORDER BY 1, 2
"""

_FIELDS: tuple[str, ...] = ("table", "batch", "content_sha256", "source", "rows", "landed")


@dataclass(frozen=True)
class Snapshot:
    """The loads that bars were read from.

    Attributes
    ----------
    loads
        Of each its table, batch, content_sha256, source, rows and when it landed; by table and batch.
    sources
        Where the bars come from, as ``read_bars(source=)`` takes it, and which symbols have theirs there.
    """

    loads: tuple[Mapping[str, Any], ...]
    sources: Mapping[str, Sequence[str]]

    @property
    def id(self) -> str:
        """Hash of the contents of all loads, 16 hexadecimal digits."""
        names = "".join(f"{one['table']} {one['content_sha256']}\n" for one in self.loads)
        return hashlib.sha256(names.encode()).hexdigest()[:16]

    @property
    def batches(self) -> tuple[int, ...]:
        """The batches' ids, for ``read_bars(loads=)``."""
        return tuple(one["batch"] for one in self.loads)

    @property
    def landed(self) -> datetime:
        """When the last of them landed."""
        return max(one["landed"] for one in self.loads)


def bars_snapshot(
    symbols: Sequence[str],
    resolution: str,
    start: datetime,
    end: datetime,
    *,
    as_of: datetime,
    source: str | None = None,
    warehouse: Warehouse | None = None,
) -> Snapshot:
    """Return the loads behind what ``read_bars`` returns for the same arguments.

    Raises
    ------
    ConfigError
        As ``read_bars``.
    WarehouseError
        If there is nothing to read, or rows came with a load that the ledger does not know.
    """
    store = warehouse or connect()
    names = instruments(store, symbols)
    sources = symbols_by_source(store, symbols, resolution, source=source)
    given = {"ids": list(names), "start": start, "end": end, "as_of": as_of, "resolution": resolution}
    batches: set[int] = set()
    if vendors := sorted(set(sources) - {"ticks"}):
        batches |= {row[0] for row in store.client().rows(_BARS, given | {"sources": vendors})}
    if "ticks" in sources:
        for table in ("raw.trades", "raw.corrections"):
            batches |= {row[0] for row in store.client().rows(_TICKS.format(table=table), given)}
    if not batches:
        raise WarehouseError(f"There are no {resolution} bars of {', '.join(symbols)} in that interval.",
                             remedy="zeno status shows what there is.")  # fmt: skip
    rows = store.client().rows(_NAMES, {"batches": sorted(batches)})
    loads = tuple(dict(zip(_FIELDS, row, strict=True)) for row in rows)
    if unknown := batches - {one["batch"] for one in loads}:
        raise WarehouseError(f"The ledger does not know {len(unknown)} loads that bars came with.",
                             remedy="zeno elt run finishes loads that were interrupted.")  # fmt: skip
    return Snapshot(loads, sources)


def symbols_by_source(
    warehouse: Warehouse, symbols: Sequence[str], resolution: str, *, source: str | None = None
) -> dict[str, list[str]]:
    """Return where bars come from now, unless ``source`` says it, and the symbols that have theirs there, sorted.

    Raises
    ------
    ConfigError
        As ``read_bars``.
    """
    if source:
        return {source: sorted(symbols)}
    names = instruments(warehouse, symbols)
    found: dict[str, list[str]] = {}
    for number, origin in sources_of(warehouse, names, resolution).items():
        found.setdefault(origin, []).append(names[number])
    return {origin: sorted(found[origin]) for origin in sorted(found)}
