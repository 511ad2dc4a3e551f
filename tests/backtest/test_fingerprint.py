"""A kernel is compiled anew whenever anything that it was compiled from has changed."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from backtest.core.kernels import fingerprint

STRATEGY = """
from backtest.core.flat import Flat, part, state
from backtest.core.strategy import Strategy
from fingerprint_helpers import EDGE, Outer, helper

class Mine(Strategy):
    outer: Outer = part(Outer, lambda self: Outer())
    def on_bar(self, now):
        now.hold(1 if helper(now.close) > EDGE else 0)
"""
HELPERS = """
from backtest.core.flat import Flat, part, state
from fingerprint_deeper import Inner, EDGE, deeper

class Outer(Flat):
    inner: Inner = part(Inner, lambda self: Inner())

def helper(x):
    return deeper(x)
"""
DEEPER = """
from backtest.core.flat import Flat, state

EDGE = 5

class Inner(Flat):
    n: int = state()

def deeper(x):
    return x + 1
"""
TEXTS = {"fingerprint_deeper": DEEPER, "fingerprint_helpers": HELPERS, "fingerprint_mine": STRATEGY}


def loaded(folder: Path, texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    return sys.modules["fingerprint_mine"].Mine


def test_the_same_sources_have_the_same_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fingerprint(loaded(tmp_path / "a", TEXTS, monkeypatch))
    assert fingerprint(loaded(tmp_path / "b", TEXTS, monkeypatch)) == first


@pytest.mark.parametrize(("module", "before", "after"), [
    ("fingerprint_mine", "> EDGE", "< EDGE"),
    ("fingerprint_helpers", "return deeper(x)", "return deeper(x + 1)"),
    ("fingerprint_deeper", "return x + 1", "return x + 2"),
    ("fingerprint_deeper", "EDGE = 5", "EDGE = 6"),
    ("fingerprint_deeper", "n: int = state()", "n: int = state(3)"),
])  # fmt: skip
def test_a_change_anywhere_changes_the_fingerprint(
    module: str, before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint(loaded(tmp_path / "a", TEXTS, monkeypatch))
    changed = TEXTS | {module: TEXTS[module].replace(before, after)}
    assert changed != TEXTS
    assert fingerprint(loaded(tmp_path / "b", changed, monkeypatch)) != first


VALUES = """
import numpy as np
from numba import njit
LEVELS, TABLE, NAME, SIZE = (5, 7), np.array([1, 2]), "a", 7

@njit
def made(x):
    return x + 1
"""
USING = """
import fingerprint_deeper as values
from fingerprint_deeper import LEVELS, NAME, TABLE, made
from backtest.core.strategy import Strategy

class Mine(Strategy):
    def on_bar(self, now):
        now.hold(LEVELS[0] + TABLE[0] + made(1) + values.SIZE + len(NAME))
"""


@pytest.mark.parametrize(("before", "after"), [("(5, 7)", "(5, 8)"), ("[1, 2]", "[1, 3]"), ('"a"', '"b"'),
                                               ('"a", 7', '"a", 8'), ("x + 1", "x + 2")])  # fmt: skip
def test_whatever_the_compiler_takes_as_a_constant_counts(
    before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"fingerprint_deeper": VALUES, "fingerprint_mine": USING}
    first = fingerprint(loaded(tmp_path / "a", texts, monkeypatch))
    changed = VALUES.replace(before, after)
    assert changed != VALUES
    assert fingerprint(loaded(tmp_path / "b", texts | {"fingerprint_deeper": changed}, monkeypatch)) != first


def test_a_constant_imported_from_elsewhere_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = TEXTS | {"fingerprint_mine": STRATEGY.replace("    outer: Outer = part(Outer, lambda self: Outer())\n", "")
                     .replace("helper(now.close)", "now.close")}  # fmt: skip
    first = fingerprint(loaded(tmp_path / "a", texts, monkeypatch))
    changed = texts | {"fingerprint_deeper": DEEPER.replace("EDGE = 5", "EDGE = 6")}
    assert fingerprint(loaded(tmp_path / "b", changed, monkeypatch)) != first
