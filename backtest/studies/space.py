"""The space of parameters that a study searches: every point of a grid, or a seeded sample of ranges.

Written as ``name=5,10,20`` (these values), ``name=5:50:5`` (from, to, step) or ``name=0.1:0.9`` (a range to sample;
whole numbers stay whole). Points are numbered, and the same space gives the same points everywhere.
"""

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy.stats import qmc

from zeno.errors import ConfigError

METHODS = ("grid", "random", "latin")
_MOST = 1_000_000
_LARGEST = sys.float_info.max  # a longer whole number is none that arithmetic with floats knows
Point = dict[str, float]


def parse_axis(text: str) -> tuple[str, list[float] | dict[str, float]]:
    """Return the name and the values, or the ends of the range, of an axis as a user writes it.

    Raises
    ------
    ConfigError
        When it cannot be read, has a value twice, or too many.

    >>> parse_axis("fast=5:15:5"), parse_axis("share=0.1:0.5")
    (('fast', [5, 10, 15]), ('share', {'low': 0.1, 'high': 0.5}))
    """
    name, equals, rest = text.partition("=")
    try:
        if not (name and equals and rest):
            raise ValueError
        if ":" not in rest:
            return name, _once(name, [parse_number(one) for one in rest.split(",")])
        low, high, *step = (parse_number(one) for one in rest.split(":", 2))
    except ValueError:
        raise ConfigError(
            f"{text} is not an axis.", remedy="Write fast=5,10,20, fast=5:50:5 or share=0.1:0.9"
        ) from None
    if not low < high or (step and step[0] <= 0):
        raise ConfigError(f"{text} does not rise.", remedy="Write low:high:step with low < high and step > 0.")
    if not step:
        return name, {"low": low, "high": high}
    if not (high - low) / step[0] < _MOST:
        raise ConfigError(f"{text} has too many values.",
                          remedy="Give a longer step, or sample: --method latin --points N.")  # fmt: skip
    count = int((high - low) / step[0] + 1e-9) + 1
    return name, [_plain(low + number * step[0]) for number in range(count)]


def points(axes: Mapping[str, Any], *, method: str = "grid", count: int = 0, seed: int = 0) -> list[Point]:
    """Return the points of a space, in order.

    Parameters
    ----------
    axes
        Of each parameter its values, or the ``low`` and ``high`` end of a range.
    method
        ``grid`` (all of them), ``random`` (independent) or ``latin`` (a Latin hypercube: each axis evenly covered).
    count, seed
        How many to sample, and from which seed.

    Raises
    ------
    ConfigError
        When the space is empty or too large, a grid has a range without a step, or the seed is negative.
    """
    if method not in METHODS:
        raise ConfigError(f"There is no method {method!r}.", remedy=f"One of {', '.join(METHODS)}.")
    if method == "grid":
        return _grid(axes)
    if not axes:
        raise ConfigError(f"There is nothing to sample by {method}.", remedy="Give an axis: --grid fast=5:50")
    if count < 1:
        raise ConfigError(f"A {method} sample needs a number of points.", remedy="Give --points.")
    if count > _MOST:
        raise ConfigError(f"A sample of {count:,} points is too large.", remedy=f"Give --points {_MOST} or fewer.")
    check_seed(seed)
    shares = _shares(method, len(axes), count, seed)
    sampled = [{name: _at(axis, share) for (name, axis), share in zip(axes.items(), row, strict=True)}
               for row in shares.tolist()]  # fmt: skip
    return list({tuple(sorted(one.items())): one for one in sampled}.values())  # whole numbers may fall together


def check_seed(seed: int) -> None:
    """Refuse what nothing can be drawn from.

    Raises
    ------
    ConfigError
        When the seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"Nothing can be drawn from the seed {seed}.", remedy="Give --seed 0 or more.")


def parse_number(text: str) -> float:
    """Return a finite number as a user writes it; whole numbers stay whole.

    Raises
    ------
    ValueError
        When it is none.
    """
    number = _plain(float(text)) if "." in text or "e" in text.lower() else int(text)
    if not abs(number) <= _LARGEST:
        raise ValueError(text)
    return number


def _once(name: str, values: list[float]) -> list[float]:
    """Refuse what would be run twice and counted as two trials."""
    (most, count), *_ = Counter(values).most_common(1)
    if count > 1:
        raise ConfigError(f"{name} has {most:g} twice.", remedy="Give each value once.")
    return values


def _grid(axes: Mapping[str, Any]) -> list[Point]:
    if ranges := [name for name, axis in axes.items() if isinstance(axis, Mapping)]:
        raise ConfigError(
            f"{ranges[0]} is a range without a step.", remedy="Give a step, or --method latin --points N."
        )
    sizes = math.prod(len(axis) for axis in axes.values())
    if sizes > _MOST:
        raise ConfigError(f"The grid has {sizes:,} points.", remedy="Sample it: --method latin --points N.")
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _shares(method: str, width: int, count: int, seed: int) -> np.ndarray:
    random = np.random.Generator(np.random.Philox(seed))
    if method == "random":
        return random.random((count, width))
    return qmc.LatinHypercube(width, rng=random).random(count)


def _at(axis: Sequence[float] | Mapping[str, float], share: float) -> float:
    if not isinstance(axis, Mapping):
        return axis[min(int(share * len(axis)), len(axis) - 1)]
    low, high = axis["low"], axis["high"]
    if isinstance(low, int) and isinstance(high, int):
        return low + min(int(share * (high - low + 1)), high - low)
    return _plain(low + share * (high - low))


def _plain(value: float) -> float:
    """Return a number without the last bits that adding steps leaves behind."""
    return value if isinstance(value, int) else float(f"{value:.12g}")
