"""The lanes: ways of taking a session through its slices. All of them say the same, to the last bit.

batch   the compiled loop: research
live    the same compiled step, one call a slice: paper and live trading
wake    compiled until a strategy's ``wake`` says so; the decision is plain Python
dense   plain Python decides on every slice, on compiled books: for anything that does not compile
plain   no compiler at all: the same source interpreted; ``print`` and breakpoints work everywhere
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numba
import numpy as np

from backtest.core import engine as series
from backtest.core import flat, panel
from backtest.core.columns import Columns, memory
from backtest.core.desk import Desk
from backtest.core.flat import Kind, offsets
from backtest.core.kernels import COLUMNS, kernel
from backtest.core.session import Session
from zeno.errors import ConfigError

Progress = Callable[[int], None]


def run(session: Session, columns: Columns, lane: str = "batch", stop: int | None = None) -> None:
    """Feed slices to a session and run them, to ``stop`` or to the end.

    Raises
    ------
    ConfigError
        When there is no such lane, or the strategy's shape has none.
    """
    session.feed(columns)
    proceed(session, len(columns) if stop is None else stop, lane)


def proceed(session: Session, stop: int, lane: str) -> None:
    """Run a session that has been fed from where it stands to before slice ``stop``."""
    known = PANEL_LANES if session.panel else LANES
    if lane not in known:
        raise ConfigError(f"there is no lane {lane} for this strategy", remedy=f"choose from: {', '.join(known)}")
    start = session.at
    if not start <= stop <= len(session.columns):
        raise ConfigError(f"slice {stop} is not between {start} and {len(session.columns)}",
                          remedy="stop within the slices that were fed")  # fmt: skip
    session.rewind()
    known[lane](session, stop)
    session.ran(start, stop)


def _batch(session: Session, stop: int) -> None:
    entry, i = kernel(type(session.strategy), session.folder, "run"), session.at
    while i < stop:
        i = entry(session.address, i, stop)
        session.drain()


def _live(session: Session, stop: int) -> None:
    rows = events_of(session.columns, session.at, stop)
    feed = Feed(session)
    push = feed.push
    for row in list(rows):
        push(row)
    session.marks[session.at : stop] = rows[:, -1]
    feed.close()


def _live_entry(session: Session) -> Any:
    direct = kernel(type(session.strategy), session.folder, "live").direct  # type: ignore[attr-defined]
    return direct(numba.int64, numba.typeof(session.words), numba.int64)


def events_of(columns: Columns, start: int, stop: int) -> np.ndarray:
    """Return slices as the rows that ``Feed.push`` takes, shape (n, 9) or (n, 5 * width + 4)."""
    parts = [getattr(columns, name)[start:stop] for name in COLUMNS]
    parts = [one if one.ndim == 2 else one[:, None] for one in parts]
    return np.ascontiguousarray(np.concatenate([*parts, np.zeros((stop - start, 1), np.int64)], axis=1))


class Feed:
    """Slices one at a time, as they happen: what a live runner drives.

    ``push`` takes one row of integers: time, open, high, low, close, volume, flags, instrument, and a last one in
    which the equity is returned. A panel's row has one number an instrument in place of each price and volume.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._call = _live_entry(session)
        self._past = _Past(session) if session.panel else None
        self._own = session.words[session.word(session.engine.now, "times") :][:8].copy()
        self._words = session.address

    def push(self, row: np.ndarray) -> int:
        """Run one slice; returns how many events it caused, which are in the session's record."""
        count = self._call(self._words, row, 0 if self._past is None else self._past.take(row))
        if count:
            self.session.drain()
        return count

    def close(self) -> None:
        """Point the engine back at the session's columns."""
        session = self.session
        first = session.word(session.engine.now, "times")
        session.words[first : first + 8] = self._own
        session.words[session.word(session.engine.journal, "marks")] = session.marks.ctypes.data


class _Past:
    """The closes of the slices that a panel strategy may look back on, newest last, in one piece of memory."""

    def __init__(self, session: Session) -> None:
        self.width, self.history = session.width, session.engine.now.history
        self.rows = np.zeros((2 * self.history + 64, self.width), np.int64)
        known = session.columns.closes[max(session.at - self.history, 0) : session.at]
        self.next = len(known)
        self.rows[: self.next] = known

    def take(self, row: np.ndarray) -> int:
        """Add a slice's closes; returns where they lie."""
        if self.next == len(self.rows):
            self.rows[: self.history] = self.rows[self.next - self.history :]
            self.next = self.history
        self.rows[self.next] = row[1 + 3 * self.width : 1 + 4 * self.width]
        self.next += 1
        return self.rows.ctypes.data + 8 * self.width * (self.next - 1)


class _Plain:
    """A strategy object in plain Python, and the state it shares with the block of words."""

    def __init__(self, session: Session, number: int) -> None:
        self.thing = flat.copy_of(session.strategy)
        self.place = session.place_of(session.engine.strategies[number])
        hidden = ("_cursor", *type(self.thing).columns)
        fields = offsets(type(self.thing))
        self.saved = [(name, self.place + fields[name], field.kind is Kind.FLOAT)
                       for name, field in self.thing.fields.items()
                       if field.kind in (Kind.INT, Kind.FLOAT) and not field.parameter
                       and name not in hidden]  # fmt: skip
        self._nested = [(name, self.place + fields[name], field.kind) for name, field in self.thing.fields.items()
                        if field.kind in (Kind.WINDOW, Kind.INTS, Kind.PART, Kind.TABLE)
                        and not name.startswith("_indicator")]  # fmt: skip
        self.remembers = bool(self.saved or self._nested)
        self.words, self.floats = session.words, session.words.view(np.float64)

    def load(self) -> None:
        """Take the strategy's state from the words."""
        for name, word, is_float in self.saved:
            setattr(self.thing, name, float(self.floats[word]) if is_float else int(self.words[word]))
        for value, at, kind in self._values():
            if kind in (Kind.WINDOW, Kind.INTS):
                value[:] = (self.floats if kind is Kind.WINDOW else self.words)[at : at + len(value)].tolist()
            else:
                flat.unpack(value, self.words, at)

    def save(self) -> None:
        """Put the strategy's state into the words."""
        for name, word, is_float in self.saved:
            (self.floats if is_float else self.words)[word] = getattr(self.thing, name)
        for value, at, kind in self._values():
            if kind in (Kind.WINDOW, Kind.INTS):
                (self.floats if kind is Kind.WINDOW else self.words)[at : at + len(value)] = value
            else:
                flat.pack(value, self.words, at)

    def _values(self) -> Iterator[tuple[Any, int, Kind]]:
        """Yield the strategy's windows and flat objects, and where in the words they lie."""
        for name, word, kind in self._nested:
            value, at = getattr(self.thing, name), self.place + int(self.words[word])
            if kind is not Kind.TABLE:
                yield value, at, kind
                continue
            for number, one in enumerate(value):
                yield one, at + number * int(self.words[word + 1]), Kind.PART


def _wake(session: Session, stop: int) -> None:
    desk, cls, entry = Desk(session), type(session.strategy), _wake_entry(session)
    desk.feed()
    plain = [_Plain(session, number) for number in range(session.width)]
    loop = _wake_loop(cls, session.width == 1, plain[0].remembers)
    _, readings, base = _slots(session)
    why, i = session.word(session.engine.now, "why"), session.at
    while True:
        i = loop(desk, plain, entry, session.address, readings, memory(session.words), base, i, stop)
        if session.words[why] == series.ENDED:
            break
        session.drain()


def _wake_entry(session: Session) -> Any:
    return kernel(type(session.strategy), session.folder, "wake").direct(*(numba.int64,) * 3)  # type: ignore[attr-defined]


@cache
def _wake_loop(cls: type, alone: bool, remembers: bool) -> Any:
    """Write the loop from wake to wake for a strategy, with its readings assigned by name."""
    names = list(cls.readings)  # type: ignore[attr-defined]
    targets = ", ".join(f"thing.{name}" for name in names)
    values = ", ".join(f"readings[{slot * series.BLOCK} + at]" for slot in range(len(names)))
    lines = [
        "def loop(desk, plain, entry, address, readings, words, base, i, stop):",
        "    one = plain[0]",
        "    thing, on_bar = one.thing, one.thing.on_bar",
        "    while True:",
        "        i = entry(address, i, stop)",
        "        if i < 0:",
        "            return -1 - i",
        "        desk.at = desk.begun = i",
        "        desk.known = False",
        *([] if alone else ["        desk.take(desk.members[i])",
                            "        one = plain[desk.instrument]",
                            "        thing, on_bar = one.thing, one.thing.on_bar"]),
        *(["        at = i - words[base]", f"        {targets} = {values}"] if names else []),
        *(["        one.load()"] if remembers else []),
        "        on_bar(desk)",
        *(["        one.save()"] if remembers else []),
    ]  # fmt: skip
    made: dict[str, Any] = {}
    exec("\n".join(lines), made)
    return made["loop"]


def _slots(session: Session) -> tuple[list[tuple[str, int]], Any, int]:
    start = int(session.words[offsets(type(session.engine))["readings"]])
    readings = memory(session.words.view(np.float64)[start : start + len(session.engine.readings)])
    names = [(name, slot * series.BLOCK) for slot, name in enumerate(type(session.strategy).readings)]
    return names, readings, session.word(session.engine, "base")


def _dense(session: Session, stop: int) -> None:
    cls = type(session.strategy)
    observe, complete = (kernel(cls, session.folder, name) for name in ("observe", "complete"))
    desk, plain = Desk(session), [_Plain(session, number) for number in range(session.width)]
    desk.feed()
    for one in plain:
        one.load()
    names, readings, _ = _slots(session)
    loop = _dense_loop(cls) if session.width == 1 else _dense_members
    things = [one.thing for one in plain]
    i = session.at
    while i < stop:
        ready = observe(session.address, i, stop)
        columns = [readings[place : place + ready - i].tolist() for _, place in names]
        loop(desk, things, range(i, ready), columns, [name for name, _ in names])
        complete(session.address, ready)
        desk.begun = -1
        session.drain()
        i = ready
    for one in plain:
        one.save()


def _dense_loop(cls: type) -> Any:
    """Write the loop over a block for a strategy on one instrument, with its readings assigned by name."""
    asked = "if wake(desk): " if cls.wake is not series.Strategy.wake else ""  # type: ignore[attr-defined]
    targets = "".join(f", one.{name}" for name in cls.readings)  # type: ignore[attr-defined]
    text = f"""
def loop(desk, things, span, columns, names):
    one = things[0]
    on_bar, wake, catch_up = one.on_bar, one.wake, desk.catch_up
    for desk.at{targets or ","} in zip(span, *columns):
        if desk.busy:
            catch_up()
        {asked}on_bar(desk)
"""
    made: dict[str, Any] = {}
    exec(text, made)
    return made["loop"]


def _dense_members(desk: Desk, things: list[Any], span: range, columns: list[list[float]], names: list[str]) -> None:
    for k, desk.at in enumerate(span):
        desk.take(desk.members[desk.at])
        one = things[desk.instrument]
        desk.catch_up()
        for name, values in zip(names, columns, strict=True):
            setattr(one, name, values[k])
        if one.wake(desk):
            one.on_bar(desk)


def _plain(session: Session, stop: int) -> None:
    engine, words = session.engine, session.words
    flat.unpack(engine, words)
    for name in COLUMNS:
        setattr(engine.now, name, memory(getattr(session.columns, name)))
    engine.journal.marks = memory(session.marks)
    engine.now.begun = engine.now.done = session.at
    engine.base = engine.ready = 0
    advance = panel.advance if session.panel else series.advance
    i = session.at
    while i < stop:
        engine.journal.rows = memory(session._rows)
        i = advance(engine, i, stop)
        words[session.word(engine.journal, "count")] = engine.journal.count
        session.drain()
        engine.journal.count = session.number(engine.journal, "count")
    _pack_back(session)


def _pack_back(session: Session) -> None:
    """Write the interpreted engine back into its words, and attach what lives outside of them again."""
    kept = session.words.copy()
    now, journal = session.engine.now, session.engine.journal
    flat.pack(session.engine, session.words, 0, {})
    flat.link(session.engine, session.words, session.places)
    for thing, names in ((now, COLUMNS), (journal, ("rows", "marks"))):
        for name in names:
            word = session.word(thing, name)
            session.words[word] = kept[word]


LANES: dict[str, Callable[[Session, int], None]] = {
    "batch": _batch, "live": _live, "wake": _wake, "dense": _dense, "plain": _plain,
}  # fmt: skip
PANEL_LANES: dict[str, Callable[[Session, int], None]] = {"batch": _batch, "live": _live, "plain": _plain}


def prepare(session: Session, lane: str) -> None:
    """Compile what a lane needs, or load it from the cache, so that a run that follows is not timed with it.

    Raises
    ------
    CannotCompile
        When the strategy has no compiled form for the lane.
    """
    cls, words, at = type(session.strategy), session.address, session.at
    if lane == "batch":
        kernel(cls, session.folder, "run")(words, at, at)
    elif lane == "live":
        _live_entry(session)
    elif lane == "wake":
        _wake_entry(session)
    elif lane == "dense":
        kernel(cls, session.folder, "observe")(words, at, at)
        kernel(cls, session.folder, "complete")(words, at)
    session.rewind()
