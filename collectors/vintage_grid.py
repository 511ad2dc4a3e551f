"""Vintages that publishers give whole, each a grid of periods by series, into rows of raw.macro: changes only.

    grid of 2016-06 ─┐
    grid of 2016-07 ─┴ History.step -> what is new, revised or withdrawn -> raw.macro, one row a change

**When a vintage was known.** A vintage is named by month. It counts as known from the end (UTC) of that month's last
day: FRED-MD's file appears within the month of its name, and a monthly vintage of the RTDSM holds the release of that
calendar month even where it came after the 15th (housing starts, industrial production). Late, never early. A vintage
whose month is not over is left for later.

**What a null is.** A period that a series had in the vintage before and has no more is withdrawn. A series that a
vintage leaves out altogether is not: the vintage says nothing about it, and what was known stands.

Belongs here: what the collectors of vintage files share. Not here: any one file format.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa

from collectors.moments import days, end_of_day, utc
from collectors.shape import Values, columns_of, make_batch
from warehouse.batch import Batch, Rejection
from warehouse.schema import table
from warehouse.schema.arrow import ARROW_TYPES
from zeno.errors import SourceRejected

TABLE = "raw.macro"
RENAMED = {"S&P 500": "SP500", "S&P: indust": "SP_INDUST", "S&P div yield": "SP_DIV_YIELD", "S&P PE ratio": "SP_PE"}
"""Names of FRED-MD that cannot be ids, and the ids that stand for them."""
_HEAD = 500


@dataclass(frozen=True)
class Grid:
    """One vintage as published.

    Parameters
    ----------
    vintage
        Its month, ``datetime64[M]``.
    frequency
        Of the periods: M or Q.
    values
        Periods (``datetime64[M]``, the first month of each, ascending) by series; NaN where nothing was published.
    refused
        Cells that are no number: (period, series, text). What was known of them before stands.
    unknown
        Names of columns that cannot be series ids.
    """

    vintage: np.datetime64
    frequency: str
    values: pd.DataFrame
    refused: tuple[tuple[np.datetime64, str, str], ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass
class History:
    """What was known after the vintages so far; ``step`` takes the next one.

    Parameters
    ----------
    source
        Fills raw.macro's ``source``.
    """

    source: str
    _latest: np.datetime64 | None = None
    _known: pd.DataFrame = field(default_factory=pd.DataFrame)

    def step(self, grid: Grid) -> pa.Table:
        """Return the rows that ``grid`` adds, by series and period, in raw.macro's columns.

        Raises
        ------
        SourceRejected
            If it is not later than the vintage before it.
        """
        if self._latest is not None and grid.vintage <= self._latest:
            raise SourceRejected(f"The vintage {grid.vintage} follows {self._latest}.", remedy="Give each month once.")
        after = _held(grid, self._known)
        before = self._known.reindex(index=after.index, columns=after.columns)
        changed = ~((before == after) | (before.isna() & after.isna())).to_numpy()
        self._known = after.combine_first(self._known.loc[:, [c for c in self._known if c not in after]])
        self._latest = grid.vintage
        column, row = np.nonzero(changed.T)
        names = after.columns.to_numpy(dtype=object)[column]
        values = after.to_numpy(dtype=np.float64)[row, column]
        return rows_of(
            self.source, names, after.index.to_numpy()[row], np.repeat(grid.vintage, len(row)), values, grid.frequency
        )


def _held(grid: Grid, known: pd.DataFrame) -> pd.DataFrame:
    """Return the vintage's values over all periods known so far, with refused cells as they were."""
    periods = grid.values.index.union(known.index)
    after = grid.values.reindex(index=periods, columns=sorted(grid.values.columns))
    for period, series, _ in grid.refused:
        there = series in known.columns and period in known.index
        after.loc[period, series] = known.loc[period, series] if there else np.nan
    return after


def month_end(vintages: np.ndarray) -> np.ndarray:
    """Return the last second (UTC) of each month.

    >>> month_end(np.array(["2016-06"], "M8[M]"))
    array(['2016-06-30T23:59:59'], dtype='datetime64[s]')
    """
    following = vintages.astype("datetime64[M]") + np.timedelta64(1, "M")
    return end_of_day(following.astype("datetime64[D]") - np.timedelta64(1, "D"))


def is_over(vintage: np.datetime64, now: datetime) -> bool:
    """Whether the vintage's month has ended, so that it may be loaded."""
    return month_end(np.array([vintage]))[0] < np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "s")


def rows_of(
    source: str,
    series: np.ndarray,
    periods: np.ndarray,
    vintages: np.ndarray,
    values: np.ndarray,
    frequency: str | np.ndarray,
) -> pa.Table:
    """Return rows in raw.macro's columns, basis ``vintage``; NaN becomes null, which withdraws.

    Parameters
    ----------
    series, periods, vintages, values
        One entry a row; periods and vintages ``datetime64``, values in the series' own unit.
    """
    columns: dict[str, Values] = {
        "series": pa.array(series, pa.string()),
        "frequency": frequency if isinstance(frequency, str) else pa.array(frequency, pa.string()),
        "period": days(periods),
        "released_at": utc(month_end(vintages)),
        "basis": "vintage",
        "value": pa.array(values, pa.float64(), from_pandas=True),
    }
    return make_batch(TABLE, source, columns).data


def as_batch(source: str, data: pa.Table, refused: list[tuple[str, str, dict[str, str]]]) -> Batch:
    """Return a batch with cells refused: (reason, detail, what stood there)."""
    unreadable = tuple(
        Rejection(place, reason, detail, json.dumps(payload))
        for place, (reason, detail, payload) in enumerate(refused, start=data.num_rows)
    )
    return Batch(table=TABLE, source=source, data=data, unreadable=unreadable)


def refusals(grid: Grid) -> list[tuple[str, str, dict[str, str]]]:
    """Return what of a vintage goes to the quarantine, for ``as_batch``."""
    cells = [
        (
            "not_a_number",
            f"value {text!r:.80} is no finite number",
            {"series": series, "period": f"{period}", "vintage": f"{grid.vintage}", "value": text},
        )
        for period, series, text in grid.refused
    ]
    names = [
        ("not_allowed", f"{name!r:.80} is no series id", {"series": name[:200], "vintage": f"{grid.vintage}"})
        for name in grid.unknown
    ]
    return [*cells, *names]


def whole_file(source: str, name: str, head: bytes, reason: str) -> Batch:
    """Return the batch of a file that cannot be read as a whole: no rows, one rejection."""
    declared = table(TABLE)
    empty: dict[str, Values] = {c: pa.array([], ARROW_TYPES[declared.by_name[c].kind]) for c in columns_of(declared)}
    text = head[:_HEAD].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return make_batch(TABLE, source, empty, unreadable=(Rejection(-1, "unreadable_file", f"{name}: {reason}", text),))


def numbers(
    text: pd.DataFrame, missing: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[tuple[np.datetime64, str, str], ...]]:
    """Return text cells as numbers, and the cells that are none: (row label, column label, text).

    Parameters
    ----------
    missing
        Texts that stand for no value.
    """
    empty = text.isin(missing)
    columns = {name: pd.to_numeric(text[name].mask(empty[name]), errors="coerce") for name in text.columns}
    parsed = pd.DataFrame(columns, index=text.index, dtype=np.float64)
    parsed = parsed.where(np.isfinite(parsed.to_numpy()))
    wrong = (parsed.isna() & ~empty).to_numpy()
    periods = text.index.to_numpy().astype("datetime64[M]")
    found = zip(*(places.tolist() for places in np.nonzero(wrong)), strict=True)
    return parsed, tuple(
        (cast(np.datetime64, periods[row]), str(text.columns[at]), str(text.iat[row, at])) for row, at in found
    )


def check_months(periods: np.ndarray, step: int, name: str) -> None:
    """Refuse periods that stand twice, or of which one is missing.

    Parameters
    ----------
    periods
        ``datetime64[M]``, in the file's order.
    step
        Months from one period to the next: 1 or 3.

    Raises
    ------
    SourceRejected
        If they are not consecutive: a lost line would read as a withdrawal.
    """
    if not len(periods):
        raise SourceRejected(f"{name} has no periods.", remedy="It is cut off, or not the file it should be.")
    steps = np.diff(periods).astype(np.int64)
    wrong = np.flatnonzero(steps != step)
    if len(wrong):
        at = int(wrong[0])
        what = "stands twice" if steps[at] == 0 else f"is followed by {periods[at + 1]}"
        raise SourceRejected(f"{name}: {periods[at]} {what}.", remedy="Fetch the file again: a line was lost or added.")
