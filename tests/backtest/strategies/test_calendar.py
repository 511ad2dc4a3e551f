"""Seasonality: the dates of the trades, on weekdays from 1 January 1999 at one price, and sales at the open."""

import numpy as np
import pytest
from strategy_bench import DAY, days, days_of, fills

from backtest.strategies.calendar_effects import Halloween, TurnOfMonth, WeekendEffect, month_of
from backtest.strategies.overnight_hold import OvernightHold

TWO_YEARS = days([1000] * 540, start=10_592, weekdays=True)
TWO_WEEKS = days(range(1000, 1012), weekdays=True)


def test_months_are_the_calendars() -> None:
    dates = np.arange("1960-01-01", "2105-01-01", dtype="datetime64[D]")
    wanted = dates.astype("datetime64[M]").astype(int) % 12 + 1
    assert [month_of(int(day) * DAY) for day in dates.astype(int)] == wanted.tolist()


def test_turn_of_month_holds_three_sessions() -> None:
    # Bought on the first weekday; decided at the end of the third, so sold on the fourth.
    assert days_of(TurnOfMonth(), TWO_YEARS)[:6] == [
        ("1999-02-01", 10), ("1999-02-04", -10), ("1999-03-01", 10), ("1999-03-04", -10), ("1999-04-01", 10),
        ("1999-04-06", -10),
    ]  # fmt: skip


def test_turn_of_month_at_the_close_holds_exactly_three_returns() -> None:
    assert days_of(TurnOfMonth(), TWO_YEARS, at_close=True)[:4] == [
        ("1999-01-29", 10), ("1999-02-03", -10), ("1999-02-26", 10), ("1999-03-03", -10),
    ]  # fmt: skip


def test_weekend_effect_at_the_close_misses_friday_to_monday() -> None:
    # Bars 0 to 4 are Monday to Friday: closes 1000 to 1004.
    assert fills(WeekendEffect(), TWO_WEEKS, at_close=True) == [
        (0, 10, 1000), (4, -10, 1004), (5, 10, 1005), (9, -10, 1009), (10, 10, 1010),
    ]  # fmt: skip


def test_weekend_effect_comes_back_on_the_day_it_is_told() -> None:
    assert fills(WeekendEffect(back=2), TWO_WEEKS) == [(3, 10, 1002), (5, -10, 1004), (8, 10, 1007), (10, -10, 1009)]


def test_halloween_holds_the_winter() -> None:
    assert days_of(Halloween(), TWO_YEARS) == [
        ("1999-02-01", 10), ("1999-05-03", -10), ("1999-11-01", 10), ("2000-05-01", -10), ("2000-11-01", 10),
    ]  # fmt: skip


def test_halloween_can_be_turned_round() -> None:
    assert days_of(Halloween(enter=4, leave=10), TWO_YEARS) == [
        ("1999-05-03", 10), ("1999-11-01", -10), ("2000-05-01", 10), ("2000-11-01", -10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("open", "high", "low", "sold"),
    [
        pytest.param(1020, 1030, 1015, 1020, id="a gap up sells at the open"),
        pytest.param(970, 980, 960, 970, id="a gap down sells at the open"),
        pytest.param(1000, 1005, 1000, 1001, id="no gap sells where the price goes first"),
        pytest.param(1000, 1005, 995, 999, id="and at the worse of the two when it goes both ways"),
    ],
)
def test_overnight_sells_at_the_open(open: int, high: int, low: int, sold: int) -> None:
    columns = days([1000, open], opens=[990, open], highs=[1000, high], lows=[990, low])
    assert fills(OvernightHold(), columns, at_close=True) == [(0, 10, 1000), (1, -10, sold), (1, 10, open)]
