"""A strategy that stops its run: said as plainly as any other mistake of a user's, with the line where it is known."""

import difflib
import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backtest.core import kernels
from zeno.errors import ConfigError, ZenoError

_OURS = Path(__file__).parent
_VIEWS = ("backtest.core.now", "backtest.core.desk")


@contextmanager
def explained(strategy: Any) -> Iterator[None]:
    """Turn what a strategy's code raises, or its orders, into a message; ``strategy`` is one, or its class.

    Whatever comes from a user's own file is the user's to correct. Of the catalogue's strategies only a division by
    zero or an overflow is: anything else is a fault of ours, and keeps its traceback.

    Raises
    ------
    ConfigError
        In place of what was raised.
    """
    cls = strategy if isinstance(strategy, type) else type(strategy)
    try:
        yield
    except ZenoError:
        raise
    except Exception as error:
        place = _place(cls, error)
        if not (isinstance(error, ArithmeticError) or (_is_users(cls) and (place or _is_compiled(error)))):
            raise
        said = _said(error) + (f" ({place})" if place else "")
        raise ConfigError(f"{cls.__name__} stopped the run: {said}", remedy=_remedy(error, place)) from error


def _place(cls: type, error: Exception) -> str:
    """Return the file and line of a strategy at which an error arose; compiled code has none."""
    own = inspect.getsourcefile(cls)
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == own]
    return f"{own}:{lines[-1]}" if lines else ""


def _is_users(cls: type) -> bool:
    return not Path(inspect.getsourcefile(cls) or "").is_relative_to(_OURS)


def _is_compiled(error: Exception) -> bool:
    """Tell whether an error came out of machine code: no frame is below the call of a kernel."""
    return traceback.extract_tb(error.__traceback__)[-1].filename == kernels.__file__


def _said(error: Exception) -> str:
    """Return what happened in words of a strategy, which knows ``now`` and not what stands behind it in a lane."""
    if isinstance(error, ArithmeticError):
        return str(error)
    if isinstance(error, AttributeError) and _is_view(error.obj):
        return f"now has no {error.name}"
    return f"{type(error).__name__}: {error}"


def _is_view(thing: Any) -> bool:
    return type(thing).__module__ in _VIEWS


def _remedy(error: Exception, place: str) -> str:
    if not place:
        return "--lane plain names the line"
    near = difflib.get_close_matches(getattr(error, "name", None) or "", _names(error), n=1)
    if near:
        return f"correct the strategy: did you mean {near[0]}?"
    return "correct the strategy; docs/strategies.md has what it may use"


def _names(error: Exception) -> list[str]:
    """Return what could have been meant: what the thing has, or what the code knows where a name is undefined."""
    if isinstance(error, AttributeError):
        return [name for name in dir(error.obj) if not name.startswith("_")]
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [*frames[-1].f_locals, *frames[-1].f_globals] if frames else []
