"""Vintages in the interchange form: one row whenever a value changed, from whatever publisher, Parquet or CSV.

    <drop>/vintages/interchange/*.parquet | *.csv -> raw.macro, one batch a file and source

    source   series    period    vintage   value        all text but value; a value is known from its vintage (a
    fred-md  PAYEMS    2016-04   2016-06   143856       month) until the next row of its series and period;
    rtdsm    PAYROLLS  1947-01   1964-12                NaN, or nothing, withdraws it; periods may be quarters (1947Q1)

``source`` becomes raw.macro's, in lower snake case: rows of ``fred-md`` and those of the collector of FRED-MD's own
files (``collectors.fred_md``) are one history, and say the same under the same key. When a vintage counts as known:
``collectors.vintage_grid``. A row that cannot be read, or contradicts
another, is refused alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.vintage_grid import RENAMED, as_batch, month_end, rows_of, whole_file
from warehouse.batch import Batch
from zeno.errors import ConfigError, SourceRejected

NAME = "macro_vintages"
FOLDER = "interchange"
COLUMNS = ("source", "series", "period", "vintage", "value")
MAX_ROWS = 20_000_000

_SLUG = r"[A-Za-z0-9][A-Za-z0-9_.\-/:]{0,63}"
_MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
_QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)
_DETAIL = {
    "not_allowed": "the source or the series is no id",
    "not_a_period": "the period is neither a month (2016-04) nor a quarter (2016Q2)",
    "not_a_month": "the vintage is no month (2016-06)",
    "not_a_number": "the value is no finite number",
    "two_values": "the file gives this series, period and vintage twice",
    "before_its_period": "the vintage is earlier than the period that it would know",
}
_PERIOD = rf"{_MONTH}|\d{{4}}Q[1-4]"


def read_frame(path: Path) -> pd.DataFrame:
    """Return a file's rows in its order: the five columns, ``value`` as text or float.

    Raises
    ------
    SourceRejected
        If the file as a whole cannot be read, or its columns are not the form's.
    """
    frame = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    if tuple(sorted(frame.columns)) != tuple(sorted(COLUMNS)):
        raise SourceRejected(
            f"{path.name} has the columns {', '.join(map(str, frame.columns))[:200]}.",
            remedy=f"The form has {', '.join(COLUMNS)}.",
        )
    return frame.loc[:, list(COLUMNS)]


def _parquet(path: Path) -> pd.DataFrame:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise SourceRejected(f"{path.name} has more than {MAX_ROWS:,} rows.", remedy="Split it by source.")
            return file.read().to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise SourceRejected(f"{path.name} is not an intact Parquet file: {error}") from error


def _csv(path: Path) -> pd.DataFrame:
    rows = read_text(path.read_bytes(), path.name)
    if rows.unreadable:
        raise SourceRejected(f"{path.name}: {rows.unreadable[0].detail}.", remedy="It is cut off or damaged.")
    return rows.data.to_pandas()


def batches(path: Path, now: datetime) -> Iterator[Batch]:
    """Yield a file's batches, one a source; vintages whose month is not over are left for later.

    Parameters
    ----------
    now
        Timezone-aware.
    """
    try:
        frame = read_frame(path)
    except SourceRejected as error:
        with path.open("rb") as raw:
            yield whole_file(NAME, path.name, raw.read(500), error.message)
        return
    frame = _typed(frame)
    released = month_end(_column(frame, "month").to_numpy("datetime64[M]"))
    known = ~(released > np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "s"))  # NaT is refused, not put off
    for source in sorted(set(_column(frame, "house")[known])):
        yield _batch(source, frame.loc[known & (_column(frame, "house") == source).to_numpy()])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the text with what it means: ``first`` (month of the period), ``month``, ``number`` and ``fault``."""
    text = pd.DataFrame({name: _column(frame, name).astype("string").fillna("") for name in COLUMNS})
    text["series"] = _column(text, "series").replace(RENAMED)
    source, series, period, vintage, value = (_column(text, name) for name in COLUMNS)
    named = source.str.fullmatch(_SLUG)
    blank = value.str.strip().isin(["", "NaN", "nan"]).to_numpy()
    number = pd.Series(pd.to_numeric(_column(frame, "value").mask(blank), errors="coerce")).to_numpy("float64")
    checks = {
        "not_allowed": ~(named & series.str.fullmatch(_SLUG)).to_numpy(bool),
        "not_a_period": ~period.str.fullmatch(_PERIOD).to_numpy(bool),
        "not_a_month": ~vintage.str.fullmatch(_MONTH).to_numpy(bool),
        "not_a_number": ~blank & ~np.isfinite(number),
    }
    house = source.str.lower().str.replace("-", "_").where(named, NAME)
    return text.assign(
        house=house.to_numpy(object),
        first=pd.to_datetime(period.map(_first_month).mask(checks["not_a_period"]), format="%Y-%m"),
        month=pd.to_datetime(vintage.mask(checks["not_a_month"]), format="%Y-%m"),
        number=number,
        fault=np.select(list(checks.values()), list(checks), default="").astype(object),
    )


def _first_month(period: str) -> str:
    found = _QUARTER.fullmatch(period)
    return f"{found[1]}-{3 * int(found[2]) - 2:02}" if found else period


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return cast(pd.Series, frame[name])


def _batch(source: str, rows: pd.DataFrame) -> Batch:
    rows = _judged(rows.sort_values(["series", "first", "month"], kind="stable"))
    fine = (_column(rows, "fault") == "").to_numpy()
    good, bad = rows.loc[fine], rows.loc[~fine, [*COLUMNS, "fault"]]
    data = rows_of(
        source,
        _column(good, "series").to_numpy(object),
        _column(good, "first").to_numpy("datetime64[D]"),
        _column(good, "month").to_numpy("datetime64[M]"),
        _column(good, "number").to_numpy("float64"),
        np.where(_column(good, "period").str.contains("Q").to_numpy(bool), "Q", "M").astype(object),
    )
    refused = [(str(row.pop("fault")), row) for row in bad.astype(str).to_dict("records")]
    return as_batch(source, data, [(why, _DETAIL[why], {str(k): v for k, v in row.items()}) for why, row in refused])


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark rows that contradict another or precede what they describe."""
    fault = _column(rows, "fault").to_numpy(object).copy()
    fine = rows.loc[fault == ""]
    twice = fine.duplicated(subset=["series", "first", "month"], keep=False).to_numpy()
    early = (_column(fine, "month") < _column(fine, "first")).to_numpy()
    fault[fault == ""] = np.select([twice, early], ["two_values", "before_its_period"], default="")
    return rows.assign(fault=fault)


@dataclass(frozen=True, kw_only=True)
class InterchangeCollector:
    """Reads the files of a folder, in order of name; ``folder`` is by default ``<drop>/vintages/interchange``."""

    folder: Path | None = None

    def read(self, context: Context) -> Iterator[Batch]:
        """Yield the batches.

        Raises
        ------
        ConfigError
            If the folder holds no file of the form.
        """
        folder = self.folder or context.settings.drop / "vintages" / FOLDER
        paths = sorted([*folder.glob("*.parquet"), *folder.glob("*.csv")])
        if not paths:
            raise ConfigError(
                f"There is no vintage file in {folder}.",
                remedy=f"Put a Parquet or CSV file with the columns {', '.join(COLUMNS)} there.",
            )
        for path in paths:
            yield from batches(path, context.clock.now())


DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name=NAME,
        tables=("raw.macro",),
        title="Vintages of macro series in the interchange form",
        description=(
            "One row whenever a value changed; a vintage counts as known from the end of its month. Not part of the "
            "default run: it reads what was put into <drop>/vintages/interchange."
        ),
        origin="Parquet or CSV files in the drop folder",
        read=InterchangeCollector().read,
        online=True,
    ),
)
