"""A local FRED: the real JSON format over a small table of vintages, with faults on request.

    fake = FakeFred(table)           table: series -> FakeSeries(frequency, changes)
    fake.script(Status(429), OK)     the next request is refused, the one after it answered, as are all later ones
    fake.requests                    (path, query) of every request, in order

What it copies of the real service: rows cut off at the real-time period asked for, pages with ``count``, ``offset`` and
``limit``, 400 with ``error_code`` and ``error_message`` (an unknown series, a bad key, a period before the first
vintage, more than 2,000 vintages), and the trap of ``vintage_dates``: 200 with the latest, revised values.
"""

import gzip
import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

KEY = "0123456789abcdef0123456789abcdef"
FOREVER = date(9999, 12, 31)
MAX_VINTAGES = 2_000


@dataclass
class FakeSeries:
    """``changes``: (period, vintage, value), where ``None`` withdraws the period."""

    changes: list[tuple[date, date, str | None]]
    frequency: str = "Monthly"
    frequency_short: str = "M"

    def vintages(self) -> list[date]:
        return sorted({vintage for _, vintage, _ in self.changes})

    def rows(self, first: date, last: date) -> list[dict[str, str]]:
        """Every value that was current between ``first`` and ``last``, cut off at both."""
        found: list[tuple[date, date, date, str]] = []
        for period in sorted({period for period, _, _ in self.changes}):
            history = sorted((vintage, value) for p, vintage, value in self.changes if p == period)
            ends = [vintage - timedelta(days=1) for vintage, _ in history[1:]] + [FOREVER]
            for (start, value), end in zip(history, ends, strict=True):
                if value is not None and start <= last and end >= first:
                    found.append((period, max(start, first), min(end, last), value))
        return [
            {"realtime_start": f"{start}", "realtime_end": f"{end}", "date": f"{period}", "value": value}
            for period, start, end, value in found
        ]


@dataclass(frozen=True)
class Ok:
    """No fault."""


@dataclass(frozen=True)
class Status:
    code: int
    retry_after: str | None = None
    body: bytes = b'{"error_code":0,"error_message":"scripted"}'
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer (until the server closes)."""


@dataclass(frozen=True)
class Drip:
    """Answer one byte a ``pause``: the body, or the headers too."""

    pause: float = 1.0
    headers: bool = False


@dataclass(frozen=True)
class Cut:
    """Announce the whole body, send ``keep`` bytes, and close."""

    keep: int = 40


@dataclass(frozen=True)
class Raw:
    """A 200 with this body as it is."""

    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    coding: str | None = None


@dataclass(frozen=True)
class ShiftPage:
    """Deliver the page ``pages`` further on (-1 repeats, +1 skips), claiming that it is the one asked for."""

    pages: int
    honest: bool = False


@dataclass(frozen=True)
class Edit:
    """Change the JSON answer before it is sent."""

    change: Callable[[dict[str, object]], None]


Fault = Ok | Status | Hang | Drip | Cut | Raw | ShiftPage | Edit
OK = Ok()
HTML = Raw(b"<html><body>Down for maintenance</body></html>", "text/html; charset=UTF-8")


def bomb(size: int) -> Raw:
    """Return a JSON answer of ``size`` spaces, gzipped to about a thousandth."""
    return Raw(gzip.compress(b"[" + b" " * size + b"]"), coding="gzip")


class FakeFred:
    """The server; a context manager. ``tls`` serves https with that context."""

    def __init__(self, table: dict[str, FakeSeries], *, tls: ssl.SSLContext | None = None) -> None:
        self.table = table
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.gzipped = False
        self.closing = threading.Event()
        self._faults: deque[Fault] = deque()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}/fred"

    def script(self, *faults: Fault) -> None:
        self._faults.extend(faults)

    def next_fault(self) -> Fault:
        return self._faults.popleft() if self._faults else OK

    @property
    def left(self) -> int:
        """Faults that no request has met yet."""
        return len(self._faults)

    def __enter__(self) -> "FakeFred":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that leave early, or refuse the certificate, are what is being tested."""


def _handler(fake: FakeFred) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        server_state = fake

    return Handler


class _RefusalError(Exception):
    """A 400 with FRED's words."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; together with delayed acknowledgements, 40 ms
    server_state: FakeFred

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        fake = self.server_state
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        fake.requests.append((parts.path.removeprefix("/fred/"), query))
        fault = fake.next_fault()
        with suppress(OSError):  # the client left
            self._answer(fault, *fake.requests[-1])

    def _answer(self, fault: Fault, path: str, query: dict[str, str]) -> None:
        if isinstance(fault, Hang):
            self.server_state.closing.wait(30)
            self.close_connection = True
        elif isinstance(fault, Status):
            extra = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            self._send(fault.code, fault.body, headers={**extra, **fault.headers})
        elif isinstance(fault, Raw):
            coding = {"Content-Encoding": fault.coding} if fault.coding else {}
            self._send(200, fault.body, content_type=fault.content_type, headers=coding)
        else:
            self._send_json(fault, path, query)

    def _send_json(self, fault: Fault, path: str, query: dict[str, str]) -> None:
        try:
            answer = _answer(self.server_state.table, path, query, fault)
            code = 200
        except _RefusalError as refusal:
            code, answer = 400, {"error_code": 400, "error_message": f"Bad Request.  {refusal}"}
        if isinstance(fault, Edit):
            fault.change(answer)
        body = json.dumps(answer).encode()
        if isinstance(fault, Cut):
            self._send(code, body, sent=body[: fault.keep])
            self.close_connection = True
        elif isinstance(fault, Drip):
            self._drip(body, fault)
        elif self.server_state.gzipped and "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(code, gzip.compress(body), headers={"Content-Encoding": "gzip"})
        else:
            self._send(code, body)

    def _send(
        self,
        code: int,
        body: bytes,
        *,
        content_type: str = "application/json; charset=UTF-8",
        headers: dict[str, str] | None = None,
        sent: bytes | None = None,
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if sent is None else sent)

    def _drip(self, body: bytes, fault: Drip) -> None:
        lines = ("HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "", "")
        head = "\r\n".join(lines).encode()
        at_once, slowly = (b"", head + body) if fault.headers else (head, body)
        self.wfile.write(at_once)
        for byte in slowly:
            if self.server_state.closing.wait(fault.pause):
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True


def _answer(table: dict[str, FakeSeries], path: str, query: dict[str, str], fault: Fault) -> dict[str, object]:
    if query.get("api_key") != KEY:
        raise _RefusalError(f"The value for variable api_key is not registered: {query.get('api_key')}.")
    if query.get("file_type") != "json":
        raise _RefusalError("This server speaks JSON only.")
    series = table.get(query.get("series_id", ""))
    if series is None:
        raise _RefusalError("The series does not exist.")
    if path == "series":
        return _series(query["series_id"], series)
    if path == "series/vintagedates":
        return _paged([f"{day}" for day in series.vintages()], "vintage_dates", query, 10_000, fault)
    if path == "series/observations":
        return _paged(_observations(series, query), "observations", query, 100_000, fault)
    raise _RefusalError("No such path.")


def _series(name: str, series: FakeSeries) -> dict[str, object]:
    facts = {"id": name, "frequency": series.frequency, "frequency_short": series.frequency_short}
    return {"realtime_start": "2026-01-02", "realtime_end": "2026-01-02", "seriess": [facts]}


def _observations(series: FakeSeries, query: dict[str, str]) -> list[dict[str, str]]:
    if "vintage_dates" in query:  # the trap: what is known today, whatever vintage was asked for
        return series.rows(max(series.vintages()), FOREVER)
    first = date.fromisoformat(query.get("realtime_start", "2026-01-02"))
    last = date.fromisoformat(query.get("realtime_end", "2026-01-02"))
    vintages = [day for day in series.vintages() if first <= day <= last]
    if len(vintages) > MAX_VINTAGES:
        raise _RefusalError(f"This exceeds the maximum number of vintage dates allowed ({MAX_VINTAGES}).")
    if first < min(series.vintages()) and first.year > 1776:
        raise _RefusalError("The series does not exist in ALFRED but may exist in FRED.")
    return series.rows(first, last)


def _paged(rows: list[object], name: str, query: dict[str, str], most: int, fault: Fault) -> dict[str, object]:
    offset, limit = int(query.get("offset", 0)), int(query.get("limit", most))
    if not 1 <= limit <= most:
        raise _RefusalError(f"limit is not between 1 and {most}.")
    start, told = offset, offset
    if isinstance(fault, ShiftPage):
        start = max(0, offset + fault.pages * limit)
        told = start if fault.honest else offset
    page = rows[start : start + limit]
    return {"count": len(rows), "offset": told, "limit": limit, name: page}
