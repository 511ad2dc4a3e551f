"""When two strategies are the same one: their code, with everything taken away that is a matter of naming or tuning.

``logic`` reads a strategy's decisions (``on_bar``, ``on_slice``) and the helpers that they call, in order of
appearance, and writes them down with

- local variables, parameters, state and readings numbered in order of appearance;
- helper methods, and helper functions of the project, likewise, whatever they are called;
- constants as placeholders, docstrings and annotations left out, and ``a > b`` turned into ``b < a``;
- each indicator as its kind, its output and what it is fed, without its parameters.

Strategies that differ in the values or names of parameters alone are equal then. ``wake`` and ``history`` do not count:
they never change what is decided. What belongs here: that comparison.
"""

import ast
import inspect
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from backtest.core.flat import methods
from backtest.core.strategy import PanelStrategy, Strategy

_ENTRIES = ("on_bar", "on_slice")
_MIRRORED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@cache
def logic(cls: type) -> str:
    """Return the normalised code of a strategy: equal for two that differ in names and numbers alone."""
    seen = _Logic(cls)
    own = {name: one for name, one in methods(cls).items() if one not in _INHERITED}
    for name in _ENTRIES:
        if name in own:
            seen.write(name, own[name])
    while seen.waiting:
        seen.write(*seen.waiting.pop(0))
    return "\n".join(seen.lines)


_INHERITED = {one for base in (Strategy, PanelStrategy) for one in methods(base).values()}


@cache
def _functions(file: str) -> dict[int, ast.FunctionDef]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {one.lineno: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


class _Logic(ast.NodeTransformer):
    """Writes functions down, renaming as it goes."""

    def __init__(self, cls: type) -> None:
        self.fields, self.readings = cls.fields, cls.readings  # type: ignore[attr-defined]
        self.methods = methods(cls)
        self.names: dict[Any, str] = {}
        self.waiting: list[tuple[str, FunctionType]] = []
        self.lines: list[str] = []

    def write(self, name: str, function: Any) -> None:
        """Write one function down under a name."""
        file = inspect.getsourcefile(function) or ""
        node = ast.parse(ast.unparse(_functions(file)[function.__code__.co_firstlineno])).body[0]
        assert isinstance(node, ast.FunctionDef)
        self.globals, self.own = function.__globals__, ""
        self.locals = {one: f"v{number}" for number, one in enumerate(function.__code__.co_varnames)}
        if self.methods.get(function.__name__) is function:
            self.own = function.__code__.co_varnames[0]
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        told = [ast.dump(self.visit(one)) for one in body]
        self.lines.append(f"{name}: {'; '.join(told)}")

    def numbered(self, thing: Any, kind: str) -> str:
        """Return the name that a thing was given when it first appeared."""
        return self.names.setdefault(thing, f"{kind}{len(self.names)}")

    def visit_Name(self, node: ast.Name) -> Any:
        """Rename locals and helpers, blank out constants."""
        found = self.globals.get(node.id)
        if node.id in self.locals:
            return ast.Name(f"local {self.locals[node.id]}")
        if isinstance(found, int | float):
            return ast.Name("constant")
        return ast.Name(self.helper(found) if isinstance(found, FunctionType) else node.id)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Rename what belongs to the strategy itself; the engine's vocabulary stays."""
        if not (isinstance(node.value, ast.Name) and node.value.id == self.own and self.own):
            return ast.Attribute(self.visit(node.value), node.attr)
        if node.attr in self.readings:
            return ast.Name(self.reading(node.attr))
        if node.attr in self.fields:
            field = self.fields[node.attr]
            what = field.of.__name__ if field.of is not None else field.kind.value
            kind = "parameter" if field.parameter else f"state of {what}"
            return ast.Name(self.numbered(node.attr, f"{kind} "))
        return ast.Name(self.helper(self.methods[node.attr]) if node.attr in self.methods else node.attr)

    def helper(self, function: Any) -> str:
        """Return the name of a helper, and have it written down too."""
        if function not in self.names:
            self.waiting.append((self.numbered(function, "helper "), function))
        return self.names[function]

    def reading(self, name: str) -> str:
        """Return the name of a reading: which indicator, of what."""
        one = self.readings[name]
        fed = self.reading(one.of) if one.of in self.readings else one.of
        return self.numbered(name, f"{one.kind.__name__}.{one.output}({fed if 'x' in one.kind.inputs() else ''}) ")

    def visit_Constant(self, node: ast.Constant) -> Any:  # noqa: ARG002
        """Blank out a constant."""
        return ast.Name("constant")

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Leave an annotation out."""
        return self.visit(ast.Assign([node.target], node.value or ast.Constant(None)))

    def visit_Compare(self, node: ast.Compare) -> Any:
        """Turn one comparison so that it points to the right."""
        mirrored = _MIRRORED.get(type(node.ops[0])) if len(node.ops) == 1 else None
        if mirrored is not None:
            node = ast.Compare(node.comparators[0], [mirrored()], [node.left])
        return self.generic_visit(node)
