"""From a run to its tear sheet: marks, fills and bookings, all money in the account's currency."""

from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from backtest.bookings import Booking, bookings
from backtest.core import events
from backtest.core.ledger import Instrument
from backtest.exchange import converted, fill_rates
from backtest.holdings import closes_of, exposures, units_of
from backtest.notes import notes_of
from backtest.run import Result, currencies_of
from backtest.scaling import money
from backtest.tearsheet import BENCHMARK, FILLS, FLOWS, OTHER_CASH, SPLITS, RunRecord


def run_record(result: Result, *, trials: int = 1, trials_sharpe_variance: float | None = None) -> RunRecord:
    """Return a run as the tear sheet takes it; ``trials`` is how many variants were tried before this one."""
    session, booked = result.session, bookings(result)
    return RunRecord(
        title=getattr(type(session.strategy), "name", type(session.strategy).__name__),
        settings=_settings(result),
        currency=currencies_of(result.request, result.frame)[0],
        initial_cash=result.request.cash,
        marks=_marks(result),
        fills=_fills(result),
        splits=_splits(result),
        other_cash=_other_cash(booked),
        flows=_flows(result, booked),
        benchmark=_benchmark(result),
        trials=trials,
        trials_sharpe_variance=trials_sharpe_variance,
        notes=tuple(notes_of(result)),
    )


def _settings(result: Result) -> Mapping[str, str]:
    request, frame, strategy = result.request, result.frame, result.session.strategy
    parameters = ", ".join(f"{name} {getattr(strategy, name)}" for name in strategy.parameters())
    shown = {"parameters": parameters or "none", **frame.origin, "bars": f"{frame.bars:,}", "sizer": request.sizer,
             "cost": request.cost, "slippage": request.slippage, "fill": request.fill, "lane": result.lane,
             "digest": result.session.record.digest()}  # fmt: skip
    return {key: str(value) for key, value in shown.items()}


def _terms(result: Result) -> list[Instrument]:
    return result.session.engine.account.ledger.instruments


def _marks(result: Result) -> pa.Table:
    record = result.session.record
    equity = record.equity()
    net, gross = exposures(result, equity)
    return pa.table({"ts": _ends(result), "equity": _decimals(equity),
                     "gross_exposure": gross, "net_exposure": net})  # fmt: skip


def _ends(result: Result) -> pa.Array:
    """Return the last moment of every slice: a day's bar ends with that day, not with the midnight after it."""
    last = 1 if result.frame.columns.duration else 0
    return pa.array(result.session.record.moments() - last, pa.timestamp("us", "UTC"))


def _decimals(units: np.ndarray) -> pa.Array:
    words = np.empty((len(units), 2), np.int64)
    words[:, 0], words[:, 1] = units, units >> 63
    return pa.Array.from_buffers(pa.decimal128(38, 6), len(units), [None, pa.py_buffer(words)])


def _fills(result: Result) -> pa.Table:
    frame, terms = result.frame, _terms(result)
    found = result.session.record.fills()
    order = np.argsort(found[:, 0], kind="stable")  # the next instrument of a moment may fill before this one's close
    rows, rates = found[order].tolist(), fill_rates(result.session)[order].tolist()
    numbers = [row[1] >> 8 for row in rows]
    slipped = [terms[row[1] >> 8].value(abs(row[3]), abs(row[4] - row[6])) for row in rows]
    columns = {
        "ts": [row[0] for row in rows],
        "symbol": [frame.symbols[number] for number in numbers],
        "quantity": [Decimal(row[3]).scaleb(-frame.quantity_scale) for row in rows],
        "price": [Decimal(row[4]).scaleb(-frame.price_scale) for row in rows],
        "notional": _monies([terms[row[1] >> 8].value(row[3], row[4]) for row in rows], rates),
        "fee": _monies([row[5] for row in rows], rates),
        "slippage": _monies(slipped, rates),
    }
    return _table(columns, FILLS, max(frame.quantity_scale, frame.price_scale))


def _monies(units: list[int], rates: list[int]) -> list[Decimal]:
    return [money(converted(one, rate)) for one, rate in zip(units, rates, strict=True)]


def _splits(result: Result) -> pa.Table:
    frame, rows = result.frame, result.session.record.rows()
    kinds, numbers = rows[:, 1] & 255, rows[:, 1] >> 8
    at = np.flatnonzero(kinds == events.SPLIT)
    columns = {
        "ts": rows[at, 0].tolist(),
        "symbol": [frame.symbols[number] for number in numbers[at].tolist()],
        "position": [Decimal(one).scaleb(-frame.quantity_scale) for one in rows[at, 3].tolist()],
        "fills": [int(((kinds == events.FILL) & (numbers == numbers[one]))[:one].sum()) for one in at],
    }
    return _table(columns, SPLITS, frame.quantity_scale)


def _other_cash(booked: list[Booking]) -> pa.Table:
    booked = sorted(booked, key=itemgetter(0))  # within a bar a deposit may come before the interest of its end
    columns = {"ts": [ts for ts, _, _ in booked], "kind": [why for _, why, _ in booked],
               "amount": [money(units) for _, _, units in booked]}  # fmt: skip
    return _table(columns, OTHER_CASH)


def _flows(result: Result, booked: list[Booking]) -> pa.Table:
    """Return deposits and withdrawals at the marks that have them first: those of the slices that they precede."""
    flows = [(ts, units) for ts, why, units in booked if why == events.CASH_REASONS[events.DEPOSIT]]
    at = np.searchsorted(result.frame.columns.times, [ts for ts, _ in flows], side="left")
    return _table({"ts": _ends(result).take(pa.array(at)), "amount": [money(units) for _, units in flows]}, FLOWS)


def _table(columns: Mapping[str, Any], schema: pa.Schema, scale: int = 0) -> pa.Table:
    """Return columns in a schema's types; decimals with the schema's places, or more where the run has more."""
    kinds = {field.name: _wider(field.type, scale) for field in schema}
    return pa.table({name: pa.array(columns[name], kind) for name, kind in kinds.items()})


def _wider(kind: pa.DataType, scale: int) -> pa.DataType:
    return pa.decimal128(38, max(kind.scale, scale)) if pa.types.is_decimal(kind) else kind


def _benchmark(result: Result) -> pa.Table | None:
    """Return buy and hold: the instrument itself, or an index of equal weights rebalanced every slice; over splits."""
    frame, columns = result.frame, result.frame.columns
    if len(columns) == 0:
        return None
    if len(frame.traded) == 1:
        level = columns.closes.reshape(-1).astype(float) / 10**frame.price_scale * units_of(result, 0)
    else:
        each = [closes_of(result, number) * units_of(result, number) for number in range(len(frame.traded))]
        level = _index(np.stack(each, axis=1))
    return pa.table({"ts": _ends(result), "close": level}, schema=BENCHMARK)


def _index(closes: np.ndarray) -> np.ndarray:
    before, after = closes[:-1], closes[1:]
    known = (before > 0) & (after > 0)
    change: Any = np.divide(after, before, out=np.ones_like(after), where=known) - 1.0
    mean = np.divide(change.sum(axis=1), known.sum(axis=1), out=np.zeros(len(change)), where=known.any(axis=1))
    return 100.0 * np.cumprod(np.r_[1.0, 1.0 + mean])
