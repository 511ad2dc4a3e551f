import doctest
import importlib
import pkgutil

import pytest

from backtest import tearsheet
from zeno import drawing

MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (tearsheet, drawing)
    for module in pkgutil.iter_modules(package.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_there_are_examples():
    modules = map(importlib.import_module, ("backtest.tearsheet.text", "zeno.drawing.numerals"))
    assert sum(doctest.testmod(module).attempted for module in modules) > 5
