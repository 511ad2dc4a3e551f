"""What an indicator is: a flat class that is fed one slice at a time and says one thing, or a few, about the past.

An indicator is causal by construction: ``update`` sees the newest values and its own state, nothing else. Its inputs
are named by the arguments of ``update``: any of open, high, low, close, volume, or ``x``, which stands for whatever the
user points it at (the close, unless told otherwise). Prices arrive as floats that are exact: the engine's integers in
units of the price scale. Until it has seen ``warmup()`` values it answers NaN, which compares as false with anything.
"""

import inspect
from typing import ClassVar

from backtest.core.flat import Flat

INPUTS = ("open", "high", "low", "close", "volume")


class Indicator(Flat):
    """Base of all indicators. Declare parameters and state, write ``update``, say how long it warms up.

    ``outputs`` names what ``update`` returns: one float for one name, else a tuple of floats in that order.
    """

    outputs: ClassVar[tuple[str, ...]] = ("value",)

    def warmup(self) -> int:
        """Return how many updates it takes until the first answer that is not NaN."""
        raise NotImplementedError

    @classmethod
    def inputs(cls) -> tuple[str, ...]:
        """Return what ``update`` is fed, in order: names of INPUTS, or ``x``."""
        return tuple(inspect.signature(cls.update).parameters)[1:]  # type: ignore[attr-defined]
