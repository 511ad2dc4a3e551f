"""Compiled entry points: a few functions on the engine's block of words, cached on disk between processes.

A kernel is cached under a digest of everything that it is compiled from: the core's sources, the modules of the
strategy and of its indicators, and numba's version. Change any of them and the next run compiles anew; stale machine
code cannot be picked up. The entry points are written to a small file, because numba's cache wants one.
"""

import hashlib
import inspect
import logging
import re
import sys
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit
from numba.core.errors import NumbaError, UnsupportedBytecodeError

from backtest.core import drawdown, panel
from backtest.core import engine as series
from backtest.core.compiler import address, compiled, names_in, object_in, point
from backtest.core.flat import Flat, methods, offsets
from backtest.core.ledger import Journal
from backtest.core.now import Now, Slice
from zeno.errors import ZenoError

COLUMNS = ("times", "opens", "highs", "lows", "closes", "volumes", "flags", "members")

_BLOCKS = """
def observe(words, start, stop):
    engine = view(words, 0)
    next_block(engine, start, stop)
    return engine.ready

def complete(words, stop):
    complete_(view(words, 0), stop)
"""

_RUN = """
def run(words, start, stop):
    return advance(view(words, 0), start, stop)

def live(words, event, closes):
    engine = view(words, 0)
    now, journal = engine.now, engine.journal
    where, wide = address(event), 8 * WIDTH
    point(now, FIRST, where)
    for number in range(1, 6):
        point(now, FIRST + number, where + 8 + (number - 1) * wide)
    if closes != 0:
        point(now, FIRST + 4, closes)
    point(now, FIRST + 6, where + 8 + 5 * wide)
    point(now, FIRST + 7, where + 16 + 5 * wide)
    point(journal, MARKS, where + 24 + 5 * wide)
    engine.base = engine.ready = 0
    now.begun = now.done = 0
    before = journal.count
    advance(engine, 0, 1)
    return journal.count - before
"""

_SWEEP = """
def sweep(block, places, shares, start, stop, found):
    peaks = found[:, 0]
    for number in range(len(places)):
        peaks[number] = view(block, places[number]).account.ledger.equity()
    base = start
    while base < stop:
        ready = min(base + BLOCK, stop)
        for number in range(len(places)):
            engine = view(block, places[number])
            engine.base, engine.ready = base, ready
            engine.observe(base, ready, shares[number])
            advance(engine, base, ready)
            peaks[number], found[number, 5] = fall(engine.journal.marks, base, ready, peaks[number], found[number, 5])
        base = ready
    for number in range(len(places)):
        ledger = view(block, places[number]).account.ledger
        found[number, 0] = ledger.equity()
        found[number, 1], found[number, 2] = ledger.fills, ledger.trips
        found[number, 3], found[number, 4] = ledger.fees, ledger.turnover
"""

_WAKE = """
def wake(words, start, stop):
    engine = view(words, 0)
    i = advance_to_wake(engine, start, stop)
    return i if engine.now.why == WOKEN else -1 - i

def catch_up(words, i):
    catch_up_(view(words, 0), i)
"""


_INSTALLED = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
_COMPLAINTS = (NumbaError, UnsupportedBytecodeError)
_log = logging.getLogger(__name__)
_told: set[type[Flat]] = set()


class CannotCompile(ZenoError):
    """A strategy or an indicator uses Python that has no compiled form; it still runs in the dense and plain lanes."""


def kernel(strategy: type[Flat], folder: Path, name: str) -> Callable[..., Any]:
    """Return a compiled entry point of a strategy: run, live, wake, catch_up, observe or complete.

    Raises
    ------
    CannotCompile
        When it is first called and the strategy's code has no compiled form; the remedy names the lanes that work.
    """
    return _module(strategy, folder)[name]


def desk(strategy: type[Flat], folder: Path, method: str, arity: int) -> Callable[..., Any]:
    """Return a compiled call of a method of the view, for strategies that decide in plain Python."""
    return _desk(bool(getattr(strategy, "panel", False)), folder, method, arity)


@cache
def _module(strategy: type[Flat], folder: Path) -> dict[str, Callable[..., Any]]:
    parts = panel if strategy.panel else series  # type: ignore[attr-defined]
    made = parts.engine_of(strategy)  # type: ignore[arg-type]
    first = offsets(Slice if parts is panel else Now)["times"]
    text = _RUN.replace("WIDTH", "now.width" if parts is panel else "1")
    text += "" if parts is panel else _BLOCKS + _WAKE + _SWEEP
    names = {
        "view": object_in(made),
        "address": address,
        "point": point,
        "FIRST": first,
        "MARKS": offsets(Journal)["marks"],
    }
    for plain in ("advance", "advance_to_wake", "next_block", "complete", "catch_up"):
        if hasattr(parts, plain):
            names[plain + ("_" if plain in ("complete", "catch_up") else "")] = compiled(getattr(parts, plain))
    names |= {
        "fall": compiled(drawdown.fall),
        "BLOCK": series.BLOCK,
        "WOKEN": series.WOKEN,
    }
    return _entries(text, names, folder / fingerprint(strategy), strategy.__qualname__, strategy)


@cache
def _desk(is_panel: bool, folder: Path, method: str, arity: int) -> Callable[..., Any]:
    parts, now = (panel, Slice) if is_panel else (series, Now)
    given = "".join(f", a{number}" for number in range(arity))
    text = f"def {method}(words{given}):\n    return view(words, 0).now.{method}({given[2:]})\n"
    base = parts.PanelEngine if is_panel else parts.Engine
    label = f"desk_{now.__name__}_{method}{arity}"
    return _entries(text, {"view": object_in(base)}, folder / fingerprint(now), label, now, nogil=False)[method]


def _entries(
    text: str, names: dict[str, Any], folder: Path, label: str, owner: type[Flat], *, nogil: bool = True
) -> dict[str, Callable[..., Any]]:
    safe = "".join(one if one.isalnum() else "_" for one in label).lower()
    path = folder / f"{safe}.py"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{id(text)}.part")
        partial.write_text(f'"""Entry points compiled for {label}: generated, and safe to delete."""\n{text}')
        partial.replace(path)
    names["__name__"] = __name__  # numba looks functions' globals up by the name of their module
    before = set(names) | {"__builtins__"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    made = {
        name: njit(nogil=nogil, cache=True)(names[name])
        for name in set(names) - before
        if inspect.isfunction(names[name])
    }
    return {name: _explained(one, owner) for name, one in made.items()}


def _explained(entry: Any, owner: type[Flat]) -> Callable[..., Any]:
    """Turn a compiler's complaint, which can only come from the first call, into one that helps."""
    working: list[Any] = []

    def explained(call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except _COMPLAINTS as error:
            raise _cannot(owner, error) from error

    def call(*arguments: Any) -> Any:
        if working:
            return entry(*arguments)
        _tell(entry, owner)
        result = explained(entry, *arguments)
        working.append(True)
        return result

    def direct(*types: Any) -> Callable[..., Any]:
        """Return the entry for arguments of these types, which it does not look at again: a short call costs less."""
        _tell(entry, owner)
        explained(entry.compile, types)
        return entry.get_overload(types)

    call.entry, call.direct = entry, direct  # type: ignore[attr-defined]
    return call


def _tell(entry: Any, owner: type[Flat]) -> None:
    """Log, once a strategy, that machine code is about to be made, which takes seconds: unless it is in the cache."""
    if owner not in _told and not Path(entry._cache._cache_file._index_path).exists():
        _told.add(owner)
        made = "calls from plain Python" if owner in (Now, Slice) else getattr(owner, "name", "") or owner.__name__
        _log.info("Compiling %s (once) …", made)


def _cannot(owner: type[Flat], error: Exception) -> CannotCompile:
    return CannotCompile(
        f"{owner.__name__} cannot be compiled: {gist(error)}",
        remedy=f"Run it with --lane {'plain' if getattr(owner, 'panel', False) else 'dense'} (any Python, slower), or "
               "use numbers, parameters, state() and indicator() alone in it.",
    )  # fmt: skip


def gist(error: Exception) -> str:
    """Return the cause in a compiler's long complaint, and the place that it names first."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [one.strip() for one in text.splitlines()]
    noise = ("-", "During", "Failed in", "Overload", "There are", ">>>", "None", "File ", "Raised from")
    cause = next((one for one in lines if one and not one.startswith(noise)), type(error).__name__)
    place = re.search(r"(\S+\.py) \((\d+)\)", text)
    return f"{cause} ({place[1]}:{place[2]})" if place else cause


@cache
def fingerprint(cls: type[Flat]) -> str:
    """Return the digest of everything that a kernel of this class is compiled from."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(f"{numba.__version__} {sys.version_info[:3]}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for one in _sources(cls):
        digest.update(one.encode())
    return digest.hexdigest()


def _sources(cls: type[Flat]) -> list[str]:
    """Return the sources of a class, its bases and its indicators: of their modules where there are any."""
    found: dict[str, str] = {}
    used = [cls, *(one.kind for one in getattr(cls, "unique", ()))]
    for one in used:  # which grows: parts of parts count, too
        used += [field.of for field in one.fields.values() if field.of is not None and field.of not in used]
    for one in (base for each in used for base in each.__mro__ if issubclass(base, Flat)):
        module = sys.modules.get(one.__module__)
        try:
            found[f"{one.__module__}.{one.__qualname__}"] = inspect.getsource(module if _is_file(module) else one)  # type: ignore[arg-type]
        except (OSError, TypeError):
            found[f"{one.__module__}.{one.__qualname__}"] = repr(
                [code.__code__.co_code for code in methods(one).values()]
            )
    for one in used:
        for function in methods(one).values():
            _add_helpers(function, found)
    return [f"{name}\n{text}" for name, text in sorted(found.items())]


def _add_helpers(function: Callable[..., Any], found: dict[str, str]) -> None:
    """Add what a function is compiled with: the modules of the functions it calls, and the values it names."""
    for name in names_in(function.__code__) & set(function.__globals__):
        value = function.__globals__[name]
        value = getattr(value, "py_func", value)  # of a function that is compiled already
        label = f"{function.__module__}.{name}"
        if inspect.ismodule(value):
            found[label] = _source_of(value)
        elif isinstance(value, np.ndarray):
            found[label] = f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        elif isinstance(value, int | float | complex | str | bytes | tuple | list | None):
            found[label] = repr(value)
        elif inspect.isfunction(value) and label not in found:
            try:
                found[label] = inspect.getsource(sys.modules[value.__module__])
            except (OSError, TypeError, KeyError):
                found[label] = repr(value.__code__.co_code)
            _add_helpers(value, found)


def _source_of(module: Any) -> str:
    """Return the source of a module of which a function names parts; of installed ones, which have versions, nothing.

    Whatever it takes from modules of its own is not looked at.
    """
    path = Path(getattr(module, "__file__", None) or "")
    installed = any(path.is_relative_to(place) for place in _INSTALLED)
    return "" if installed or path.suffix != ".py" else path.read_text()


def _is_file(module: Any) -> bool:
    return module is not None and module.__name__ != "__main__" and getattr(module, "__file__", None) is not None
