"""What a strategy's sizes rest on: the run's sizer, the equity, or neither. Told from its code, without running it.

A name that the code mentions counts as asked for, whosever attribute it is: in doubt, a strategy asks.
"""

from collections.abc import Callable
from functools import cache
from inspect import isfunction
from typing import Any

from backtest.core.compiler import names_in
from backtest.core.flat import methods
from backtest.core.indicator import Indicator

_OF_SIZER = frozenset({"hold", "unit"})
_OF_EQUITY = frozenset({"weight", "equity", "cash"})
_GROWING = ("equity", "volatility", "kelly")


def asks_sizer(strategy: type) -> bool:
    """Tell whether a strategy trades units that the run's sizer sizes (``hold``, ``unit``)."""
    return bool(_asked(strategy) & _OF_SIZER)


def compounds(strategy: type, sizer: str) -> bool:
    """Tell whether a run's sizes grow and shrink with the account's equity: by its sizer, or by the strategy itself."""
    return bool(_asked(strategy) & _OF_EQUITY) or (asks_sizer(strategy) and sizer.partition(":")[0] in _GROWING)


@cache
def _asked(strategy: type) -> frozenset[str]:
    """Return every name in the code of a strategy, of its parts, and of the helpers that they call.

    Its indicators know no account: what they call a weight is another one.
    """
    owners: list[Any] = [strategy]
    for one in owners:  # which grows: parts of parts count, too
        parts = [field.of for field in one.fields.values() if field.of is not None and field.of not in owners]
        owners += [part for part in parts if not issubclass(part, Indicator)]
    unread: list[Callable[..., Any]] = [function for one in owners for function in methods(one).values()]
    seen: set[Callable[..., Any]] = set()
    names: set[str] = set()
    while unread:
        function = unread.pop()
        if function not in seen:
            seen.add(function)
            own = names_in(function.__code__)
            names |= own
            unread += [one for name in own if isfunction(one := function.__globals__.get(name))]
    return frozenset(names)
