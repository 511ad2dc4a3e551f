"""What the publishers of vintages give: their files as bytes, and a local server that has them.

with Publisher({"/monthly/2025-01-md.csv": ("text/csv", body)}) as publisher:
    publisher.base_url, publisher.requests
"""

import io
import threading
import zipfile
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from xml.sax.saxutils import escape

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = b"<!DOCTYPE html><html><body>Not found</body></html>"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def fred_md(columns: Mapping[str, Sequence[str]], *, first: str, code: str = "5") -> bytes:
    """Return a FRED-MD file: ``first`` is the first month, ``2016-01``; a text a month and series."""
    year, month = map(int, first.split("-"))
    lines = [["sasdate", *columns], ["Transform:", *[code] * len(columns)]]
    for at in range(len(next(iter(columns.values())))):
        number = year * 12 + month - 1 + at
        lines.append([f"{number % 12 + 1}/1/{number // 12}", *(texts[at] for texts in columns.values())])
    return "".join(",".join(line) + "\r\n" for line in lines).encode()


def workbook(rows: Sequence[Sequence[str | float]], *, sheet: str | None = None, shared: bool = True) -> bytes:
    """Return an ``.xlsx`` file of one sheet; texts are shared or inline, "#N/A" is an error cell, "" is left out."""
    texts: list[str] = []
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(f"{_letters(at)}{number}", value, texts, shared) for at, value in enumerate(row) if value != ""]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    parts = {
        "[Content_Types].xml": f"{_HEAD}<Types/>",
        "xl/workbook.xml": f"{_HEAD}<workbook {_MAIN}/>",
        "xl/worksheets/sheet1.xml": sheet
        or f"{_HEAD}<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>",
    }
    if shared:
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        parts["xl/sharedStrings.xml"] = f"{_HEAD}<sst {_MAIN}>{items}</sst>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _cell(reference: str, value: str | float, texts: list[str], shared: bool) -> str:
    if value == "#N/A":
        return f'<c r="{reference}" t="e"><v>#N/A</v></c>'
    if not isinstance(value, str):
        return f'<c r="{reference}"><v>{value!r}</v></c>'
    if not shared:
        return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    texts.append(value)
    return f'<c r="{reference}" t="s"><v>{len(texts) - 1}</v></c>'


def _letters(at: int) -> str:
    name = ""
    at += 1
    while at:
        at, left = divmod(at - 1, 26)
        name = chr(ord("A") + left) + name
    return name


class Publisher:
    """A server on this machine; a path that it does not have is answered with 404."""

    def __init__(self, files: Mapping[str, tuple[str, bytes]]) -> None:
        self.files = dict(files)
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """Up to and without the last slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Publisher":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output clean."""

        def do_GET(self) -> None:
            publisher.requests.append(self.path)
            kind, body = publisher.files.get(self.path, ("text/html", HTML))
            self.send_response(200 if self.path in publisher.files else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
