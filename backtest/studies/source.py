"""The market data of a task: read by the worker itself, and no slice more than the task may see."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.frames import Frame, read_parquet
from backtest.market import read_market
from research.canonical import canonical
from warehouse.snapshot import bars_snapshot, symbols_by_source
from warehouse.store import connect
from zeno.errors import ConfigError, StudyError
from zeno.settings import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 4  # frames a worker: folds share their training with the next


def load(data: Mapping[str, Any], *, panel: bool, start: int | None = None, end: int | None = None) -> Frame:
    """Return the slices of a study's data that begin in [start, end), µs UTC; all of them, unless given.

    Parameters
    ----------
    data
        The spec's ``data``.

    Raises
    ------
    StudyError
        When the data are no longer those that the study names.
    """
    return _load(canonical(data), panel, start, end)


@lru_cache(_KEPT)
def _load(text: str, panel: bool, start: int | None, end: int | None) -> Frame:
    import json

    data = json.loads(text)
    frame = _from_file(data, panel) if data.get("file") else _from_warehouse(data, panel, start, end)
    times = frame.columns.times
    first = 0 if start is None else int(np.searchsorted(times, start))
    last = len(times) if end is None else int(np.searchsorted(times, end))
    return cut(frame, first, last)


def cut(frame: Frame, start: int, stop: int) -> Frame:
    """Return the slices from ``start`` to before ``stop``, in memory of their own: what follows cannot be reached."""
    columns = frame.columns
    own = {name: getattr(columns, name)[start:stop].copy() for name in columns.names()}
    return replace(frame, columns=replace(columns, **own))


def _from_warehouse(data: Mapping[str, Any], panel: bool, start: int | None, end: int | None) -> Frame:
    first, last = _moment(data["start"]), _moment(data["end"])
    as_of, source = _moment(data["as_of"]), data["source"] or None
    if "sources" in data:
        _check_sources(data)
    if source == "ticks" or not data["vendor"]:
        now = bars_snapshot(data["symbols"], data["resolution"], first, last, as_of=as_of, source=source)
        if list(now.batches) != data["loads"]:
            raise StudyError("The trades behind the study's bars have changed since it began.",
                             remedy="Start the study again: with the new data it is another one.")  # fmt: skip
    return read_market(
        data["symbols"],
        data["resolution"],
        first if start is None else max(first, _from_micros(start)),
        last if end is None else min(last, _from_micros(end)),
        as_of=as_of,
        source=source,
        panel=panel,
        price_scale=data.get("price_scale"),
        quantity_scale=data["quantity_scale"],
        loads=data["loads"],
    )


def _check_sources(data: Mapping[str, Any]) -> None:
    """Refuse to read symbols of several sources where one of them would be read from another now."""
    remedy = "Start the study again, a source at a time (--source)."
    try:
        now = symbols_by_source(connect(), data["symbols"], data["resolution"])
    except ConfigError as error:
        raise StudyError(f"The study's bars have come to be ambiguous: {error}", remedy=remedy) from error
    if now != data["sources"]:
        raise StudyError("A symbol's bars would come from another source than when the study began.", remedy=remedy)


def _from_file(data: Mapping[str, Any], panel: bool) -> Frame:
    path = Path(data["file"])
    if not path.is_file() or file_hash(path) != data["sha256"]:
        path = _kept(data)
    return read_parquet(path, price_scale=data["price_scale"], panel=panel, quantity_scale=data["quantity_scale"])


def _kept(data: Mapping[str, Any]) -> Path:
    """Return the file as it was when the study began."""
    if "version" not in data:
        name = Path(data["file"]).name
        raise StudyError(f"{name} is not the file that the study names: it was {data['sha256'][:16]}….",
                         remedy="Put that file back, or start the study again.")  # fmt: skip
    from research.files import FileVersion, restore

    return restore(FileVersion(**data["version"]), Settings.from_env())


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _from_micros(moment: int) -> datetime:
    return datetime.fromtimestamp(moment // 1_000_000, UTC).replace(microsecond=moment % 1_000_000)
