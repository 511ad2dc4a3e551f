"""The drop folder: CSV and Parquet files that people put down, each in the folder of the table it is for.

    <drop>/raw.trades/ticks.csv | .csv.gz | .parquet
      pending  -> files that are complete: not hidden, not *.tmp or *.part, not touched in the last seconds
      read_file-> batches of bounded size, source and namespace "drop"   -> the loader
      settle   -> <drop>/raw.trades/done/ or rejected/ (with ticks.csv.reason.txt), never over another file

Columns go by the table's names; ``symbol`` stands in for ``instrument_id``, and nullable ones may be left out. Times
are ISO 8601 with an offset (``zeno.times``), dates YYYY-MM-DD. What may be left out besides: on ticks the lag
(``known_lag_us``), which is 0 then, or give ``known_at`` instead; on bars ``known_at``, which is the bar's end then.

A file that cannot be read as a whole is read to its end before any of it is handed on, and becomes one empty batch with
one rejection (row -1): it lands in the quarantine and loads nothing (I11, I12, I13). Bad lines and bad times are
refused one by one: nothing about a row may end a file whose earlier rows have been handed on. Everything else is the
contract's to judge.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collectors.csvtext import BLOCK_BYTES, TextRows, check_text, stream_text
from collectors.drop_columns import SOURCE, check_columns, check_types, to_batch
from collectors.shape import Values, columns_of, make_batch
from collectors.unpack import gunzip_stream, read_chunks
from warehouse.batch import Batch, Rejection
from warehouse.schema import TABLES, Table
from warehouse.schema.arrow import ARROW_TYPES
from zeno.clock import Clock, SystemClock
from zeno.errors import SourceRejected

QUIET_SECONDS = 5.0
"""A file that changed less than this ago may still be growing."""

PARQUET_ROWS = 500_000
MAX_UNFOLDED = 64 * 2**30
_SETTLED = ("done", "rejected")
_HEAD = 500
_REFERENCE_FIRST = {"ref.instruments": 0, "ref.symbols": 1} | {
    name: 2 for name in TABLES if name.startswith("ref.") and name not in {"ref.instruments", "ref.symbols"}
}


def pending(folder: Path, *, clock: Clock | None = None, quiet_seconds: float = QUIET_SECONDS) -> list[Path]:
    """Return the complete files in the folders below ``folder``: instruments, symbols, other reference data, the rest.

    Within a table they are in order of name: trades dropped together with their new symbol find it.
    Files of no declared table and of no known format are returned too: reading them says what is wrong.
    """
    now = (clock or SystemClock()).now().timestamp()
    found = (path for path in folder.glob("*/*") if path.is_file() and not path.is_symlink())
    files = sorted(found, key=lambda path: (_REFERENCE_FIRST.get(path.parent.name, 3), path))
    return [path for path in files if not _unfinished(path) and _quiet_since(path) <= now - quiet_seconds]


def read_file(path: Path) -> Iterator[Batch]:
    """Yield the batches of one file.

    A file that cannot be read as a whole is one empty batch, whose rejection ``whole_file_reason`` tells.

    Raises
    ------
    SourceRejected
        If its folder is not named after a table that can be loaded: there is no table to quarantine it for.
    """
    declared = TABLES.get(path.parent.name)
    if declared is None or not declared.loadable:
        raise SourceRejected(
            f"{path.parent.name!r} is not a table that can be loaded.",
            remedy=f"Folders are named after tables: {', '.join(n for n, t in TABLES.items() if t.loadable)}.",
        )
    try:
        reader = _reader(path)
        reader.check(path, declared)
        yield from (to_batch(declared, rows) for rows in reader.rows(path, declared))
    except SourceRejected as error:
        yield _whole_file(declared, path, str(error))


def whole_file_reason(batch: Batch) -> str:
    """Return why the whole file that this batch comes from was refused, or ""."""
    return next((rejection.detail for rejection in batch.unreadable if rejection.row < 0), "")


def version(path: Path) -> tuple[int, int, int] | None:
    """Return inode, modification time and size: they tell a file from one put in its place. None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def settle(path: Path, outcome: str, reason: str = "") -> Path:
    """Move a file that was dealt with out of the way and return where it is now.

    Parameters
    ----------
    outcome
        ``done`` or ``rejected``, which needs a ``reason``: it is written beside the file.
    """
    if outcome not in _SETTLED or (outcome == "rejected") != bool(reason):
        raise ValueError(f"outcome {outcome!r} with reason {reason!r}: a rejection has a reason, and only that")
    folder = path.parent / outcome
    folder.mkdir(exist_ok=True)
    place = _reserve(folder, path.name)
    if reason:
        place.with_name(f"{place.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")
    return path.replace(place)


def _unfinished(path: Path) -> bool:
    return path.name.startswith(".") or path.name.endswith((".tmp", ".part"))


def _quiet_since(path: Path) -> float:
    found = version(path)  # a load may take it away between the listing and this look
    return found[1] / 1e9 if found else math.inf


def _reserve(folder: Path, name: str) -> Path:
    """Create an empty file under a name that nobody has, so that the rename over it replaces only that."""
    number = 0
    while True:
        place = folder / (f"{number}-{name}" if number else name)
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return place


class _Csv:
    """CSV files, gzipped or not."""

    @staticmethod
    def check(path: Path, declared: Table) -> None:
        del declared  # the header is looked at with the first lines
        check_text(_text_chunks(path), path.name)

    @staticmethod
    def rows(path: Path, declared: Table) -> Iterator[TextRows]:
        for rows in stream_text(_text_chunks(path), path.name, block_bytes=BLOCK_BYTES):
            check_columns(declared, rows.data.column_names)
            yield rows


class _Parquet:
    """Parquet files, by row group or less."""

    @staticmethod
    def check(path: Path, declared: Table) -> None:
        schema = _parquet_schema(path)
        check_types(declared, schema)
        check_columns(declared, schema.names)
        for _ in _parquet_tables(path):
            pass

    @staticmethod
    def rows(path: Path, declared: Table) -> Iterator[TextRows]:
        del declared  # the whole file has been checked
        first = 1
        for data in _parquet_tables(path):
            yield TextRows(data, (), np.arange(data.num_rows), first)
            first += data.num_rows


def _reader(path: Path) -> type[_Csv] | type[_Parquet]:
    if path.name.endswith((".csv", ".csv.gz")):
        return _Csv
    if path.name.endswith(".parquet"):
        return _Parquet
    raise SourceRejected(f"{path.name} has no known format.", remedy="Drop .csv, .csv.gz or .parquet.")


def _text_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        chunks = read_chunks(raw)
        yield from gunzip_stream(chunks, path.name, max_bytes=MAX_UNFOLDED) if path.suffix == ".gz" else chunks


def _parquet_schema(path: Path) -> pa.Schema:
    with _parquet_file(path) as file:
        return file.schema_arrow


def _parquet_tables(path: Path) -> Iterator[pa.Table]:
    with _parquet_file(path) as file:
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            yield pa.Table.from_batches([batch])


@contextmanager
def _parquet_file(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise SourceRejected(f"{path.name} is not an intact Parquet file: {error}") from error


def _whole_file(declared: Table, path: Path, reason: str) -> Batch:
    with path.open("rb") as raw:
        head = raw.read(_HEAD).decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    types = {name: ARROW_TYPES[c.kind] for name, c in declared.by_name.items()}
    empty: dict[str, Values] = {name: pa.array([], types.get(name, pa.string())) for name in columns_of(declared)}
    refusal = Rejection(-1, "unreadable_file", f"{path.name}: {reason}", head)
    return make_batch(declared.name, SOURCE, empty, unreadable=(refusal,))
