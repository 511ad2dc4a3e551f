"""Workbooks of the RTDSM into vintages (I10, I12, I13, I20): a column a vintage, changes only."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from builders import make_settings
from publishers import HTML, XLSX, Publisher, workbook

from collectors.dataset import Context
from collectors.rtdsm import WORKBOOKS, RtdsmCollector
from collectors.transport import Policy
from collectors.xlsx import SHEET, read_sheet
from warehouse.batch import Batch
from zeno.clock import ManualClock
from zeno.errors import SourceRejected

EMPLOY = [
    ["DATE", "EMPLOY64M12", "EMPLOY65M1", "EMPLOY65M2"],
    ["1964:10", 59200.0, 59200.0, 59206.5],
    ["1964:11", 59600.0, 59611.0, "#N/A"],
    ["1964:12", "#N/A", 59800.0, 59800.0],
    ["1965:01", "#N/A", "#N/A", 60000.0],
]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = Policy(attempts=1, read=2, deadline=30)


def context(tmp_path: Path, now: datetime = NOW) -> Context:
    return Context(settings=make_settings(tmp_path, cache=tmp_path / "cache"), clock=ManualClock(now))


def collect(tmp_path: Path, body: bytes, now: datetime = NOW) -> Batch:
    folder = tmp_path / "drop" / "vintages" / "rtdsm"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.xlsx").write_bytes(body)
    (batch,) = RtdsmCollector().read(context(tmp_path, now))
    return batch


def rows(batch: Batch) -> list[tuple[date, date, float | None]]:
    return [(r["period"], r["released_at"].date(), r["value"]) for r in batch.data.to_pylist()]


def refusal(batch: Batch) -> str:
    assert batch.data.num_rows == 0
    (one,) = batch.unreadable
    assert (one.row, one.reason) == (-1, "unreadable_file")
    return one.detail


def test_a_column_is_a_vintage_known_from_the_end_of_its_month_and_only_changes_are_rows(tmp_path: Path) -> None:
    batch = collect(tmp_path, workbook(EMPLOY))
    assert (batch.table, batch.source, batch.unreadable) == ("raw.macro", "rtdsm", ())
    december, january, february = date(1964, 12, 31), date(1965, 1, 31), date(1965, 2, 28)
    assert rows(batch) == [
        (date(1964, 10, 1), december, 59200.0),
        (date(1964, 10, 1), february, 59206.5),
        (date(1964, 11, 1), december, 59600.0),
        (date(1964, 11, 1), january, 59611.0),
        (date(1964, 11, 1), february, None),
        (date(1964, 12, 1), january, 59800.0),
        (date(1965, 1, 1), february, 60000.0),
    ]
    fixed = {(r["series"], r["frequency"], r["basis"]) for r in batch.data.to_pylist()}
    assert fixed == {("PAYROLLS", "M", "vintage")}


def test_quarterly_vintages_are_of_the_quarters_middle_month_and_quarters_start_with_their_first(
    tmp_path: Path,
) -> None:
    batch = collect(
        tmp_path,
        workbook([["DATE", "ROUTPUT65Q4", "ROUTPUT66Q1"], ["1965:Q2", 600.5, 600.5], ["1965:Q3", 609.0, 610.0]]),
    )
    assert [r["frequency"] for r in batch.data.to_pylist()] == ["Q"] * 3
    assert rows(batch) == [
        (date(1965, 4, 1), date(1965, 11, 30), 600.5),
        (date(1965, 7, 1), date(1965, 11, 30), 609.0),
        (date(1965, 7, 1), date(1966, 2, 28), 610.0),
    ]


@pytest.mark.parametrize(("year", "expected"), [("50", 1950), ("99", 1999), ("00", 2000), ("24", 2024)])
def test_two_digits_are_a_year_from_1950_to_2049(tmp_path: Path, year: str, expected: int) -> None:
    batch = collect(tmp_path, workbook([["DATE", f"CPI{year}Q3"], ["1949:12", 1.5]]))
    assert rows(batch)[0][1] == date(expected, 8, 31)


def test_a_vintage_whose_month_is_not_over_is_left_for_later(tmp_path: Path) -> None:
    early = collect(tmp_path, workbook(EMPLOY), datetime(1965, 2, 28, 12, tzinfo=UTC))
    assert {day for _, day, _ in rows(early)} == {date(1964, 12, 31), date(1965, 1, 31)}


def test_inline_texts_and_cells_left_out_read_the_same(tmp_path: Path) -> None:
    sparse = [[("" if value == "#N/A" else value) for value in row] for row in EMPLOY]
    shared = collect(tmp_path, workbook(EMPLOY))
    assert collect(tmp_path, workbook(sparse, shared=False)).data.equals(shared.data)


def test_a_cell_that_is_no_number_is_quarantined_and_withdraws_nothing(tmp_path: Path) -> None:
    odd = [list(row) for row in EMPLOY]
    odd[1][2] = "revised"
    batch = collect(tmp_path, workbook(odd))
    assert [(r.row, r.reason) for r in batch.unreadable] == [(7, "not_a_number")]
    assert date(1965, 1, 31) not in [day for period, day, _ in rows(batch) if period == date(1964, 10, 1)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (HTML, "damaged"),
        (workbook(EMPLOY)[:-40], "damaged"),
        (workbook([]), "DATE"),
        (workbook([["DATE", "GOLD65M1"], ["1947:01", 1.0]]), "is of GOLD"),
        (workbook([["DATE", "EMPLOY65M1", "HSTARTS65M2"], ["1947:01", 1.0, 1.0]]), "is of EMPLOY, HSTARTS"),
        (workbook([["DATE", "EMPLOY65M13"], ["1947:01", 1.0]]), "'EMPLOY65M13' is not the heading"),
        (workbook([["DATE", "EMPLOY65M2", "EMPLOY65M2"], ["1947:01", 1.0, 1.0]]), "do not ascend"),
        (workbook([["DATE", "EMPLOY65M2"], ["1947:13", 1.0]]), "'1947:13' is no period"),
        (workbook([["DATE", "EMPLOY65M2"], ["1947:01", 1.0], ["1947:01", 1.0]]), "1947-01 stands twice"),
        (workbook([["DATE", "EMPLOY65M2"], ["1947:01", 1.0], ["1947:03", 1.0]]), "followed by 1947-03"),
        (workbook([["DATE", "ROUTPUT65Q4"], ["1947:Q1", 1.0], ["1947:02", 1.0]]), "followed by 1947-02"),
        (workbook(EMPLOY, sheet='<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'), "document type"),
        (workbook(EMPLOY, sheet="<worksheet><sheetData>"), "no intact XML"),
        (workbook(EMPLOY, sheet='<?xml version="1.0" encoding="cp037"?><worksheet/>'), "not XML in UTF-8"),
        (workbook(EMPLOY, sheet=" " * 40_000_000), "unfolds more than"),
    ],
)
def test_a_file_that_is_no_whole_workbook_loads_nothing_and_is_quarantined(
    tmp_path: Path, body: bytes, why: str
) -> None:
    assert why in refusal(collect(tmp_path, body))


@pytest.mark.parametrize(
    "cells",
    [
        '<c r="A1" t="s"><v>99</v></c>',
        '<c r="A1" t="s"><v>-1</v></c>',
        '<c r="ZZZ1"><v>1</v></c>',
        '<c r="../a"><v>1</v></c>',
        '<c r="B1"><v>1</v></c><c r="A1"><v>1</v></c>',
    ],
)
def test_a_cell_out_of_place_or_without_its_text_is_refused(tmp_path: Path, cells: str) -> None:
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([], sheet=f"<worksheet {main}><sheetData><row>{cells}</row></sheetData></worksheet>"))
    with pytest.raises(SourceRejected):
        read_sheet(path)


def test_a_workbook_with_a_climbing_name_is_refused(tmp_path: Path) -> None:  # I14
    body = io.BytesIO(workbook(EMPLOY))
    with zipfile.ZipFile(body, "a") as archive:
        archive.writestr("../evil", "x")
    path = tmp_path / "a.xlsx"
    path.write_bytes(body.getvalue())
    with pytest.raises(SourceRejected, match="unsafe name"):
        read_sheet(path)
    assert SHEET.startswith("xl/")


class TestPublisher:
    def files(self) -> dict[str, tuple[str, bytes]]:
        made = {}
        for book in WORKBOOKS:
            quarterly = book.file.endswith("qvqd.xlsx")
            vintage = f"{book.mnemonic}65{'M2' if 'mvmd' in book.file else 'Q1'}"
            made[f"/{book.file}"] = (XLSX, workbook([["DATE", vintage], ["1964:Q4" if quarterly else "1964:12", 1.0]]))
        return made

    def read(self, tmp_path: Path, publisher: Publisher) -> list[Batch]:
        return list(RtdsmCollector(base_url=publisher.base_url, policy=POLICY).read(context(tmp_path)))

    def test_without_files_every_workbook_is_asked_for(self, tmp_path: Path) -> None:
        with Publisher(self.files()) as publisher:
            found = self.read(tmp_path, publisher)
        assert [batch.data["series"][0].as_py() for batch in found] == [book.series for book in WORKBOOKS]
        assert {row[1] for batch in found for row in rows(batch)} == {date(1965, 2, 28)}

    def test_a_web_page_with_status_200_is_refused(self, tmp_path: Path) -> None:
        files = self.files() | {"/iptmvmd.xlsx": ("text/html", HTML)}
        with Publisher(files) as publisher, pytest.raises(SourceRejected, match="text/html"):
            self.read(tmp_path, publisher)

    def test_with_files_nobody_is_asked(self, tmp_path: Path) -> None:
        collect(tmp_path, workbook(EMPLOY))
        with Publisher(self.files()) as publisher:
            assert len(self.read(tmp_path, publisher)) == 1
            assert publisher.requests == []
