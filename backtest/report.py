"""From a run to its tear sheet: exposures, fills and money in an account's currency."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from backtest.core import events
from backtest.core.arithmetic import NONE
from backtest.core.ledger import Instrument
from backtest.core.matching import SAME_CLOSE
from backtest.run import Result
from backtest.scaling import money
from backtest.tearsheet import BENCHMARK, FILLS, FLOWS, OTHER_CASH, RunRecord


def run_record(result: Result, *, trials: int = 1, trials_sharpe_variance: float | None = None) -> RunRecord:
    """Return a run as the tear sheet takes it; ``trials`` is how many variants were tried before this one."""
    session, frame = result.session, result.frame
    return RunRecord(
        title=getattr(type(session.strategy), "name", type(session.strategy).__name__),
        settings=_settings(result),
        currency=frame.traded[0].currency,
        initial_cash=result.request.cash,
        marks=_marks(result),
        fills=_fills(result),
        other_cash=_other_cash(result),
        flows=_flows(result),
        benchmark=_benchmark(result),
        trials=trials,
        trials_sharpe_variance=trials_sharpe_variance,
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


def exposures(result: Result, equity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return net and gross exposure after every slice, as shares of the equity; 0 where there is none left."""
    rows, count = result.session.record.fills(), len(equity)
    slices, numbers = slice_of(result, rows), rows[:, 1] >> 8
    net, gross = np.zeros(count), np.zeros(count)
    for number, one in enumerate(_terms(result)):
        mine = numbers == number
        if not mine.any():
            continue
        moved = np.bincount(slices[mine], weights=rows[mine, 3].astype(float), minlength=count)
        value = np.cumsum(moved) * closes_of(result, number) * (one.worth / one.per)
        net += value
        gross += np.abs(value)
    alive = equity > 0
    return tuple(np.divide(one, equity, out=np.zeros(count), where=alive) for one in (net, gross))  # type: ignore[return-value]


def slice_of(result: Result, rows: np.ndarray) -> np.ndarray:
    """Return the slice in which each of some fills happened."""
    columns = result.frame.columns
    if result.session.terms.fill == SAME_CLOSE:
        return np.searchsorted(columns.times + columns.duration, rows[:, 0], side="left")
    return np.maximum(np.searchsorted(columns.times, rows[:, 0], side="right") - 1, 0)


def closes_of(result: Result, number: int) -> np.ndarray:
    """Return an instrument's last close at every slice."""
    columns = result.frame.columns
    if columns.closes.ndim == 2:
        own = columns.closes[:, number]
        known = own != NONE
    else:
        own = columns.closes
        known = columns.members == number
    last = np.maximum.accumulate(np.where(known, np.arange(len(own)), 0))
    return np.where(known[last], own[last], 0).astype(float)


def _fills(result: Result) -> pa.Table:
    frame, terms = result.frame, _terms(result)
    rows = result.session.record.fills().tolist()
    numbers = [row[1] >> 8 for row in rows]
    values = [money(terms[number].value(row[3], row[4])) for number, row in zip(numbers, rows, strict=True)]
    slipped = [
        money(terms[number].value(abs(row[3]), abs(row[4] - row[6]))) for number, row in zip(numbers, rows, strict=True)
    ]
    columns = {
        "ts": [row[0] for row in rows],
        "symbol": [frame.symbols[number] for number in numbers],
        "quantity": [Decimal(row[3]).scaleb(-frame.quantity_scale) for row in rows],
        "price": [Decimal(row[4]).scaleb(-frame.price_scale) for row in rows],
        "notional": values,
        "fee": [money(row[5]) for row in rows],
        "slippage": slipped,
    }
    return pa.table({name: pa.array(columns[name], FILLS.field(name).type) for name in FILLS.names}, schema=FILLS)


def _other_cash(result: Result) -> pa.Table:
    rows = result.session.record.of_kind(events.CASH)
    columns = {"ts": rows[:, 0].tolist(), "kind": [events.CASH_REASONS[code] for code in rows[:, 5].tolist()],
               "amount": [money(units) for units in rows[:, 4].tolist()]}  # fmt: skip
    return pa.table({name: pa.array(columns[name], OTHER_CASH.field(name).type) for name in OTHER_CASH.names},
                    schema=OTHER_CASH)  # fmt: skip


def _flows(result: Result) -> pa.Table:
    """Return deposits and withdrawals at the marks that have them first: those of the slices that they precede."""
    rows = result.session.record.of_kind(events.CASH)
    rows = rows[rows[:, 5] == events.DEPOSIT]
    places = np.searchsorted(result.frame.columns.times, rows[:, 0], side="left")
    amounts = pa.array([money(units) for units in rows[:, 4].tolist()], FLOWS.field("amount").type)
    return pa.table({"ts": _ends(result).take(pa.array(places)), "amount": amounts}, schema=FLOWS)


def _benchmark(result: Result) -> pa.Table | None:
    """Return buy and hold: the instrument itself, or an index of equal weights rebalanced every slice."""
    frame = result.frame
    if len(frame.columns) == 0:
        return None
    if len(frame.traded) == 1:
        level = frame.columns.closes.reshape(-1).astype(float) / 10**frame.price_scale
    else:
        level = _index(np.stack([closes_of(result, number) for number in range(len(frame.traded))], axis=1))
    return pa.table({"ts": _ends(result), "close": level}, schema=BENCHMARK)


def _index(closes: np.ndarray) -> np.ndarray:
    before, after = closes[:-1], closes[1:]
    known = (before > 0) & (after > 0)
    change: Any = np.divide(after, before, out=np.ones_like(after), where=known) - 1.0
    mean = np.divide(change.sum(axis=1), known.sum(axis=1), out=np.zeros(len(change)), where=known.any(axis=1))
    return 100.0 * np.cumprod(np.r_[1.0, 1.0 + mean])
