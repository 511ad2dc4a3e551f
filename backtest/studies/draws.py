"""The draws of a Monte-Carlo study: what a task of each method computes.

Every draw has a row of figures (final return, deepest drawdown, Sharpe ratio a year) and its equity at a few moments,
for the fan: in units of the first capital, from 1. Rows are computed one by one: a reduction over many at once may sum
in another order.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.core.columns import Columns
from backtest.core.now import SESSION_FIRST
from backtest.frames import Frame
from backtest.report import run_record
from backtest.run import Result
from backtest.sizes import compounds
from backtest.studies.measured import measured
from backtest.studies.moves import moves
from backtest.studies.of_strategy import is_panel
from backtest.studies.packing import packed
from backtest.studies.resample import bar_path, stationary_rows
from backtest.studies.source import load
from backtest.studies.statistics.block_length import block_length
from backtest.studies.stress import stressed
from backtest.studies.trial import drawdown, history, per_year, score, trial
from backtest.tearsheet.trades import round_trips
from zeno.errors import ConfigError

Floats = NDArray[Any]
METHODS = ("trade_order", "returns", "prices", "costs")
"""Their numbers are part of what is drawn: append, never reorder."""
FIGURES = ("return", "max_drawdown", "sharpe")
POINTS = 61
"""Moments of a fan: the start and sixty more."""
_DAY = 86_400_000_000
_MONEY = 10**6  # money units in one of the currency


def generator(seed: int, method: str, draw: int) -> np.random.Generator:
    """Return a draw's own randomness: Philox, keyed by the seed, the method and the draw's number.

    >>> one, other = generator(7, "returns", 3), generator(7, "prices", 3)
    >>> int(one.integers(10**9)) == int(other.integers(10**9))
    False
    """
    key = (METHODS.index(method), draw)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def base(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run itself: its figures, its fan of one, and the moments (µs UTC) of all fans over time."""
    asked = payload["question"]
    result = _run(payload)
    kept = history(result, asked["period"])
    begin = int(result.frame.columns.times[0])
    return {"moments": packed(np.r_[begin, kept.moments][_places(len(kept.moments))]), **measured(result, asked),
            **_rows([_row(kept.returns, per_year(kept.moments))])}  # fmt: skip


def trade_draws(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Permute the closed trades; what is still open at the end is left out.

    What is permuted is what would have been the same in another place. Where sizes grow with the equity, that is a
    trade's return on what the closed trades before it had left: its money belongs to an account of its moment's size,
    and late profits or losses would be many times an early account. Elsewhere it is the money, in whole units. Either
    way all orders end where the closed trades ended.

    The Sharpe ratio is that of trades on the equity before each, times the root of trades a year.
    """
    result = _run(payload)
    kept = history(result, payload["question"]["period"])
    profits = trade_profits(result)
    if not len(profits) or kept.initial <= 0:
        return {"reason": "No trade was closed."}
    before, after = trade_equity(profits, kept.initial)
    growing = compounds(type(result.session.strategy), result.request.sizer)
    if growing and not (after > 0).all():
        return {"reason": "Closed trades alone lost all there was at some point: there are no returns to permute."}
    yearly = len(profits) * per_year(kept.moments) / len(kept.moments)
    if growing:
        rows = [_row(random.permutation(profits / before), yearly) for random in _randoms(payload)]
    else:
        rows = [_trade_row(random.permutation(profits), kept.initial, yearly) for random in _randoms(payload)]
    return {"trades": len(profits), "open": (int(kept.equity[-1]) - kept.initial - int(profits.sum())) / _MONEY,
            "permuted": "returns" if growing else "money", **_rows(rows)}  # fmt: skip


def trade_profits(result: Result) -> NDArray[np.int64]:
    """Return the profit of every closed trade after its fees, money units, in order of closing."""
    record = run_record(result)
    closed, _ = round_trips(record.fills, record.splits)
    return np.array([int((trip.pnl * _MONEY).to_integral_value()) for trip in closed], np.int64)


def trade_equity(profits: NDArray[np.int64], initial: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what an account of closed trades alone has before each, and after it, money units."""
    after = initial + np.cumsum(profits)
    return np.r_[initial, after[:-1]], after


def return_draws(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Resample the run's returns in blocks."""
    kept = history(_run(payload), payload["question"]["period"])
    returns = kept.returns
    try:
        block = payload["question"]["block"] or block_length(returns).stationary
    except ConfigError as error:
        return {"reason": error.message}
    yearly = per_year(kept.moments)
    drawn = (stationary_rows(len(returns), block, 1, random)[0] for random in _randoms(payload))
    return {"block": float(block), **_rows([_row(returns[rows], yearly) for rows in drawn])}


def price_draws(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Resample the bars in blocks, and let the strategy trade each path."""
    asked = payload["question"]
    frame = load(payload["data"], panel=is_panel(asked))
    try:
        block = asked["block"] or block_length(_unit_moves(frame)).stationary
    except ConfigError as error:
        return {"reason": error.message}
    rows, bars = [], 0
    for random in _randoms(payload):
        drawn = drawn_slices(frame.columns, block, random)
        path = replace(frame, columns=bar_path(frame.columns, drawn, tick=max(frame.tick, 1)))
        kept = history(trial(asked, {}, path), asked["period"])
        rows.append(_row(kept.returns, per_year(kept.moments)))
        bars += path.bars
    return {"block": float(block), "bars": bars, **_rows(rows)}


def drawn_slices(columns: Columns, block: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Return which slice comes at each place of a path: in blocks of slices, or of sessions within a day.

    Parameters
    ----------
    block
        Mean length: of slices a day or longer, else of sessions.

    Returns
    -------
    numpy.ndarray
        Shape (slices,). Within a day a slice comes at its own place in a session, counted from the opening.
    """
    count = len(columns)
    if columns.duration >= _DAY:
        return stationary_rows(count, block, 1, random)[0]
    firsts = _session_starts(columns)
    return _fitted(stationary_rows(len(firsts), block, 1, random)[0], firsts, count)


def _fitted(drawn: NDArray[np.int64], firsts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the slices of the sessions ``drawn``, one for each session of the data and as long as that.

    Sessions differ in length: end to end, openings would slip to other hours. So a longer one is cut, and what a
    shorter one lacks at its end comes from the next session of the data that has it (after the last, the first).
    """
    lengths = np.diff(np.r_[firsts, count])
    parts: list[NDArray[np.int64]] = []
    for session, length in zip(drawn, lengths, strict=True):
        place, one = 0, int(session)
        while place < length:
            until = min(int(lengths[one]), int(length))
            parts.append(firsts[one] + np.arange(place, until))
            place, one = max(place, until), (one + 1) % len(firsts)
    return np.concatenate(parts)


def cost_draws(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run with costs times each factor; 1 is the run itself."""
    asked, found = payload["question"], []
    frame = load(payload["data"], panel=is_panel(asked))
    for factor in asked["factors"][payload["first"] : payload["stop"]]:
        terms = stressed(asked["run"], Decimal(factor), frame.quantity_scale)
        result = trial({**asked, "run": terms}, {}, frame)
        told = {"factor": factor, "cost": terms["cost"], "slippage": terms["slippage"]}
        found.append({**told, **measured(result, asked)})
    return {"runs": found}


def _run(payload: Mapping[str, Any]) -> Result:
    asked = payload["question"]
    return trial(asked, {}, load(payload["data"], panel=is_panel(asked)))


def _randoms(payload: Mapping[str, Any]) -> Iterator[np.random.Generator]:
    seed, method = int(payload["question"]["seed"]), payload["method"]
    return (generator(seed, method, draw) for draw in range(payload["first"], payload["stop"]))


def _session_starts(columns: Columns) -> NDArray[np.int64]:
    firsts = np.flatnonzero(columns.flags & SESSION_FIRST)
    return firsts if len(firsts) and firsts[0] == 0 else np.r_[0, firsts].astype(np.int64)


def _unit_moves(frame: Frame) -> Floats:
    """Return how the market moved in each unit that is drawn: a slice, or a session."""
    _, moved = moves(frame.columns)
    if frame.columns.duration >= _DAY:
        return moved
    return np.add.reduceat(moved, _session_starts(frame.columns))


def _trade_row(profits: NDArray[np.int64], initial: int, yearly: float) -> tuple[Floats, Floats]:
    before, equity = trade_equity(profits, initial)
    alive = np.logical_and.accumulate(before > 0)
    returns = np.divide(profits, before, out=np.zeros(len(before)), where=alive)
    curve = equity / initial
    figures = np.array([curve[-1] - 1.0, drawdown(curve), score(returns, "sharpe") * math.sqrt(yearly)])
    return figures, np.r_[1.0, curve][_places(len(curve))]


def _row(returns: Floats, yearly: float) -> tuple[Floats, Floats]:
    curve = np.cumprod(1.0 + returns)
    figures = np.array([curve[-1] - 1.0, drawdown(curve), score(returns, "sharpe") * math.sqrt(yearly)])
    return figures, np.r_[1.0, curve][_places(len(curve))]


def _rows(rows: list[tuple[Floats, Floats]]) -> dict[str, Any]:
    return {"figures": packed(np.stack([one for one, _ in rows])), "paths": packed(np.stack([one for _, one in rows]))}


def _places(count: int) -> NDArray[np.int64]:
    """Return the places of a fan's moments among ``count`` + 1, the start being the first."""
    return np.rint(np.linspace(0, count, POINTS)).astype(np.int64)
