"""What a sweep does besides stepping: sharing indicators between parameter sets, and following the equity's fall."""

from typing import Any

from backtest.core.compiler import names_in
from backtest.core.engine import BLOCK, begin, finish, focus
from backtest.core.flat import methods
from backtest.core.now import Now

_QUIET = {"position", "pending", "held", "seen"}


def may_skip(engine: Any) -> bool:
    """Tell whether slices on which nothing is wanted may be passed over without their full step.

    They may where ``wake`` asks for nothing but prices, indicators and the position, in an account of one currency
    that neither estimates nor accrues: then only the equity moves, and ``skipping`` follows that.
    """
    asked = names_in(type(engine).strategy.wake.__code__) & set(methods(Now))
    one = engine.account.ledger.instruments[0]
    plain = engine.estimating == 0 and engine.closing == 0 and engine.account.ledger.currencies == 1 and one.per == 1
    return plain and asked <= _QUIET


def skipping(engine: Any, start: int, stop: int) -> None:
    """Run slices as ``advance`` does, the quiet ones in short: their marks alone are written."""
    now, ledger, marks = engine.now, engine.account.ledger, engine.journal.marks
    one, strategy, closes = ledger.instruments[0], engine.strategies[0], engine.now.closes
    readings, base = engine.readings, engine.base
    still, each = ledger.equity() - one.marked, one.value(one.position, 1)
    for i in range(start, stop):
        if one.working == 0:
            now.at = i
            focus(readings, strategy, i - base)
            if not strategy.wake(now):
                one.seen += 1
                marks[i] = still + each * closes[i]
                continue
        begin(engine, ledger, one, i)
        focus(readings, strategy, i - base)
        if strategy.wake(now):
            strategy.on_bar(now)
        finish(engine, ledger, one, i)
        marks[i] = ledger.equity()
        still, each = marks[i] - one.marked, one.value(one.position, 1)
    ledger.mark(one, closes[stop - 1])


def share(engine: Any, owner: Any, slots: Any, k: int, count: int) -> None:
    """Copy an indicator's readings of a block from the engine that computed them."""
    for slot in range(len(slots)):
        if slots[slot] == k:
            for j in range(slot * BLOCK, slot * BLOCK + count):
                engine.readings[j] = owner.readings[j]


def fall(marks: Any, start: int, stop: int, peak: int, deepest: int) -> tuple[int, int]:
    """Take a block of marks into the highest one so far and the deepest fall from it."""
    for j in range(start, stop):
        peak = max(peak, marks[j])
        deepest = max(deepest, peak - marks[j])
    return peak, deepest
