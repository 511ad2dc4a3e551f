"""The Real-Time Data Set for Macroeconomists: US series in vintages from 1962 on, one workbook a series.

    employmvmd.xlsx -> a grid a vintage -> changes between neighbours -> raw.macro, one batch a workbook

    DATE     EMPLOY64M12  EMPLOY65M1 …      a column a vintage: mnemonic, two digits of the year, month or quarter
    1947:01        43534       43534        rows are months (1947:01) or quarters (1947:Q1)
    1947:02         #N/A        …           no value

(Croushore and Stark 2001; Federal Reserve Bank of Philadelphia.) Files come from ``<drop>/vintages/rtdsm/*.xlsx``;
only where there is none is the publisher asked. A quarterly vintage is that of the quarter's middle month (the
publisher's "65Q4" is November 1965). When a vintage counts as known: ``collectors.vintage_grid``.

About a hundred vintages of industrial production (mostly 1990 to 1998) begin only in 1963 or later: their earlier
months are withdrawn here, as published. To splice a longer vintage in front is the reader's decision.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa

from collectors.dataset import Context, Dataset
from collectors.transport import Policy, Transport
from collectors.vintage_grid import Grid, History, as_batch, check_months, is_over, numbers, refusals, whole_file
from collectors.xlsx import read_sheet
from warehouse.batch import Batch
from zeno.errors import SourceRejected

BASE_URL = "https://www.philadelphiafed.org/-/media/frbp/assets/surveys-and-data/real-time-data/data-files/xlsx"
SOURCE = "rtdsm"
FOLDER = "rtdsm"


@dataclass(frozen=True)
class Workbook:
    """A workbook of the publisher: the mnemonic in its headings, our name of the series, and its file."""

    mnemonic: str
    series: str
    file: str


WORKBOOKS = (
    Workbook("EMPLOY", "PAYROLLS", "employmvmd.xlsx"),
    Workbook("IPT", "IP_TOTAL", "iptmvmd.xlsx"),
    Workbook("IPM", "IP_MFG", "ipmmvmd.xlsx"),
    Workbook("H", "HOURS", "hmvmd.xlsx"),
    Workbook("HSTARTS", "HSTARTS", "hstartsmvmd.xlsx"),
    Workbook("ROUTPUT", "REAL_OUTPUT", "routputqvqd.xlsx"),
    Workbook("CPI", "CPI", "cpiqvmd.xlsx"),
    Workbook("RUC", "UNEMP_RATE", "rucqvmd.xlsx"),
)

_SERIES = {book.mnemonic: book.series for book in WORKBOOKS}
_HEADING = re.compile(r"([A-Z]+)(\d\d)([MQ])(\d{1,2})", re.ASCII)
_PERIOD = re.compile(r"(\d{4}):(?:Q([1-4])|(0[1-9]|1[0-2]))", re.ASCII)
_CENTURY = 50  # 50 to 99 are 1900s: the first vintage is of 1962
_XLSX = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")


def parse(path: Path) -> Iterator[Grid]:
    """Yield a workbook's vintages, in order.

    Raises
    ------
    SourceRejected
        If it is not a whole workbook of one known series.
    """
    name = path.name
    rows = read_sheet(path)
    if len(rows) < 2 or rows[0][:1] != ["DATE"]:
        raise SourceRejected(f"{name} does not start with DATE.", remedy="It is not a workbook of the RTDSM.")
    headings = [_heading(text, name) for text in rows[0][1:] if text]
    series = _one_series({mnemonic for mnemonic, _ in headings}, name)
    vintages = np.array([vintage for _, vintage in headings], "datetime64[M]")
    if (np.diff(vintages).astype(np.int64) <= 0).any():
        raise SourceRejected(f"{name}: its vintages do not ascend.", remedy="A column stands twice: fetch it again.")
    periods, frequency = _periods([row[0] for row in rows[1:] if row and row[0]], name)
    width = len(headings)
    index = pd.DatetimeIndex(periods.astype("datetime64[s]"))
    cells = [(row[1:] + ["#N/A"] * width)[:width] for row in rows[1:] if row and row[0]]
    for place, vintage in enumerate(vintages):
        column = pd.DataFrame({series: [row[place] for row in cells]}, index=index)
        values, refused = numbers(column, ("", "#N/A"))
        yield Grid(vintage, frequency, values, refused)


def _heading(text: str, name: str) -> tuple[str, np.datetime64]:
    found = _HEADING.fullmatch(text.strip())
    number = int(found[4]) if found else 0
    if not found or not 1 <= number <= (12 if found[3] == "M" else 4):
        raise SourceRejected(f"{name}: {text!r:.40} is not the heading of a vintage.", remedy="They look like CPI94Q3.")
    year = int(found[2]) + (1900 if int(found[2]) >= _CENTURY else 2000)
    month = number if found[3] == "M" else 3 * number - 1
    return found[1], np.datetime64(f"{year}-{month:02}", "M")


def _one_series(mnemonics: set[str], name: str) -> str:
    if len(mnemonics) != 1 or not mnemonics <= set(_SERIES):
        raise SourceRejected(
            f"{name} is of {', '.join(sorted(mnemonics)) or 'nothing'}.", remedy=f"Known are {', '.join(_SERIES)}."
        )
    return _SERIES[mnemonics.pop()]


def _periods(labels: list[str], name: str) -> tuple[np.ndarray, str]:
    found = [_PERIOD.fullmatch(label.strip()) for label in labels]
    if bad := [label for label, match in zip(labels, found, strict=True) if match is None]:
        raise SourceRejected(f"{name}: {bad[0]!r:.40} is no period.", remedy="Rows are 1947:01 or 1947:Q1.")
    months = [f"{m[1]}-{m[3] or f'{3 * int(m[2]) - 2:02}'}" for m in found if m]
    frequency = "Q" if any(m[2] for m in found if m) else "M"
    periods = np.array(months, "datetime64[M]")
    check_months(periods, 3 if frequency == "Q" else 1, name)
    return periods, frequency


@dataclass(frozen=True, kw_only=True)
class RtdsmCollector:
    """Reads workbooks from a folder, or else from the publisher, a batch a workbook.

    Parameters
    ----------
    folder
        Where the files are; by default ``<drop>/vintages/rtdsm``.
    base_url
        Of the publisher; another one for tests.
    policy
        Patience and limits.
    """

    folder: Path | None = None
    base_url: str = BASE_URL
    policy: Policy = field(default_factory=Policy)

    def read(self, context: Context) -> Iterator[Batch]:
        """Yield the batches; a file of the folder that cannot be read is quarantined whole.

        Raises
        ------
        SourceUnavailable, SourceRejected
            If the publisher is asked and does not answer, or not with a workbook; batches before stay good.
        """
        folder = self.folder or context.settings.drop / "vintages" / FOLDER
        now = context.clock.now()
        paths = sorted(folder.glob("*.xlsx"))
        if paths:
            yield from (_tolerant(path, now) for path in paths)
            return
        context.settings.cache.mkdir(parents=True, exist_ok=True)
        with (
            Transport(self.policy, context.clock, zlib.crc32(SOURCE.encode())) as transport,
            TemporaryDirectory(prefix=".rtdsm-", dir=context.settings.cache) as scratch,
        ):
            for book in WORKBOOKS:
                path = Path(scratch) / book.file
                # The host answers 200 with a web page for a name that it does not have: the type is what tells.
                path.write_bytes(transport.get(f"{self.base_url}/{book.file}", accept=_XLSX).body)
                yield _batch(path, now)


def _tolerant(path: Path, now: datetime) -> Batch:
    try:
        return _batch(path, now)
    except SourceRejected as error:
        with path.open("rb") as raw:
            return whole_file(SOURCE, path.name, raw.read(500), error.message)


def _batch(path: Path, now: datetime) -> Batch:
    history = History(SOURCE)
    parts: list[pa.Table] = []
    refused: list[tuple[str, str, dict[str, str]]] = []
    for grid in parse(path):
        if is_over(grid.vintage, now):
            parts.append(history.step(grid))
            refused.extend(refusals(grid))
    if not parts:
        raise SourceRejected(f"{path.name} has no vintage of a month that is over.", remedy="Nothing was loaded.")
    by_key = [("series", "ascending"), ("period", "ascending"), ("released_at", "ascending")]
    return as_batch(SOURCE, pa.concat_tables(parts).sort_by(by_key), refused)


DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name=SOURCE,
        tables=("raw.macro",),
        title="US series in vintages from 1962 on (RTDSM, Philadelphia Fed)",
        description=(
            "Payrolls, industrial production, hours, housing starts, output, consumer prices and unemployment as they "
            "stood in each vintage, changes only. A vintage counts as known from the end of its month. Files in "
            "<drop>/vintages/rtdsm are read instead of asking the publisher."
        ),
        origin=f"files in the drop folder, or {BASE_URL}",
        read=RtdsmCollector().read,
        online=True,
    ),
)
