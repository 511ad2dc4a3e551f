"""Sessions of a calendar, and daily closes in them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa

from warehouse.batch import Batch

_MICROS = pa.timestamp("us", "UTC")


def calendar(name: str, days: Sequence[date]) -> Batch:
    """Return the sessions of these days, from 13:30 to 20:00 UTC."""
    return Batch("ref.calendar", "calendars", pa.table({
        "calendar": [name] * len(days),
        "session": pa.array(days, pa.date32()),
        "opens_at": pa.array([datetime.combine(day, time(13, 30), UTC) for day in days], _MICROS),
        "closes_at": pa.array([datetime.combine(day, time(20), UTC) for day in days], _MICROS),
    }))  # fmt: skip


def closes(source: str, symbol: str, days: Sequence[date]) -> Batch:
    """Return a daily close of 10 for each of these days, known at its end."""
    midnights = [datetime.combine(day, time(), UTC) for day in days]
    return Batch("raw.bars", source, pa.table({
        "symbol": [symbol] * len(days), "resolution": ["1d"] * len(days), "close": ["10"] * len(days),
        "ts": pa.array(midnights, _MICROS),
        "known_at": pa.array([one + timedelta(hours=21) for one in midnights], _MICROS),
    }), namespace="test")  # fmt: skip
