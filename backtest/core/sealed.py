"""What a strategy may not touch of its view: the columns, which hold the future, and the engine's own books.

The view answers questions about the past and takes orders. It also carries what the engine needs to answer them, and
Python hides nothing; so the code of a strategy is read when its class is made. From ``on_bar``, ``on_slice`` and
``wake`` on, the view is followed through plain assignments and calls of methods and helper functions, and whatever
reaches around it is refused. A determined author can still get past this; ``backtest.causality`` then finds what that
changed.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from zeno.errors import ConfigError

HIDDEN = frozenset({
    "times", "opens", "highs", "lows", "closes", "volumes", "flags", "members", "ledger", "orders", "sizer", "journal",
    "at", "begun", "done", "why", "opened", "session", "words",
})  # fmt: skip
"""Attributes of a view that are the engine's."""

_BEGIN = ("on_bar", "on_slice", "wake")
_AROUND = ("getattr", "setattr", "delattr", "vars")

Function = Callable[..., Any]


def refuse_reaching(cls: type) -> None:
    """Check the code of a strategy class, and of the helpers that it hands its view to.

    Raises
    ------
    ConfigError
        When it touches what is the engine's, assigns to its view, or keeps it; the message names the line.
    """
    seen: set[tuple[Function, int]] = set()
    todo = [(getattr(cls, name), 1) for name in _BEGIN if inspect.isfunction(getattr(cls, name, None))]
    while todo:
        function, position = todo.pop()
        if (function, position) not in seen:
            seen.add((function, position))
            todo += _Reader(cls, function, position).handed


class _Reader(ast.NodeVisitor):
    """Reads one function of which one argument is a view; ``handed`` is where it hands it on."""

    def __init__(self, cls: type, function: Function, position: int) -> None:
        self.cls, self.function = cls, function
        self.handed: list[tuple[Function, int]] = []
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        if position >= len(names):
            return
        self.views = {names[position]}
        tree = source_tree(function)
        if tree is not None:
            self.visit(tree)

    def _is_view(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.views

    def _refuse(self, node: ast.AST, what: str) -> None:
        line = getattr(node, "lineno", 1) + self.function.__code__.co_firstlineno - 1
        where = f"{self.function.__code__.co_filename}:{line}"
        raise ConfigError(f"{self.cls.__name__} {what} ({where}): that is the engine's, and holds the future",
                          remedy="ask the view's methods: close, past_close, position, worth, time …")  # fmt: skip

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self._is_view(node.value):
            if node.attr in HIDDEN or node.attr.startswith("_"):
                self._refuse(node, f"touches {ast.unparse(node)}")
            if not isinstance(node.ctx, ast.Load):
                self._refuse(node, f"assigns to {ast.unparse(node)}")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if self._is_view(node.value):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.views.add(target.id)
                else:
                    self._refuse(node, f"keeps its view in {ast.unparse(target)}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for place, argument in enumerate(node.args):
            if self._is_view(argument):
                self._hand(node, place, None)
        for keyword in node.keywords:
            if self._is_view(keyword.value):
                self._hand(node, 0, keyword.arg)
        self.generic_visit(node)

    def _hand(self, node: ast.Call, place: int, keyword: str | None) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _AROUND:
            self._refuse(node, f"calls {ast.unparse(node)}")
        for function, shift in self._called(node.func):
            names = function.__code__.co_varnames
            position = names.index(keyword) if keyword in names else place + shift
            self.handed.append((function, position))

    def _called(self, node: ast.expr) -> list[tuple[Function, int]]:
        if isinstance(node, ast.Name):
            found = self.function.__globals__.get(node.id)
            return [(found, 0)] if inspect.isfunction(found) else []
        if isinstance(node, ast.Attribute):
            owners = [
                self.cls,
                *(field.of for field in getattr(self.cls, "fields", {}).values() if field.of is not None),
            ]
            found = [getattr(one, node.attr, None) for one in owners]
            return [(one, 1) for one in found if inspect.isfunction(one)]
        return []


def source_tree(function: Function) -> ast.AST | None:
    """Return a function's source, parsed; None where there is none to be had."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
