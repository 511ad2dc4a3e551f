"""The examples in docstrings hold."""

import doctest
import importlib
import pkgutil

import pytest

from backtest import studies

MODULES = [module.name for module in pkgutil.walk_packages(studies.__path__, "backtest.studies.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    assert doctest.testmod(importlib.import_module("backtest.studies.folds")).attempted >= 3
