"""The interchange form of vintages: a row a change, NaN withdraws, bad rows alone are refused (I04, I11, I12, F05)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from builders import make_settings
from publishers import fred_md

from collectors.dataset import Context
from collectors.fred_md import FredMdCollector
from collectors.interchange import InterchangeCollector
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import Warehouse
from zeno.clock import ManualClock
from zeno.errors import ConfigError

HEAD = "source,series,period,vintage,value\n"
ROWS = (
    "fred-md,PAYEMS,2016-04,2016-06,143856\n"
    "fred-md,PAYEMS,2016-04,2016-07,143877\n"
    "fred-md,PAYEMS,2016-05,2016-06,143894\n"
    "fred-md,PAYEMS,2016-05,2016-07,\n"
    "rtdsm,REAL_OUTPUT,1947Q2,1965-11,309.0\n"
)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
APRIL, MAY = date(2016, 4, 1), date(2016, 5, 1)


def collect(tmp_path: Path, body: bytes | str | pd.DataFrame, name: str = "a.csv", now: datetime = NOW) -> list[Batch]:
    folder = tmp_path / "drop" / "vintages" / "interchange"
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(body, pd.DataFrame):
        body.to_parquet(folder / name, index=False)
    else:
        (folder / name).write_bytes(body.encode() if isinstance(body, str) else body)
    return list(InterchangeCollector().read(Context(settings=make_settings(tmp_path), clock=ManualClock(now))))


def rows(batch: Batch) -> list[tuple[date, date, float | None]]:
    return [(r["period"], r["released_at"].date(), r["value"]) for r in batch.data.to_pylist()]


def test_every_row_is_a_release_at_the_end_of_its_vintage_month_a_batch_a_source(tmp_path: Path) -> None:
    fred, output = collect(tmp_path, HEAD + ROWS)
    june, july = date(2016, 6, 30), date(2016, 7, 31)
    assert (fred.table, fred.source, output.source) == ("raw.macro", "fred_md", "rtdsm")
    assert rows(fred) == [(APRIL, june, 143856.0), (APRIL, july, 143877.0), (MAY, june, 143894.0), (MAY, july, None)]
    assert rows(output) == [(date(1947, 4, 1), date(1965, 11, 30), 309.0)]
    assert [b.data["frequency"][0].as_py() for b in (fred, output)] == ["M", "Q"]


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    frame = pd.DataFrame([line.split(",") for line in ROWS.splitlines()], columns=HEAD.strip().split(","))
    frame["value"] = pd.to_numeric(frame["value"])
    text = collect(tmp_path, HEAD + ROWS)
    (tmp_path / "drop" / "vintages" / "interchange" / "a.csv").unlink()
    assert all(a.data.equals(b.data) for a, b in zip(text, collect(tmp_path, frame, "a.parquet"), strict=True))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("fred-md,a; drop,2016-04,2016-06,1\n", "not_allowed"),
        ("fred-md,X,2016-13,2016-06,1\n", "not_a_period"),
        ("fred-md,X,2016Q5,2016-06,1\n", "not_a_period"),
        ("fred-md,X,2016-04,2016-06-01,1\n", "not_a_month"),
        ("fred-md,X,2016-04,,1\n", "not_a_month"),
        ("fred-md,X,2016-04,2016-06,inf\n", "not_a_number"),
        ("fred-md,X,2016-04,2016-06,1e999\n", "not_a_number"),
        ('fred-md,X,2016-04,2016-06,"1,5"\n', "not_a_number"),
        ("fred-md,X,2016-07,2016-06,1\n", "before_its_period"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_alone(tmp_path: Path, row: str, why: str) -> None:
    fred, _ = collect(tmp_path, HEAD + ROWS + row)
    assert (fred.data.num_rows, [(r.row, r.reason) for r in fred.unreadable]) == (4, [(4, why)])


def test_two_values_of_one_vintage_are_both_refused(tmp_path: Path) -> None:
    (batch,) = collect(tmp_path, HEAD + "a,X,2016-04,2016-06,1\na,X,2016-04,2016-06,2\na,X,2016-05,2016-06,3\n")
    assert rows(batch) == [(MAY, date(2016, 6, 30), 3.0)]
    assert [r.reason for r in batch.unreadable] == ["two_values"] * 2


def test_a_row_of_no_source_goes_to_the_quarantine_of_the_data_set(tmp_path: Path) -> None:
    *_, odd = sorted(collect(tmp_path, HEAD + ROWS + ",X,2016-04,2016-06,1\n"), key=lambda b: len(b.unreadable))
    assert (odd.source, odd.data.num_rows, odd.unreadable[0].reason) == ("macro_vintages", 0, "not_allowed")


@pytest.mark.parametrize(
    ("body", "name", "why"),
    [
        (b"<html>", "a.csv", "columns"),
        (b"", "a.csv", "empty"),
        (b"PAR1 cut", "a.parquet", "not an intact Parquet"),
        (HEAD.replace("vintage", "as_of") + ROWS, "a.csv", "columns"),
        (HEAD + ROWS[:-8], "a.csv", "fields"),
        (HEAD + 'a,"X,2016-04,2016-06,1\n', "a.csv", "quotes"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_quarantined(
    tmp_path: Path, body: bytes | str, name: str, why: str
) -> None:
    (batch,) = collect(tmp_path, body, name)
    assert (batch.source, batch.data.num_rows, batch.unreadable[0].row) == ("macro_vintages", 0, -1)
    assert why in batch.unreadable[0].detail


def test_a_vintage_whose_month_is_not_over_is_left_for_later(tmp_path: Path) -> None:
    fred, _ = collect(tmp_path, HEAD + ROWS, now=datetime(2016, 7, 20, tzinfo=UTC))
    assert {day for _, day, _ in rows(fred)} == {date(2016, 6, 30)}


def test_without_files_it_says_where_to_put_them(tmp_path: Path) -> None:
    context = Context(settings=make_settings(tmp_path), clock=ManualClock(NOW))
    with pytest.raises(ConfigError, match="no vintage file") as caught:
        list(InterchangeCollector().read(context))
    assert "source, series, period, vintage, value" in caught.value.remedy


def test_the_same_vintages_as_files_and_in_the_form_are_one_history(
    tmp_path: Path, loader: Loader, warehouse: Warehouse
) -> None:
    folder = tmp_path / "drop" / "vintages" / "fred-md"
    folder.mkdir(parents=True)
    (folder / "2016-06.csv").write_bytes(fred_md({"PAYEMS": ["143856", "143894"]}, first="2016-04"))
    (folder / "2016-07.csv").write_bytes(fred_md({"PAYEMS": ["143877", "", ""]}, first="2016-04"))
    for batch in FredMdCollector().read(Context(settings=make_settings(tmp_path), clock=ManualClock(NOW))):
        assert loader.load(batch).rows_present == 0
    fred, _ = collect(tmp_path, HEAD + ROWS)
    load = loader.load(fred)
    assert (load.rows_stored, load.rows_present, load.rows_quarantined) == (4, 4, 0)
    assert warehouse.client().scalar("SELECT count() FROM raw.macro") == 4
