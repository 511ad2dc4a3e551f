"""Strategies by what a user writes: a name of the catalogue, or ``FILE.py:Class``."""

import importlib.util
import sys
from pathlib import Path

from backtest.core.strategy import PanelStrategy, Strategy
from backtest.strategies.registry import strategy
from zeno.errors import ConfigError, ZenoError


def find_strategy(name: str) -> type:
    """Return the strategy of a name, or a class of a user's own file.

    Raises
    ------
    ConfigError
        When there is no such strategy, file or class, or the file cannot be loaded.
    """
    if name.endswith(".py"):
        raise ConfigError(f"{name} does not say which class", remedy="give --strategy FILE.py:Class")
    return _from_file(name) if ".py:" in name else strategy(name)


def file_of(name: str) -> Path | None:
    """Return the file of ``FILE.py:Class``; None for a name of the catalogue."""
    return Path(name.rpartition(":")[0]).resolve() if ".py:" in name else None


def _from_file(name: str) -> type:
    path, _, wanted = name.rpartition(":")
    if not Path(path).is_file():
        raise ConfigError(f"there is no file {path}", remedy="give --strategy FILE.py:Class")
    spec = importlib.util.spec_from_file_location(f"zeno_user_{Path(path).stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ZenoError:
        raise
    except Exception as error:  # a user's file may raise anything
        kind = "" if isinstance(error, ImportError | SyntaxError) else f"{type(error).__name__}: "
        raise ConfigError(f"{path} cannot be loaded: {kind}{error}", remedy="correct the file") from error
    found = getattr(module, wanted, None)
    if not (isinstance(found, type) and issubclass(found, Strategy | PanelStrategy)) or found in (
        Strategy,
        PanelStrategy,
    ):
        raise ConfigError(f"{path} has no strategy {wanted}",
                          remedy="name a class of that file that derives from Strategy or PanelStrategy")  # fmt: skip
    return found
