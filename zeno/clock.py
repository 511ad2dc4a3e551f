"""Time as a dependency: code that waits or stamps takes a ``Clock`` and never calls ``time`` itself."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What Zeno may ask about time."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for deadlines and durations."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic clock in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for ``seconds``."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to: sleeping advances it, and is recorded.

    Parameters
    ----------
    start
        What it shows first; timezone-aware.
    tick
        Seconds by which every look at it advances it, for code that relies on times being distinct.

    >>> clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.sleep(90)
    >>> clock.now().isoformat(), clock.slept
    ('2026-01-01T00:01:30+00:00', [90])
    """

    def __init__(self, start: datetime, *, tick: float = 0.0) -> None:
        self._now = start
        self._tick = tick
        self._elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the time it has been set to."""
        self.advance(self._tick)
        return self._now

    def monotonic(self) -> float:
        """Return seconds since it was made."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Advance by ``seconds`` and record the wait."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move forward without recording a wait."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
