"""What a flat class accepts when it is made: numbers, once, within bounds."""

import math
from typing import Any

import numpy as np
import pytest

from backtest.core.flat import Flat, integers, parameter, window
from zeno.errors import ConfigError


class Thing(Flat):
    """One parameter of each kind, and what follows from them."""

    count: int = parameter(3, minimum=1)
    share: float = parameter(0.5, minimum=0.0)
    free: float = parameter(0.0)
    kept: list[float] = window(lambda self: self.count)
    other: list[int] = integers(lambda self: self.count)


@pytest.mark.parametrize("name", ["count", "share", "free"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "5", "abc", None, [1], 2**63, 10**30])
def test_only_finite_numbers_that_fit_are_taken(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"Thing: {name} must be a number"):
        Thing(**{name: value})


@pytest.mark.parametrize("value", [7, 7.0, np.int64(7), np.float64(7.0), np.float32(7.0)])
def test_numbers_of_every_type_are_taken_as_the_declared_one(value: Any) -> None:
    made = Thing(count=value, share=value)
    assert (type(made.count), made.count, type(made.share), made.share) == (int, 7, float, 7.0)


def test_half_a_count_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"must be a whole number, not 2\.5"):
        Thing(count=2.5)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="Thing is given count twice"):
        Thing(4, count=5)


def test_a_window_beyond_memory_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs a window of 1,000,000,000,000 numbers"):
        Thing(count=10**12)
