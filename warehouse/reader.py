"""SELECTs over plain HTTP with kept connections, answered in Arrow: what reading costs beside the query itself.

The driver spends as long on a small query as the node does. Here a query is one request of the standard library's
client, and the answer one Arrow stream. Reads only: whatever fails may be asked again.
"""

import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

_TIMEOUT_SECONDS = 900
_BUSY = {429, 502, 503, 504}  # what a proxy says when there is no node behind it
_IDLE_SECONDS = 2.0  # nodes close a connection that was idle for 3 seconds, or more
# The node sends nothing before the query ended, so that an error is an error and never half a result. What is longer
# than this waits in a file there.
_WHOLE = {"wait_end_of_query": 1, "buffer_size": 2**24}
_ARROW = {"output_format_arrow_string_as_string": 1, "output_format_arrow_low_cardinality_as_dictionary": 0}


@dataclass(frozen=True)
class Address:
    """Where a node is and who asks."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    secure: bool = False


class Refusal(Exception):
    """What a node answered instead of a result."""


class Reader:
    """Asks one node; may be used from several threads.

    Parameters
    ----------
    local
        Whether the node is on this machine, where compression costs more than it saves.
    """

    def __init__(self, address: Address, *, local: bool) -> None:
        self._address = address
        self._compression = "none" if local else "lz4_frame"
        self._headers = {"X-ClickHouse-User": address.user, "X-ClickHouse-Key": address.password}
        self._idle: deque[tuple[float, HTTPConnection]] = deque()

    def select(self, sql: str, bound: Mapping[str, str], settings: Mapping[str, Any]) -> pa.Table:
        """Return a result; ``bound`` are the server's parameters, named ``param_…``.

        Raises
        ------
        ConnectionError
            If the node is not there, or goes away.
        Refusal
            If it says why not.
        """
        chosen = {"output_format_arrow_compression_method": self._compression} | _ARROW | _WHOLE
        body = f"{sql.rstrip().rstrip(';')}\nFORMAT ArrowStream".encode()
        answer = self._ask(f"/?{urlencode({**chosen, **settings, **bound})}", body)
        return pa.ipc.open_stream(answer).read_all()

    def close(self) -> None:
        """Drop all connections."""
        while self._idle:
            self._idle.pop()[1].close()

    def _ask(self, path: str, body: bytes) -> bytes:
        try:
            kept = self._kept()
            if kept is not None:
                try:
                    return self._ask_on(kept, path, body)
                except (OSError, HTTPException):
                    kept.close()  # the node may have closed it in the meantime: that says nothing about the node
            return self._ask_on(self._new(), path, body)
        except (OSError, HTTPException) as error:
            raise ConnectionError(f"{self._address.host}:{self._address.port}: {error}") from error

    def _ask_on(self, connection: HTTPConnection, path: str, body: bytes) -> bytes:
        connection.request("POST", path, body, self._headers)
        response = connection.getresponse()
        answer = response.read()
        said = response.getheader("X-ClickHouse-Exception-Code") is not None
        if response.status != 200 or said:
            connection.close()
            if response.status in _BUSY and not said:
                raise ConnectionError(f"HTTP {response.status}")
            raise Refusal(answer.decode(errors="replace"))
        self._idle.append((monotonic(), connection))
        return answer

    def _kept(self) -> HTTPConnection | None:
        while self._idle:
            since, connection = self._idle.pop()
            if monotonic() - since < _IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _new(self) -> HTTPConnection:
        where = self._address
        if where.secure:
            return HTTPSConnection(where.host, where.port, timeout=_TIMEOUT_SECONDS,
                                   context=ssl.create_default_context())  # fmt: skip
        return HTTPConnection(where.host, where.port, timeout=_TIMEOUT_SECONDS)
