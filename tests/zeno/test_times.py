"""Text to time: UTC inside, gaps refused, folds explicit, leap seconds clamped (T01, T02, T03, T06)."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeno.times import parse_dates, parse_timestamps, to_utc

NEW_YORK = "America/New_York"
naive = datetime.fromisoformat


def one(text: str, **options) -> datetime:
    parsed = parse_timestamps(pa.array([text]), **options)
    assert parsed.reasons == {}
    return parsed.values[0].as_py()


def refused(text: str, **options) -> str:
    parsed = parse_timestamps(pa.array([text]), **options)
    assert parsed.values.null_count == 1
    return parsed.reasons[0]


@given(st.datetimes(min_value=naive("1900-01-01"), max_value=naive("2299-12-31")),
       st.integers(-14 * 60, 14 * 60), st.sampled_from("T "))  # fmt: skip
def test_an_offset_is_honoured_and_every_microsecond_survives(moment, minutes, separator):
    sign = "-" if minutes < 0 else "+"
    text = (
        f"{moment.isoformat(separator, timespec='microseconds')}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    )
    assert one(text) == moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)


@pytest.mark.parametrize("offset", ["+99:99", "+14:01", "-15:00", "+05:60", "+1401"])
def test_an_offset_that_no_zone_has_is_refused(offset):
    assert refused(f"2024-02-29T00:00:00{offset}") == "no zone has this offset"


@pytest.mark.parametrize("fraction", ["", ".1", ".12", ".123", ".123456", ".123456000"])
def test_fractions_of_any_width_are_read_exactly(fraction):
    micros = int(fraction[1:7].ljust(6, "0")) if fraction else 0
    assert one(f"2024-02-29T00:00:00{fraction}Z") == datetime(2024, 2, 29, 0, 0, 0, micros, tzinfo=UTC)


def test_the_gap_of_a_spring_night_is_refused_whatever_the_fold_t01():
    for fold in (None, 0, 1):
        assert "jumped over" in refused("2024-03-10 02:30:00", zone=NEW_YORK, fold=fold)


def test_the_fold_of_an_autumn_night_needs_an_explicit_choice_t01():
    assert "fold" in refused("2024-11-03 01:30:00", zone=NEW_YORK)
    first = one("2024-11-03 01:30:00", zone=NEW_YORK, fold=0)
    second = one("2024-11-03 01:30:00", zone=NEW_YORK, fold=1)
    assert (first.hour, second.hour, second - first) == (5, 6, timedelta(hours=1))


def test_a_difference_over_a_clock_change_is_elapsed_time_not_wall_time_t02():
    before, after = to_utc(naive("2024-03-09 12:00"), NEW_YORK), to_utc(naive("2024-03-10 12:00"), NEW_YORK)
    assert after - before == timedelta(hours=23)


def test_gaps_and_folds_in_one_column_refuse_only_their_rows_t01():
    rows = ["2024-03-10 01:59:59", "2024-03-10 02:00:00", "2024-11-03 01:00:00", "2024-11-03 02:00:00"]
    parsed = parse_timestamps(pa.array(rows), zone=NEW_YORK)
    assert sorted(parsed.reasons) == [1, 2]
    assert parsed.values.is_null().to_pylist() == [False, True, True, False]


def test_a_time_without_offset_is_refused_when_no_zone_is_named():
    assert "no zone" in refused("2024-01-01T00:00:00")


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.25Z", "2016-12-31 23:59:60+00:00"])
def test_a_leap_second_is_clamped_to_the_last_microsecond_of_its_day_t03(text):
    assert one(text) == datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("text", [
    "2016-12-31T22:59:60Z", "2016-12-31T23:59:61Z", "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z", "", "now", "1712345678", "2024-01-01", "2024-01-01T00:00:00.1234567Z",
    "\uff12\uff10\uff12\uff14-01-01T00:00:00Z", "2024-01-01T00:00:00Z\n", " 2024-01-01T00:00:00Z",
])  # fmt: skip
def test_what_is_no_time_is_refused_t06(text):
    assert refused(text)


@pytest.mark.parametrize("text", ["2038-01-19T03:14:08Z", "2262-04-12T00:00:00Z", "1900-01-01T00:00:00Z"])
def test_times_beyond_32_bits_and_beyond_64_bit_nanoseconds_are_exact_t06(text):
    assert one(text) == datetime.fromisoformat(text)


def test_nulls_are_refused_and_an_empty_column_is_empty():
    assert list(parse_timestamps(pa.array([None], pa.string())).reasons) == [0]
    assert len(parse_timestamps(pa.array([], pa.string())).values) == 0


def test_dates_are_dates_and_nothing_else():
    parsed = parse_dates(pa.array(["2024-02-29", "2023-02-29", "2024-2-1", "29.02.2024"]))
    assert str(parsed.values[0]) == "2024-02-29"
    assert sorted(parsed.reasons) == [1, 2, 3]


def test_to_utc_refuses_a_time_that_has_a_zone():
    with pytest.raises(ValueError, match="carries a zone"):
        to_utc(datetime(2024, 1, 1, tzinfo=UTC), NEW_YORK)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_the_process_time_zone_changes_nothing_t01(zone):
    script = (
        "import pyarrow as pa; from zeno.times import *;"
        "a = parse_timestamps(pa.array(['2024-03-10T02:30:00Z', '2024-10-06T02:15:00+10:30']));"
        "rows = pa.array(['2024-11-03 01:30:00', '2024-03-10 02:30:00']);"
        "b = parse_timestamps(rows, zone='America/New_York', fold=1);"
        "print(a.values.cast(pa.int64()).to_pylist(), b.values.cast(pa.int64()).to_pylist(), sorted(b.reasons))"
    )
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run([sys.executable, "-c", script], env={"TZ": zone, "PYTHONPATH": str(root)},
                            capture_output=True, text=True, check=True)  # fmt: skip
    assert result.stdout.strip() == "[1710037800000000, 1728143100000000] [1730615400000000, None] [1]"
