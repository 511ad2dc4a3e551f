"""Questions about the quality of what was loaded. A finding is data with a note; nothing here prints or raises.

| question | answer |
|---|---|
| ``quarantine_rates`` | what share of each source's rows was refused, and why |
| ``gaps`` | which sessions of its exchange's calendar a daily bar lacks, between its first and its last |
| ``staleness`` | how many sessions have closed since a source's newest row |
"""

from dataclasses import dataclass
from datetime import date, datetime

from warehouse.store import Warehouse

_RATES = """
    SELECT source, sum(i), sum(q) FROM (
        SELECT toString(argMax(source, at)) AS source, argMax(rows_in, at) AS i, argMax(rows_quarantined, at) AS q
        FROM raw.loads GROUP BY table_name, batch
    ) GROUP BY source
"""
_REASONS = """
    SELECT toString(source), toString(reason), count() FROM raw.quarantine GROUP BY source, reason ORDER BY 3 DESC
"""
_GAPS = """
    SELECT e.source, e.name, count(), arraySlice(arraySort(groupArray(e.session)), 1, 5) FROM (
        SELECT s.source AS source, s.instrument_id AS instrument_id, toString(i.name) AS name, c.session AS session
        FROM (
            SELECT toString(source) AS source, instrument_id, toDate32(min(ts)) AS first, toDate32(max(ts)) AS last
            FROM raw.bars WHERE resolution = '1d' GROUP BY source, instrument_id
        ) AS s
        GLOBAL INNER JOIN ref.instruments AS i ON i.instrument_id = s.instrument_id
        GLOBAL INNER JOIN ref.calendar AS c ON c.calendar = i.calendar
        WHERE c.session BETWEEN s.first AND s.last
          -- These say when one may trade, not when a source publishes: a day without a fixing is no gap.
          AND i.calendar NOT IN ('24/5', '24/7')
    ) AS e
    GLOBAL LEFT ANTI JOIN (
        SELECT DISTINCT toString(source) AS source, instrument_id, toDate32(ts) AS session
        FROM raw.bars WHERE resolution = '1d'
    ) AS b ON b.source = e.source AND b.instrument_id = e.instrument_id AND b.session = e.session
    GROUP BY e.source, e.name ORDER BY e.source, e.name
"""
_STALE = """
    SELECT n.source, toString(n.calendar), n.newest, count() FROM (
        SELECT b.source AS source, i.calendar AS calendar, max(b.newest) AS newest FROM (
            SELECT toString(source) AS source, instrument_id, toDate32(max(ts)) AS newest FROM raw.bars
            GROUP BY source, instrument_id
            UNION ALL
            SELECT toString(source) AS source, instrument_id, toDate32(max(ts)) AS newest FROM raw.trades
            GROUP BY source, instrument_id
        ) AS b GLOBAL INNER JOIN ref.instruments AS i ON i.instrument_id = b.instrument_id
        GROUP BY source, calendar
    ) AS n
    GLOBAL INNER JOIN (
        SELECT calendar, session FROM ref.calendar WHERE closes_at < {now:DateTime64(6, 'UTC')}
    ) AS c ON c.calendar = n.calendar
    WHERE c.session > n.newest GROUP BY n.source, n.calendar, n.newest
"""


@dataclass(frozen=True)
class Rate:
    """Rows that a source delivered and rows of it that were refused, by reason."""

    source: str
    rows_in: int
    refused: int
    reasons: dict[str, int]

    @property
    def share(self) -> float:
        """The refused part, from 0 to 1."""
        return self.refused / self.rows_in if self.rows_in else 0.0


@dataclass(frozen=True)
class Gap:
    """Sessions that one instrument's daily bars lack."""

    source: str
    instrument: str
    missing: int
    examples: list[date]


@dataclass(frozen=True)
class Stale:
    """Sessions that closed on a calendar after a source's newest row there."""

    source: str
    calendar: str
    newest: date
    sessions: int


def quarantine_rates(warehouse: Warehouse) -> dict[str, Rate]:
    """Return the rate of every source that has loaded, by source."""
    client = warehouse.client()
    reasons: dict[str, dict[str, int]] = {}
    for source, reason, count in client.rows(_REASONS):
        reasons.setdefault(source, {})[reason] = count
    found = client.rows(_RATES)
    return {source: Rate(source, rows_in, refused, reasons.get(source, {})) for source, rows_in, refused in found}


def gaps(warehouse: Warehouse) -> list[Gap]:
    """Return every instrument whose daily bars lack a session; a calendar that is not loaded finds none."""
    return [Gap(*row) for row in warehouse.client().rows(_GAPS)]


def staleness(warehouse: Warehouse, now: datetime) -> list[Stale]:
    """Return each source and calendar whose newest row is older than the last closed session."""
    return [Stale(*row) for row in warehouse.client().rows(_STALE, {"now": now})]
