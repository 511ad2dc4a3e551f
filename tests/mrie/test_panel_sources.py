"""Vintages from a file and from the warehouse: one internal form, and errors that say what to do."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from macro_vintages import economy

from mrie.panel import Panel, default_turns, labels_known, read_interchange, read_warehouse, recessions, truth
from mrie.panel.interchange import interchange_rows
from mrie.panel.months import parse_month, period_numbers
from mrie.panel.store import series_vintages
from warehouse.batch import Batch
from zeno.errors import ConfigError, SourceRejected

SMALL = economy("1990-01", "1993-01")


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_either_file_gives_the_same_panel(tmp_path: Path, suffix: str):
    path = tmp_path / f"vintages{suffix}"
    SMALL.to_parquet(path) if suffix == ".parquet" else SMALL.to_csv(path, index=False)
    month = parse_month("1992-06")
    expected = Panel(read_interchange(_parquet(tmp_path))).frame(month)
    pd.testing.assert_frame_equal(Panel(read_interchange(path)).frame(month), expected, check_exact=True)


def test_the_warehouse_gives_the_same_panel(tmp_path: Path, loader, warehouse):
    table = SMALL.dropna()
    moments = [datetime(int(v[:4]), int(v[5:]), 14, tzinfo=UTC) for v in table["vintage"]]
    loader.load(Batch("raw.macro", "rtdsm", pa.table({
        "series": table["series"].replace("S&P 500", "SP500").to_list(),  # a label holds no space
        "frequency": ["M"] * len(table),
        "period": pa.array([datetime(int(p[:4]), int(p[5:]), 1, tzinfo=UTC).date() for p in table["period"]]),
        "released_at": pa.array(moments, pa.timestamp("us", "UTC")),
        "basis": ["vintage"] * len(table),
        "value": table["value"].to_list(),
    })))  # fmt: skip
    stored = Panel(read_warehouse(warehouse=warehouse))
    read = Panel(read_interchange(_parquet(tmp_path)))
    for month in map(parse_month, ("1990-06", "1991-03", "1993-01")):
        pd.testing.assert_frame_equal(stored.frame(month), read.frame(month), check_exact=True)


def test_an_empty_warehouse_says_what_to_load(warehouse):
    with pytest.raises(SourceRejected, match="zeno elt run"):
        read_warehouse(warehouse=warehouse)


def test_bad_files_name_the_remedy(tmp_path: Path):
    with pytest.raises(ConfigError, match="no file"):
        read_interchange(tmp_path / "none.parquet")
    with pytest.raises(ConfigError, match="neither"):
        read_interchange(tmp_path / "vintages.xlsx")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no more than this")
    with pytest.raises(SourceRejected, match="cannot be read"):
        read_interchange(broken)
    empty = tmp_path / "empty.csv"
    empty.write_text("source,series,period,vintage,value\n")
    with pytest.raises(SourceRejected, match="no rows"):
        read_interchange(empty)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("period", "1990-13", "no period"), ("vintage", "soon", "no vintage"), ("value", "much", "no value")],
)
def test_a_bad_row_is_named(tmp_path: Path, column: str, value: str, message: str):
    table = SMALL.head(9).astype({"value": object})
    table.loc[4, column] = value
    path = tmp_path / "bad.csv"
    table.to_csv(path, index=False)
    with pytest.raises(SourceRejected, match=f"row 5: '{value}' is {message}"):
        read_interchange(path)


def _vintages(*rows: str) -> pd.DataFrame:
    """Rows of "series period vintage value"."""
    columns = pd.Index(["source", "series", "period", "vintage", "value"])
    return pd.DataFrame([["rtdsm", *row.split()] for row in rows], columns=columns).astype({"value": float})


@pytest.mark.parametrize("again", ["2001-03 2001-06 2", "2001Q1 2001-06 2", "2001-03 2001-06 NaN"])
def test_two_values_of_one_vintage_are_refused_in_either_order(again: str):
    rows = ["IP_MFG 2001-03 2001-06 2", "PAYROLLS 2001-03 2001-06 1", "PAYROLLS 2001-03 2001-07 3", f"PAYROLLS {again}"]
    for order, named in ((rows, "rows 2 and 4"), (rows[::-1], "rows 1 and 3")):
        with pytest.raises(SourceRejected, match=f"{named}: two values of PAYROLLS") as at:
            interchange_rows(_vintages(*order).set_index("series", drop=False), "two.csv")
        assert "(1 such rows)" in at.value.message
        assert "Keep one of them" in at.value.remedy


def test_a_row_that_is_there_twice_counts_once():
    rows = ["PAYROLLS 2001-03 2001-06 1", "PAYROLLS 2001-02 2001-06 NaN"]
    once, twice = (series_vintages(interchange_rows(_vintages(*rows * count), "rows")) for count in (1, 2))
    np.testing.assert_array_equal(once.values, twice.values)


def test_a_cell_that_a_vintage_leaves_empty_may_lie_ahead_of_it():
    """A table of vintages has a cell for every period, and nothing in those to come."""
    rows = interchange_rows(_vintages("PAYROLLS 2001-05 2001-06 1", "PAYROLLS 2001-09 2001-06 NaN"), "table")
    assert series_vintages(rows).ends.tolist() == [0]


@pytest.mark.parametrize("early", ["PAYROLLS 2001-06 2001-01 1", "PAYROLLS 2001Q2 2001-05 1"])
def test_a_vintage_from_before_its_period_is_over_is_refused(early: str):
    with pytest.raises(SourceRejected, match=r"row 2: the vintage .* is before") as at:
        interchange_rows(_vintages("PAYROLLS 2001-06 2001-06 1", early), "early.csv")
    assert early.split()[1] in at.value.message
    assert "the month in which the value came out" in at.value.remedy


def test_a_missing_column_is_named(tmp_path: Path):
    path = tmp_path / "narrow.csv"
    SMALL.drop(columns="vintage").to_csv(path, index=False)
    with pytest.raises(SourceRejected, match="no column vintage"):
        read_interchange(path)


def test_quarters_stand_at_their_last_month():
    assert period_numbers(pd.Series(["2000Q4", "2000-12"])).tolist() == [parse_month("2000-12")] * 2


def test_a_recession_runs_from_the_month_after_the_peak_through_the_trough():
    months = np.arange(parse_month("2020-01"), parse_month("2020-07"))
    assert truth(months, default_turns()).tolist() == [0, 0, 1, 1, 0, 0]
    assert len(recessions(default_turns())) == 13


def test_labels_wait_for_the_announcement_or_the_embargo():
    months = np.array([parse_month(text) for text in ("2006-06", "2007-10", "2008-01", "2008-11")])
    known = {
        now: labels_known(months, parse_month(now), default_turns()).tolist()
        for now in ("2008-11", "2008-12", "2010-09")
    }
    # In November 2008 only what lies two years back is settled; the peak of 2007-12 came out in December 2008.
    np.testing.assert_array_equal(known["2008-11"], [0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(known["2008-12"], [0, 0, np.nan, np.nan])
    np.testing.assert_array_equal(known["2010-09"], [0, 0, 1, 1])


def _parquet(folder: Path) -> Path:
    path = folder / "reference.parquet"
    SMALL.to_parquet(path)
    return path
