"""A strategy that stops its run: said as plainly as any other mistake of a user's, with the line where it is known."""

import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zeno.errors import ConfigError


@contextmanager
def explained(strategy: Any) -> Iterator[None]:
    """Turn a division by zero or an overflow, which come from a strategy's code or its orders, into a message.

    Raises
    ------
    ConfigError
        In place of what was raised.
    """
    try:
        yield
    except ArithmeticError as error:
        place = _place(strategy, error)
        remedy = "correct the strategy" if place else "--lane plain names the line"
        said = f"{error} ({place})" if place else str(error)
        raise ConfigError(f"{type(strategy).__name__} stopped the run: {said}", remedy=remedy) from error


def _place(strategy: Any, error: Exception) -> str:
    """Return the file and line of a strategy at which an error arose; compiled code has none."""
    own = inspect.getsourcefile(type(strategy))
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == own]
    return f"{own}:{lines[-1]}" if lines else ""
