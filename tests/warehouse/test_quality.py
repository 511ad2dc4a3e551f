"""What is wrong with loaded data is found: missing sessions, a feed that fell silent, rows that were refused."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from builders import trades
from sessions import calendar, closes

from warehouse.batch import Batch
from warehouse.quality import Gap, Rate, Stale, gaps, quarantine_rates, staleness

DAYS = [date(2013, 9, day) for day in (3, 4, 5, 6, 9)]
"""A week's sessions: Tuesday to Monday."""


@pytest.fixture
def week(loader):
    """A loader that knows the sessions of that week."""
    loader.load(calendar("XNYS", DAYS))
    return loader


def test_a_gap_is_a_session_between_an_instruments_first_and_last_bar_of_a_source(week, warehouse):
    week.load(closes("vendor", "AAA", [DAYS[0], DAYS[2], DAYS[4]]))
    week.load(closes("other", "AAA", DAYS))
    week.load(closes("vendor", "ES", DAYS[1:3]))
    assert gaps(warehouse) == [Gap("vendor", "A spread", 2, [DAYS[1], DAYS[3]])]


def test_a_calendar_that_only_says_when_one_may_trade_has_no_gaps(week, warehouse):
    week.load(Batch("ref.instruments", "test", pa.table({
        "instrument_id": [9], "security_type": ["fx"], "name": ["A pair"], "currency": ["USD"],
        "price_rule": ["positive"], "tick_size": [None], "multiplier": ["1"], "calendar": ["24/5"],
        "timezone": ["UTC"],
    })))  # fmt: skip
    week.load(Batch("ref.symbols", "test", pa.table({
        "namespace": ["test"], "symbol": ["PAIR"], "valid_from": pa.array([0], pa.date32()),
        "valid_to": pa.array([120_000], pa.date32()), "instrument_id": [9],
    })))  # fmt: skip
    week.load(calendar("24/5", DAYS))
    week.load(closes("vendor", "PAIR", [DAYS[0], DAYS[4]]))
    assert gaps(warehouse) == []


def test_a_source_is_stale_by_the_sessions_that_have_closed_since_its_newest_row(week, warehouse):
    week.load(closes("vendor", "AAA", DAYS[:2]))
    week.load(closes("vendor", "ES", DAYS[:1]))
    week.load(closes("current", "AAA", DAYS))
    week.load(trades(1))
    close = datetime(2013, 9, 6, 20, tzinfo=UTC)
    for now, since in ((close, 1), (close + timedelta(microseconds=1), 2)):
        found = {one.source: one for one in staleness(warehouse, now)}
        assert found.pop("vendor") == Stale("vendor", "XNYS", DAYS[1], since)
        assert found == {"test": Stale("test", "XNYS", date(2013, 9, 2), since + 2)}


def test_a_rate_is_of_all_that_a_source_delivered_and_says_why(loader, warehouse):
    loader.load(trades(6, price=["1", "nan", "1", "1", "nan", "-1"]))
    before = 4  # instruments and symbols, which the loader of these tests has registered
    assert quarantine_rates(warehouse)["test"] == Rate(
        "test", before + 6, 3, {"not_finite": 2, "price_not_positive": 1}
    )
    assert quarantine_rates(warehouse)["test"].share == pytest.approx(0.3)
    assert Rate("idle", 0, 0, {}).share == 0.0
