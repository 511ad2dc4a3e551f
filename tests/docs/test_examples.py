"""The examples in docstrings hold, in every room."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("assets", "backtest", "cli", "collectors", "mrie", "research", "warehouse", "zeno")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert found.failed == 0
