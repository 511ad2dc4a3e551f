"""The view for strategies that decide in plain Python while the books stay compiled: wake and dense lanes.

A ``Desk`` answers like ``Now`` (or ``Slice``). What changes the books is a compiled call of the view's own method;
positions are remembered in between, so that asking for what is already so costs next to nothing.
"""

import inspect
from typing import Any

import numba

from backtest.core import kernels
from backtest.core.columns import memory
from backtest.core.flat import methods, offsets
from backtest.core.ledger import Instrument
from backtest.core.now import Now, Slice


class Desk:
    """The view of a strategy on one instrument, or interleaved ones."""

    # Strategies ask it several times a slice; the interpreter finds a slot sooner than an entry of a dictionary.
    __slots__ = ("_address", "_calls", "_catch_up", "_count", "_have", "_hold", "_memory", "_pending", "_pending_at",
                 "_places", "_position", "_position_at", "_room", "_working_at", "at", "begun", "busy", "closes",
                 "duration", "flags", "highs", "instrument", "known", "lows", "members", "opens", "session", "times",
                 "volumes")  # fmt: skip

    def __init__(self, session: Any) -> None:
        self.session = session
        self._memory = memory(session.words)  # reads Python integers, three times quicker than numpy gives its own
        self._calls: dict[str, Any] = {}
        self._hold: Any = None
        self._address = session.address
        self.at = 0
        self._catch_up = kernels.kernel(type(session.strategy), session.folder, "catch_up")
        fields = offsets(Instrument)
        self._places = [tuple(session.place_of(one) + fields[name] for name in ("position", "pending", "working"))
                        for one in session.engine.account.ledger.instruments]  # fmt: skip
        self.take(0)
        journal = session.engine.journal
        self._count, self._room = session.word(journal, "count"), session.number(journal, "room")
        self.begun = -1
        self.known, self.busy = False, True

    def feed(self) -> None:
        """Take the session's columns."""
        columns = self.session.columns
        for name in ("times", "opens", "highs", "lows", "closes", "volumes", "flags", "members"):
            setattr(self, name, memory(getattr(columns, name)))
        self.duration = columns.duration
        self.begun = -1

    def take(self, instrument: int) -> None:
        """Turn to an instrument."""
        self.instrument, self.known = instrument, False
        self._position_at, self._pending_at, self._working_at = self._places[instrument]

    def look(self) -> int:
        """Remember the instrument's position and pending orders as they are now; returns what they come to."""
        words = self._memory
        self._position = held = words[self._position_at]
        self._pending = coming = words[self._pending_at]
        self._have = have = held + coming
        self.known = True
        return have

    def catch_up(self) -> None:
        """Bring the books to the end of this slice, before what the strategy decides on it."""
        if self.begun != self.at:
            self._catch_up(self._address, self.at)
            self.begun = self.at
            if self._memory[self._count] > self._room:  # a loop over a block of slices drains at its end alone
                self.session.drain()
            self.known, self.busy = False, self._memory[self._working_at] > 0

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the compiled view."""
        if self.begun != self.at:
            self.catch_up()
        entry = self._calls.get(method)
        result = self._first(method, arguments) if entry is None else entry(self._address, *arguments)
        self.known, self.busy = False, True  # it may have ordered: the dense lane looks again on the next slice
        return result

    def _first(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """Call a method of the compiled view for the first time, which is when the compiler complains."""
        explained = kernels.desk(type(self.session.strategy), self.session.folder, method, len(arguments))
        result = explained(self._address, *arguments)
        self._calls[method] = explained.entry  # type: ignore[attr-defined]
        return result

    def position(self) -> int:
        """Return the position."""
        if not self.known:
            self.look()
        return self._position

    def pending(self) -> int:
        """Return what market orders at work will add to the position."""
        if not self.known:
            self.look()
        return self._pending

    def target(self, quantity: int) -> int:
        """Trade at market towards a position; see ``Now``."""
        have = self._have if self.known else self.look()
        return 0 if quantity == have else self.call("target", quantity)

    def hold(self, direction: int) -> int:
        """Be long one unit (1), short one unit (-1) or flat (0); see ``Now``."""
        if self.known or self.begun != self.at:
            have = self._have if self.known else self.look()
            if (have > 0) - (have < 0) == (direction > 0) - (direction < 0):
                return 0
        if type(direction) is not int or self.begun != self.at:
            return self.call("hold", direction)
        self.known = False
        order = (self._hold or self._first_hold())(self._address, direction)
        self.busy = self.busy or order != 0
        return order

    def _first_hold(self) -> Any:
        entry = kernels.desk(type(self.session.strategy), self.session.folder, "hold", 1)
        self._hold = entry.direct(numba.int64, numba.int64)  # type: ignore[attr-defined]
        return self._hold

    def time(self) -> int:
        """Return the moment of decision: the end of this slice, µs UTC."""
        return self.times[self.at] + self.duration

    def flag(self) -> int:
        """Return the slice's calendar flags."""
        return self.flags[self.at]


def _column(source: str) -> property:
    return property(lambda self: getattr(self, source)[self.at])


for _name in ("open", "high", "low", "close", "volume"):
    setattr(Desk, _name, _column(_name + "s"))


def _forward(name: str) -> Any:
    signature = inspect.signature(getattr(Now, name))

    def call(self: Desk, *arguments: Any, **named: Any) -> Any:
        given = signature.bind(self, *arguments, **named)
        given.apply_defaults()
        return self.call(name, *given.args[1:])

    call.__name__, call.__doc__ = name, getattr(Now, name).__doc__
    return call


for _name in methods(Now):
    if not hasattr(Desk, _name) and not _name.startswith("_"):
        plain = _name in ("session_first", "session_last", "month_last", "week_last", "minute_of_day", "weekday")
        setattr(Desk, _name, getattr(Now, _name) if plain else _forward(_name))

__all__ = ["Desk", "Slice"]
