"""What a tear sheet is made from: the record of one run, and the shape of its tables.

A record is what an engine hands over, whichever engine it is; nothing here knows one. Statistics are elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa

from zeno.arrow_compute import pc
from zeno.errors import ContractError
from zeno.times import UTC_MICROSECONDS

_MONEY = pa.decimal128(38, 8)

MARKS = pa.schema([("ts", UTC_MICROSECONDS), ("equity", _MONEY), ("gross_exposure", pa.float64()),
                   ("net_exposure", pa.float64())])  # fmt: skip
"""One row a slice: equity in the account's currency, exposures as multiples of equity. Any decimal scale will do."""

FILLS = pa.schema([("ts", UTC_MICROSECONDS), ("symbol", pa.string()), ("quantity", _MONEY), ("price", _MONEY),
                   ("notional", _MONEY), ("fee", _MONEY), ("slippage", _MONEY)])  # fmt: skip
"""One row a fill. Quantity and notional carry the sign of the side: a purchase is positive. Notional, fee and slippage
are in the account's currency; slippage is a cost, so zero or more; a negative fee is a rebate."""

SPLITS = pa.schema([("ts", UTC_MICROSECONDS), ("symbol", pa.string()), ("position", _MONEY), ("fills", pa.int64())])
"""One row a split: the position in the symbol after it, and how many of the symbol's fills came before it. A fraction
of a unit that is paid out is other cash."""

OTHER_CASH = pa.schema([("ts", UTC_MICROSECONDS), ("kind", pa.string()), ("amount", _MONEY)])
"""One row a booking that no fill explains, in the account's currency: what the account receives is positive."""

FLOWS = pa.schema([("ts", UTC_MICROSECONDS), ("amount", _MONEY)])
"""One row a deposit (a withdrawal is negative), in the account's currency, at the moment of the first mark that has it.
It is among the other cash, too; here it says which change of equity was no result."""

BENCHMARK = pa.schema([("ts", UTC_MICROSECONDS), ("close", pa.float64())])
"""Closes of what the run is compared with; the last of each UTC day counts."""


@dataclass(frozen=True)
class RunRecord:
    """One finished run.

    Parameters
    ----------
    title
        Name of the strategy.
    settings
        What the page shows of the run's set-up, in this order: parameters, symbols, period, costs, digest.
    currency, initial_cash
        The account's currency and what it started with, more than zero.
    marks, fills, splits, other_cash, flows, benchmark
        Tables in the shape of ``MARKS``, ``FILLS``, ``SPLITS``, ``OTHER_CASH``, ``FLOWS`` and ``BENCHMARK``, each in
        order of time.
    trials
        How many variants were tried, this one included; selection among them is what the deflated Sharpe ratio undoes.
    trials_sharpe_variance
        Variance of the *annualised* Sharpe ratios of those variants; None takes the variance that chance alone gives.
    idle
        How much of the time between the first and the last mark is no part of the run: what lies between the tests of
        a walk forward whose step is longer than a test. Years are counted without it.
    notes
        What a reader has to know of the run and its data; the page shows each at its top.

    Raises
    ------
    ContractError
        If a table misses a column, has another type, a null or rows out of order; every fault is named at once.
    """

    title: str
    settings: Mapping[str, str]
    currency: str
    initial_cash: Decimal
    marks: pa.Table
    fills: pa.Table = field(default_factory=FILLS.empty_table)
    splits: pa.Table = field(default_factory=SPLITS.empty_table)
    other_cash: pa.Table = field(default_factory=OTHER_CASH.empty_table)
    flows: pa.Table = field(default_factory=FLOWS.empty_table)
    benchmark: pa.Table | None = None
    trials: int = 1
    trials_sharpe_variance: float | None = None
    idle: timedelta = timedelta(0)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise ContractError(
                f"The record of {self.title!r} cannot be read: {'; '.join(faults)}.",
                remedy="backtest/tearsheet/inputs.py states the columns.",
            )

    def _faults(self) -> Iterator[str]:
        if not (self.initial_cash.is_finite() and self.initial_cash > 0):
            yield "initial_cash must be more than zero"
        if self.trials < 1:
            yield "trials counts this run, so it is at least 1"
        variance = self.trials_sharpe_variance
        if variance is not None and not 0 <= variance < float("inf"):
            yield "trials_sharpe_variance must be finite and not negative"
        if self.idle < timedelta(0):
            yield "idle must not be negative"
        yield from _table_faults("marks", self.marks, MARKS, nullable={"gross_exposure", "net_exposure"})
        yield from _table_faults("fills", self.fills, FILLS)
        yield from _table_faults("splits", self.splits, SPLITS)
        yield from _table_faults("other_cash", self.other_cash, OTHER_CASH)
        yield from _table_faults("flows", self.flows, FLOWS)
        if self.benchmark is not None:
            yield from _table_faults("benchmark", self.benchmark, BENCHMARK, nullable={"close"})


def _table_faults(name: str, table: pa.Table, schema: pa.Schema, nullable: frozenset[str] | set[str] = frozenset()
                  ) -> Iterator[str]:  # fmt: skip
    for column in schema:
        if column.name not in table.column_names:
            yield f"{name} has no column {column.name}"
            continue
        found = table.schema.field(column.name).type
        if found != column.type and not (pa.types.is_decimal(found) and pa.types.is_decimal(column.type)):
            yield f"{name}.{column.name} is {found}, not {column.type}"
        elif table[column.name].null_count and column.name not in nullable:
            yield f"{name}.{column.name} has nulls"
        elif column.name == "ts" and not _is_ordered(table["ts"]):
            yield f"{name} is not in order of time"


def _is_ordered(ts: pa.ChunkedArray) -> bool:
    if len(ts) < 2:
        return True
    return bool(pc.all(pc.less_equal(ts.slice(0, len(ts) - 1), ts.slice(1))).as_py())
