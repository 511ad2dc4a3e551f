"""Walk-forward folds: train on the past, test on what came next, move on.

    anchored   |TTTTTTTT..|tttt|                 T train    t test    . purge: too near the test to train on
               |TTTTTTTTTTTT..|tttt|             e embargo: just after an earlier test, left out if asked for
    rolling    |TTTTTTTT..|tttt|
                   |TTTTTTTT..|tttt|

A fold is two ranges of positions, half-open. Purge and embargo are López de Prado's (2018), "Advances in Financial
Machine Learning", sections 7.4.1 and 7.4.2. Splits that also train on what came after a test are in
``cross_validation``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zeno.errors import ConfigError

Range = tuple[int, int]
"""First position and the one after the last."""


@dataclass(frozen=True)
class Fold:
    """One step of a walk.

    Attributes
    ----------
    number
        From 0, in order of time.
    train, test
        Where to fit and where to measure; ``train`` ends at or before the start of ``test``.
    embargoed
        Ranges inside ``train`` that are left out, in order of time.
    """

    number: int
    train: Range
    test: Range
    embargoed: tuple[Range, ...] = ()

    @property
    def train_parts(self) -> tuple[Range, ...]:
        """The ranges to train on: ``train`` itself, unless some of it is embargoed.

        >>> Fold(2, (0, 20), (22, 30), embargoed=((10, 12),)).train_parts
        ((0, 10), (12, 20))
        """
        return without(self.train, self.embargoed)


def walk_forward(
    span: Range,
    *,
    train: int,
    test: int,
    step: int | None = None,
    purge: int = 0,
    embargo: int = 0,
    anchored: bool = False,
) -> tuple[Fold, ...]:
    """Return every fold whose whole test lies in ``span``. What is left over at the end is not tested.

    Parameters
    ----------
    span
        All positions there are; the lengths below are in slices too.
    train
        Length of the window before the first test, its purge included. Rolling windows keep it, anchored ones grow.
    test
        Length of a test.
    step
        From one test's start to the next; ``test`` by default, and never less, or returns would count twice.
    purge
        Left out at the end of training: as long as a label looks ahead, or a position is held.
    embargo
        Left out of every later training after the end of a test. A fold itself trains on nothing after its test, so
        walking forward needs none; it is for choices that earlier tests have already seen.

    Raises
    ------
    ConfigError
        When a length is not possible, or the span is too short for one fold.

    >>> [(fold.train, fold.test) for fold in walk_forward((0, 20), train=8, test=4, purge=2)]
    [((0, 6), (8, 12)), ((4, 10), (12, 16)), ((8, 14), (16, 20))]
    """
    stride = test if step is None else step
    _check(span, train, test, stride, purge, embargo)
    starts = range(span[0] + train, span[1] - test + 1, stride)
    folds: list[Fold] = []
    for number, start in enumerate(starts):
        window = (span[0] if anchored else start - train, start - purge)
        after = [(one.test[1], one.test[1] + embargo) for one in folds]
        folds.append(Fold(number, window, (start, start + test), _inside(window, after)))
    if empty := [fold.number for fold in folds if not fold.train_parts]:
        raise ConfigError(f"The embargo of {embargo} leaves fold {empty[0]} nothing to train on.",
                          remedy="Shorten the embargo, or lengthen train or step.")  # fmt: skip
    return tuple(folds)


def without(whole: Range, gaps: Sequence[Range]) -> tuple[Range, ...]:
    """Return what is left of a range; ``gaps`` may overlap and reach beyond it, and are in order of their starts.

    >>> without((0, 10), [(-2, 1), (2, 4), (3, 5), (6, 9), (7, 8)])
    ((1, 2), (5, 6), (9, 10))
    """
    parts: list[Range] = []
    at = whole[0]
    for start, stop in gaps:
        if start > at:
            parts.append((at, min(start, whole[1])))
        at = max(at, stop)
        if at >= whole[1]:
            break
    if at < whole[1]:
        parts.append((at, whole[1]))
    return tuple(part for part in parts if part[0] < part[1])


def _inside(window: Range, ranges: Sequence[Range]) -> tuple[Range, ...]:
    cut = [(max(start, window[0]), min(stop, window[1])) for start, stop in ranges]
    return tuple(part for part in cut if part[0] < part[1])


def _check(span: Range, train: int, test: int, step: int, purge: int, embargo: int) -> None:
    if train < 1 or test < 1:
        raise ConfigError(f"train is {train} and test is {test}.", remedy="Give both a length of at least 1.")
    if step < test:
        raise ConfigError(f"A step of {step} is shorter than a test of {test}, so that tests overlap.",
                          remedy="Leave step out, or give it at least the length of a test.")  # fmt: skip
    if purge < 0 or embargo < 0:
        raise ConfigError(f"purge is {purge} and embargo is {embargo}.", remedy="Give lengths from 0.")
    if purge >= train:
        raise ConfigError(f"A purge of {purge} leaves nothing of a training window of {train}.",
                          remedy="Shorten purge or lengthen train.")  # fmt: skip
    length = span[1] - span[0]
    if length < train + test:
        raise ConfigError(f"No fold fits: train and test take {train + test}, and there are {max(length, 0)}.",
                          remedy="Shorten train or test, or take a longer period.")  # fmt: skip
