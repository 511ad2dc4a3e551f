"""When slices may be passed over: nothing works, the strategy does not wake, and only the equity moves.

``engine.pass_over`` runs such slices in one short loop instead of the full step. It may where nothing else happens on a
slice, and where ``wake`` asks only for prices, indicators and the position, which do not move unseen meanwhile.
"""

import ast
import inspect
from collections.abc import Callable
from typing import Any

from backtest.core.flat import Kind
from backtest.core.now import Now
from backtest.core.sealed import source_tree
from backtest.core.strategy import Strategy

_KNOWN = {"position", "pending"} | {name for name, field in Now.fields.items() if field.kind is Kind.COLUMN}


def may_pass_over(engine: Any) -> bool:
    """Tell whether an engine's slices may be passed over: never unless its strategy has a ``wake`` of its own.

    The account has one currency and one instrument, whose worth is a whole number, and neither estimates nor accrues.
    """
    ledger, wake = engine.account.ledger, type(engine).strategy.wake
    plain = ledger.currencies == 1 and ledger.count == 1 and ledger.instruments[0].per == 1
    idle = engine.estimating == 0 and engine.closing == 0 and ledger.accrues == 0
    return wake is not Strategy.wake and plain and idle and _asks_only(wake, _KNOWN)


def _asks_only(function: Callable[..., Any], known: set[str]) -> bool:
    """Tell whether a method uses its view for known questions alone: handed on, or out of sight, it may ask any."""
    tree = source_tree(function)
    if tree is None or inspect.unwrap(function) is not function:
        return False
    view = function.__code__.co_varnames[1]
    asked = [one for one in ast.walk(tree) if isinstance(one, ast.Attribute) and _is_named(one.value, view)]
    used = sum(_is_named(one, view) for one in ast.walk(tree))
    return used == len(asked) and {one.attr for one in asked} <= known


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
