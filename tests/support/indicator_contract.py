"""What every indicator must keep, as functions that raise AssertionError where one does not.

Each takes a maker, which returns a fresh indicator, and rows of inputs, one array a bar in the order of ``inputs()``.
"""

import pickle
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple

from backtest.core import flat
from backtest.core.compiler import compiled, object_in
from backtest.core.indicator import Indicator

Make = Callable[[], Indicator]


def rows_for(indicator: Indicator, bars: dict[str, np.ndarray]) -> np.ndarray:
    """Return the bars' columns that an indicator is fed, one row a bar."""
    return np.column_stack([bars[name] for name in indicator.inputs()])


def interpreted(indicator: Indicator, rows: np.ndarray) -> np.ndarray:
    """Return an indicator's answers, one row a bar and one column an output."""
    answers = [indicator.update(*row) for row in rows.tolist()]  # type: ignore[attr-defined]
    return np.array(answers, dtype=np.float64).reshape(len(rows), len(indicator.outputs))


@cache
def kernel(cls: type[Indicator]) -> Callable[[int, np.ndarray, np.ndarray], None]:
    """Return a compiled loop over rows for a class of indicators, by way of its words."""
    view, update, arity, many = object_in(cls), compiled(cls.update), len(cls.inputs()), len(cls.outputs) > 1  # type: ignore[attr-defined]
    if many:

        @njit(nogil=True)
        def run_many(words: int, rows: np.ndarray, out: np.ndarray) -> None:
            for i in range(len(rows)):
                answer = update(view(words, 0), *to_fixed_tuple(rows[i], arity))
                for k in range(len(answer)):
                    out[i, k] = answer[k]

        return run_many

    @njit(nogil=True)
    def run_one(words: int, rows: np.ndarray, out: np.ndarray) -> None:
        for i in range(len(rows)):
            out[i, 0] = update(view(words, 0), *to_fixed_tuple(rows[i], arity))

    return run_one


def packed(indicator: Indicator) -> np.ndarray:
    """Return an indicator's words."""
    words = np.zeros(flat.size(indicator), dtype=np.int64)
    assert flat.pack(indicator, words) == len(words)
    return words


def run_compiled(indicator: Indicator, rows: np.ndarray) -> np.ndarray:
    """Return the answers of the compiled twin, which leaves the indicator as it would be after the rows."""
    words, out = packed(indicator), np.empty((len(rows), len(indicator.outputs)))
    kernel(type(indicator))(words.ctypes.data, np.ascontiguousarray(rows), out)
    flat.unpack(indicator, words)
    return out


def assert_same_bits(left: np.ndarray, right: np.ndarray) -> None:
    """Require equal answers bit for bit; one NaN is as good as another."""
    assert left.shape == right.shape
    nan = np.isnan(left)
    assert np.array_equal(nan, np.isnan(right)), (
        f"NaN differ first at {np.argmax((nan != np.isnan(right)).any(axis=1))}"
    )
    differ = (left.view(np.int64) != right.view(np.int64)) & ~nan
    assert not differ.any(), f"bits differ first at {np.argmax(differ.any(axis=1))}"


def check_compiled(make: Make, rows: np.ndarray) -> None:
    """Compiled and interpreted give the same bits, and leave the same state."""
    slow, quick = make(), make()
    assert_same_bits(interpreted(slow, rows), run_compiled(quick, rows))
    assert np.array_equal(packed(slow), packed(quick)), "the states differ"


def check_pure(make: Make, rows: np.ndarray) -> None:
    """Two instances share nothing: fed in turns, each answers as if alone; classes and modules stay as they are."""
    before = _globals(type(make()))
    here, there = make(), make()
    answers: tuple[list[Any], list[Any]] = [], []
    for one, other in zip(rows, rows[::-1], strict=True):
        answers[0].append(interpreted(here, one[None])[0])
        answers[1].append(interpreted(there, other[None])[0])
    assert_same_bits(np.array(answers[0]), interpreted(make(), rows))
    assert_same_bits(np.array(answers[1]), interpreted(make(), rows[::-1]))
    assert _globals(type(make())) == before, "a module or class changed"


def _globals(cls: type[Indicator]) -> dict[str, str]:
    classes = [one for one in cls.__mro__ if one is not object]
    seen = {f"{one.__qualname__}.{name}": repr(value) for one in classes for name, value in vars(one).items()}
    modules = {one.__module__ for one in classes}
    return seen | {f"{name}:{key}": repr(value) for name in modules for key, value in vars(sys.modules[name]).items()
                   if not key.startswith("__")}  # fmt: skip


def check_deterministic(make: Make, rows: np.ndarray) -> None:
    """Equal inputs give equal bits."""
    assert_same_bits(interpreted(make(), rows), interpreted(make(), rows))


def check_bounded(make: Make, rows: np.ndarray) -> None:
    """The words that an indicator takes, and what it pickles to, do not grow with its updates."""
    indicator = make()
    words = flat.size(indicator)
    interpreted(indicator, rows[: len(rows) // 2])
    half = len(pickle.dumps(indicator))
    interpreted(indicator, rows[len(rows) // 2 :])
    assert flat.size(indicator) == words, f"{words} words have become {flat.size(indicator)}"
    wobble = 10 * words  # a number's pickle takes from 2 to 10 bytes, by its value
    assert len(pickle.dumps(indicator)) <= half + wobble, "grows outside its words"


def check_warmup(make: Make, rows: np.ndarray) -> None:
    """All outputs are NaN before the declared update, and none from it on."""
    indicator = make()
    nan = np.isnan(interpreted(indicator, rows))
    first = indicator.warmup() - 1
    assert 0 <= first < len(rows), f"{indicator} declares {first + 1} of {len(rows)} rows"
    assert nan[:first].all(), f"{indicator} answers before update {first + 1}"
    assert not nan[first:].any(), f"{indicator} is NaN at update {first + 1 + int(np.argmax(nan[first:].any(axis=1)))}"


def check_resumes(make: Make, rows: np.ndarray, cut: int) -> None:
    """Pickled, or packed into words and unpacked into a fresh one, at ``cut``, it goes on with the same bits."""
    whole = interpreted(make(), rows)[cut:]
    indicator = make()
    interpreted(indicator, rows[:cut])
    assert type(indicator).fields.keys() >= vars(indicator).keys(), "state outside the declared fields"
    revived = make()
    flat.unpack(revived, packed(indicator))
    assert_same_bits(interpreted(pickle.loads(pickle.dumps(indicator)), rows[cut:]), whole)
    assert_same_bits(interpreted(revived, rows[cut:]), whole)


def check_causal(
    make: Make, rows: np.ndarray, cut: int, *, feed: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> None:
    """Answers up to ``cut`` are those of the prefix alone, and the same whatever comes after.

    ``feed`` is what stands between the bars and the indicator: a harness that must not look ahead either.
    """
    whole = interpreted(make(), feed(rows))[:cut]
    assert_same_bits(whole, interpreted(make(), feed(rows[:cut])))
    other = rows.copy()
    other[cut:] = other[cut:][::-1] * 3 + 1
    assert_same_bits(whole, interpreted(make(), feed(other))[:cut])
