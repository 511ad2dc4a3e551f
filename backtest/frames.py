"""Market data ready for the engine: from a Parquet file, or from the warehouse (``market``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.scaling import MOST_DECIMALS, decimals_in, integers, smallest_scale, whole
from backtest.sessions import flags_of
from zeno.arrow_compute import pc
from zeno.errors import ConfigError

RESOLUTIONS = {"tick": 0, "1s": 1_000_000, "1m": 60_000_000, "1h": 3_600_000_000, "1d": 86_400_000_000}
_PRICES = ("open", "high", "low", "close")
_QUOTES = ("bid", "ask")
_PLAIN = 6  # decimals; a type of more is a container, which does not say in what steps prices are quoted
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Traded:
    """What the engine needs to know of an instrument besides its prices; ``tick`` is its price step, if it has one."""

    symbol: str
    multiplier: Decimal = Decimal(1)
    currency: str = "USD"
    tick: Decimal | None = None


@dataclass(frozen=True)
class Frame:
    """Slices of one or several instruments, scaled and checked.

    ``columns`` are of shape (n,) in order of time and symbol, or (n, width) for a panel. ``tick`` is the step in which
    prices are quoted, in price units; 0 when the instruments' differ. ``sources`` are the data sets that the bars are
    from, of the warehouse.
    """

    traded: tuple[Traded, ...]
    columns: Columns
    price_scale: int
    quantity_scale: int = 0
    origin: Mapping[str, str] = field(default_factory=dict)
    tick: int = 1
    sources: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols, in the order of their numbers."""
        return tuple(one.symbol for one in self.traded)

    @property
    def bars(self) -> int:
        """Return the number of bars: of a panel, those in which an instrument has a price."""
        if self.columns.closes.ndim == 1:
            return len(self.columns)
        return int((self.columns.closes != NONE).sum())


def read_parquet(path: Path, *, price_scale: int | None, panel: bool, quantity_scale: int = 0) -> Frame:
    """Read bars from a Parquet file with ts (UTC), open, high, low, close, volume and optionally symbol.

    A file with bid and ask and no open holds quotes: their asks become highs, their bids lows, and the middle, rounded
    down, the open and close. Fill them with ``touch``.

    Raises
    ------
    ConfigError
        When the file or a column is missing, the file cannot be read, or a price is not exact at the scale.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}", remedy="give --bars a Parquet file")
    try:
        table = pq.ParquetFile(path).read()  # read_table would import datasets, and pandas with them
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{path.name} is not a Parquet file: {error}", remedy="give --bars a Parquet file") from error
    except (pa.ArrowException, OSError) as error:  # a page that is cut or corrupt
        raise ConfigError(f"{path.name} cannot be read: {error}", remedy="write or copy the file again") from error
    needed = ("ts", *(_QUOTES if is_quotes(table) else _PRICES))
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise ConfigError(f"{path.name} has no column {', '.join(missing)}",
                          remedy="bars need ts, open, high, low, close, volume, quotes ts, bid and ask; and several "
                                 "instruments symbol")  # fmt: skip
    if len(table) == 0:
        raise ConfigError(f"{path.name} has no bars", remedy="give --bars a file with rows")
    return frame_of(table, panel=panel, price_scale=price_scale, quantity_scale=quantity_scale,
                    origin={"file": path.name})  # fmt: skip


def frame_of(table: pa.Table, *, panel: bool, price_scale: int | None = None, quantity_scale: int = 0,
             duration: int | None = None, traded: Sequence[Traded] = (), sessions: np.ndarray | None = None,
             origin: Mapping[str, str] | None = None, ordered: bool = False) -> Frame:  # fmt: skip
    """Return a table of bars as a frame; see ``read_parquet`` for its columns.

    Parameters
    ----------
    price_scale
        Decimals of the prices; a tick is then one unit of them. By default those of the columns' decimal type, and of a
        type of more than six, those of the instruments' ticks, or as many as make six with the quantities' and at least
        two: more where the prices need them. Nothing else depends on prices to come.
    duration
        How long a bar lasts, µs; by default the smallest step between two bars.
    traded
        The instruments' terms, by symbol; plain ones by default.
    sessions
        The exchange's calendar, as ``flags_of`` takes it.
    ordered
        The rows are trades in the order of their printing: several may share a moment.
    """
    if not 0 <= quantity_scale <= MOST_DECIMALS:
        raise ConfigError(f"quantities cannot have {quantity_scale} decimals",
                          remedy=f"give --quantity and --lot {MOST_DECIMALS} at most")  # fmt: skip
    _refuse_missing(table, "ts")
    symbols, members = _symbols(table)
    known = {one.symbol: one for one in traded}
    made = tuple(known.get(symbol, Traded(symbol)) for symbol in symbols)
    prices, scale, tick = _prices(table, price_scale, quantity_scale, made)
    times = _micros(table.column("ts"))
    order = _order(times, members)
    times, members = times[order], members[order]
    if not ordered:
        _refuse_twice(times, members, symbols)
    arrays = {name: values[order] for name, values in prices.items()} | {
        "volume": _volume(table, quantity_scale)[order]
    }
    lasting = duration if duration is not None else _smallest_step(times, members)
    columns = (_panel if panel else _interleaved)(times, members, arrays, lasting, sessions, len(symbols))
    columns = replace(columns, quotes=is_quotes(table), duration=0 if is_quotes(table) else lasting)
    return Frame(made, columns, scale, quantity_scale, origin or {}, tick)


def _refuse_missing(table: pa.Table, name: str) -> None:
    if missing := table.column(name).null_count:
        raise ConfigError(f"{name} has {missing} missing values", remedy="drop those rows")


def is_quotes(table: pa.Table) -> bool:
    """Tell whether a table holds quotes rather than bars."""
    return set(_QUOTES) <= set(table.column_names) and "open" not in table.column_names


def _symbols(table: pa.Table) -> tuple[list[str], np.ndarray]:
    if "symbol" not in table.column_names:
        return ["bars"], np.zeros(len(table), np.int64)
    _refuse_missing(table, "symbol")
    encoded = table.column("symbol").cast(pa.string()).combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return [names[one] for one in order], rank[encoded.indices.to_numpy()]


def _prices(table: pa.Table, price_scale: int | None, quantity_scale: int, traded: Sequence[Traded]
            ) -> tuple[dict[str, np.ndarray], int, int]:  # fmt: skip
    """Return the prices in units of a scale, the scale, and how many units a tick is."""
    found, scales = {}, set()
    for name in _QUOTES if is_quotes(table) else _PRICES:
        found[name], scale = whole(table.column(name), price_scale, name)
        scales.add(scale)
    if len(scales) > 1:
        raise ConfigError("the prices' columns have different scales", remedy="give --price-scale")
    scale, tick = scales.pop(), 1
    if price_scale is None and scale > _PLAIN:
        plain = max(_PLAIN - quantity_scale, 2)  # the finer the quantities, the less room their product has
        least = max(plain if one.tick is None else decimals_in(one.tick) for one in traded)
        least = max(smallest_scale(values, scale, least)[1] for values in found.values())
        found = {name: values // 10 ** (scale - least) for name, values in found.items()}
        scale, tick = least, _tick(traded, least)
    if is_quotes(table):
        middle = (found["bid"] + found["ask"]) // 2
        found = {"open": middle, "high": found["ask"], "low": found["bid"], "close": middle}
    return found, scale, tick


def _tick(traded: Sequence[Traded], scale: int) -> int:
    """Return the instruments' tick in price units, a cent where they have none; 0 when they differ."""
    ticks = {one.tick or _CENT for one in traded}
    return int(ticks.pop().scaleb(scale)) if len(ticks) == 1 else 0


def _volume(table: pa.Table, scale: int) -> np.ndarray:
    if "volume" not in table.column_names:
        return np.zeros(len(table), np.int64)
    kind = table.column("volume").type
    if not (
        pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)
    ):
        raise ConfigError(f"volume is {kind}, not a number", remedy="write volume as numbers, or leave it out")
    known = pc.fill_null(table.column("volume").cast(pa.int64()) if pa.types.is_null(kind) else table["volume"], 0)
    if pa.types.is_integer(kind):
        sizes = integers(known, "volume")
        units, wrong = sizes * 10**scale, (sizes < 0) | (sizes >= 2**62 // 10**scale)
    else:
        units = np.floor(pc.cast(known, pa.float64()).to_numpy() * 10.0**scale)
        wrong = ~((units >= 0) & (units < 2.0**62))
    if wrong.any():
        value = table.column("volume")[int(np.argmax(wrong))]
        raise ConfigError(
            f"volume {value} is not a size", remedy="volumes are numbers from 0; leave unknown ones empty"
        )
    return units.astype(np.int64)


def _micros(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_timestamp(column.type):
        try:
            column = column.cast(pa.timestamp("us", column.type.tz))
        except pa.ArrowInvalid as error:
            raise ConfigError(f"ts is not in whole microseconds: {error}",
                              remedy="round ts to microseconds, the finest that there are") from error  # fmt: skip
    elif not pa.types.is_integer(column.type):
        raise ConfigError(f"ts is {column.type}, not a time", remedy="write ts as a UTC timestamp")
    elif len(column) and not 10**14 <= pc.max(column).as_py() < 10**16:
        raise ConfigError("ts are integers, and not microseconds since 1970", remedy="write ts as a UTC timestamp")
    return np.ascontiguousarray(column.cast(pa.int64()).to_numpy())


def _order(times: np.ndarray, members: np.ndarray) -> Any:
    """Return what puts rows in order of time and symbol: nothing to do, mostly."""
    steps = np.diff(times)
    if (steps > 0).all() or ((steps >= 0).all() and not members.any()):
        return slice(None)
    return np.lexsort((members, times))


def _refuse_twice(times: np.ndarray, members: np.ndarray, symbols: Sequence[str]) -> None:
    same = (np.diff(times) == 0) & (np.diff(members) == 0)
    if same.any():
        at = int(np.argmax(same))
        raise ConfigError(f"{symbols[members[at]]} has two bars at {np.datetime64(int(times[at]), 'us')}",
                          remedy="keep one bar a symbol and moment")  # fmt: skip


def _smallest_step(times: np.ndarray, members: np.ndarray) -> int:
    """Return the smallest step from one row of a symbol to its next one at another moment; 0 without any."""
    grouped = np.argsort(members, kind="stable")
    steps, same = np.diff(times[grouped]), np.diff(members[grouped]) == 0
    found = steps[same & (steps > 0)]
    return int(found.min()) if len(found) else 0


def _interleaved(times: np.ndarray, members: np.ndarray, arrays: dict[str, np.ndarray], duration: int,
                 sessions: np.ndarray | None, width: int) -> Columns:  # fmt: skip
    # A symbol's session begins and ends with its own slices, whatever the others do. Trades of one moment stay apart,
    # and only the first of a session is its first.
    flags, grouped = np.zeros(len(times), np.int64), np.argsort(members, kind="stable")
    for rows in np.split(grouped, np.searchsorted(members[grouped], np.arange(1, width))):
        flags[rows] = flags_of(times[rows], duration, sessions)
    return Columns(
        times, *(arrays[name] for name in (*_PRICES, "volume")), flags=flags, members=members, duration=duration
    )


def _panel(times: np.ndarray, members: np.ndarray, arrays: dict[str, np.ndarray], duration: int,
           sessions: np.ndarray | None, width: int) -> Columns:  # fmt: skip
    unique = times[np.r_[True, np.diff(times) != 0]] if len(times) else times
    rows, wide = np.searchsorted(unique, times), []
    for name in (*_PRICES, "volume"):
        one = np.full((len(unique), width), 0 if name == "volume" else NONE, np.int64)
        one[rows, members] = arrays[name]
        wide.append(one)
    return Columns(unique, *wide, flags=flags_of(unique, duration, sessions), duration=duration)
