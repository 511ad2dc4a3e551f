"""What a run is made from: the data known by a moment, and the name that they and the code give it.

    raw.macro up to as_of  ->  panel rows, the causal graph's series, releases  ->  Inputs  ->  run_id

The name hangs on the data and not on the moment: the same data asked for a day later are the same run.
"""

import calendar
import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property

import numpy as np
import pandas as pd

from mrie.causal import load_graph
from mrie.claims import Ledger
from mrie.claims.history import WITHDRAWN
from mrie.models import DEFAULT
from mrie.panel import Panel, read_warehouse
from mrie.panel.cycle import Turn, default_turns, settled
from mrie.panel.months import month_text, parse_month
from research.canonical import canonical, digest
from research.code import code_version
from warehouse.store import Warehouse
from zeno.errors import ConfigError

FIRST = "1973-01"
"""First month read unless another is asked for: twelve years of training, and the recession of 1973 ahead."""

_GRAPH_FROM = "1947-01"
_REACHES_BACK = "1961-01"  # a source that begins later cannot be tested in the graph's first era
_RELEASES = """
    SELECT replaceAll(lower(toString(m.source)), '_', '-') AS source, toString(m.series) AS series,
           max(m.period) AS last_period,
           argMax(m.released_at, (m.period, -toUnixTimestamp64Micro(m.released_at))) AS at,
           min(m.basis = 'vintage') AS dated, max(m.released_at) AS newest
    FROM raw.macro AS m
    WHERE m.series IN {series:Array(String)} AND m.frequency IN ('M', 'Q') AND m.value IS NOT NULL
      AND m.released_at <= {as_of:DateTime64(6, 'UTC')}
    GROUP BY source, series ORDER BY source, series
"""
_NEWER = """
    SELECT count() FROM raw.macro AS m
    WHERE m.series IN {series:Array(String)} AND m.frequency IN ('M', 'Q') AND m.value IS NOT NULL
      AND m.released_at > {as_of:DateTime64(6, 'UTC')} AND m.released_at <= {now:DateTime64(6, 'UTC')}
"""
_ANNOUNCED = """
    SELECT month, toString(kind) AS kind, known_at FROM ref.turning_points
    WHERE country = 'US' AND basis = 'announced'
"""


@dataclass(frozen=True)
class Release:
    """The newest value of one source's series: its period, when it came out, and whether its vintages are dated.

    ``newest`` is the latest release of any period, a revision perhaps.
    """

    source: str
    series: str
    last_period: date
    known_at: datetime
    dated: bool
    newest: datetime


@dataclass(frozen=True)
class Inputs:
    """The data of a run.

    Parameters
    ----------
    as_of
        The moment of knowledge; with a zone.
    rows
        ``read_warehouse``'s result: the panel's release history.
    series
        The causal graph's series as revised by ``as_of``: one column each, index first days of months.
    chosen
        Which source each of those columns is from.
    announced
        The day on which the NBER announced a turn, by (month's number, peak or trough).
    """

    as_of: datetime
    rows: pd.DataFrame
    series: pd.DataFrame
    chosen: dict[str, str]
    releases: tuple[Release, ...]
    announced: dict[tuple[int, str], date]

    @cached_property
    def panel(self) -> Panel:
        """The point-in-time panel."""
        return Panel(self.rows)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The turning points known by ``as_of``: from the day of the announcement, or else after its month."""
        today = self.as_of.date()
        return tuple(turn for turn in default_turns() if self._told(turn) <= today)

    def _told(self, turn: Turn) -> date:
        return self.announced.get((turn.month, "peak" if turn.peak else "trough"), month_day(turn.known + 1))

    @cached_property
    def sha256(self) -> str:
        """Hash of every value and of when it was known."""
        found = hashlib.sha256()
        for table in (self.rows, self.series.reset_index()):
            found.update(table.to_csv(index=False).encode())
        return found.hexdigest()

    def known_at(self, month: int) -> datetime:
        """Return when all that a reading in ``month`` uses was known: the month's end, or the newest release before."""
        year, number = divmod(month, 12)
        last = date(year, number + 1, calendar.monthrange(year, number + 1)[1])
        newest = max(release.newest for release in self.releases)
        return min(datetime.combine(last, time.max, UTC), max(newest, first_day(month)))


@dataclass(frozen=True)
class Question:
    """What a run is asked: months' numbers, both included; placebos an edge; the seed of whatever is drawn."""

    first: int
    last: int
    placebos: int = 20
    seed: int = 1

    def run_id(self, inputs: Inputs, ledger: Ledger) -> str:
        """Return the hash of question, data, code, and claims withdrawn by hand: 16 hexadecimal digits.

        Of the moment only what can be scored by then counts: with old data that is all of them.
        """
        parts = {
            "question": asdict(self),
            "spec": asdict(DEFAULT),
            "data": inputs.sha256,
            "turns": [asdict(turn) for turn in inputs.turns],
            "scored_to": min(settled(inputs.turns, month_number(inputs.as_of.date())), self.last),
            "withdrawn": withdrawn_edges(ledger),
            "code": code_version(("mrie",)),
        }
        return digest(canonical(parts))[:16]


def withdrawn_edges(ledger: Ledger) -> list[str]:
    """Return the edges' claims that somebody withdrew: no intervention travels over them any more."""
    return [
        name
        for name, history in ledger.histories().items()
        if name.startswith("edge/") and any(event.event == WITHDRAWN for event in history.events)
    ]


def read_inputs(warehouse: Warehouse, as_of: datetime) -> Inputs:
    """Read all data that were released by a moment.

    Raises
    ------
    ConfigError
        If ``as_of`` has no zone.
    SourceRejected
        If the warehouse has none of the series.
    """
    if as_of.tzinfo is None:
        raise ConfigError("as_of has no time zone.", remedy="Write it with one: 2022-10-31T00:00+00:00.")
    rows = read_warehouse(warehouse=warehouse, as_of=as_of)
    needed = sorted({name for node in load_graph().nodes.values() for name in node.needs})
    series, chosen = graph_series(read_warehouse(needed, warehouse=warehouse, as_of=as_of))
    asked = sorted({*rows["series"].unique().tolist(), *needed})
    found = warehouse.client().rows(_RELEASES, {"series": asked, "as_of": as_of})
    announced = warehouse.client().rows(_ANNOUNCED)
    return Inputs(
        as_of=as_of,
        rows=rows,
        series=series,
        chosen=chosen,
        releases=tuple(Release(s, n, last, at, bool(dated), newest) for s, n, last, at, dated, newest in found),
        announced={(month_number(month), kind): at.date() for month, kind, at in announced},
    )


def superseded(inputs: Inputs, warehouse: Warehouse, now: datetime) -> bool:
    """Return whether a series of the inputs has a value that came out after their ``as_of``, and by ``now``."""
    series = sorted({release.series for release in inputs.releases})
    asked = {"series": series, "as_of": inputs.as_of, "now": now}
    return bool(warehouse.client().scalar(_NEWER, asked))


def graph_series(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return release histories as one frame of values as revised, and the source of each column.

    Of several sources the one that reaches back to the graph's first era, then the one with the newest data.
    """
    columns, chosen = {}, {}
    for name, many in rows.dropna(subset=["value"]).groupby("series", sort=True):
        periods = many.groupby("source")["period"]
        begins, ends = periods.min().to_dict(), periods.max().to_dict()
        best = min(begins, key=lambda source: (begins[source] > parse_month(_REACHES_BACK), -ends[source], source))
        own = many.loc[many["source"] == best].sort_values(by=["known", "period"], kind="stable")
        columns[str(name)] = own.drop_duplicates("period", keep="last").set_index("period")["value"]
        chosen[str(name)] = str(best)
    frame = pd.DataFrame(columns).sort_index()
    known = frame.index.to_numpy(np.int64)
    months = range(max(parse_month(_GRAPH_FROM), int(known[0])), int(known[-1]) + 1)
    frame = frame.reindex(pd.Index(months))
    return frame.set_axis(pd.DatetimeIndex([f"{month_text(month)}-01" for month in months])), chosen


def month_number(day: date) -> int:
    """Return a day's month as a number.

    >>> month_number(date(2022, 10, 31)) == parse_month("2022-10")
    True
    """
    return day.year * 12 + day.month - 1


def month_day(month: int) -> date:
    """Return the first day of a month's number."""
    return date(month // 12, month % 12 + 1, 1)


def first_day(month: int) -> datetime:
    """Return the first moment of a month's number, UTC."""
    return datetime.combine(month_day(month), time.min, UTC)
