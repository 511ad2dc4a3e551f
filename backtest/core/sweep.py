"""Many parameter sets over the same slices at once: what a parameter study needs of each, and nothing more.

Every set has an engine of its own, and runs the very step that a single run takes. Sets that share an indicator with
the same parameters share its numbers: a block of slices is computed once, for the first of them, and the others read
them there. No journal is kept; of the equity after every slice only its fall from the peak is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import engine as series
from backtest.core.columns import Columns
from backtest.core.flat import copy_of, offsets, pack, size
from backtest.core.kernels import kernel
from backtest.core.pages import fresh
from backtest.core.session import Session, Terms, lay
from zeno.errors import ConfigError

FOUND = ("final_equity", "fills", "trips", "fees", "turnover", "max_drawdown")
"""What is found of each set: money units and counts; the drawdown is the deepest fall of the equity, money units."""


@dataclass(frozen=True)
class Swept:
    """What a sweep found: ``values`` of shape (sets, len(FOUND)), int64."""

    parameters: tuple[dict[str, float], ...]
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return one of FOUND for every set."""
        return self.values[:, FOUND.index(name)]


class Sweep:
    """A sweep that has been set up: ``run`` takes it over slices.

    Raises
    ------
    ConfigError
        When the strategy is one on a panel, which has nothing to share.
    """

    def __init__(self, strategy: type, parameters: Sequence[dict[str, float]], terms: Terms, folder: Path) -> None:
        if strategy.panel or len(terms.instruments) != 1:  # type: ignore[attr-defined]
            raise ConfigError("a sweep takes strategies on one instrument", remedy="run the sets one by one")
        self.parameters = tuple(dict(one) for one in parameters)
        made = [strategy(**one) for one in self.parameters]
        owners, self._shares = _sharing(strategy, made)
        self._first = Session(made[0], terms, folder, keep=False)
        blocks = [_variant(self._first, one) for one in made]
        self._places = np.cumsum([0, *(len(one) for one in blocks[:-1])])
        self._block = np.concatenate(blocks)
        _read_from(owners, strategy, self._block, self._places)
        self._entry = kernel(strategy, folder, "sweep")

    def run(self, columns: Columns) -> Swept:
        """Run every set over the slices, each from the beginning."""
        first, block = self._first, fresh(len(self._block))
        block[:] = self._block
        first.feed(columns)
        now, journal = first.engine.now, first.engine.journal
        for thing, names in ((now, (*Columns.names(), "duration")), (journal, ("rows", "marks"))):
            for name in names:
                word = first.word(thing, name)
                block[self._places + word] = first.words[word]
        found = np.zeros((len(self._places), len(FOUND)), np.int64)
        self._entry(block.ctypes.data, self._places, self._shares, 0, len(columns), found)
        return Swept(self.parameters, found)


def _variant(first: Session, strategy: Any) -> np.ndarray:
    """Return the words of an engine that differs from the first one in its strategy alone.

    Strategies and readings are the last to be laid out, so what lies before them can be copied as it is.
    """
    engine, head = first.engine, offsets(type(first.engine))
    start, stride = (int(first.words[head["strategies"] + word]) for word in (0, 1))
    one = copy_of(strategy)
    lay(one, series.BLOCK)
    taken = size(one)
    words = np.zeros(start + taken + len(engine.readings), np.int64)
    words[:start] = first.words[:start]
    pack(one, words, start)
    words[head["strategies"] + 1], words[head["readings"]] = taken, start + taken
    assert start + stride + len(engine.readings) == len(first.words)
    return words


def _sharing(strategy: Any, made: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return who computes each indicator of each set, and the bits of those that a set computes itself."""
    keys: dict[Any, int] = {}
    owners = np.zeros((len(made), max(len(strategy.unique), 1)), np.int64)
    shares = np.zeros(len(made), np.int64)
    for number, one in enumerate(made):
        for k, reading in enumerate(strategy.unique):
            owner = keys.setdefault(_key(strategy, one, reading), number)
            owners[number, k] = owner
            shares[number] |= (owner == number) << k
    return owners, shares


def _key(strategy: Any, one: Any, reading: Any) -> Any:
    thing = reading.make(one)
    values = tuple(getattr(thing, name) for name in thing.parameters())
    source = strategy.readings.get(reading.of)
    return (reading.kind, values, reading.of if source is None else (source.output, _key(strategy, one, source)))


def _read_from(owners: np.ndarray, strategy: Any, block: np.ndarray, places: np.ndarray) -> None:
    """Let every set read its indicators where their owner writes them."""
    head, keys = offsets(series.engine_of(strategy)), [one.key for one in strategy.unique]
    readings = places + block[places + head["readings"]]
    strategies = places + block[places + head["strategies"]]
    for column, one in zip(strategy.columns, strategy.readings.values(), strict=True):
        block[strategies + offsets(strategy)[column]] += readings[owners[:, keys.index(one.key)]] - readings
