"""The tear sheet of one run as data: every statistic once, each with the reason where it does not exist.

    RunRecord ──by_session──▶ Sessions ──▶ performance, drawdowns, months, rolling, bootstrap, significance, benchmark
              ──round_trips─▶ trades ────▶ trade statistics            ──▶ costs, turnover, exposure, curves

The page (``backtest.tearsheet.page``) is drawn from a ``TearSheet`` alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np

from backtest.tearsheet.benchmark import Comparison, compare
from backtest.tearsheet.bootstrap import Bootstrap, bootstrap
from backtest.tearsheet.costs import Costs, TurnoverBars, costs, other_cash_total, turnover_bars
from backtest.tearsheet.curves import Curves, curves, floats
from backtest.tearsheet.drawdowns import Drawdowns, drawdowns, iso
from backtest.tearsheet.figure import Figure, figure, undefined
from backtest.tearsheet.inputs import RunRecord
from backtest.tearsheet.jsonable import jsonable
from backtest.tearsheet.returns import ROLLING_WINDOW, Performance, Rolling, YearRow, months, performance, rolling
from backtest.tearsheet.sessions import Sessions, by_session
from backtest.tearsheet.significance import Significance, significance
from backtest.tearsheet.text import number
from backtest.tearsheet.trade_statistics import TradeStatistics, trade_statistics
from backtest.tearsheet.trades import round_trips


@dataclass(frozen=True)
class Period:
    """From the first to the last mark (ISO 8601 UTC); ``per_year`` sessions make a year; ``years`` is calendar time,
    without what the run was idle.
    """

    first: str | None
    last: str | None
    marks: int
    sessions: int
    per_year: float
    years: float


@dataclass(frozen=True)
class Account:
    """Money at both ends, exact. ``result`` is the change of equity; ``paid_in`` (net deposits) is in it."""

    currency: str
    initial: Decimal
    final: Decimal
    result: Decimal
    paid_in: Decimal


@dataclass(frozen=True)
class Exposure:
    """Over all marks, as multiples of equity; ``time_in_market`` is the share of marks with a position."""

    mean_gross: Figure
    max_gross: Figure
    mean_net: Figure
    time_in_market: Figure


@dataclass(frozen=True)
class TearSheet:
    """Everything that is known about a run."""

    title: str
    settings: Mapping[str, str]
    period: Period
    account: Account
    performance: Performance
    drawdowns: Drawdowns
    exposure: Exposure
    trades: TradeStatistics
    costs: Costs
    turnover: TurnoverBars
    months: tuple[YearRow, ...]
    rolling: Rolling
    benchmark: Comparison | None
    bootstrap: Bootstrap
    significance: Significance
    curves: Curves
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the tree for JSON: decimals are strings, moments ISO 8601, missing figures null with a reason."""
        return jsonable(self)


def tear_sheet(record: RunRecord, seed: int = 7) -> TearSheet:
    """Measure a run; ``seed`` is of the bootstrap, and the same seed gives the same sheet."""
    sessions = by_session(record)
    account = _account(record)
    falls = drawdowns(sessions)
    measured = performance(sessions, falls.deepest)
    trips, lots = round_trips(record.fills, record.splits)
    trades = trade_statistics(trips, len(lots), account.result, other_cash_total(record))
    rolled = rolling(sessions)
    return TearSheet(
        title=record.title,
        settings=dict(record.settings),
        period=_period(sessions),
        account=account,
        performance=measured,
        drawdowns=falls,
        exposure=_exposure(record),
        trades=trades,
        costs=costs(record, sessions, account.result),
        turnover=turnover_bars(record, sessions),
        months=months(sessions),
        rolling=rolled,
        benchmark=compare(sessions, record.benchmark),
        bootstrap=bootstrap(sessions, seed),
        significance=significance(sessions, measured, record.trials, record.trials_sharpe_variance),
        curves=curves(record, sessions, rolled),
        notes=(*record.notes, *_notes(record, sessions, trades, rolled)),
    )


def _account(record: RunRecord) -> Account:
    final = record.marks["equity"][-1].as_py() if record.marks.num_rows else record.initial_cash
    with localcontext(Context(prec=90)):
        paid_in = sum(record.flows["amount"].to_pylist(), Decimal(0))
        return Account(record.currency, record.initial_cash, final, final - record.initial_cash, paid_in)


def _period(sessions: Sessions) -> Period:
    moments = sessions.moments
    first, last = (iso(moments[0]), iso(moments[-1])) if moments.size else (None, None)
    return Period(first, last, len(moments), len(sessions.all_days), sessions.per_year, sessions.years)


def _exposure(record: RunRecord) -> Exposure:
    gross, net = (floats(record.marks[name]) for name in ("gross_exposure", "net_exposure"))
    gross, net = gross[np.isfinite(gross)], net[np.isfinite(net)]
    if not (gross.size and net.size):
        none = undefined("no marks with an exposure")
        return Exposure(none, none, none, none)
    return Exposure(figure(gross.mean()), figure(gross.max()), figure(net.mean()), figure(float(np.mean(gross > 1e-9))))


def _notes(record: RunRecord, sessions: Sessions, trades: TradeStatistics, rolled: Rolling) -> Iterator[str]:
    if not sessions.moments.size:
        yield "The run has no marks: there is nothing to measure."
    elif sessions.ruined_on:
        yield (
            f"Ruin: equity fell to zero or below on {sessions.ruined_on}. Session returns end on the day before it, "
            "and ratios of the whole run do not exist."
        )
    elif sessions.too_short:
        count = len(sessions.returns)
        yield f"Only {count} session{'s' * (count != 1)}: nothing is annualised and nothing is resampled."
    if sessions.moments.size and not record.fills.num_rows:
        yield "The run never traded."
    if record.flows.num_rows:
        yield "Money was paid in or out: returns are time-weighted, which leaves deposits and withdrawals out."
    if abs(trades.unexplained) >= Decimal("0.01"):
        yield f"{number(trades.unexplained)} {record.currency} of the result is in no trade and in no booking."
    if rolled.window and rolled.window < ROLLING_WINDOW:
        yield f"The run is short: rolling figures take {rolled.window} sessions instead of {ROLLING_WINDOW}."
