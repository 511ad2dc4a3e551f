"""When to ask a source again, and when to leave it alone.

Belongs here: waits and the circuit breaker, as arithmetic on an injected clock. Not here: which answers are worth a
retry (``collectors.transport``).
"""

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from zeno.clock import Clock
from zeno.errors import SourceUnavailable


def backoff_seconds(attempt: int, *, base: float, cap: float, draw: random.Random) -> float:
    """Return a full-jitter exponential wait.

    Uniform on [0, min(cap, base · 2^(attempt - 1))]: of the jitters compared in "Exponential Backoff and Jitter" (AWS
    Architecture Blog, 2015), the one that spreads clients most for the fewest calls.

    Parameters
    ----------
    attempt
        How many attempts have failed, from 1.
    base, cap
        Seconds.
    draw
        Seeded by the caller, so that a run can be repeated.
    """
    return draw.uniform(0, min(cap, base * 2.0 ** min(attempt - 1, 62)))


def retry_after_seconds(header: str | None, now: datetime, *, cap: float) -> float | None:
    """Return how long a ``Retry-After`` header asks to wait, at most ``cap``.

    Parameters
    ----------
    header
        Seconds, or an HTTP date (RFC 9110, 10.2.3). ``None``, or text that is neither, gives ``None``.
    now
        The time in UTC; a date that has passed asks for no wait.
    cap
        Seconds.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), cap)  # thousands of digits are an infinite float, and so the cap
    try:
        at = parsedate_to_datetime(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max((at - now).total_seconds(), 0.0), cap)


class Breaker:
    """Stops asking a source that keeps failing, for a while.

    closed, until ``failures`` in a row  ->  open, for ``cool_down``  ->  one trial: closed again if it succeeds, open
    again if it fails.

    Parameters
    ----------
    clock
        Whose monotonic seconds the cool-down is measured in.
    failures
        Consecutive failed attempts that open it.
    cool_down
        Seconds.
    """

    def __init__(self, clock: Clock, *, failures: int, cool_down: float) -> None:
        self._clock = clock
        self._threshold = failures
        self._cool_down = cool_down
        self._failed = 0
        self._open_until = -math.inf
        self._last = ""

    def check(self, source: str) -> None:
        """Refuse while open.

        Raises
        ------
        SourceUnavailable
            With the last failure, and how long to wait.
        """
        left = self._open_until - self._clock.monotonic()
        if left > 0:
            raise SourceUnavailable(
                f"{source} failed {self._failed} times in a row and is not asked again for now; last: {self._last}.",
                remedy=f"Run again in {left:.0f} s; nothing that was loaded is lost.",
            )

    def succeeded(self) -> None:
        """Record an answer: the source is there."""
        self._failed = 0

    def failed(self, reason: str) -> None:
        """Record a failed attempt."""
        self._failed += 1
        self._last = reason
        if self._failed >= self._threshold:
            self._open_until = self._clock.monotonic() + self._cool_down
