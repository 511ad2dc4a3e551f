"""The interchange form of vintages: ``source, series, period, vintage, value``, from a Parquet or CSV file.

A value is known from ``vintage`` (a month, YYYY-MM) until the next row of the same series and period; NaN withdraws
it. Periods are months (YYYY-MM) or quarters (YYYYQn); none is known before its last month. What ``Panel`` is built from
is this form with months as numbers: ``source, series, period, known, basis, value`` (``Rows``); the warehouse gives the
same (``raw_macro``).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from mrie.panel.months import period_numbers
from zeno.errors import ConfigError, SourceRejected

COLUMNS = ("source", "series", "period", "vintage", "value")
ROWS = ("source", "series", "period", "known", "basis", "value")
_KEY = ["source", "series", "period", "known"]
_FORM = f"The file needs the columns {', '.join(COLUMNS)}; all text but value."


def read_interchange(path: Path) -> pd.DataFrame:
    """Read vintages from a file.

    Returns
    -------
    pandas.DataFrame
        source, series (text), period, known (months' numbers), basis (``vintage``), value (in the series' own unit).

    Raises
    ------
    ConfigError
        If there is no such file, or its name ends in neither .parquet nor .csv.
    SourceRejected
        If it cannot be read, lacks a column, or its rows are refused (``interchange_rows``).
    """
    table = _read(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise SourceRejected(f"{path.name} has no column {', '.join(missing)}.", remedy=_FORM)
    if table.empty:
        raise SourceRejected(f"{path.name} has no rows.", remedy="Load vintages first, or name another file.")
    return interchange_rows(table, path.name)


def interchange_rows(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return the rows of a table in the interchange form; ``what`` names it in errors.

    Raises
    ------
    SourceRejected
        If a period, a vintage or a value is none, a vintage knows a period that is not over, or has two values of one.
    """
    value = np.asarray(pd.to_numeric(pd.Series(table["value"]), errors="coerce"), dtype=np.float64)
    rows = pd.DataFrame({
        "source": table["source"].astype(str).str.lower().str.replace("_", "-"),
        "series": table["series"].astype(str),
        "period": period_numbers(pd.Series(table["period"], dtype=str)),
        "known": period_numbers(pd.Series(table["vintage"], dtype=str)),
        "basis": "vintage",
        "value": value,
    })  # fmt: skip
    _refuse(table, (rows["period"] < 0).to_numpy(), "period", what)
    _refuse(table, (rows["known"] < 0).to_numpy(), "vintage", what)
    _refuse(table, np.isinf(value) | (np.isnan(value) & table["value"].notna().to_numpy()), "value", what)
    _refuse_early(table, rows, what)
    _refuse_two_values(table, rows.reset_index(drop=True), what)
    return rows


def _refuse(table: pd.DataFrame, bad: np.ndarray, column: str, what: str) -> None:
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise SourceRejected(
            f"{what}, row {at + 1}: {table[column].iloc[at]!r} is no {column} ({int(bad.sum())} such rows).",
            remedy="Periods are YYYY-MM or YYYYQn, vintages YYYY-MM, values finite numbers or NaN.",
        )


def _refuse_early(table: pd.DataFrame, rows: pd.DataFrame, what: str) -> None:
    """Refuse values from before their period is over: a view would end in months that are still to come."""
    early = ((rows["known"] < rows["period"]) & rows["value"].notna()).to_numpy()
    if early.any():
        at = int(np.flatnonzero(early)[0])
        raise SourceRejected(
            f"{what}, row {at + 1}: the vintage {table['vintage'].iloc[at]} is before {table['series'].iloc[at]} "
            f"{table['period'].iloc[at]} is over ({int(early.sum())} such rows).",
            remedy="Give as vintage the month in which the value came out: its period's last month or later.",
        )


def _refuse_two_values(table: pd.DataFrame, rows: pd.DataFrame, what: str) -> None:
    """Refuse two values of one vintage: which of them counted would hang on the order of the rows."""
    distinct = rows.drop_duplicates([*_KEY, "value"])
    again = distinct.duplicated(_KEY).to_numpy()
    if again.any():
        places = distinct.index.to_numpy()
        second = int(places[again][0])
        first = int(places[(distinct[_KEY] == rows.loc[second, _KEY]).all(axis=1).to_numpy()][0])
        raise SourceRejected(
            f"{what}, rows {first + 1} and {second + 1}: two values of {table['series'].iloc[second]} "
            f"{table['period'].iloc[second]} in the vintage {table['vintage'].iloc[second]} "
            f"({int(again.sum())} such rows).",
            remedy="Keep one of them, or give the later one the vintage in which it came out.",
        )


def _read(path: Path) -> pd.DataFrame:
    if path.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"{path.name} is neither .parquet nor .csv.", remedy="Name a file of either kind.")
    if not path.is_file():
        raise ConfigError(f"There is no file {path}.", remedy="Check the path given to --vintages.")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        text = dict.fromkeys(("source", "series", "period", "vintage"), str)
        return pd.read_csv(path, dtype=text, float_precision="round_trip")  # pyright: ignore[reportArgumentType, reportCallIssue]
    except (OSError, ValueError) as error:  # pyarrow's and pandas' own errors are ValueErrors
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceRejected(f"{path.name} cannot be read: {first}", remedy=_FORM) from error
