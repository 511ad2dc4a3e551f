"""FRED-MD: about 126 US monthly series in monthly vintages, as the St. Louis Fed publishes them, one CSV a vintage.

    2016-06.csv, 2016-07.csv, … (or zips of them) -> grid each -> changes between neighbours -> raw.macro, batch a file

    sasdate,RPI,PAYEMS,…         the series
    Transform:,5,5,…             codes of the publisher's transformations, 1 to 7 (McCracken and Ng 2016)
    1/1/1959,2437.3,52478,…      levels, one line a month; an empty cell has no value

Files come from ``<drop>/vintages/fred-md/``, as ``2016-06.csv``, ``2025-01-md.csv`` or zips of such, as the
publisher names them. Only where that folder holds none is the publisher asked: the zip of 2015 to 2024, and a file for
every later month that is over; both are kept in the cache. Values before 2015 in reconstructed vintages (1999 to 2014)
are the publisher's too, from archived releases; drop them in if wanted.

A file that is cut, repeats a month, or is a web page loads nothing and is quarantined whole; the next vintage is then
compared with the last good one. When a vintage counts as known, and what is withdrawn: ``collectors.vintage_grid``.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.transport import Policy, Transport
from collectors.unpack import member
from collectors.vintage_grid import (
    RENAMED,
    Grid,
    History,
    as_batch,
    check_months,
    is_over,
    numbers,
    refusals,
    whole_file,
)
from warehouse.batch import Batch
from zeno.errors import SourceRejected

BASE_URL = "https://www.stlouisfed.org/-/media/project/frbstl/stlouisfed/research/fred-md"
SOURCE = "fred_md"
FOLDER = "fred-md"
BUNDLE = "historical-vintages-of-fred-md-2015-01-to-2024-12.zip"
FIRST_SINGLE = np.datetime64("2025-01", "M")

_NAME = re.compile(r"(\d{4})-(\d{1,2})(?:-md)?\.csv", re.ASCII | re.IGNORECASE)
_SERIES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-/:]{0,63}", re.ASCII)
_CSV = ("text/csv", "application/csv", "application/octet-stream", "text/plain", "application/vnd.ms-excel")
_ZIP = ("application/zip", "application/x-zip-compressed", "application/octet-stream")
_LATEST_LAG = 3  # months from the last value to the vintage: 1 as a rule, more while a shutdown holds releases back

Files = dict[np.datetime64, tuple[str, Callable[[], bytes]]]
"""Vintage -> its file's name, and how to read it."""


def parse(raw: bytes, name: str, vintage: np.datetime64) -> Grid:
    """Return one file as a grid.

    Raises
    ------
    SourceRejected
        If it is not a whole FRED-MD file of that vintage.
    """
    rows = read_text(raw, name)
    head = rows.data.column_names
    if head[0].strip().lower() != "sasdate":
        raise SourceRejected(f"{name} starts with {head[0]!r:.40}, not sasdate.", remedy="It is not a FRED-MD file.")
    if rows.unreadable:
        raise SourceRejected(f"{name}: {rows.unreadable[0].detail}.", remedy="It is cut off or damaged: fetch it anew.")
    frame = rows.data.to_pandas()
    frame = frame[(frame != "").any(axis=1)]
    _check_codes(frame, name)
    body = frame.iloc[1:].set_index(head[0])
    body.index = pd.DatetimeIndex(_months(body.index, name).astype("datetime64[s]"))
    check_months(body.index.to_numpy().astype("datetime64[M]"), 1, name)
    last = body.index.to_numpy()[-1].astype("datetime64[M]")
    if not 0 <= int((vintage - last).astype(np.int64)) <= _LATEST_LAG:
        raise SourceRejected(f"{name} ends with {last}.", remedy="It is cut off, or not the vintage of its name.")
    body = body.rename(columns=RENAMED)
    unknown = tuple(name for name in body.columns if not _SERIES.fullmatch(name))
    values, refused = numbers(body.drop(columns=list(unknown)), ("", ".", "#N/A"))
    return Grid(vintage, "M", values, refused, unknown)


def _check_codes(frame: pd.DataFrame, name: str) -> None:
    codes = frame.iloc[0].tolist() if len(frame) else [""]
    wrong = [code for code in codes[1:] if code.removesuffix(".0") not in {"1", "2", "3", "4", "5", "6", "7", ""}]
    if not codes[0].lower().startswith("transform") or wrong:
        raise SourceRejected(
            f"{name}: the second line is not one of transformation codes 1 to 7 ({[codes[0], *wrong][:3]}).",
            remedy="It is not a FRED-MD file.",
        )


def _months(text: pd.Index, name: str) -> np.ndarray:
    try:
        return pd.to_datetime(text, format="%m/%d/%Y").to_numpy("datetime64[M]")
    except ValueError as error:
        raise SourceRejected(f"{name} has a date that is none: {error}.", remedy="Dates are m/d/yyyy.") from error


@dataclass(frozen=True, kw_only=True)
class FredMdCollector:
    """Reads vintages from a folder, or else from the publisher, a batch a vintage.

    Parameters
    ----------
    folder
        Where the files are; by default ``<drop>/vintages/fred-md``.
    base_url
        Of the publisher; another one for tests.
    policy
        Patience and limits.
    """

    folder: Path | None = None
    base_url: str = BASE_URL
    policy: Policy = field(default_factory=Policy)

    def read(self, context: Context) -> Iterator[Batch]:
        """Yield the batches, by vintage; a vintage whose month is not over is left for later.

        Raises
        ------
        SourceUnavailable, SourceRejected
            If the publisher is asked and does not answer, or not with a FRED-MD file; batches before stay good.
        """
        folder = self.folder or context.settings.drop / "vintages" / FOLDER
        files = _files(folder)
        history = History(SOURCE)
        if files:
            yield from (_batch(history, *entry) for entry in _in_order(files, context.clock.now()))
            return
        with Transport(self.policy, context.clock, zlib.crc32(SOURCE.encode())) as transport:
            cache = context.settings.cache / "vintages" / FOLDER
            for vintage, name, read in self._online(transport, cache, context.clock.now()):
                yield _batch(history, vintage, name, read, tolerant=False)

    def _online(
        self, transport: Transport, cache: Path, now: datetime
    ) -> Iterator[tuple[np.datetime64, str, Callable[[], bytes]]]:
        cache.mkdir(parents=True, exist_ok=True)
        bundle = cache / BUNDLE
        _kept(bundle, lambda: transport.get(f"{self.base_url}/{BUNDLE}", accept=_ZIP).body, _is_bundle)
        yield from _in_order(_in_zip(bundle), now)
        vintage = FIRST_SINGLE
        while is_over(vintage, now):
            name = f"{vintage}-md.csv"
            url = f"{self.base_url}/monthly/{name}"
            check = partial(parse, name=name, vintage=vintage)
            body = _kept(cache / name, lambda url=url: transport.get(url, accept=_CSV).body, check)
            yield vintage, name, lambda body=body: body
            vintage += np.timedelta64(1, "M")


def _kept(path: Path, fetch: Callable[[], bytes], check: Callable[[bytes], object]) -> bytes:
    """Return a file of the cache, fetched when it is not there; what does not pass ``check`` is never kept."""
    if path.is_file():
        return path.read_bytes()
    body = fetch()
    check(body)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(body)
    part.replace(path)
    return body


def _is_bundle(body: bytes) -> None:
    if not body.startswith(b"PK"):
        raise SourceRejected(f"{BUNDLE} is not a zip.", remedy="Fetch it by hand into the drop folder.")


def _files(folder: Path) -> Files:
    """Return the vintages of a folder; a file of its own goes before the same month in a zip."""
    found: Files = {}
    paths = sorted(folder.glob("*")) if folder.is_dir() else []
    for path in sorted(paths, key=lambda one: one.suffix.lower() != ".zip"):
        if path.suffix.lower() == ".zip":
            found.update(_in_zip(path))
        elif (vintage := _vintage(path.name)) is not None and path.is_file():
            found[vintage] = (path.name, path.read_bytes)
    return found


def _in_zip(path: Path) -> Files:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceRejected(f"{path.name} is damaged: {error}.", remedy="Delete it and fetch it anew.") from error
    named = [(_vintage(PurePosixPath(name).name), name) for name in names]
    return {
        vintage: (name, lambda name=name: member(path, name))
        for vintage, name in named
        if vintage is not None and "__MACOSX" not in name
    }


def _vintage(name: str) -> np.datetime64 | None:
    found = _NAME.fullmatch(name)
    month = int(found[2]) if found else 0
    return np.datetime64(f"{found[1]}-{month:02}", "M") if found and 1 <= month <= 12 else None


def _in_order(files: Files, now: datetime) -> Iterator[tuple[np.datetime64, str, Callable[[], bytes]]]:
    for vintage in sorted(files):
        if is_over(vintage, now):
            yield vintage, *files[vintage]


def _batch(
    history: History, vintage: np.datetime64, name: str, read: Callable[[], bytes], *, tolerant: bool = True
) -> Batch:
    """Return the batch of one file; one that cannot be read is quarantined whole, or raises if not ``tolerant``."""
    head = b""
    try:
        head = read()
        grid = parse(head, name, vintage)
    except SourceRejected as error:
        if not tolerant:
            raise
        return whole_file(SOURCE, name, head, error.message)
    return as_batch(SOURCE, history.step(grid), refusals(grid))


DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name=SOURCE,
        tables=("raw.macro",),
        title="US monthly series in monthly vintages (FRED-MD)",
        description=(
            "Every value as it stood in each monthly file since 2015, changes only. A vintage counts as known from the "
            "end of its month. Files in <drop>/vintages/fred-md are read instead of asking the publisher."
        ),
        origin=f"files in the drop folder, or {BASE_URL}",
        read=FredMdCollector().read,
        online=True,
    ),
)
