"""Purged k-fold and combinatorial splits: every slice is tested, trained on what lies before and after.

López de Prado (2018), "Advances in Financial Machine Learning": purged k-fold with embargo in chapter 7, combinatorial
purged cross-validation (CPCV) in chapter 12. The span is cut into groups; a split tests some of them and trains on the
rest, without what is too near:

    |TTTTTT..|tttttttt|..eeTTTTTT|     . purge: a label there shares slices with a label of the test
                                       e embargo: further slices after the test, which remember it

For rules that must never see the future, walk forward instead (``folds``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

from backtest.studies.folds import Range, without
from zeno.errors import ConfigError

MOST_SPLITS = 100_000
"""More than this is a mistyped number of groups."""


@dataclass(frozen=True)
class Split:
    """Half-open ranges of slices, in order of time; ``groups`` are the numbers of those that are tested."""

    number: int
    train: tuple[Range, ...]
    test: tuple[Range, ...]
    groups: tuple[int, ...]


def purged_folds(span: Range, groups: int, *, purge: int = 0, embargo: int = 0) -> tuple[Split, ...]:
    """Return ``groups`` splits, each testing one group; see ``combinatorial_splits``."""
    return combinatorial_splits(span, groups, 1, purge=purge, embargo=embargo)


def combinatorial_splits(
    span: Range, groups: int, tested: int, *, purge: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """Return all C(groups, tested) splits.

    Parameters
    ----------
    span
        All slices there are.
    groups
        Parts of the span, equal but for one slice.
    tested
        How many of them a split tests.
    purge
        How many slices a label looks ahead. Left out on both sides of a test: before it, where labels reach into the
        test; after it, where the test's own labels reach.
    embargo
        Left out after the purge that follows a test.

    Raises
    ------
    ConfigError
        When the numbers are not possible, or leave a split nothing to train on.

    >>> [(split.train, split.test) for split in combinatorial_splits((0, 9), 3, 1, purge=1)]
    [(((4, 9),), ((0, 3),)), (((0, 2), (7, 9)), ((3, 6),)), (((0, 5),), ((6, 9),))]
    """
    _check(span, groups, tested, purge, embargo)
    edges = np.linspace(*span, groups + 1).round().astype(np.int64).tolist()
    parts = list(pairwise(edges))
    splits = []
    for number, chosen in enumerate(combinations(range(groups), tested)):
        test = _joined([parts[group] for group in chosen])
        train = without(span, [(start - purge, stop + purge + embargo) for start, stop in test])
        if not train:
            raise ConfigError(f"Split {number} has nothing to train on.",
                              remedy="Shorten purge or embargo, or test fewer groups at a time.")  # fmt: skip
        splits.append(Split(number, train, test, chosen))
    return tuple(splits)


def paths(groups: int, tested: int) -> NDArray[np.int64]:
    """Return which split tests each group on each path through the span.

    Every group is tested by φ = C(groups − 1, tested − 1) splits, so that their test results make φ whole histories,
    each of them out of sample (section 12.4).

    Returns
    -------
    ndarray
        Split numbers, shape (φ, groups).

    >>> paths(4, 2)
    array([[0, 0, 1, 2],
           [1, 3, 3, 4],
           [2, 4, 5, 5]])
    """
    testers: list[list[int]] = [[] for _ in range(groups)]
    for number, chosen in enumerate(combinations(range(groups), tested)):
        for group in chosen:
            testers[group].append(number)
    return np.array(testers, np.int64).T


def _joined(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """Return neighbours as one range."""
    made: list[Range] = []
    for start, stop in ranges:
        if made and made[-1][1] == start:
            made[-1] = (made[-1][0], stop)
        else:
            made.append((start, stop))
    return tuple(made)


def _check(span: Range, groups: int, tested: int, purge: int, embargo: int) -> None:
    if not 1 <= tested < groups:
        raise ConfigError(f"{tested} of {groups} groups cannot be tested.",
                          remedy="Test at least one group, and leave at least one to train on.")  # fmt: skip
    if span[1] - span[0] < groups:
        raise ConfigError(f"{groups} groups do not fit {max(span[1] - span[0], 0)} slices.",
                          remedy="Take fewer groups or a longer period.")  # fmt: skip
    if purge < 0 or embargo < 0:
        raise ConfigError(f"purge is {purge} and embargo is {embargo}.", remedy="Give lengths from 0.")
    if comb(groups, tested) > MOST_SPLITS:
        raise ConfigError(f"{tested} of {groups} groups make {comb(groups, tested):,} splits.",
                          remedy=f"Take fewer groups; {MOST_SPLITS:,} splits are allowed.")  # fmt: skip
