"""Sockets that obey one deadline for a whole call.

HTTP clients bound each read, not their sum: a source that sends one byte a second, in its headers or in its body, keeps
a thirty-second read timeout busy for ever. Here every socket operation gets the lesser of its own timeout and the time
that the call has left, so that the sum is bounded too.

Belongs here: time and sockets. Not here: what is sent, retries, and what an answer means (``collectors.transport``).
Looking up a host's name is the operating system's, and is bounded by its resolver alone.
"""

import math
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from zeno.clock import Clock


class DeadlinePassed(httpcore.TimeoutException):
    """The call has used up its time."""


class Deadline:
    """The moment at which the current call must have ended, on a monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = math.inf

    def start(self, seconds: float) -> None:
        """Begin a call that may take ``seconds``."""
        self._at = self._clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left; zero or less once it has passed."""
        return self._at - self._clock.monotonic()

    def bound(self, timeout: float | None) -> float:
        """Return ``timeout`` in seconds, or the time left if that is less.

        Raises
        ------
        DeadlinePassed
            If no time is left.
        """
        left = self.left()
        if left <= 0:
            raise DeadlinePassed("the time for the whole call is used up")
        return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections whose every operation obeys ``deadline``."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within the lesser of ``timeout`` and the time left."""
        bounded = self._deadline.bound(timeout)
        stream = self._inner.connect_tcp(host, port, bounded, local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.bound(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.bound(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._deadline.bound(timeout))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
