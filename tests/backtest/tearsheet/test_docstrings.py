import doctest
import importlib
import pkgutil

import pytest

from backtest import tearsheet

MODULES = [module.name for module in pkgutil.iter_modules(tearsheet.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    found = doctest.testmod(importlib.import_module(f"backtest.tearsheet.{name}"))
    assert found.failed == 0


def test_there_are_examples():
    module = importlib.import_module("backtest.tearsheet.text")
    assert doctest.testmod(module).attempted > 5
