"""The engine for many instruments at once: one slice is a row of prices, and the strategy sees all of it.

The steps are those of ``engine``: working orders trade, positions are marked, the strategy decides, and the slice is
written down. An instrument without a price in a slice neither trades nor moves; its orders wait.
"""

from functools import cache
from typing import Any, ClassVar

from numba import njit

from backtest.core import compiler
from backtest.core.arithmetic import NONE
from backtest.core.compiler import distance
from backtest.core.engine import updating, written
from backtest.core.flat import Flat, part, state, table, window
from backtest.core.ledger import Journal
from backtest.core.matching import SAME_CLOSE, Matcher
from backtest.core.now import Slice
from backtest.core.orders import Account
from backtest.core.sizing import VOLATILITY, Sizer
from backtest.core.strategy import PanelStrategy, Reading


class PanelEngine(Flat):
    """The engine's whole state. What comes before ``now`` is saved in a snapshot; the rest is scratch."""

    account: Account = part(Account, lambda self: Account())
    matcher: Matcher = part(Matcher, lambda self: Matcher())
    sizer: Sizer = part(Sizer, lambda self: Sizer())
    now: Slice = part(Slice, lambda self: Slice())
    journal: Journal = part(Journal, lambda self: Journal())
    base: int = state()
    ready: int = state()
    strategy: ClassVar[type[PanelStrategy]] = PanelStrategy


@cache
def engine_of(strategy: type[PanelStrategy]) -> type[PanelEngine]:
    """Return the engine class for a strategy class; whoever makes an instance fits its tables to the instruments."""
    members = indicators_of(strategy)
    body = {
        "strategy": strategy,
        "strategies": table(strategy, lambda self: [strategy()]),
        "members": table(members, lambda self: [members()]),
        "readings": window(lambda self: 1),
        "observe": _observing(strategy),
        "__module__": strategy.__module__,
        "__qualname__": f"EngineOf{strategy.__qualname__}",
    }
    return type(f"EngineOf{strategy.__name__}", (PanelEngine,), body)


@cache
def indicators_of(strategy: type[PanelStrategy]) -> type[Flat]:
    """Return the flat class that holds one instrument's indicators of a strategy."""
    body: dict[str, Any] = {"__module__": strategy.__module__, "__qualname__": f"IndicatorsOf{strategy.__qualname__}"}
    for number, one in enumerate(strategy.unique):
        body[f"_indicator{number}"] = part(one.kind, _maker(one, strategy))
    return type(f"IndicatorsOf{strategy.__name__}", (Flat,), body)


def _maker(one: Reading, strategy: type[PanelStrategy]) -> Any:
    return lambda owner: one.make(getattr(owner, "owner", None) or strategy())


def _observing(strategy: type[PanelStrategy]) -> Any:
    """Write the method that computes a slice's readings: one loop over the instruments an indicator."""
    lines = ["def observe(self, start, stop):", "    now, one = self.now, self.strategies[0]",
             "    row = start * now.width"]  # fmt: skip
    for number, one in enumerate(strategy.unique):
        lines += ["    for k in range(now.width):", "        if now.closes[row + k] == NONE:"]
        lines += [f"            self.readings[one.{column} + k] = nan"
                  for column, each in zip(strategy.columns, strategy.readings.values(), strict=True)
                  if each.key == one.key]  # fmt: skip
        lines += ["            continue"]
        lines += updating(
            strategy, one, f"self.members[k]._indicator{number}", "now.{column}[row + k]", "one.{column} + k"
        )
    return written(lines)


def begin(engine: Any, i: int) -> None:
    """Charge for the nights, trade working orders against slice ``i`` and mark every position to it."""
    now = engine.now
    now.at, now.started = i, now.times[i]
    ledger = engine.account.ledger
    if ledger.accrues != 0 and now.session_first():
        ledger.accrue(now.started)
    row, width, lasts, closes = i * now.width, now.width, ledger.lasts, now.closes
    if engine.sizer.model >= VOLATILITY:
        _estimate(engine, row)
    if engine.account.orders.working > 0:
        _trade(engine, i)
    for number in range(width):
        close = closes[row + number]
        lasts[number] = close if close != NONE else lasts[number]
    place = 0
    while place < ledger.holding:
        number = ledger.held[place]
        ledger.mark(ledger.instruments[number], lasts[number])
        place += ledger.let_go(place)


def _estimate(engine: Any, row: int) -> None:
    for number in range(engine.now.width):
        close, one = engine.now.closes[row + number], engine.account.ledger.instruments[number]
        if close != NONE:
            engine.sizer.observe(one, close)
            one.last = close


def _trade(engine: Any, i: int) -> None:
    """Trade the instruments that have working orders, in the order of their oldest one."""
    now, orders, ledger = engine.now, engine.account.orders, engine.account.ledger
    row, place = i * now.width, 0
    while place < orders.working:
        number = orders.at(place).instrument
        at = row + number
        if ledger.instruments[number].touched == now.time() or now.opens[at] == NONE:
            place += 1
            continue
        ledger.instruments[number].touched = now.time()
        now.opened = now.opens[at]
        engine.matcher.slice(now, number, at)
        place = 0


def finish(engine: Any, i: int) -> None:
    """Fill what fills at the close, and write the equity down."""
    now, ledger, orders = engine.now, engine.account.ledger, engine.account.orders
    if engine.matcher.model == SAME_CLOSE and orders.working > 0:
        row = i * now.width
        for number in range(now.width):
            if ledger.instruments[number].working > 0 and now.closes[row + number] != NONE:
                engine.matcher.now(now.time(), number, now.closes[row + number], now.volumes, row + number)
                ledger.mark(ledger.instruments[number], now.closes[row + number])
    if engine.sizer.model >= VOLATILITY:
        for number in range(now.width):
            if now.closes[i * now.width + number] != NONE:
                ledger.instruments[number].seen += 1
    ledger.slices += 1
    engine.journal.marks[i] = ledger.equity()


def focus(readings: Any, strategy: Any, at: int) -> None:  # noqa: ARG001 - a block is one slice here
    """Let a strategy's indicators read their row: one number an instrument."""
    width = len(readings) // max(len(type(strategy).readings), 1)
    for name, column in zip(type(strategy).readings, type(strategy).columns, strict=True):
        start = getattr(strategy, column)
        setattr(strategy, name, readings[start : start + width])


@njit(nogil=True)
def _focus(readings, strategy, at):  # noqa: ARG001
    strategy._cursor = distance(strategy, readings)  # type: ignore[call-arg]


compiler.replace(focus, _focus)


def next_block(engine: Any, i: int, stop: int) -> None:  # noqa: ARG001 - a block is one slice here
    """Compute the readings of slice ``i``, unless they are there already."""
    if i >= engine.ready or i < engine.base:
        engine.base, engine.ready = i, i + 1
        engine.observe(i, i + 1)


def advance(engine: Any, start: int, stop: int) -> int:
    """Run slices from ``start`` to before ``stop``; returns the first one not run (the journal may fill up before)."""
    i = start
    strategy = engine.strategies[0]
    while i < stop:
        next_block(engine, i, stop)
        begin(engine, i)
        focus(engine.readings, strategy, i)
        strategy.on_slice(engine.now)
        finish(engine, i)
        i += 1
        if engine.journal.count > engine.journal.room:
            return i
    return i
