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
from zeno.errors import ConfigError

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


def read_actions(path: Path) -> list[Action]:
    """Read actions from a CSV or Parquet file with ts, kind, name and value (a number, or a ratio such as 3/2).

    Raises
    ------
    ConfigError
        When a column is missing or a value is none.
    """
    strings = pyarrow.csv.ConvertOptions(column_types={"value": pa.string(), "name": pa.string()})
    table = pq.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path, convert_options=strings)
    missing = {"ts", "kind", "name", "value"} - set(table.column_names)
    if missing:
        raise ConfigError(
            f"{path.name} has no column {', '.join(sorted(missing))}", remedy="actions need ts, kind, name, value"
        )
    moments = table.column("ts").cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
    rows = zip(moments, *(table.column(name).to_pylist() for name in ("kind", "name", "value")), strict=True)
    return [Action(ts, kind, name, _number(value, path.name)) for ts, kind, name, value in rows]


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
        When it names an instrument or a currency that the run does not have.
    """
    known = frame.symbols if action.kind in ("split", "dividend") else tuple(currencies)
    if action.name not in known:
        raise ConfigError(f"a {action.kind} of {action.name}, which the run does not have",
                          remedy=f"it has: {', '.join(known)}")  # fmt: skip
    number = known.index(action.name)

    def act(account: Account) -> None:
        if action.kind == "split":
            account.split(action.ts, number, action.value.numerator, action.value.denominator)
        elif action.kind == "dividend":
            account.dividend(action.ts, number, _units(action.value, 6), 10**frame.quantity_scale)
        elif action.kind == "rate":
            account.revalue(action.ts, number, round(action.value * FX))
        else:
            account.deposit(action.ts, number, _units(action.value, 6))

    session.act(act)


def _units(value: Fraction, scale: int) -> int:
    return to_units(Decimal(value.numerator) / Decimal(value.denominator), scale, "an amount")
