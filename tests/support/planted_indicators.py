"""Indicators that each break one rule: the contract has to find every one."""

import math
import random
from typing import ClassVar

from backtest.core.flat import parameter, state, window
from backtest.core.indicator import Indicator
from backtest.indicators import SMA

FEED: list[float] = []
"""What ``Peeking`` reads: whoever plants it puts the whole feed here."""

_HOARD: list[float] = []


class Peeking(Indicator):
    """Answers the value that comes next."""

    at: int = state()

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.at += 1
        return FEED[self.at] if self.at < len(FEED) else x


class Hoarding(Indicator):
    """Keeps every value in a window that grows."""

    past: list[float] = window(lambda _: 1)

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.past.append(x)
        return x


class HoardingAside(Indicator):
    """Keeps every value outside the declared fields."""

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.__dict__.setdefault("aside", []).append(x)
        return float(len(self.__dict__["aside"]))


class HoardingGlobally(Indicator):
    """Keeps every value in its module."""

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        _HOARD.append(x)
        return x


class Sharing(Indicator):
    """Keeps its total in the class."""

    totals: ClassVar[list[float]] = [0.0]

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.totals[0] += x
        return self.totals[0]


class Rolling(Indicator):
    """Answers at random."""

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        return x + random.random()


class TooEager(SMA):
    """Declares one update too few."""

    def warmup(self) -> int:
        return self.n - 1


class TooCautious(SMA):
    """Declares one update too many."""

    def warmup(self) -> int:
        return self.n + 1


class Faltering(Indicator):
    """Is NaN again, once, long after it has warmed up."""

    n: int = parameter(100, minimum=1)
    seen: int = state()

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.seen += 1
        return math.nan if self.seen == self.n else x


class Overflowing(Indicator):
    """Counts past 64 bits: the interpreter goes on, the machine wraps around."""

    big: int = state(1)

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.big *= 3
        return x + self.big % 1009
