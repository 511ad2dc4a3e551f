"""CSV as text: every field a string, in blocks of bounded size, with the lines that no parser should guess about.

    bytes -> blocks of whole lines -> malformed lines set aside -> Arrow table of text

Numbers stay text, so that nothing is rounded on the way: the warehouse's contract casts exactly. A record is one line:
line breaks inside quotes are not read, so that one stray quote costs one line and not the rest of the file (I11).

Refused by line: an odd number of quotes, another number of fields than the header has. Refused as a whole: NUL bytes,
text that is not UTF-8, a line above a megabyte, a header with a name twice.
"""

import csv
import io
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
        yield _parse(block, columns, first_line)
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
    columns = next(csv.reader([line.decode("utf-8").rstrip("\r")]), [])
    if not columns or len(set(columns)) != len(columns):
        raise SourceRejected(f"{name} has no usable header: {columns}.", remedy="Every column needs its own name.")
    return columns


def _parse(block: bytes, columns: list[str], first_line: int) -> TextRows:
    good, numbers, refused = _set_aside(block)
    invalid: list[pa_csv.InvalidRow] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    data = _read(good, columns, skip)
    places = np.arange(data.num_rows + len(invalid)) if numbers is None else np.array(numbers, dtype=np.int64)
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
    if b'"' not in block and b"\n\n" not in block and b"\n\r" not in block and not block.startswith((b"\n", b"\r")):
        return block, None, []
    kept: list[bytes] = []
    numbers: list[int] = []
    refused: list[tuple[int, str, str, str]] = []
    for position, line in enumerate(block.split(b"\n")):
        if line.count(b'"') % 2:
            refused.append(
                (position, "unbalanced_quotes", "an odd number of quotes", line.decode("utf-8").rstrip("\r"))
            )
        elif line.strip():
            kept.append(line)
            numbers.append(position)
    return b"\n".join(kept), numbers, refused


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
