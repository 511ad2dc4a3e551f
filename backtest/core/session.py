"""A session: the engine's state, who feeds it slices, and what it said.

``Session`` owns the block of words that is the whole state. A lane (``lanes``) takes it from one slice to another;
any lane may take over from any other at any slice, and the journal does not change. ``snapshot`` and ``restore`` move
the state between processes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import engine as series
from backtest.core import flat, panel
from backtest.core.arithmetic import FX
from backtest.core.columns import Columns, addresses, memory
from backtest.core.costs import Costs, Slippage
from backtest.core.flat import Flat, offsets
from backtest.core.journal import Record
from backtest.core.ledger import Instrument, Ledger
from backtest.core.matching import SAME_CLOSE, Matcher
from backtest.core.orders import Account, Orders
from backtest.core.pages import fresh
from backtest.core.quiet import may_pass_over
from backtest.core.sizing import VOLATILITY, Sizer
from backtest.core.strategy import PanelStrategy, Strategy
from zeno.errors import ConfigError

_ROWS = 65_536  # of the journal in one buffer: 4 MiB


@dataclass(frozen=True)
class Terms:
    """Everything a run is about except the strategy and the market: in integers, as the engine has it.

    ``cash`` and ``rates`` have one number a currency: money units, and units of 1e-9 of the account's currency, which
    is the first. ``most`` bounds every price; a slice beyond it is refused before it reaches the engine.
    """

    instruments: tuple[dict[str, int], ...] = ({},)
    cash: tuple[int, ...] = (0,)
    rates: tuple[int, ...] = ()
    costs: Costs = field(default_factory=Costs)
    tiers: tuple[tuple[int, int], ...] = ()
    slippage: Slippage = field(default_factory=Slippage)
    sizer: Sizer = field(default_factory=Sizer)
    fill: int = 0
    participation: int = 0
    latency: int = 0
    margined: bool = False
    interest: int = 0
    orders: int = 64
    most: int = 2**40


class Session:
    """One run of one strategy."""

    def __init__(self, strategy: Strategy | PanelStrategy, terms: Terms, folder: Path, *, keep: bool = True) -> None:
        self.strategy, self.terms, self.folder = strategy, terms, folder
        self.panel = bool(type(strategy).panel)
        self.width = len(terms.instruments)
        self.engine = _engine(strategy, terms)
        self.words, self.places = _packed(self.engine)
        self.address = self.words.ctypes.data
        self.record = Record()
        self.at = 0
        self.scratch = _scratch(self.engine, self.words, self.places)
        self._count = self.word(self.engine.journal, "count")
        self._attach(keep)

    def place_of(self, thing: Flat) -> int:
        """Return the word at which an object of the engine lies."""
        return self.places[id(thing)]

    def word(self, thing: Flat, name: str) -> int:
        """Return the word of a field of an object of the engine."""
        return self.place_of(thing) + offsets(type(thing))[name]

    def number(self, thing: Flat, name: str) -> int:
        """Return an integer of the engine's state."""
        return int(self.words[self.word(thing, name)])

    def _attach(self, keep: bool) -> None:
        journal = self.engine.journal
        reserve = min(_ROWS // 2, 1024 + 8 * self.engine.account.orders.room)
        self._room = _ROWS - reserve if keep else 1
        self._renew(_ROWS if keep else 8)
        self.words[self.word(journal, "keep")] = int(keep)
        self.words[self.word(journal, "room")] = self._room
        self.words[self.word(journal, "most")] = len(self._rows)

    def _renew(self, rows: int) -> None:
        """Give the journal another buffer; the one before belongs to the record."""
        self._rows, self._taken = fresh(8 * rows).reshape(rows, 8), 0
        self.words[self.word(self.engine.journal, "rows")] = self._rows.ctypes.data
        self.words[self._count] = 0

    def feed(self, columns: Columns, start: int = 0) -> None:
        """Point the engine at slices; ``start`` is the next to run, and those before it are the past.

        Raises
        ------
        ConfigError
            When a price is beyond the bound, the order of time is broken, or the width is another.
        """
        if columns.width != (self.width if self.panel else 1):
            raise ConfigError(f"the run has {self.width} instruments and the slices {columns.width}",
                              remedy="give one column of prices an instrument")  # fmt: skip
        most = columns.check()
        if not 0 <= start <= len(columns):
            raise ConfigError(f"there is no slice {start} of {len(columns)}", remedy="start within the slices")
        if self.width > 1 and not self.panel and len(columns) and not _are_numbers(columns.members, self.width):
            raise ConfigError(f"a slice is of an instrument beyond the run's {self.width}",
                              remedy="number the members from 0")  # fmt: skip
        if most > self.terms.most:
            raise ConfigError(f"a price of {most} units is beyond the bound of {self.terms.most}",
                              remedy="check the price scale, or raise the bound")  # fmt: skip
        self.columns, self.at = columns, start
        first = self.word(self.engine.now, "times")
        self.words[first : first + 8] = addresses(columns)
        self.words[self.word(self.engine.now, "duration")] = columns.duration
        self.marks = fresh(len(columns))
        self.words[self.word(self.engine.journal, "marks")] = self.marks.ctypes.data
        self.rewind()

    def rewind(self) -> None:
        """Make the engine compute its next block anew from ``at`` on."""
        now, engine = self.engine.now, self.engine
        for thing, name, value in (
            (now, "begun", self.at),
            (now, "done", self.at),
            (engine, "base", 0),
            (engine, "ready", 0),
        ):
            self.words[self.word(thing, name)] = value

    def drain(self) -> int:
        """Put the journal's new rows into the record, which looks at the buffer itself; returns how many there were."""
        count, taken = int(self.words[self._count]), self._taken
        if count > taken:
            self.record.chunks.append(self._rows[taken:count])
            self._taken = count
            if count > self._room:
                self._renew(len(self._rows))
        return count - taken

    def act(self, what: Callable[[Account], None]) -> None:
        """Do something to the account between two slices: a split, a dividend, a rate, a deposit."""
        engine, account = self.engine, self.engine.account
        flat.unpack(account, self.words, self.place_of(account))
        engine.journal.rows, engine.journal.count = memory(self._rows), int(self.words[self._count])
        engine.journal.keep, engine.journal.most = self.number(engine.journal, "keep"), len(self._rows)
        what(account)
        flat.pack(account, self.words, self.place_of(account))
        self.words[self._count] = engine.journal.count
        self.drain()

    def ran(self, start: int, stop: int) -> None:
        """Record the marks of slices that have run, and what was said meanwhile."""
        self.drain()
        self.at = stop
        if stop > start:
            self.record.slices.append((self.columns.times[start:stop], self.columns.duration))
            self.record.marks.append(self.marks[start:stop])

    def state(self) -> np.ndarray:
        """Return a copy of the engine's state, without scratch: equal states are equal words."""
        words = self.words.copy()
        for start, stop in self.scratch:
            words[start:stop] = 0
        return words

    def snapshot(self) -> bytes:
        """Return the state as bytes, after the digest of whose it is; take it between two slices."""
        return _owner(self.strategy) + self.state().astype("<i8").tobytes()

    def restore(self, data: bytes) -> None:
        """Take over a state that ``snapshot`` returned from a session of the same strategy and terms.

        Raises
        ------
        ConfigError
            When it is of another strategy, other parameters or another shape.
        """
        owner = _owner(self.strategy)
        if not data.startswith(owner) or len(data) != len(owner) + 8 * len(self.words):
            raise ConfigError("the snapshot is of another strategy, other parameters or other instruments",
                              remedy="restore it into a session that was made the same way")  # fmt: skip
        words = np.frombuffer(data, "<i8", offset=len(owner)).astype(np.int64)
        for start, stop in self.scratch:
            words[start:stop] = self.words[start:stop]
        self.words[:] = words
        self.rewind()

    def equity(self) -> int:
        """Return the equity at the last mark, money units."""
        if self.record.marks:
            return int(self.record.marks[-1][-1])
        ledger = self.engine.account.ledger
        flat.unpack(ledger, self.words, self.place_of(ledger))
        return ledger.equity()


def _owner(strategy: Any) -> bytes:
    """Return the digest of a strategy's class and parameters: states of equal size need not be of the same."""
    given = {name: getattr(strategy, name) for name in sorted(strategy.parameters())}
    return hashlib.blake2b(f"{type(strategy).__qualname__} {given}".encode(), digest_size=16).digest()


def _are_numbers(members: np.ndarray, width: int) -> bool:
    return int(members.min()) >= 0 and int(members.max()) < width


def _engine(strategy: Any, terms: Terms) -> Any:
    width = len(terms.instruments)
    parts = panel if type(strategy).panel else series
    engine = parts.engine_of(type(strategy))()
    ledger = Ledger(currencies=len(terms.cash), count=width, interest=terms.interest)
    ledger.instruments = [Instrument(**one) for one in terms.instruments]
    ledger.cash, ledger.rates = list(terms.cash), list(terms.rates or (FX,) * len(terms.cash))
    ledger.accrues = int(bool(terms.interest) or any(one.get("borrow") for one in terms.instruments))
    engine.account.ledger = ledger
    room = max(terms.orders, 2 * width + 64)
    engine.account.orders = Orders(room=room, latency=terms.latency, margined=int(terms.margined))
    engine.matcher = Matcher(model=terms.fill, participation=terms.participation)
    costs = (
        flat.copy_of(terms.costs)
        if not terms.tiers
        else Costs(
            **{name: getattr(terms.costs, name) for name in terms.costs.parameters()} | {"tier_count": len(terms.tiers)}
        )
    )
    costs.tiers = [number for tier in terms.tiers for number in tier]
    engine.matcher.costs, engine.matcher.slippage = costs, flat.copy_of(terms.slippage)
    engine.sizer = flat.copy_of(terms.sizer)
    _arm(engine, strategy, width, terms)
    _wire(engine)
    return engine


def _arm(engine: Any, strategy: Any, width: int, terms: Terms) -> None:
    if type(strategy).panel:
        engine.strategies = [flat.copy_of(strategy)]
        lay(engine.strategies[0], width)
        members = panel.indicators_of(type(strategy))
        engine.members = []
        for _ in range(width):
            one = members()
            for number, reading in enumerate(type(strategy).unique):
                setattr(one, f"_indicator{number}", reading.make(strategy))
            engine.members.append(one)
        engine.readings = [0.0] * (width * max(len(type(strategy).readings), 1))
        engine.now.width, engine.now.history = width, strategy.history()
    else:
        engine.strategies = [flat.copy_of(strategy) for _ in range(width)]
        for one in engine.strategies:
            lay(one, series.BLOCK)
        engine.single = int(width == 1)
        engine.estimating = int(engine.sizer.model >= VOLATILITY)
        engine.closing = int(terms.fill == SAME_CLOSE)
        engine.quiet = int(may_pass_over(engine))


def lay(strategy: Any, length: int) -> None:
    """Lay a strategy's readings one after the other, columns of ``length`` numbers."""
    for slot, name in enumerate(type(strategy).columns):
        setattr(strategy, name, slot * length)


def _wire(engine: Any) -> None:
    account, matcher, now, journal = engine.account, engine.matcher, engine.now, engine.journal
    account.ledger.journal = account.orders.journal = now.journal = journal
    account.orders.ledger = matcher.ledger = engine.sizer.ledger = now.ledger = account.ledger
    matcher.orders = now.orders = account.orders
    now.sizer = engine.sizer


def _packed(engine: Any) -> tuple[np.ndarray, dict[int, int]]:
    words, places = np.zeros(flat.size(engine), np.int64), {}
    flat.pack(engine, words, 0, places)
    flat.link(engine, words, places)
    return words, places


def _scratch(engine: Any, words: np.ndarray, places: dict[int, int]) -> list[tuple[int, int]]:
    """Return the ranges of words that are not state: the view, the journal's buffer, readings and cursors."""
    now, journal = places[id(engine.now)], places[id(engine.journal)]
    head = offsets(type(engine))
    readings = int(words[head["readings"]])
    ranges = [(now, now + flat.size(engine.now)), (journal, journal + flat.size(engine.journal)),
              (readings, readings + len(engine.readings)), (head["base"], head["ready"] + 1)]  # fmt: skip
    cursor = offsets(type(engine.strategies[0]))["_cursor"]
    ranges += [(places[id(one)] + cursor, places[id(one)] + cursor + 1) for one in engine.strategies]
    return ranges
