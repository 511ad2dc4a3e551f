"""FRED and ALFRED: US macro series with every revision, each dated by the day it was published.

    series/vintagedates -> windows of real time -> series/observations -> spells -> releases -> raw.macro

**When a value was known.** ALFRED dates a vintage by day and gives no hour. ``released_at`` is the end of that day in
New York, the midnight that follows it: later than any US release of the day, so that a reader never sees a value early,
at the price of seeing the ordinary 8:30 release up to 15½ hours late. A series that joined ALFRED late has its whole
past dated at its first vintage: late again, never early.

**What a null is.** FRED writes "." for a period without a value, and a value that disappears from later vintages is
withdrawn; both become null from then on. A value that is neither a number nor "." goes to the quarantine.

FRED dates a week that is named for its end by that end; ``period`` is its first day, six days before.

Belongs here: FRED's meaning in the terms of raw.macro. Not here: requests (``collectors.fred_api``) and the joining of
windows (``collectors.vintages``).
"""

import json
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pyarrow as pa

from collectors.dataset import Context, Dataset
from collectors.fred_api import FredApi, SeriesFacts
from collectors.transport import Policy, Transport
from collectors.vintages import Release, Spell, releases, stitch, windows
from warehouse.batch import Batch, Rejection
from zeno.errors import ConfigError, SourceRejected

BASE_URL = "https://api.stlouisfed.org/fred"
KEY_PAGE = "https://fred.stlouisfed.org/docs/api/api_key.html"
SOURCE = "fred_vintages"
SERIES = (
    "UNRATE", "PAYEMS", "MANEMP", "AWHMAN", "CIVPART", "CE16OV", "INDPRO", "HOUST", "CPIAUCSL", "CPILFESL", "PCEPI",
    "PCEPILFE", "PPIACO", "RPI", "W875RX1", "PCE", "M2SL", "BUSLOANS", "FEDFUNDS", "TB3MS", "GS10", "AAA", "BAA",
)  # fmt: skip

_NEW_YORK = ZoneInfo("America/New_York")
_SERIES_ID = re.compile(r"[A-Z0-9_]{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FREQUENCIES = {"D": "D", "W": "W", "M": "M", "Q": "Q", "SA": "S", "A": "A"}
_SCHEMA = pa.schema(
    [
        pa.field("series", pa.string(), nullable=False),
        pa.field("frequency", pa.string(), nullable=False),
        pa.field("period", pa.date32(), nullable=False),
        pa.field("released_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("basis", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class FredCollector:
    """Reads whole revision histories, a batch a series.

    Parameters
    ----------
    series
        FRED ids, in the order of the batches.
    base_url
        Of the service; another one for tests.
    policy
        Patience and limits.
    page_rows
        Observations a page: 20,000 are about 2 MB.
    window_vintages
        Vintage dates a request; FRED allows 2,000.
    """

    series: tuple[str, ...] = SERIES
    base_url: str = BASE_URL
    policy: Policy = field(default_factory=Policy)
    page_rows: int = 20_000
    window_vintages: int = 500

    def read(self, context: Context) -> Iterator[Batch]:
        """Yield the batches.

        Raises
        ------
        ConfigError
            If there is no API key, or a series id cannot be one.
        SourceUnavailable, SourceRejected
            If FRED does not answer, or not as it documents; batches yielded before stay good.
        """
        key = context.settings.fred_api_key
        if key is None:
            raise ConfigError("FRED_API_KEY is not set.", remedy=f"Get a free key at {KEY_PAGE} and set FRED_API_KEY.")
        for series in self.series:
            if not _SERIES_ID.fullmatch(series):
                raise ConfigError(f"{series[:60]!r} is not a FRED series id.", remedy="Ids look like CPIAUCSL.")
        seed = zlib.crc32(key.encode())  # every holder of a key waits differently, every run of one alike
        with Transport(self.policy, context.clock, seed) as transport:
            api = FredApi(transport, self.base_url, key, page_rows=self.page_rows)
            for series in self.series:
                yield self._batch(api, series)

    def _batch(self, api: FredApi, series: str) -> Batch:
        facts = api.facts(series)
        frequency = _FREQUENCIES.get(facts.frequency_short)
        if frequency is None:
            raise SourceRejected(
                f"{series} is published {facts.frequency!r}, which raw.macro has no frequency for.",
                remedy=f"Leave it out; known are {', '.join(_FREQUENCIES)}.",
            )
        history: list[Spell] = []
        for window in windows(api.vintage_dates(series), self.window_vintages):
            history = stitch(history, window, api.spells(series, window), series)
        return _as_batch(series, frequency, _lag_of_date(facts), releases(history, series))


def released_at(day: date) -> datetime:
    """Return the end of ``day`` in New York, in UTC.

    >>> released_at(date(2016, 6, 3)).isoformat(), released_at(date(2016, 12, 2)).isoformat()
    ('2016-06-04T04:00:00+00:00', '2016-12-03T05:00:00+00:00')
    """
    midnight = datetime.combine(day + timedelta(days=1), time(), _NEW_YORK)
    return midnight.astimezone(UTC)


_released_at = lru_cache(maxsize=4096)(released_at)


def _lag_of_date(facts: SeriesFacts) -> timedelta:
    """Return how far FRED's date of a period lies behind its first day."""
    ends = facts.frequency_short == "W" and "ending" in facts.frequency.lower()
    return timedelta(days=6 if ends else 0)


def _as_batch(series: str, frequency: str, lag: timedelta, history: Iterable[Release]) -> Batch:
    rows: list[dict[str, object]] = []
    refused: list[tuple[Release, str]] = []
    for release in history:
        value, fault = _value(release.text)
        if fault:
            refused.append((release, fault))
        else:
            rows.append({
                "series": series, "frequency": frequency, "period": release.period - lag,
                "released_at": _released_at(release.day), "basis": "vintage", "value": value,
            })  # fmt: skip
    unreadable = tuple(
        _rejection(place, series, release, fault) for place, (release, fault) in enumerate(refused, start=len(rows))
    )
    return Batch(
        table="raw.macro", source=SOURCE, data=pa.Table.from_pylist(rows, schema=_SCHEMA), unreadable=unreadable
    )


def _value(text: str | None) -> tuple[float | None, str]:
    """Return the number, ``None`` for a missing or withdrawn one, and the name of the rule that the text breaks."""
    if text is None or text == ".":
        return None, ""
    if not _NUMBER.fullmatch(text):
        return None, "not_a_number"
    value = float(text)
    return (value, "") if math.isfinite(value) else (None, "not_finite")


def _rejection(place: int, series: str, release: Release, fault: str) -> Rejection:
    row = {"series": series, "date": f"{release.period}", "realtime_start": f"{release.day}", "value": release.text}
    return Rejection(place, fault, f"value {release.text!r:.80} is neither a finite number nor '.'", json.dumps(row))


DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name=SOURCE,
        tables=("raw.macro",),
        title="US macro series with their revisions (FRED, ALFRED)",
        description=(
            "Every vintage of the main US monthly series. A vintage is dated by day and counts as known from the end "
            "of that day in New York; a series that joined ALFRED late has its whole past dated at its first vintage."
        ),
        origin=f"the FRED API, with a free key from {KEY_PAGE}",
        read=FredCollector().read,
        online=True,
    ),
)
