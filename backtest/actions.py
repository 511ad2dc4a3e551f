"""What happens to an account between slices: splits, dividends, exchange rates, deposits.

An action takes effect before the first slice that begins at or after its moment, on positions held and orders at work
then. The same action given twice counts once. Prices stay as they were traded: a strategy whose indicators should not
see a split jump is to be fed adjusted prices.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from backtest.core.arithmetic import FX
from backtest.core.orders import Account
from backtest.core.session import Session
from backtest.frames import Frame
from backtest.scaling import to_units
from zeno.arrow_compute import pc
from zeno.errors import ConfigError

_MOST_RATE = 2**48
_MOST_SPLIT = 2**40
_WRITE_TS = "write ts as 2024-01-31 or 2024-01-31T09:30:00, in UTC"
KINDS = ("split", "dividend", "rate", "deposit")


@dataclass(frozen=True, order=True)
class Action:
    """One action.

    ``name`` is a symbol for a split or a dividend, a currency for a rate or a deposit. ``value`` is new units for an
    old one (a split of 3:2 is 3/2), money a unit (a dividend), units of the account's currency (a rate), or money.
    """

    ts: int
    kind: str
    name: str
    value: Fraction

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"there is no action {self.kind}", remedy=f"choose from: {', '.join(KINDS)}")
        if self.kind in ("split", "rate") and self.value <= 0:
            raise ConfigError(f"a {self.kind} of {self.value} makes no sense", remedy="give a number above zero")
        if self.kind == "rate" and not 1 <= round(self.value * FX) <= _MOST_RATE:
            raise ConfigError(f"a rate of {self.name} is too small or too large for the engine's units of 1e-9",
                              remedy=f"give one up to {_MOST_RATE // FX:,}, or another --currency")  # fmt: skip
        if self.kind == "split" and max(self.value.numerator, self.value.denominator) > _MOST_SPLIT:
            raise ConfigError(f"a split of {self.name} has too many digits", remedy="give a ratio such as 3/2")


def read_actions(path: Path) -> list[Action]:
    """Read actions from a CSV or Parquet file with ts, kind, name and value (a number, or a ratio such as 3/2).

    Raises
    ------
    ConfigError
        When the file cannot be read, a column is missing, or a row says no moment, name or number.
    """
    table = _table(path)
    missing = {"ts", "kind", "name", "value"} - set(table.column_names)
    if missing:
        raise ConfigError(
            f"{path.name} has no column {', '.join(sorted(missing))}", remedy="actions need ts, kind, name, value"
        )
    words = (table.column(name).to_pylist() for name in ("kind", "name", "value"))
    rows = zip(_moments(table, path.name), *words, strict=True)
    return [Action(ts, str(kind), _name(name, path.name), _number(value, path.name)) for ts, kind, name, value in rows]


def _table(path: Path) -> pa.Table:
    strings = pyarrow.csv.ConvertOptions(column_types={"value": pa.string(), "name": pa.string()})
    try:
        return pq.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path, convert_options=strings)
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}",
                          remedy="actions are a CSV or Parquet file with ts, kind, name, value") from error  # fmt: skip


def _moments(table: pa.Table, where: str) -> list[int]:
    """Return when each action happens, µs UTC."""
    column = table.column("ts")
    try:
        moments = column.cast(pa.timestamp("us")).cast(pa.int64())
    except pa.ArrowException as error:
        raise ConfigError(f"{where}: ts are no moments: {error}", remedy=_WRITE_TS) from error
    if column.null_count:
        raise ConfigError(f"{where}: ts has {column.null_count} missing values", remedy=_WRITE_TS)
    if pa.types.is_integer(column.type) and len(column) and pc.min(column).as_py() < 10**14:
        raise ConfigError(f"{where}: ts are integers, and not microseconds since 1970", remedy=_WRITE_TS)
    return moments.to_pylist()


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: {value!r} names no symbol or currency", remedy="write the name as text")
    return value


def _number(value: object, where: str) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ConfigError(f"{where}: {value} is not a number", remedy="write 0.24 or 3/2") from None


def in_order(actions: Iterable[Action], frame: Frame) -> list[tuple[int, Action]]:
    """Return each action once with the slice before which it takes effect; those after the last slice do not."""
    times = frame.columns.times
    once = sorted(set(actions))
    places = np.searchsorted(times, [one.ts for one in once], side="left")
    return [(int(place), one) for place, one in zip(places, once, strict=True) if place < len(times)]


def perform(session: Session, frame: Frame, currencies: Sequence[str], action: Action) -> None:
    """Let an action take effect.

    Raises
    ------
    ConfigError
        When it names an instrument or a currency that the run does not have, or a split leaves more than the engine
        holds exactly.
    """
    known = frame.symbols if action.kind in ("split", "dividend") else tuple(currencies)
    if action.name not in known:
        raise ConfigError(f"a {action.kind} of {action.name}, which the run does not have",
                          remedy=f"it has: {', '.join(known)}")  # fmt: skip
    number = known.index(action.name)

    def act(account: Account) -> None:
        if action.kind == "split":
            _refuse_too_many(account, number, action)
            account.split(action.ts, number, action.value.numerator, action.value.denominator)
        elif action.kind == "dividend":
            account.dividend(action.ts, number, _units(action.value, 6), 10**frame.quantity_scale)
        elif action.kind == "rate":
            account.revalue(action.ts, number, round(action.value * FX))
        else:
            account.deposit(action.ts, number, _units(action.value, 6))

    try:
        session.act(act)
    except (OverflowError, ValueError) as error:  # as words of 64 bits say it
        raise ConfigError(f"a {action.kind} of {action.name} is too large for the account",
                          remedy="check its value") from error  # fmt: skip


def _refuse_too_many(account: Account, number: int, split: Action) -> None:
    one, orders = account.ledger.instruments[number], account.orders
    working = (orders.at(place) for place in range(orders.working))
    most = max(abs(one.position), *(abs(each.quantity) for each in working if each.instrument == number), 0)
    if most * split.value > one.max_position:
        raise ConfigError(f"a split of {split.value} of {split.name} leaves more than can be held exactly",
                          remedy="check the ratio: 2 gives two units for one")  # fmt: skip


def _units(value: Fraction, scale: int) -> int:
    return to_units(Decimal(value.numerator) / Decimal(value.denominator), scale, "an amount")
