"""Text to time: ISO 8601 to UTC microseconds, a column at once, refusing row by row.

Inside Zeno every time is UTC. Text may carry its own offset (``Z``, ``+01:00``); text without one is refused unless
the caller names a zone, because guessing it shifts history by hours. Within a zone two moments need a decision:

    gap    clocks jump forward, the local time never happened    refused, always
    fold   clocks go back, the local time happened twice         refused, unless ``fold`` says which (0 first, 1 second)

A leap second, ``23:59:60`` with any fraction, is read as ``23:59:59.999999`` of the same minute: it stays in its day
and after everything that came before it. Digits finer than a microsecond are refused unless they are zero.

Not here: clocks (``zeno.clock``) and sessions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

UTC_MICROSECONDS = pa.timestamp("us", "UTC")

_DATE = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
_CLOCK = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6})0{0,6})?"
_OFFSET = r"(?P<offset>Z|(?:[+-]\d{2}:?\d{2}))?"
_PATTERN = f"^{_DATE}[T ]{_CLOCK}{_OFFSET}$"
_DAY_PATTERN = f"^{_DATE}$"
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_FARTHEST_OFFSET = 14 * 60  # minutes: Kiribati's
_DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class ParsedTimes:
    """Parsed column: ``values`` is null where the text was refused, and ``reasons`` says why, by row."""

    values: pa.Array
    reasons: dict[int, str]


def parse_timestamps(text: pa.Array | pa.ChunkedArray, *, zone: str | None = None, fold: int | None = None
                     ) -> ParsedTimes:  # fmt: skip
    """Parse ``YYYY-MM-DDTHH:MM:SS[.ffffff][offset]`` (or a space for the T) to UTC microseconds.

    Parameters
    ----------
    text
        String column. Nulls and everything that does not parse are refused.
    zone
        IANA zone of times without an offset; None refuses them.
    fold
        Which of two equal local times is meant, 0 or 1; None refuses them.

    >>> parse_timestamps(pa.array(["2016-12-31T23:59:60Z"])).values[0].as_py().isoformat()
    '2016-12-31T23:59:59.999999+00:00'
    """
    column = _one_chunk(text)
    parts = _Parts.of(column, _PATTERN)
    reasons = np.full(len(column), "", dtype=object)
    reasons[~parts.matched] = "not an ISO 8601 time with at most microseconds"
    micros = parts.day_number() * 86_400 * _SECOND + parts.time_of_day()
    reasons[parts.matched & ~(parts.valid_day() & parts.valid_clock())] = "no such date or time of day"
    offset = parts.text("offset")
    reasons[parts.matched & ~parts.valid_offset(offset)] = "no zone has this offset"
    local = parts.matched & (offset == "")
    micros = micros - parts.offset_micros(offset)
    if zone is None:
        reasons[local & (reasons == "")] = "no offset, and no zone was given"
    else:
        _localize(micros, local & (reasons == ""), reasons, zone, fold)
    return _result(micros, reasons, UTC_MICROSECONDS)


def parse_dates(text: pa.Array | pa.ChunkedArray) -> ParsedTimes:
    """Parse ``YYYY-MM-DD`` to date32, refusing what is not a date."""
    column = _one_chunk(text)
    parts = _Parts.of(column, _DAY_PATTERN)
    reasons = np.full(len(column), "", dtype=object)
    reasons[~parts.matched] = "not a date as YYYY-MM-DD"
    reasons[parts.matched & ~parts.valid_day()] = "no such date"
    return _result(parts.day_number().astype(np.int32), reasons, pa.date32())


def to_utc(local: datetime, zone: str, *, fold: int | None = None) -> datetime:
    """Return a naive local time in UTC.

    Raises
    ------
    ValueError
        If it has a zone already, never happened in ``zone``, or happened twice and ``fold`` is None.

    >>> to_utc(datetime(2024, 11, 3, 1, 30), "America/New_York", fold=1).isoformat()
    '2024-11-03T06:30:00+00:00'
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local} carries a zone already")
    text = pa.array([local.isoformat(timespec="microseconds")])
    parsed = parse_timestamps(text, zone=zone, fold=fold)
    if parsed.reasons:
        raise ValueError(f"{local} in {zone}: {parsed.reasons[0]}")
    return parsed.values[0].as_py()


def _localize(micros: np.ndarray, rows: np.ndarray, reasons: np.ndarray, zone: str, fold: int | None) -> None:
    naive = pd.DatetimeIndex(micros[rows].astype("datetime64[us]"))
    choice: Any = "NaT" if fold is None else np.full(len(naive), fold == 0)
    # First with gaps and folds both refused, then with the folds decided: what only the second reads was a fold.
    strict = naive.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    shifted = naive.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="NaT")
    decided = naive.tz_localize(zone, ambiguous=choice, nonexistent="NaT")
    positions = np.flatnonzero(rows)
    reasons[positions[shifted.isna()]] = f"clocks in {zone} jumped over this time"
    if fold is None:
        reasons[positions[strict.isna() & ~shifted.isna()]] = f"clocks in {zone} showed this time twice: fold is needed"
    micros[rows] = decided.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


def _one_chunk(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    column = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _result(numbers: np.ndarray, reasons: np.ndarray, kind: pa.DataType) -> ParsedTimes:
    refused = reasons != ""
    storage = pa.array(numbers, mask=refused)
    return ParsedTimes(storage.cast(kind), {int(row): str(reasons[row]) for row in np.flatnonzero(refused)})


@dataclass(frozen=True)
class _Parts:
    """The groups that a pattern found, as integer arrays; zero where a row did not match."""

    fields: pa.StructArray
    matched: np.ndarray

    @classmethod
    def of(cls, column: pa.Array, pattern: str) -> "_Parts":
        fields = pc.call_function("extract_regex", [column], pc.ExtractRegexOptions(pattern))
        return cls(fields, fields.is_valid().to_numpy(zero_copy_only=False))

    def text(self, name: str) -> np.ndarray:
        return pc.fill_null(self._field(name), "").to_numpy(zero_copy_only=False)

    def number(self, name: str) -> np.ndarray:
        return pc.cast(pc.fill_null(self._field(name), "0"), pa.int64()).to_numpy()

    def _field(self, name: str) -> pa.Array:
        position = self.fields.type.get_field_index(name)
        found = self.fields.flatten()[position]
        empty = pc.call_function("equal", [found, pa.scalar("")])  # a group that took no part is empty text
        return pc.call_function("if_else", [empty, pa.scalar(None, pa.string()), found])

    def valid_day(self) -> np.ndarray:
        year, month, day = self.number("year"), self.number("month"), self.number("day")
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        known = (month >= 1) & (month <= 12)
        longest = _DAYS_IN_MONTH[np.where(known, month, 0)] - ((month == 2) & ~leap)
        return (year >= 1) & known & (day >= 1) & (day <= longest)

    def valid_clock(self) -> np.ndarray:
        hour, minute, second = self.number("hour"), self.number("minute"), self.number("second")
        leap_second = (hour == 23) & (minute == 59) & (second == 60)
        offset = self.text("offset")
        # An offset shifts the leap second away from 23:59 local, so only the UTC form is known to be one.
        leap_second &= (offset == "Z") | (offset == "") | (offset == "+00:00")
        return (hour < 24) & (minute < 60) & ((second < 60) | leap_second)

    def valid_offset(self, offset: np.ndarray) -> np.ndarray:
        known = pd.Series(offset)
        valid = {text: _is_offset(text) for text in known.unique()}
        return known.map(valid).to_numpy(bool)

    def time_of_day(self) -> np.ndarray:
        second = self.number("second")
        fraction = pc.fill_null(self._field("fraction"), "0")
        digits = pc.call_function("utf8_length", [fraction]).to_numpy()
        micros = pc.cast(fraction, pa.int64()).to_numpy() * 10 ** (6 - digits.astype(np.int64))
        within = np.where(second == 60, 59 * _SECOND + 999_999, second * _SECOND + micros)
        return self.number("hour") * 60 * _MINUTE + self.number("minute") * _MINUTE + within

    def day_number(self) -> np.ndarray:
        """Days since 1970-01-01 of valid dates; of others, some number."""
        month = np.clip(self.number("month"), 1, 12)
        first = ((self.number("year") - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
        return first.astype(np.int64) + self.number("day") - 1

    def offset_micros(self, offset: np.ndarray) -> np.ndarray:
        known = pd.Series(offset)
        minutes = {text: _offset_minutes(text) for text in known.unique()}
        return known.map(minutes).to_numpy(np.int64) * _MINUTE


def _is_offset(text: str) -> bool:
    return text in ("", "Z") or (int(text[-2:]) < 60 and abs(_offset_minutes(text)) <= _FARTHEST_OFFSET)


def _offset_minutes(text: str) -> int:
    if text in ("", "Z"):
        return 0
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if text[0] == "-" else minutes
