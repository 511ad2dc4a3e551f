"""One out-of-sample history from the tests of folds: returns end to end, compounded as one account."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeno.errors import ConfigError


@dataclass(frozen=True)
class Stitched:
    """The tests of all folds in a row; each array has a row a period.

    Attributes
    ----------
    moments
        µs UTC, increasing.
    returns
        Of a period, as a fraction.
    equity
        At the end of each period, in units of the first capital.
    folds
        Which fold each period was tested in.
    """

    moments: NDArray[np.int64]
    returns: NDArray[np.float64]
    equity: NDArray[np.float64]
    folds: NDArray[np.int64]


def stitched(tests: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> Stitched:
    """Join the tests of folds 0, 1, … to one history.

    Every fold starts with what the one before left: returns are joined, never equities, whose levels start afresh.

    Parameters
    ----------
    tests
        Of each fold the moments (µs UTC) and the returns of its test, in order.

    Raises
    ------
    ConfigError
        When there are none, lengths differ, or a period comes before one that is there already.

    >>> one = np.array([1, 2]), np.array([0.5, 0.0])
    >>> two = np.array([3]), np.array([-0.5])
    >>> stitched([one, two]).equity
    array([1.5 , 1.5 , 0.75])
    """
    if not tests:
        raise ConfigError("There are no folds to put together.", remedy="Wait for the study's tests, or resume it.")
    if uneven := [number for number, (moments, returns) in enumerate(tests) if len(moments) != len(returns)]:
        raise ConfigError(f"Fold {uneven[0]} has not as many moments as returns.", remedy="Run its task again.")
    moments = np.concatenate([moments for moments, _ in tests]).astype(np.int64)
    returns = np.concatenate([returns for _, returns in tests]).astype(np.float64)
    folds = np.repeat(np.arange(len(tests)), [len(moments) for moments, _ in tests])
    late = np.flatnonzero(np.diff(moments) <= 0)
    if late.size:
        raise ConfigError(f"Fold {folds[late[0] + 1]} has a period that is not after the one before it.",
                          remedy="Give the folds in order, with a step of at least a test.")  # fmt: skip
    return Stitched(moments, returns, np.cumprod(1.0 + returns, dtype=np.float64), folds)
