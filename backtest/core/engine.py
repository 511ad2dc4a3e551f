"""The engine for one instrument, or many interleaved: the pure step that backtest, paper and live share.

One slice goes through these steps, in ``begin``, the strategy, and ``finish``:

1. as a session begins, the nights since the last one are charged for; the sizer takes the close into its estimates, and
   working orders of the instrument trade against the slice (``matching``), which the estimates do not see;
2. the ledger marks the position to the close;
3. the strategy decides, with the slice's indicators in front of it;
4. orders that fill at the close do; the equity is written down.

``advance`` runs slices through all four, compiled. Other lanes (``lanes``) run steps 1, 2 and 4 of the same code and
put their own way of deciding in between. Indicators are computed by ``observe``, a block of slices at a time.
"""

import math
from functools import cache
from typing import Any, ClassVar

from numba import njit

from backtest.core import compiler
from backtest.core.arithmetic import NONE
from backtest.core.compiler import distance
from backtest.core.flat import Flat, part, state, table, window
from backtest.core.indicator import INPUTS
from backtest.core.ledger import Journal
from backtest.core.matching import Matcher
from backtest.core.now import Now
from backtest.core.orders import Account
from backtest.core.sizing import Sizer
from backtest.core.strategy import Reading, Strategy

BLOCK = 1024
"""Slices whose indicators are computed ahead of the decisions, at most."""

ENDED, WOKEN, FULL = 0, 1, 2
"""Why ``advance`` came back: all slices done; a strategy wants to be asked; the journal has to be drained."""


class Engine(Flat):
    """The engine's whole state. What comes before ``now`` is saved in a snapshot; the rest is scratch."""

    account: Account = part(Account, lambda self: Account())
    matcher: Matcher = part(Matcher, lambda self: Matcher())
    sizer: Sizer = part(Sizer, lambda self: Sizer())
    now: Now = part(Now, lambda self: Now())
    journal: Journal = part(Journal, lambda self: Journal())
    base: int = state()
    ready: int = state()
    single: int = state(1)
    estimating: int = state()
    closing: int = state()
    quiet: int = state()
    strategy: ClassVar[type[Strategy]] = Strategy


PLURAL = {"open": "opens", "high": "highs", "low": "lows", "close": "closes", "volume": "volumes"}


@cache
def engine_of(strategy: type[Strategy]) -> type[Engine]:
    """Return the engine class for a strategy class."""
    body = {
        "strategy": strategy,
        "strategies": table(strategy, lambda self: [strategy()]),
        "readings": window(lambda self: BLOCK * max(len(strategy.readings), 1)),
        "observe": _observing(strategy),
        "__module__": strategy.__module__,
        "__qualname__": f"EngineOf{strategy.__qualname__}",
    }
    return type(f"EngineOf{strategy.__name__}", (Engine,), body)


def _observing(strategy: type[Strategy]) -> Any:
    """Write the method that computes a block's readings: one tight loop an indicator, and another when interleaved.

    With a single strategy, what an indicator keeps stays in registers. ``only`` picks the indicators by the bits of a
    number, for a sweep that shares them; -1 takes all.
    """
    lines = ["def observe(self, start, stop, only):", "    now = self.now"]
    for number, one in enumerate(strategy.unique):
        update = updating(strategy, one, f"one._indicator{number}", "now.{column}[j]", "one.{column} + j - start")
        lines += [f"    if only & {1 << number} and self.single != 0:",
                  "      one = self.strategies[0]",
                  "      for j in range(start, stop):", *update,
                  f"    elif only & {1 << number}:",
                  "      for j in range(start, stop):",
                  "        one = self.strategies[now.members[j]]", *update]  # fmt: skip
    return written(lines)


def updating(strategy: Any, one: Reading, holder: str, price: str, place: str) -> list[str]:
    """Return the lines that feed an indicator one slice and store what the strategy reads of it.

    ``price`` is where a column of the market is read, ``place`` where a reading is, by the name of its column.
    An indicator of another one is fed from the first number that the other says; until then it says NaN too.
    """
    said = {name: f"self.readings[{place.format(column=column)}]"
            for name, column in zip(strategy.readings, strategy.columns, strict=True)}  # fmt: skip
    fed = []
    for name in one.kind.inputs():
        source = one.of if name == "x" else name
        fed.append(f"float({price.format(column=PLURAL[source])})" if source in INPUTS else said[source])
    stored = {name: each.output for name, each in strategy.readings.items() if each.key == one.key}
    targets = {name: said[name] for name in stored}
    outputs = ", ".join(f"_{name}" for name in one.kind.outputs)
    update = [
        f"{outputs} = {holder}.update({', '.join(fed)})",
        *(f"{targets[name]} = _{stored[name]}" for name in stored),
    ]
    if "x" not in one.kind.inputs() or one.of in INPUTS:
        return [f"        {line}" for line in update]
    source = said[one.of]
    return [f"        if {source} == {source}:", *(f"            {line}" for line in update), "        else:",
            *(f"            {targets[name]} = nan" for name in stored)]  # fmt: skip


def written(lines: list[str]) -> Any:
    """Return the ``observe`` that lines of source define."""
    names: dict[str, Any] = {"__name__": __name__, "NONE": NONE, "nan": math.nan}
    exec("\n".join(lines), names)
    return names["observe"]


def begin(engine: Any, ledger: Any, one: Any, i: int) -> None:
    """Steps 1 and 2 of slice ``i`` for its instrument ``one``."""
    now = engine.now
    close = now.closes[i]
    now.at = i
    now.started, now.opened = now.times[i], now.opens[i]  # read in order, so that the hardware fetches them ahead
    if ledger.accrues != 0 and now.session_first():
        ledger.accrue(now.started)
    if engine.estimating != 0:
        engine.sizer.observe(one, close)
    if one.working > 0:
        engine.matcher.slice(now, now.instrument, i)
    ledger.mark(one, close)


def finish(engine: Any, ledger: Any, one: Any, i: int) -> None:
    """Step 4 of slice ``i``."""
    if engine.closing != 0:
        _close(engine, ledger, one, i)
    one.seen += 1


def _close(engine: Any, ledger: Any, one: Any, i: int) -> None:
    """Fill at the close what fills there."""
    now = engine.now
    if one.working > 0:
        engine.matcher.now(now.times[i] + now.duration, now.instrument, now.closes[i], now.volumes, i)
        ledger.mark(one, now.closes[i])


def instrument_of(engine: Any, i: int) -> Any:
    """Return the instrument of slice ``i``, and let the view know it."""
    if engine.single == 0:
        engine.now.instrument = engine.now.members[i]
    return engine.account.ledger.instruments[engine.now.instrument]


def catch_up(engine: Any, i: int) -> None:
    """Run every slice before ``i`` that was not finished, and begin ``i``: nothing was decided on the way."""
    now, ledger, marks = engine.now, engine.account.ledger, engine.journal.marks
    while now.done < i:
        k = now.done
        one = instrument_of(engine, k)
        if now.begun <= k:
            begin(engine, ledger, one, k)
        finish(engine, ledger, one, k)
        marks[k] = ledger.equity()
        now.done = k + 1
    if now.begun <= i:
        begin(engine, ledger, instrument_of(engine, i), i)
        now.begun = i + 1


def complete(engine: Any, stop: int) -> None:
    """Run every slice before ``stop`` to its end without deciding anything more."""
    now, ledger = engine.now, engine.account.ledger
    if now.done < stop:
        catch_up(engine, stop - 1)
        finish(engine, ledger, instrument_of(engine, stop - 1), stop - 1)
        engine.journal.marks[stop - 1] = ledger.equity()
        now.done = stop


def focus(readings: Any, strategy: Any, at: int) -> None:
    """Let a strategy's indicators read what they say at place ``at`` of the block."""
    for name, column in zip(type(strategy).readings, type(strategy).columns, strict=True):
        setattr(strategy, name, readings[getattr(strategy, column) + at])


@njit(nogil=True)
def _focus(readings, strategy, at):
    strategy._cursor = distance(strategy, readings) + at  # type: ignore[call-arg]


compiler.replace(focus, _focus)


def fetch(now: Any, start: int, stop: int) -> None:
    """Touch the columns that only trades need, a cache line at a time: in order, the hardware fetches them ahead."""
    touched = 0
    for j in range(start, stop, 8):
        touched ^= now.times[j] ^ now.opens[j]
    now.opened = touched  # every slice sets it anew; unused, the compiler would leave the reading out


def next_block(engine: Any, i: int, stop: int) -> None:
    """Compute the readings of the block that begins with slice ``i``, unless they are there already."""
    if i >= engine.ready or i < engine.base:
        engine.base, engine.ready = i, min(i + BLOCK, stop)
        engine.observe(engine.base, engine.ready, -1)
        if engine.quiet != 0:
            fetch(engine.now, engine.base, engine.ready)


def pass_over(engine: Any, ledger: Any, one: Any, strategy: Any, start: int, stop: int) -> int:
    """Run slices on which nothing works and the strategy does not wake: their marks alone move (see ``quiet``).

    Returns the first slice on which it does wake, with the strategy's readings in front of it, or ``stop``.
    """
    now, readings, base, i = engine.now, engine.readings, engine.base, start
    marks, closes = engine.journal.marks, now.closes
    still, each = ledger.equity() - one.marked, one.value(one.position, 1)
    while i < stop:
        now.at = i
        focus(readings, strategy, i - base)
        if strategy.wake(now):
            break
        marks[i] = still + each * closes[i]
        i += 1
    if i > start:
        one.seen += i - start
        ledger.mark(one, closes[i - 1])
    return i


def begin_next(engine: Any, ledger: Any, one: Any, strategy: Any, start: int, stop: int) -> tuple[int, bool]:
    """Begin slice ``start``, or the first one after it that is not passed over, if there is one before ``stop``.

    Returns it, and whether the strategy wakes on it.
    """
    i = start
    woken = engine.quiet != 0 and one.working == 0
    if woken:
        i = pass_over(engine, ledger, one, strategy, start, stop)
        if i == stop:
            return i, False
    begin(engine, ledger, one, i)
    focus(engine.readings, strategy, i - engine.base)
    return i, woken or strategy.wake(engine.now)


def advance(engine: Any, start: int, stop: int) -> int:
    """Run slices from ``start`` to before ``stop``; returns the first one not run (the journal may fill up before)."""
    now, ledger, journal, marks = engine.now, engine.account.ledger, engine.journal, engine.journal.marks
    one, strategy = ledger.instruments[now.instrument], engine.strategies[now.instrument]
    single, i = engine.single != 0, start
    while i < stop:
        next_block(engine, i, stop)
        ready = engine.ready
        while i < ready:
            if not single:
                one, strategy = instrument_of(engine, i), engine.strategies[now.instrument]
            i, woken = begin_next(engine, ledger, one, strategy, i, ready)
            if i == ready:
                break
            if woken:
                strategy.on_bar(now)
            finish(engine, ledger, one, i)
            marks[i] = ledger.equity()
            i += 1
            if journal.count > journal.room:
                return i
    return i


def advance_to_wake(engine: Any, start: int, stop: int) -> int:
    """Run slices until a strategy wants to be asked; returns that slice, begun but not finished, or ``stop``."""
    now, ledger, journal, marks = engine.now, engine.account.ledger, engine.journal, engine.journal.marks
    one, strategy = ledger.instruments[now.instrument], engine.strategies[now.instrument]
    single, i = engine.single != 0, start
    now.why = ENDED
    while i < stop:
        next_block(engine, i, stop)
        ready = engine.ready
        while i < ready:
            if not single:
                one, strategy = instrument_of(engine, i), engine.strategies[now.instrument]
            if now.begun <= i:
                i, woken = begin_next(engine, ledger, one, strategy, i, ready)
                if i == ready:
                    break
                now.begun = i + 1
                if woken:
                    now.done, now.why = i, WOKEN
                    return i
            finish(engine, ledger, one, i)
            marks[i] = ledger.equity()
            i += 1
            if journal.count > journal.room:
                now.why = FULL
                return i
    now.done = i
    return i
