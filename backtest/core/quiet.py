"""When slices may be passed over: nothing works, the strategy does not wake, and only the equity moves.

``engine.pass_over`` runs such slices in two tight loops instead of the full step. It may where nothing else happens on
a slice, and where ``wake`` asks only for prices, indicators and the position, which do not move unseen meanwhile.
"""

import inspect
from collections.abc import Callable
from typing import Any

from backtest.core.compiler import names_in
from backtest.core.flat import Kind, methods
from backtest.core.now import Now
from backtest.core.strategy import Strategy

_KNOWN = {"position", "pending"} | {name for name, field in Now.fields.items() if field.kind is Kind.COLUMN}


def may_pass_over(engine: Any) -> bool:
    """Tell whether an engine's slices may be passed over: never unless its strategy has a ``wake`` of its own.

    The account has one currency and one instrument, whose worth is a whole number, and neither estimates nor accrues.
    """
    ledger, wake = engine.account.ledger, type(engine).strategy.wake
    plain = ledger.currencies == 1 and ledger.count == 1 and ledger.instruments[0].per == 1
    idle = engine.estimating == 0 and engine.closing == 0
    return wake is not Strategy.wake and plain and idle and _asked(type(engine).strategy, wake, set()) <= _KNOWN


def _asked(cls: type, function: Callable[..., Any], seen: set[Any]) -> set[str]:
    """Return what a function, and those that it calls, may ask a view for: by name, so rather too much."""
    seen.add(function)
    names = names_in(function.__code__)
    asked = names & (set(methods(Now)) | set(Now.fields))
    for name in names:
        for one in (getattr(cls, name, None), function.__globals__.get(name)):
            if inspect.isfunction(one) and one not in seen:
                asked |= _asked(cls, one, seen)
    return asked
