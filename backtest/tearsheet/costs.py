"""What trading cost: fees, slippage and every other booking, in money and in basis points of what was traded."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import numpy as np
import pyarrow as pa

from backtest.tearsheet.figure import Figure, ratio, undefined
from backtest.tearsheet.inputs import RunRecord
from backtest.tearsheet.sessions import Sessions, epoch_us
from zeno.arrow_compute import pc

_EXACT = Context(prec=90)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class CostItem:
    """One effect on the account: negative is paid. ``bps`` is of the turnover."""

    kind: str
    amount: Decimal
    bps: Figure


@dataclass(frozen=True)
class Costs:
    """gross + Σ items = net, the change of equity. ``turnover`` is Σ |notional| of purchases and sales together.

    ``turnover_a_year`` divides it by the mean session equity and calendar years: to buy and to sell everything once a
    year is 2.
    """

    gross: CostItem
    items: tuple[CostItem, ...]
    net: CostItem
    turnover: Decimal
    turnover_a_year: Figure


@dataclass(frozen=True)
class TurnoverBars:
    """Turnover by calendar month, or by day if the run has fewer than three months.

    Multiples of the close of the first session in that time; nothing where that is not above zero.
    """

    unit: str
    starts: tuple[str, ...]
    values: tuple[float, ...]


def costs(record: RunRecord, sessions: Sessions, equity_change: Decimal) -> Costs:
    """Split the result of a run into what the market gave and what trading and holding cost."""
    with localcontext(_EXACT):
        turnover = sum((abs(value) for value in record.fills["notional"].to_pylist()), _ZERO)
        amounts = {"fees": -_sum(record.fills["fee"]), "slippage": -_sum(record.fills["slippage"])}
        amounts |= _by_kind(record.other_cash)
        gross = equity_change - sum(amounts.values(), _ZERO)
    items = tuple(_item(kind, amount, turnover) for kind, amount in amounts.items())
    return Costs(
        gross=_item("gross", gross, turnover),
        items=items,
        net=_item("net", equity_change, turnover),
        turnover=turnover,
        turnover_a_year=_yearly(float(turnover), sessions),
    )


def other_cash_total(record: RunRecord) -> Decimal:
    """Return the sum of all bookings that no fill explains."""
    with localcontext(_EXACT):
        return _sum(record.other_cash["amount"])


def turnover_bars(record: RunRecord, sessions: Sessions) -> TurnoverBars:
    """Add up what was traded by month or day, each against the equity of that time."""
    if not (record.fills.num_rows and len(sessions.all_days)):
        return TurnoverBars("month", (), ())
    span = (sessions.all_days[-1] - sessions.all_days[0]).astype(int)
    unit, code = ("month", "datetime64[M]") if span >= 90 else ("day", "datetime64[D]")
    starts, where = np.unique(epoch_us(record.fills["ts"]).astype("datetime64[us]").astype(code), return_inverse=True)
    notional = np.abs(pc.cast(record.fills["notional"], pa.float64()).to_numpy())
    first = np.searchsorted(sessions.all_days.astype(code), starts)
    equity = sessions.closes[np.minimum(first, len(sessions.closes) - 1)]
    solvent = equity > 0
    values = (np.bincount(where, weights=notional)[solvent] / equity[solvent]).tolist()
    return TurnoverBars(unit, tuple(str(day) for day in starts[solvent].astype("datetime64[D]")), tuple(values))


def _by_kind(other: pa.Table) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for kind, amount in zip(other["kind"].to_pylist(), other["amount"].to_pylist(), strict=True):
        sums[kind] += amount
    return {kind: sums[kind] for kind in sorted(sums)}


def _sum(column: pa.ChunkedArray) -> Decimal:
    return sum(column.to_pylist(), _ZERO)


def _item(kind: str, amount: Decimal, turnover: Decimal) -> CostItem:
    return CostItem(kind, amount + _ZERO, ratio(float(amount) * 1e4, float(turnover), "nothing was traded"))


def _yearly(turnover: float, sessions: Sessions) -> Figure:
    if sessions.too_short:
        return undefined(sessions.too_short)
    return ratio(turnover, float(sessions.closes.mean()) * sessions.years, "no equity")
