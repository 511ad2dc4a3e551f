"""The FRED collector against a local FRED (FAULTS I15, I16, I19, I20, I21, F05, and what a vintage means).

The table holds real figures for payrolls in 2016: April was published as 143,856 (June 2016), revised to 143,877 (July
2016), and stands at 143,851 since 2022, in thousands.

    published      2016-05-06   2016-06-03   2016-07-08   2022-02-04
    2016-03           143,733      143,692            .    withdrawn
    2016-04                        143,856      143,877      143,851
    2016-05                                     143,888      143,901
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from fake_fred import FOREVER, HTML, KEY, OK, Cut, Edit, FakeFred, FakeSeries, Fault, Raw, ShiftPage, Status, bomb
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dataset import Context
from collectors.fred import DATASETS, KEY_PAGE, SERIES, FredCollector, released_at
from collectors.paging import Page, read_pages
from collectors.transport import Policy
from collectors.vintages import Release, Spell, Window, releases, stitch, windows
from warehouse.batch import Batch
from warehouse.schema.arrow import arrow_schema
from warehouse.schema.raw import MACRO
from zeno.clock import ManualClock
from zeno.errors import ConfigError, SourceRejected, SourceUnavailable
from zeno.settings import Settings

MARCH, APRIL, MAY = date(2016, 3, 1), date(2016, 4, 1), date(2016, 5, 1)
V1, V2, V3, V4 = date(2016, 5, 6), date(2016, 6, 3), date(2016, 7, 8), date(2022, 2, 4)
PAYEMS = [
    (MARCH, V1, "143733"),
    (MARCH, V2, "143692"),
    (MARCH, V3, "."),
    (MARCH, V4, None),
    (APRIL, V2, "143856"),
    (APRIL, V3, "143877"),
    (APRIL, V4, "143851"),
    (MAY, V3, "143888"),
    (MAY, V4, "143901"),
]
META = OK  # the request for the series' frequency
DATES = OK  # the request for its vintage dates


@pytest.fixture
def fake() -> Iterator[FakeFred]:
    with FakeFred({"PAYEMS": FakeSeries(list(PAYEMS))}) as server:
        yield server


def context(key: str | None = KEY) -> Context:
    nowhere = Path("/nonexistent")
    return Context(
        settings=Settings(home=nowhere, cache=nowhere, drop=nowhere, fred_api_key=key),
        clock=ManualClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )


def collect(
    fake: FakeFred, *series: str, faults: tuple[Fault, ...] = (), page_rows: int = 100, window_vintages: int = 500
) -> list[Batch]:
    fake.script(*faults)
    collector = FredCollector(
        series=series or ("PAYEMS",),
        base_url=fake.base_url,
        policy=Policy(read=2, deadline=300, breaker_failures=100),
        page_rows=page_rows,
        window_vintages=window_vintages,
    )
    return list(collector.read(context()))


def rows(batch: Batch) -> list[tuple[date, date, float | None]]:
    """(period, day of release in New York, value)."""
    return [
        (row["period"], (row["released_at"] - timedelta(hours=12)).date(), row["value"])
        for row in batch.data.to_pylist()
    ]


def as_of(batch: Batch, when: datetime) -> dict[date, float | None]:
    """What a reader as of ``when`` sees: each period's latest release by then."""
    known = sorted((r for r in batch.data.to_pylist() if r["released_at"] <= when), key=lambda r: r["released_at"])
    return {row["period"]: row["value"] for row in known}


class TestBatches:
    def test_every_vintage_is_a_row_of_raw_macro(self, fake: FakeFred) -> None:
        (batch,) = collect(fake)
        assert (batch.table, batch.source, batch.unreadable) == ("raw.macro", "fred_vintages", ())
        assert rows(batch) == [
            (MARCH, V1, 143733.0),
            (MARCH, V2, 143692.0),
            (MARCH, V3, None),
            (MARCH, V4, None),
            (APRIL, V2, 143856.0),
            (APRIL, V3, 143877.0),
            (APRIL, V4, 143851.0),
            (MAY, V3, 143888.0),
            (MAY, V4, 143901.0),
        ]
        fixed = {(row["series"], row["frequency"], row["basis"]) for row in batch.data.to_pylist()}
        assert fixed == {("PAYEMS", "M", "vintage")}

    def test_its_columns_are_those_that_the_table_declares(self, fake: FakeFred) -> None:
        (batch,) = collect(fake)
        declared = [f for f in arrow_schema(MACRO) if f.name not in ("batch", "source")]
        assert batch.data.schema.equals(pa.schema(declared))

    def test_reading_twice_gives_the_same_batches_in_the_order_of_the_series(self, fake: FakeFred) -> None:
        fake.table["UNRATE"] = FakeSeries([(APRIL, V1, "5.0")])
        first, second = (collect(fake, "UNRATE", "PAYEMS") for _ in range(2))
        assert [batch.data["series"][0].as_py() for batch in first] == ["UNRATE", "PAYEMS"]
        assert all(a.data.equals(b.data) for a, b in zip(first, second, strict=True))

    @pytest.mark.parametrize(
        ("words", "short", "expected", "first_day"),
        [
            ("Daily", "D", "D", APRIL),
            ("Quarterly", "Q", "Q", APRIL),
            ("Semiannual", "SA", "S", APRIL),
            ("Annual", "A", "A", APRIL),
            ("Weekly, Ending Saturday", "W", "W", date(2016, 3, 26)),
            ("Weekly, As of Wednesday", "W", "W", APRIL),
        ],
    )
    def test_the_frequency_is_freds_and_the_period_its_first_day(
        self, fake: FakeFred, words: str, short: str, expected: str, first_day: date
    ) -> None:
        fake.table["X"] = FakeSeries([(APRIL, V1, "1")], words, short)
        (batch,) = collect(fake, "X")
        assert [(r["frequency"], r["period"]) for r in batch.data.to_pylist()] == [(expected, first_day)]

    def test_a_frequency_that_the_table_lacks_is_refused(self, fake: FakeFred) -> None:
        fake.table["X"] = FakeSeries([(APRIL, V1, "1")], "Biweekly, Ending Monday", "BW")
        with pytest.raises(SourceRejected, match="X is published 'Biweekly, Ending Monday'"):
            collect(fake, "X")

    def test_values_that_are_no_finite_number_go_to_the_quarantine_and_are_counted(self, fake: FakeFred) -> None:
        odd = ["n/a", "NaN", "1e999", "1,5", "", "٣"]
        days = [V1 + timedelta(days=n) for n in range(len(odd))]
        good = (MAY, V1, "-1.5e-3")
        fake.table["X"] = FakeSeries([good, *((APRIL, d, v) for d, v in zip(days, odd, strict=True))])
        (batch,) = collect(fake, "X")
        assert rows(batch) == [(MAY, V1, -0.0015)]
        assert [(r.row, r.reason) for r in batch.unreadable] == [
            (1, "not_a_number"),
            (2, "not_a_number"),
            (3, "not_finite"),
            (4, "not_a_number"),
            (5, "not_a_number"),
            (6, "not_a_number"),
        ]
        assert batch.rows_in == 7
        expected = {"series": "X", "date": "2016-04-01", "realtime_start": "2016-05-06", "value": "n/a"}
        assert json.loads(batch.unreadable[0].payload) == expected
        assert "'n/a'" in batch.unreadable[0].detail

    def test_a_value_that_is_no_text_is_quarantined_not_guessed(self, fake: FakeFred) -> None:
        def to_null(answer: dict[str, object]) -> None:
            answer["observations"][0]["value"] = None

        (batch,) = collect(fake, faults=(META, DATES, Edit(to_null)))
        assert [r.reason for r in batch.unreadable] == ["not_a_number"]
        assert batch.rows_in == 9


class TestKnowledgeTime:  # F05
    def test_a_release_is_known_from_the_end_of_its_day_in_new_york(self) -> None:
        assert released_at(date(2016, 7, 8)) == datetime(2016, 7, 9, 4, tzinfo=UTC)  # summer time
        assert released_at(date(2022, 2, 4)) == datetime(2022, 2, 5, 5, tzinfo=UTC)  # winter time
        assert released_at(date(2016, 3, 12)) == datetime(2016, 3, 13, 5, tzinfo=UTC)  # the clocks change that night

    def test_an_old_real_time_period_is_not_changed_by_a_later_revision(self, fake: FakeFred) -> None:
        before_any = released_at(V2) - timedelta(microseconds=1)
        june, july, today = released_at(V2), released_at(V3), released_at(V4)
        (batch,) = collect(fake)
        assert as_of(batch, before_any) == {MARCH: 143733.0}
        assert as_of(batch, june) == {MARCH: 143692.0, APRIL: 143856.0}
        assert as_of(batch, july) == {MARCH: None, APRIL: 143877.0, MAY: 143888.0}
        assert as_of(batch, today) == {MARCH: None, APRIL: 143851.0, MAY: 143901.0}

        fake.table["PAYEMS"].changes += [(APRIL, date(2027, 2, 5), "999"), (MAY, date(2027, 2, 5), None)]
        (revised,) = collect(fake)
        for when in (before_any, june, july, today):
            assert as_of(revised, when) == as_of(batch, when)
        assert as_of(revised, released_at(date(2027, 2, 5))) == {MARCH: None, APRIL: 999.0, MAY: None}

    def test_the_parameter_vintage_dates_would_have_answered_with_revised_data(self, fake: FakeFred) -> None:
        (batch,) = collect(fake)
        asked = [query for path, query in fake.requests if path == "series/observations"]
        assert asked
        for query in asked:
            assert "vintage_dates" not in query
            assert query["output_type"] == "1"
            assert query["realtime_start"] == "2016-05-06"

        trap = {"series_id": "PAYEMS", "api_key": KEY, "file_type": "json", "vintage_dates": f"{V2}"}
        answer = httpx.get(f"{fake.base_url}/series/observations", params=trap, trust_env=False)
        april = {row["date"]: row["value"] for row in answer.json()["observations"]}["2016-04-01"]
        assert (answer.status_code, april) == (200, "143851")  # what was known in 2022
        assert as_of(batch, released_at(V2))[APRIL] == 143856.0  # what was known on the day asked for


class TestWindows:
    @pytest.mark.parametrize("size", [1, 2, 3, 4])
    @pytest.mark.parametrize("page_rows", [1, 2, 3, 9])
    def test_any_window_and_page_size_gives_the_same_history(self, fake: FakeFred, size: int, page_rows: int) -> None:
        (whole,) = collect(fake)
        (pieces,) = collect(fake, window_vintages=size, page_rows=page_rows)
        assert pieces.data.equals(whole.data)

    def test_a_request_never_covers_more_vintages_than_fred_allows(self, fake: FakeFred) -> None:
        start = date(2000, 1, 1)
        fake.table["DFF"] = FakeSeries([(start, start + timedelta(days=n), f"{n}") for n in range(2_600)], "Daily", "D")
        (batch,) = collect(fake, "DFF", page_rows=20_000)
        assert rows(batch) == [(start, start + timedelta(days=n), float(n)) for n in range(2_600)]

    @given(data=st.data())
    @settings(max_examples=200, deadline=None)
    def test_stitched_windows_give_back_any_history(self, data: st.DataObject) -> None:
        days = [V1 + timedelta(days=n) for n in range(12)]
        periods = [MARCH, APRIL, MAY]
        cells = data.draw(st.sets(st.tuples(st.sampled_from(periods), st.sampled_from(days)), min_size=1))
        texts = data.draw(st.lists(st.sampled_from(["1", "2", ".", None]), min_size=len(cells), max_size=len(cells)))
        changes = [(p, d, text) for (p, d), text in zip(sorted(cells), texts, strict=True)]
        series = FakeSeries(changes)
        size = data.draw(st.integers(1, 6))
        spells: list[Spell] = []
        for window in windows(series.vintages(), size):
            found = [_spell(row) for row in series.rows(window.first, window.last)]
            spells = stitch(spells, window, found, "X")
        assert list(releases(spells, "X")) == _expected(changes)

    def test_windows_share_their_edges_and_the_last_has_no_end(self) -> None:
        assert windows([V1, V2, V3, V4], 2) == [Window(V1, V3), Window(V3, FOREVER)]
        assert windows([V1, V2, V3], 2) == [Window(V1, V3), Window(V3, FOREVER)]
        assert windows([V1], 2) == [Window(V1, FOREVER)]

    @pytest.mark.parametrize(
        ("later", "detail"),
        [
            ([Spell(APRIL, V3, FOREVER, "2")], "disagree about 2016-04-01"),
            ([Spell(MAY, V3, FOREVER, "1"), Spell(APRIL, V3, FOREVER, "1")], "disagree about 2016-05-01"),
            ([Spell(APRIL, V4, FOREVER, "1")], "2016-04-01 stood on 2016-07-08 in one answer"),
            ([Spell(APRIL, V1, FOREVER, "1")], "outside the real time"),
        ],
    )
    def test_windows_that_contradict_each_other_are_refused(self, later: list[Spell], detail: str) -> None:
        with pytest.raises(SourceRejected, match=detail):
            stitch([Spell(APRIL, V1, V3, "1")], Window(V3, FOREVER), later, "X")

    def test_two_values_on_one_day_are_refused(self) -> None:
        with pytest.raises(SourceRejected, match="two values on 2016-06-03"):
            list(releases([Spell(APRIL, V1, V2, "1"), Spell(APRIL, V2, FOREVER, "2")], "X"))

    def test_an_answer_that_ignores_the_real_time_period_is_refused(self, fake: FakeFred) -> None:
        def as_of_today(answer: dict[str, object]) -> None:
            for row in answer["observations"]:
                row.update(realtime_start="2016-01-01", realtime_end="2016-01-01")
            answer["observations"] = answer["observations"][:1]
            answer["count"] = 1

        with pytest.raises(SourceRejected, match="outside the real time asked for"):
            collect(fake, faults=(META, DATES, Edit(as_of_today)))


def _spell(row: dict[str, str]) -> Spell:
    period, first, last = (date.fromisoformat(row[name]) for name in ("date", "realtime_start", "realtime_end"))
    return Spell(period, first, last, row["value"])


def _expected(changes: list[tuple[date, date, str | None]]) -> list[Release]:
    """The changes themselves, but for withdrawals of what was not there."""
    kept: list[Release] = []
    for period, day, text in changes:
        before = [r for r in kept if r.period == period]
        if text is not None or (before and before[-1].text is not None):
            kept.append(Release(period, day, text))
    return kept


class TestCursor:  # I21
    def test_all_pages_are_read_in_order(self, fake: FakeFred) -> None:
        collect(fake, page_rows=2)
        asked = [(q["offset"], q["limit"]) for p, q in fake.requests if p == "series/observations"]
        assert asked == [("0", "2"), ("2", "2"), ("4", "2"), ("6", "2")]

    # 8 spells, 2 a page, 4 pages; 4 vintage dates, 2 pages: requests are META, DATES, DATES, then the pages.
    @pytest.mark.parametrize("ok_pages", [1, 2, 3])
    @pytest.mark.parametrize("shift", [-1, 1])
    @pytest.mark.parametrize("honest", [False, True])
    def test_a_repeated_or_skipped_page_is_refused(
        self, fake: FakeFred, ok_pages: int, shift: int, honest: bool
    ) -> None:
        faults = (META, DATES, DATES, *[OK] * ok_pages, ShiftPage(shift, honest=honest))
        with pytest.raises(SourceRejected, match="do not fit together") as caught:
            collect(fake, page_rows=2, faults=faults)
        assert caught.value.remedy

    def test_a_skipped_page_of_vintage_dates_is_refused(self, fake: FakeFred) -> None:
        with pytest.raises(SourceRejected, match="PAYEMS's vintage dates do not fit"):
            collect(fake, page_rows=2, faults=(META, ShiftPage(1)))

    @pytest.mark.parametrize(("name", "value"), [("count", 9), ("offset", 0), ("limit", 3), ("count", 10**9)])
    def test_pages_that_describe_themselves_otherwise_are_refused(self, fake: FakeFred, name: str, value: int) -> None:
        faults = (META, DATES, DATES, OK, Edit(lambda answer: answer.update({name: value})))
        with pytest.raises(SourceRejected, match=f"{name} is"):
            collect(fake, page_rows=2, faults=faults)

    def test_a_claim_of_more_rows_than_any_series_has_is_refused(self, fake: FakeFred) -> None:
        with pytest.raises(SourceRejected, match="claims 5,000,001 rows"):
            collect(fake, faults=(META, DATES, Edit(lambda answer: answer.update(count=5_000_001))))

    @given(total=st.integers(1, 40), limit=st.integers(1, 12), bad=st.integers(0, 40), by=st.integers(-40, 40))
    @settings(max_examples=400, deadline=None)
    def test_no_shift_of_any_page_goes_unnoticed(self, total: int, limit: int, bad: int, by: int) -> None:
        everything: list[object] = list(range(total))
        pages = -(-total // limit)
        asked = iter(range(10_000))

        def fetch(offset: int, limit: int) -> Page:
            shift = by if next(asked) == bad else 0
            start = max(0, offset + shift)
            return Page(offset, limit, total, everything[start : start + limit])

        if bad >= pages or max(0, bad * limit + by) == bad * limit:
            assert read_pages(fetch, limit=limit, identity=repr, what="it") == everything
        else:
            with pytest.raises(SourceRejected):
                read_pages(fetch, limit=limit, identity=repr, what="it")


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [Status(429), Status(429, "9"), Status(500), Status(502), Status(503), Cut(), Cut(0)],
        ids=["429", "429 after 9", "500", "502", "503", "cut", "cut at 0"],
    )
    @pytest.mark.parametrize("request_number", [0, 1, 2])
    def test_a_passing_fault_at_any_request_changes_nothing(
        self, fake: FakeFred, fault: Fault, request_number: int
    ) -> None:  # I15, I16, I19
        (whole,) = collect(fake)
        (batch,) = collect(fake, faults=(*[OK] * request_number, fault, fault))
        assert batch.data.equals(whole.data)

    def test_a_lasting_outage_gives_up_and_what_came_before_stays(self, fake: FakeFred) -> None:  # I16
        fake.table["UNRATE"] = FakeSeries([(APRIL, V1, "5.0")])
        fake.script(META, DATES, OK, *[Status(503)] * 40)
        collector = FredCollector(series=("UNRATE", "PAYEMS"), base_url=fake.base_url)
        batches = collector.read(context())
        assert rows(next(batches)) == [(APRIL, V1, 5.0)]
        with pytest.raises(SourceUnavailable, match="last: HTTP 503"):
            next(batches)

    @pytest.mark.parametrize("request_number", [0, 1, 2])
    @pytest.mark.parametrize(
        ("fault", "detail"),
        [(HTML, "maintenance"), (Raw(b'{"a":1,"a":2}'), "'a' occurs twice"), (bomb(30_000_000), "expand more than"),
         (Raw(b"[]"), "is missing"), (Raw(b"{}"), "is missing"), (Raw(b"7"), "is missing")],
        ids=["html", "duplicate key", "bomb", "a list", "empty object", "a number"],
    )  # fmt: skip
    def test_what_is_not_freds_answer_is_refused(
        self, fake: FakeFred, fault: Fault, detail: str, request_number: int
    ) -> None:  # I10, I13, I20
        with pytest.raises(SourceRejected, match=detail):
            collect(fake, faults=(*[OK] * request_number, fault))

    @pytest.mark.parametrize(("request_number", "name"), [(1, "vintage_dates"), (2, "observations")])
    def test_an_empty_list_is_not_success(self, fake: FakeFred, request_number: int, name: str) -> None:  # I20
        def empty(answer: dict[str, object]) -> None:
            answer.update({"count": 0, name: []})

        with pytest.raises(SourceRejected, match="is an empty list"):
            collect(fake, faults=(*[OK] * request_number, Edit(empty)))

    @pytest.mark.parametrize("name", ["date", "realtime_start", "realtime_end"])
    @pytest.mark.parametrize("value", [None, "", "2016-13-01", "20160401", "2016-W01-1", 20160401])
    def test_a_row_without_its_dates_refuses_the_series(self, fake: FakeFred, name: str, value: object) -> None:
        def spoil(answer: dict[str, object]) -> None:
            answer["observations"][1][name] = value

        with pytest.raises(SourceRejected, match="not in FRED's form"):
            collect(fake, faults=(META, DATES, Edit(spoil)))

    def test_vintage_dates_that_do_not_ascend_are_refused(self, fake: FakeFred) -> None:
        def reverse(answer: dict[str, object]) -> None:
            answer["vintage_dates"].reverse()

        with pytest.raises(SourceRejected, match="do not ascend"):
            collect(fake, faults=(META, Edit(reverse)))

    def test_an_answer_about_another_series_is_refused(self, fake: FakeFred) -> None:
        def rename(answer: dict[str, object]) -> None:
            answer["seriess"][0]["id"] = "UNRATE"

        with pytest.raises(SourceRejected, match="another series"):
            collect(fake, faults=(Edit(rename),))

    @pytest.mark.parametrize(
        ("request_number", "name", "value", "detail"),
        [
            (0, "seriess", {}, "'seriess' is not a list"),
            (0, "seriess", [{"id": "PAYEMS", "frequency": None, "frequency_short": "M"}], "'frequency' is not text"),
            (1, "count", "4", "'count' is not a whole number"),
            (1, "count", True, "'count' is not a whole number"),
            (1, "vintage_dates", "2016", "'vintage_dates' is not a list"),
            (2, "limit", 100.0, "'limit' is not a whole number"),
            (2, "observations", None, "'observations' is not a list"),
        ],
    )
    def test_a_field_of_another_type_is_refused(
        self, fake: FakeFred, request_number: int, name: str, value: object, detail: str
    ) -> None:
        with pytest.raises(SourceRejected, match=detail):
            collect(fake, faults=(*[OK] * request_number, Edit(lambda answer: answer.update({name: value}))))

    def test_an_unknown_series_is_refused_with_freds_words(self, fake: FakeFred) -> None:
        with pytest.raises(SourceRejected, match="The series does not exist"):
            collect(fake, "NOSUCH")
        assert len(fake.requests) == 1


class TestKey:
    def test_without_a_key_the_error_names_the_variable_and_where_to_get_one(self, fake: FakeFred) -> None:
        with pytest.raises(ConfigError, match="FRED_API_KEY is not set") as caught:
            list(replace(FredCollector(), base_url=fake.base_url).read(context(key=None)))
        assert KEY_PAGE in caught.value.remedy
        assert fake.requests == []

    def test_a_key_that_fred_refuses_and_repeats_is_not_shown(self, fake: FakeFred) -> None:
        wrong = "feedfacefeedfacefeedfacefeedface"
        collector = FredCollector(series=("PAYEMS",), base_url=fake.base_url)
        with pytest.raises(SourceRejected, match=r"api_key is not registered: \*\*\*") as caught:
            list(collector.read(context(key=wrong)))
        assert wrong not in str(caught.value)

    def test_a_series_id_that_cannot_be_one_is_refused_before_anything_is_asked(self, fake: FakeFred) -> None:  # I23
        with pytest.raises(ConfigError, match="not a FRED series id"):
            collect(fake, "A'; drop table d.t; --")
        assert fake.requests == []


def test_the_data_set_is_declared_online_and_reads_the_default_series() -> None:
    (dataset,) = DATASETS
    assert (dataset.name, dataset.tables, dataset.online) == ("fred_vintages", ("raw.macro",), True)
    assert len(SERIES) == len(set(SERIES))
    with pytest.raises(ConfigError, match="FRED_API_KEY"):
        list(dataset.read(context(key=None)))
