"""CSV as text: every field a string, in blocks of bounded size, with the lines that no parser should guess about.

    bytes -> blocks of whole lines -> malformed lines set aside -> Arrow table of text

Numbers stay text, so that nothing is rounded on the way: the warehouse's contract casts exactly. A record is one line:
line breaks inside quotes are not read, so that one stray quote costs one line and not the rest of the file (I11).

Refused by line: quotes that do not pair, a carriage return that does not end its line, another number of fields than
the header has. Refused as a whole: NUL bytes, text that is not UTF-8, a line above a megabyte, a header with a name
twice.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from warehouse.batch import Rejection
from zeno.errors import SourceRejected

BLOCK_BYTES = 32 * 2**20
"""Bytes of CSV that are parsed at once."""

MAX_LINE = 2**20
_BOM = b"\xef\xbb\xbf"
_PAYLOAD = 2000
# The parser's own rule: a quote opens only where a field starts, two inside are one, and after the closing one whatever
# stands before the next comma is text. Nothing is given back once matched, so that every line takes linear time.
_FIELD = rb'(?:"(?:[^"]++|"")*+"[^,]*+|[^",][^,]*+|)'
_CLOSED_LINE = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+", re.DOTALL)


@dataclass(frozen=True)
class TextRows:
    """Rows of one block.

    Parameters
    ----------
    data
        The readable rows, all text.
    unreadable
        The lines set aside, by position in the block.
    positions
        Where in the block each row of ``data`` stood, counted from 0.
    first_line
        The file's line number, from 1, of the block's first row.
    """

    data: pa.Table
    unreadable: tuple[Rejection, ...]
    positions: np.ndarray
    first_line: int


def read_text(raw: bytes, name: str) -> TextRows:
    """Return a whole CSV file as one block.

    Raises
    ------
    SourceRejected
        If the file as a whole cannot be read.
    """
    blocks = list(stream_text([raw], name, block_bytes=len(raw) + 1))
    return TextRows(
        pa.concat_tables([block.data for block in blocks]),
        tuple(line for block in blocks for line in block.unreadable),
        np.concatenate([block.positions for block in blocks]),
        blocks[0].first_line,
    )


def stream_text(chunks: Iterable[bytes], name: str, *, block_bytes: int = BLOCK_BYTES) -> Iterator[TextRows]:
    """Yield a CSV file block by block; at least one, which is empty if the file has a header only.

    Raises
    ------
    SourceRejected
        If the file as a whole cannot be read; rows of earlier blocks have been yielded by then.
    """
    columns: list[str] | None = None
    first_line = 1
    for block in _whole_lines(chunks, name, block_bytes):
        _check_block(block, name)
        if columns is None:
            head, _, block = block.removeprefix(_BOM).partition(b"\n")
            columns, first_line = _header(head, name), 2
        yield _parse(block, columns, first_line, name)
        first_line += block.count(b"\n")
    if columns is None:
        raise SourceRejected(f"{name} is empty.", remedy="A CSV file starts with the names of its columns.")


def check_text(chunks: Iterable[bytes], name: str) -> None:
    """Read a CSV file to its end without parsing it.

    Raises
    ------
    SourceRejected
        If the file as a whole cannot be read.
    """
    for block in _whole_lines(chunks, name, BLOCK_BYTES):
        _check_block(block, name)


def _whole_lines(chunks: Iterable[bytes], name: str, block_bytes: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size < block_bytes:
            continue
        lines, newline, rest = b"".join(parts).rpartition(b"\n")
        if len(rest) > MAX_LINE:
            raise SourceRejected(f"{name} has a line above {MAX_LINE:,} bytes.", remedy="It was not read.")
        if newline:
            yield lines + newline
        parts, size = [rest], len(rest)
    if last := b"".join(parts):
        yield last


def _check_block(block: bytes, name: str) -> None:
    if b"\x00" in block:
        raise SourceRejected(f"{name} contains NUL bytes.", remedy="It is not text, or was damaged on its way.")
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceRejected(f"{name} is not UTF-8: {error}.", remedy="Save it as UTF-8.") from error


def _header(line: bytes, name: str) -> list[str]:
    try:
        columns = next(csv.reader([line.decode("utf-8").rstrip("\r")]), [])
    except csv.Error as error:
        raise SourceRejected(
            f"{name} has no usable header: {error}.", remedy="Lines end with a line feed, names are short."
        ) from error
    if not columns or len(set(columns)) != len(columns):
        raise SourceRejected(f"{name} has no usable header: {columns}.", remedy="Every column needs its own name.")
    return columns


def _parse(block: bytes, columns: list[str], first_line: int, name: str) -> TextRows:
    good, numbers, refused = _set_aside(block)
    handed_over = _count_lines(good) if numbers is None else len(numbers)
    invalid: list[pa_csv.InvalidRow] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    try:
        data = _read(good, columns, skip)
    except pa.ArrowInvalid as error:
        raise SourceRejected(f"{name} cannot be parsed from line {first_line} on: {error}.") from error
    if (found := data.num_rows + len(invalid)) != handed_over:
        raise SourceRejected(
            f"{name}: {handed_over} lines from line {first_line} on were read as {found} rows.",
            remedy="Please report this file.",
        )
    places = np.arange(handed_over) if numbers is None else np.array(numbers, dtype=np.int64)
    for row in invalid:
        position = int(places[row.number - 1])
        detail = f"{row.actual_columns} fields where the header has {row.expected_columns}"
        refused.append((position, "field_count", detail, row.text))
    unreadable = tuple(
        Rejection(position, reason, f"line {first_line + position}: {detail}", payload[:_PAYLOAD])
        for position, reason, detail, payload in sorted(refused)
    )
    return TextRows(data, unreadable, np.delete(places, [row.number - 1 for row in invalid]), first_line)


def _set_aside(block: bytes) -> tuple[bytes, list[int] | None, list[tuple[int, str, str, str]]]:
    """Return the lines to parse, their positions in the block (None: all of them), and the lines refused."""
    if _is_plain(block):
        return block, None, []
    kept: list[bytes] = []
    numbers: list[int] = []
    refused: list[tuple[int, str, str, str]] = []
    for position, line in enumerate(block.split(b"\n")):
        if wrong := _malformed(line):
            refused.append((position, *wrong, line.decode("utf-8").rstrip("\r")))
        elif line.strip():
            kept.append(line)
            numbers.append(position)
    return b"\n".join(kept), numbers, refused


def _is_plain(block: bytes) -> bool:
    """Whether no line needs a look of its own: no quotes, no blank lines, no carriage return but before a line feed."""
    if b'"' in block or b"\n\n" in block or b"\n\r" in block or block.startswith((b"\n", b"\r")):
        return False
    return block.count(b"\r") == block.count(b"\r\n")


def _malformed(line: bytes) -> tuple[str, str] | None:
    """Return reason and detail of a line that the parser would not read as one record."""
    if b"\r" in line.removesuffix(b"\r") and line.strip():
        return "carriage_return", "a carriage return that does not end the line"
    if b'"' not in line:
        return None
    if line.count(b'"') % 2:
        return "unbalanced_quotes", "an odd number of quotes"
    if not _CLOSED_LINE.fullmatch(line):
        return "unbalanced_quotes", "a quoted field that does not end"
    return None


def _count_lines(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n") and bool(block))


def _read(text: bytes, columns: list[str], on_invalid: object) -> pa.Table:
    if not text:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    return pa_csv.read_csv(
        io.BytesIO(text),
        # One thread and one block: only then does the parser know the number of a line.
        read_options=pa_csv.ReadOptions(column_names=columns, use_threads=False, block_size=len(text) + 1),
        parse_options=pa_csv.ParseOptions(invalid_row_handler=on_invalid),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in columns}, strings_can_be_null=False
        ),
    )
