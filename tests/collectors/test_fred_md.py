"""FRED-MD files into vintages (I12, I13, I20, F05): changes only, nothing early, nothing lost to a bad file.

vintage of     2016-06            2016-07
2016-04        143,877            143,851      revised
2016-05        143,915            (none)       withdrawn
2016-06                           144,202      new
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from builders import make_settings
from publishers import HTML, Publisher, fred_md

from collectors.dataset import Context
from collectors.fred_md import BUNDLE, FredMdCollector
from collectors.transport import Policy
from warehouse import read_macro
from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import Warehouse
from zeno.clock import ManualClock
from zeno.errors import SourceRejected, SourceUnavailable

MARCH, APRIL, MAY, JUNE = (date(2016, month, 1) for month in (3, 4, 5, 6))
JUNE_FILE = fred_md({"PAYEMS": ["143733", "143877", "143915"], "UNRATE": ["5.0", "5.0", "4.7"]}, first="2016-03")
JULY_FILE = fred_md(
    {"PAYEMS": ["143733", "143851", "", "144202"], "UNRATE": ["5.0", "5.0", "4.7", "4.9"]}, first="2016-03"
)
PATIENCE = Policy(attempts=2, read=2, deadline=30, backoff_base=0.01)
Row = tuple[str, date, datetime, float | None]


def context(tmp_path: Path, now: datetime = datetime(2026, 1, 2, tzinfo=UTC)) -> Context:
    return Context(settings=make_settings(tmp_path, cache=tmp_path / "cache"), clock=ManualClock(now))


def collect(tmp_path: Path, files: dict[str, bytes], now: datetime = datetime(2026, 1, 2, tzinfo=UTC)) -> list[Batch]:
    folder = tmp_path / "drop" / "vintages" / "fred-md"
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return list(FredMdCollector().read(context(tmp_path, now)))


def rows(batch: Batch) -> list[Row]:
    return [(r["series"], r["period"], r["released_at"], r["value"]) for r in batch.data.to_pylist()]


def end(month: int) -> datetime:
    return datetime(2016, month, {6: 30, 7: 31, 8: 31}[month], 23, 59, 59, tzinfo=UTC)


def refusal(batch: Batch) -> str:
    assert batch.data.num_rows == 0
    (one,) = batch.unreadable
    assert (one.row, one.reason) == (-1, "unreadable_file")
    return one.detail


class TestVintages:
    def test_the_first_file_is_whole_and_the_next_gives_what_is_new_revised_and_withdrawn(self, tmp_path: Path) -> None:
        june, july = collect(tmp_path, {"2016-06.csv": JUNE_FILE, "2016-07.csv": JULY_FILE})
        assert (june.table, june.source, june.data.num_rows) == ("raw.macro", "fred_md", 6)
        assert rows(july) == [
            ("PAYEMS", APRIL, end(7), 143851.0),
            ("PAYEMS", MAY, end(7), None),
            ("PAYEMS", JUNE, end(7), 144202.0),
            ("UNRATE", JUNE, end(7), 4.9),
        ]
        assert {(r["frequency"], r["basis"]) for r in june.data.to_pylist()} == {("M", "vintage")}

    def test_a_vintage_counts_as_known_from_the_end_of_its_month(self, tmp_path: Path) -> None:
        (june,) = collect(tmp_path, {"2016-06.csv": JUNE_FILE})
        assert {row[2] for row in rows(june)} == {end(6)}

    @pytest.mark.parametrize(("now", "batches"), [(end(6), 0), (datetime(2016, 7, 1, tzinfo=UTC), 1)])
    def test_a_vintage_whose_month_is_not_over_is_left_for_later(
        self, tmp_path: Path, now: datetime, batches: int
    ) -> None:
        assert len(collect(tmp_path, {"2016-06.csv": JUNE_FILE}, now)) == batches

    def test_a_later_file_leaves_the_batches_before_it_as_they_were(self, tmp_path: Path) -> None:
        (before,) = collect(tmp_path, {"2016-06.csv": JUNE_FILE})
        june, _ = collect(tmp_path, {"2016-07.csv": JULY_FILE})
        assert june.data.equals(before.data)

    def test_a_series_that_a_vintage_leaves_out_keeps_its_values(self, tmp_path: Path) -> None:
        without = fred_md({"PAYEMS": ["143733", "143851", "", "144202"]}, first="2016-03")
        _, july = collect(tmp_path, {"2016-06.csv": JUNE_FILE, "2016-07.csv": without})
        assert {row[0] for row in rows(july)} == {"PAYEMS"}
        back = fred_md({"UNRATE": ["5.0", "5.0", "4.7", "4.9", "4.9"]}, first="2016-03")
        *_, august = collect(tmp_path, {"2016-08.csv": back})
        assert rows(august) == [("UNRATE", JUNE, end(8), 4.9), ("UNRATE", date(2016, 7, 1), end(8), 4.9)]

    def test_names_that_cannot_be_ids_are_renamed_or_refused(self, tmp_path: Path) -> None:
        file = fred_md({"S&P 500": ["2000"], "a; drop": ["1"]}, first="2016-05")
        (batch,) = collect(tmp_path, {"2016-06.csv": file})
        assert [row[0] for row in rows(batch)] == ["SP500"]
        assert [(r.row, r.reason) for r in batch.unreadable] == [(1, "not_allowed")]

    def test_zips_and_the_newer_names_are_read_too(self, tmp_path: Path) -> None:
        june, july = collect(
            tmp_path, {"old.zip": packed({"Vintages/2016-06.csv": JUNE_FILE}), "2016-7-MD.csv": JULY_FILE}
        )
        assert (june.data.num_rows, july.data.num_rows) == (6, 4)

    def test_a_file_goes_before_the_same_month_in_a_zip(self, tmp_path: Path) -> None:
        zipped = packed({"2016-06.csv": fred_md({"PAYEMS": ["1"]}, first="2016-05")})
        (june,) = collect(tmp_path, {"2016-06.csv": JUNE_FILE, "all.zip": zipped})
        assert june.data.num_rows == 6


class TestBadFiles:
    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (HTML, "sasdate"),
            (b"", "empty"),
            (b"PK\x03\x04\x00\x00", "NUL"),
            (JUNE_FILE[:-12], "fields"),
            (JUNE_FILE.replace(b"Transform:,5,5\r\n", b""), "transformation codes"),
            (JUNE_FILE.replace(b"Transform:,5,5", b"Transform:,5,9"), "transformation codes"),
            (JUNE_FILE.replace(b"4/1/2016", b"3/1/2016"), "2016-03 stands twice"),
            (JUNE_FILE.replace(b"4/1/2016,143877,5.0\r\n", b""), "2016-03 is followed by 2016-05"),
            (JUNE_FILE.replace(b"4/1/2016", b"4/31/2016"), "a date that is none"),
            (fred_md({"PAYEMS": ["1", "2"]}, first="2016-01"), "ends with 2016-02"),
            (fred_md({"PAYEMS": ["1", "2"]}, first="2016-06"), "ends with 2016-07"),
            (b"sasdate,X\nTransform:,1\n", "no periods"),
            (JUNE_FILE.replace(b"UNRATE", b"PAYEMS"), "no usable header"),
        ],
    )
    def test_a_file_that_is_not_whole_loads_nothing_and_is_quarantined(
        self, tmp_path: Path, body: bytes, why: str
    ) -> None:
        (batch,) = collect(tmp_path, {"2016-06.csv": body})
        assert why in refusal(batch)

    def test_the_vintage_after_a_bad_file_is_compared_with_the_last_good_one(self, tmp_path: Path) -> None:
        cut = JULY_FILE[:-12]
        third = fred_md({"PAYEMS": ["143733", "143851", "143900", "144202"]}, first="2016-03")
        _, bad, august = collect(tmp_path, {"2016-06.csv": JUNE_FILE, "2016-07.csv": cut, "2016-08.csv": third})
        assert refusal(bad)
        assert [(row[1], row[3]) for row in rows(august)] == [(APRIL, 143851.0), (MAY, 143900.0), (JUNE, 144202.0)]

    @pytest.mark.parametrize("text", ["n/a", "inf", "1e999", "NaN", "1_000"])
    def test_a_cell_that_is_no_number_is_quarantined_and_withdraws_nothing(self, tmp_path: Path, text: str) -> None:
        odd = JULY_FILE.replace(b"143851", text.encode())
        _, july = collect(tmp_path, {"2016-06.csv": JUNE_FILE, "2016-07.csv": odd})
        assert APRIL not in [row[1] for row in rows(july)]
        (one,) = july.unreadable
        assert (one.row, one.reason, repr(text) in one.detail) == (3, "not_a_number", True)
        assert july.rows_in == 4

    def test_a_damaged_zip_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SourceRejected, match=r"old\.zip is damaged"):
            collect(tmp_path, {"old.zip": packed({"2016-06.csv": JUNE_FILE})[:-30]})


class TestPublisher:
    """January 2025 is the first file outside the publisher's zip."""

    NOW = datetime(2025, 3, 4, tzinfo=UTC)
    LAST = "/monthly/2025-02-md.csv"

    def files(self) -> dict[str, tuple[str, bytes]]:
        return {
            f"/{BUNDLE}": ("application/zip", packed({"2024-12.csv": self.file(["1", "2"])})),
            "/monthly/2025-01-md.csv": ("text/csv", self.file(["1", "2", "3"])),
            self.LAST: ("text/csv", self.file(["1", "2.5", "3", "4"])),
        }

    @staticmethod
    def file(texts: Sequence[str]) -> bytes:
        return fred_md({"PAYEMS": texts}, first="2024-10")

    def read(self, tmp_path: Path, publisher: Publisher) -> list[Batch]:
        collector = FredMdCollector(base_url=publisher.base_url, policy=PATIENCE)
        return list(collector.read(context(tmp_path, self.NOW)))

    def test_without_files_the_publisher_is_asked_once_for_each(self, tmp_path: Path) -> None:
        with Publisher(self.files()) as publisher:
            first = self.read(tmp_path, publisher)
            assert [[row[3] for row in rows(batch)] for batch in first] == [[1, 2], [3], [2.5, 4]]
            again = self.read(tmp_path, publisher)
            assert len(publisher.requests) == 3
        assert all(a.data.equals(b.data) for a, b in zip(first, again, strict=True))

    def test_with_files_nobody_is_asked(self, tmp_path: Path) -> None:
        collect(tmp_path, {"2016-06.csv": JUNE_FILE})
        with Publisher(self.files()) as publisher:
            assert len(self.read(tmp_path, publisher)) == 1
            assert publisher.requests == []

    @pytest.mark.parametrize(
        ("kind", "body"), [("text/html", HTML), ("text/csv", HTML), ("text/csv", b""), ("text/csv", JUNE_FILE)]
    )
    def test_an_answer_that_is_no_such_file_is_refused_and_not_kept(
        self, tmp_path: Path, kind: str, body: bytes
    ) -> None:
        with Publisher(self.files() | {self.LAST: (kind, body)}) as publisher:
            with pytest.raises(SourceRejected):
                self.read(tmp_path, publisher)
            publisher.files |= self.files()
            assert len(self.read(tmp_path, publisher)) == 3
            assert publisher.requests.count(self.LAST) == 2

    def test_what_came_before_a_failure_stays_good(self, tmp_path: Path) -> None:
        files = self.files()
        del files[self.LAST]
        with Publisher(files) as publisher:
            got = FredMdCollector(base_url=publisher.base_url, policy=PATIENCE).read(context(tmp_path, self.NOW))
            assert [next(got).data.num_rows for _ in range(2)] == [2, 1]
            with pytest.raises(SourceRejected, match="404"):
                next(got)

    def test_a_publisher_that_is_not_there_is_said_to_be_unavailable(self, tmp_path: Path) -> None:
        with Publisher({}) as publisher:
            gone = publisher.base_url
        collector = FredMdCollector(base_url=gone, policy=PATIENCE)
        with pytest.raises(SourceUnavailable):
            list(collector.read(context(tmp_path, self.NOW)))


def test_readers_see_each_vintage_as_it_stood(tmp_path: Path, loader: Loader, warehouse: Warehouse) -> None:
    for batch in collect(tmp_path, {"2016-06.csv": JUNE_FILE, "2016-07.csv": JULY_FILE}):
        load = loader.load(batch)
        assert (load.rows_stored, load.rows_quarantined) == (batch.rows_in, 0)

    def known(when: datetime) -> dict[date, float]:
        found = read_macro(["PAYEMS"], as_of=when, source="fred_md", warehouse=warehouse).to_pylist()
        return {row["period"]: row["value"] for row in found}

    assert known(datetime(2016, 6, 30, tzinfo=UTC)) == {}
    assert known(datetime(2016, 7, 30, tzinfo=UTC)) == {MARCH: 143733.0, APRIL: 143877.0, MAY: 143915.0}
    assert known(datetime(2016, 8, 1, tzinfo=UTC)) == {MARCH: 143733.0, APRIL: 143851.0, JUNE: 144202.0}


def packed(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, body in files.items():
            out.writestr(name, body)
    return archive.getvalue()
