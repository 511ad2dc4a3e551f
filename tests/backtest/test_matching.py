"""The intrabar rule of ``matching``, rule by rule, on bars made by hand: open, high, low, close and perhaps volume."""

import math
from typing import Any

import pytest
from stage import LASTING, play

from backtest.core import events
from backtest.core.costs import (
    TICKS,
    Slippage,
)
from backtest.core.matching import SAME_CLOSE, TOUCH
from backtest.core.orders import DAY, IOC

BAR = (100, 110, 90, 100)
CENT = 10_000
DAYS = 86_400_000_000


# --- the open


def test_a_market_order_fills_at_the_next_open() -> None:
    played = play([BAR, (104, 110, 90, 100), BAR], {0: lambda now: now.buy(3), 1: lambda now: now.sell(1)})
    assert played.fills == [(1, 3, 104), (2, -1, 100)]


def test_an_order_of_the_last_slice_stays_open() -> None:
    played = play([BAR, BAR], {1: lambda now: now.buy(3)})
    assert played.fills == []
    assert played.session.number(played.session.engine.account.orders, "working") == 1


@pytest.mark.parametrize(("quantity", "limit", "open_"), [(2, 99, 97), (-2, 101, 104), (2, 99, 99), (-2, 101, 101)])
def test_a_limit_fills_at_an_open_that_is_as_good_or_better(quantity: int, limit: int, open_: int) -> None:
    played = play([BAR, (open_, 110, 90, 100)], {0: lambda now: now.limit(quantity, limit)})
    assert played.fills == [(1, quantity, open_)]


@pytest.mark.parametrize(("quantity", "stop", "open_"), [(2, 105, 107), (-2, 95, 92), (2, 105, 105), (-2, 95, 95)])
def test_a_gap_through_a_stop_fills_at_the_open(quantity: int, stop: int, open_: int) -> None:
    played = play([BAR, (open_, 110, 90, 100)], {0: lambda now: now.stop(quantity, stop)})
    assert played.fills == [(1, quantity, open_)]
    assert [row[4] for row in played.rows(events.TRIGGER)] == [open_]


def test_the_oldest_order_comes_first_at_the_open() -> None:
    def act(now: Any) -> None:
        now.limit(1, 120)
        now.buy(1)
        now.stop(1, 90)

    assert play([BAR, BAR], {0: act}).orders == [(1, 1), (1, 2), (1, 3)]


# --- the range


@pytest.mark.parametrize(("quantity", "limit"), [(2, 90), (2, 95), (-2, 110), (-2, 105)])
def test_a_limit_in_the_range_fills_at_its_price(quantity: int, limit: int) -> None:
    assert play([BAR, BAR], {0: lambda now: now.limit(quantity, limit)}).fills == [(1, quantity, limit)]


@pytest.mark.parametrize(("quantity", "limit"), [(2, 89), (-2, 111)])
def test_a_limit_out_of_range_waits(quantity: int, limit: int) -> None:
    reached = (100, 111, 89, 100)
    assert play([BAR, BAR, reached], {0: lambda now: now.limit(quantity, limit)}).fills == [(2, quantity, limit)]


@pytest.mark.parametrize(("quantity", "stop"), [(2, 110), (2, 105), (-2, 90), (-2, 95)])
def test_a_stop_in_the_range_fills_at_its_price(quantity: int, stop: int) -> None:
    played = play([BAR, BAR], {0: lambda now: now.stop(quantity, stop)})
    assert played.fills == [(1, quantity, stop)]
    assert [(row[3], row[4]) for row in played.rows(events.TRIGGER)] == [(quantity, stop)]


@pytest.mark.parametrize(("quantity", "stop"), [(2, 111), (-2, 89)])
def test_a_stop_out_of_range_waits(quantity: int, stop: int) -> None:
    assert play([BAR, BAR], {0: lambda now: now.stop(quantity, stop)}).fills == []


def test_the_stop_comes_before_the_target_in_one_bar() -> None:
    played = play([BAR, BAR, (100, 120, 80, 100)], {0: lambda now: now.bracket(5, 115, 85)})
    assert played.fills == [(1, 5, 100), (2, -5, 85)]
    assert played.cancels == [(2, 3, -5, events.BY_SIBLING)]


def test_the_target_alone_cancels_the_stop() -> None:
    played = play([BAR, BAR, (100, 120, 90, 100)], {0: lambda now: now.bracket(5, 115, 85)})
    assert played.fills == [(1, 5, 100), (2, -5, 115)]
    assert played.cancels == [(2, 2, -5, events.BY_SIBLING)]


# --- stop-limits


def test_a_stop_limit_that_triggers_in_the_range_fills_at_the_stop() -> None:
    assert play([BAR, BAR], {0: lambda now: now.stop_limit(2, 105, 107)}).fills == [(1, 2, 105)]


def test_a_stop_limit_below_its_stop_fills_at_its_limit_in_the_same_bar() -> None:
    """It triggers at 105 out of reach, becomes a limit, and the range goes down to 90 afterwards."""
    played = play([BAR, BAR], {0: lambda now: now.stop_limit(2, 105, 103)})
    assert played.fills == [(1, 2, 103)]
    assert len(played.rows(events.TRIGGER)) == 1


def test_a_stop_limit_that_gaps_beyond_its_limit_fills_when_the_price_comes_back() -> None:
    bars = [BAR, (115, 120, 112, 118), (113, 116, 109, 111), (100, 101, 99, 100)]
    played = play(bars, {0: lambda now: now.stop_limit(2, 105, 107)})
    assert played.fills == [(3, 2, 100)]
    assert [(row[0] // 100, row[4]) for row in played.rows(events.TRIGGER)] == [(1, 115)]
    played = play([*bars[:3], (109, 110, 106, 107)], {0: lambda now: now.stop_limit(2, 105, 107)})
    assert played.fills == [(3, 2, 107)]


# --- trailing stops


def test_a_bar_never_stops_a_trailing_stop_at_its_own_high() -> None:
    bars = [BAR, (100, 150, 96, 120), (125, 130, 121, 122)]
    assert play(bars, {0: lambda now: now.trail(-2, 5)}).fills == [(2, -2, 125)]  # after the bar it stands at 145


def test_a_trailing_stop_follows_and_never_goes_back() -> None:
    bars = [BAR, (100, 108, 99, 105), (105, 106, 104, 104), (104, 105, 100, 101)]
    assert play(bars, {0: lambda now: now.trail(-2, 5)}).fills == [(3, -2, 103)]
    bars = [BAR, (100, 101, 92, 95), (95, 96, 94, 96), (96, 100, 95, 99)]
    assert play(bars, {0: lambda now: now.trail(2, 5)}).fills == [(3, 2, 97)]


def test_a_trailing_stop_begins_at_its_distance_from_the_close() -> None:
    assert play([BAR, (100, 104, 95, 100)], {0: lambda now: now.trail(-2, 5)}).fills == [(1, -2, 95)]
    assert play([BAR, (100, 104, 96, 100)], {0: lambda now: now.trail(-2, 5)}).fills == []


# --- brackets and groups


def test_a_parent_filled_at_the_open_is_protected_in_the_same_bar() -> None:
    played = play([BAR, (100, 104, 80, 82)], {0: lambda now: now.bracket(5, 115, 95)})
    assert played.fills == [(1, 5, 100), (1, -5, 95)]


def test_a_parent_filled_beyond_its_target_takes_it_at_the_open() -> None:
    played = play([BAR, (120, 121, 119, 120)], {0: lambda now: now.bracket(5, 115, 95)})
    assert played.fills == [(1, 5, 120), (1, -5, 120)]


def test_a_parent_filled_in_the_range_is_protected_from_the_next_slice_on() -> None:
    bars = [BAR, (100, 104, 80, 99), (97, 98, 96, 97)]
    played = play(bars, {0: lambda now: now.bracket_limit(5, 98, 115, 95)})
    assert played.fills == [(1, 5, 98)]
    played = play([*bars, (96, 97, 94, 95)], {0: lambda now: now.bracket_limit(5, 98, 115, 95)})
    assert played.fills == [(1, 5, 98), (3, -5, 95)]
    played = play([BAR, (100, 107, 80, 99), (99, 99, 94, 97)], {0: lambda now: now.bracket_stop(5, 106, 115, 95)})
    assert played.fills == [(1, 5, 106), (2, -5, 95)]


def test_slices_without_a_gap_protect_from_the_very_next_one() -> None:
    played = play(
        [BAR, (100, 104, 80, 99), (97, 98, 94, 97)], {0: lambda now: now.bracket_limit(5, 98, 115, 95)}, lasting=100
    )
    assert played.fills == [(1, 5, 98), (2, -5, 95)]


def test_children_sleep_until_their_parent_fills_and_go_with_it() -> None:
    played = play([BAR, BAR, BAR], {0: lambda now: now.bracket_limit(5, 80, 105, 95), 1: lambda now: now.cancel(1)})
    assert played.fills == []
    assert played.cancels == [(1, 1, 5, events.BY_STRATEGY), (1, 2, -5, events.BY_PARENT), (1, 3, -5, events.BY_PARENT)]


def test_children_cover_what_their_parent_has_filled() -> None:
    bars = [BAR, (100, 110, 96, 100, 40), (100, 110, 96, 100, 20), (100, 110, 90, 100, 1000)]
    played = play(bars, {0: lambda now: now.bracket(10, 130, 95)}, participation=10_000_000)
    assert played.fills == [(1, 4, 100), (2, 2, 100), (3, 4, 100), (3, -10, 95)]
    played = play(
        [*bars[:2], (96, 97, 90, 91, 1000)],
        {0: lambda now: now.bracket(10, 130, 95), 1: lambda now: now.cancel(1)},
        participation=10_000_000,
    )
    assert played.fills == [(1, 4, 100), (2, -4, 95)]
    assert played.cancels == [(1, 1, 6, events.BY_STRATEGY), (2, 3, -4, events.BY_SIBLING)]


def test_a_child_that_closes_what_its_parent_has_filled_ends_the_parent_which_nothing_would_protect_any_more() -> None:
    bars = [BAR, (100, 110, 96, 100, 40), (116, 117, 116, 116, 1000), (100, 110, 90, 100, 1000)]
    played = play(bars, {0: lambda now: now.bracket_limit(10, 98, 115, 95)}, participation=10_000_000)
    assert played.fills == [(1, 4, 98), (2, -4, 116)]
    assert played.cancels == [(2, 2, -4, events.BY_SIBLING), (2, 1, 6, events.BY_CHILD)]


def test_a_child_that_fills_in_part_leaves_its_parent_at_work() -> None:
    bars = [BAR, (100, 110, 96, 100, 60), (116, 117, 116, 116, 20), (100, 110, 96, 100, 1000)]
    played = play(bars, {0: lambda now: now.bracket_limit(10, 98, 115, 95)}, participation=10_000_000)
    assert played.fills == [(1, 6, 98), (2, -2, 116), (3, 4, 98)]
    assert played.cancels == []


def test_a_child_that_fills_in_part_shrinks_its_sibling() -> None:
    bars = [BAR, (100, 101, 99, 100, 1000), (100, 101, 94, 96, 30), (97, 120, 97, 118, 1000)]
    played = play(bars, {0: lambda now: now.bracket(10, 115, 95)}, participation=10_000_000)
    assert played.fills == [(1, 10, 100), (2, -3, 95), (3, -7, 97)]
    assert played.cancels == [(3, 3, -7, events.BY_SIBLING)]
    bars = [*bars[:2], (100, 116, 99, 116, 30), (100, 101, 90, 91, 1000)]
    assert play(bars, {0: lambda now: now.bracket(10, 115, 95)}, participation=10_000_000).fills[1:] == [
        (2, -3, 115),
        (3, -7, 95),
    ]


def test_a_sibling_that_goes_hides_no_order_behind_it() -> None:
    def act(now: Any) -> None:
        now.bracket(5, 115, 85)
        now.limit(-1, 115)

    played = play([BAR, BAR, (100, 120, 90, 100)], {0: act})
    assert played.fills == [(1, 5, 100), (2, -5, 115), (2, -1, 115)]


def test_one_of_a_group_cancels_the_other() -> None:
    played = play([BAR, (100, 106, 97, 100), (100, 110, 80, 100)], {0: lambda now: now.oca(4, 95, 105)})
    assert played.fills == [(1, 4, 105)]
    assert played.cancels == [(1, 2, -4, events.BY_SIBLING)]
    assert play([BAR, (100, 104, 94, 100)], {0: lambda now: now.oca(4, 95, 105)}).fills == [(1, -4, 95)]


@pytest.mark.parametrize(("low", "high"), [(math.nan, 105), (95, math.nan)])
def test_a_group_of_which_a_half_is_refused_is_refused(low: float, high: float) -> None:
    given: list[int] = []
    played = play([BAR, BAR, (100, 106, 94, 100)], {0: lambda now: given.append(now.oca(4, low, high))})
    assert (played.fills, given) == ([], [0])
    given.clear()
    played = play([BAR, (100, 106, 94, 100)], {0: lambda now: given.append(now.oca(0, 95, 105))})
    assert (played.fills, given) == ([], [0])


def test_a_part_filled_in_a_group_shrinks_the_other() -> None:
    bars = [BAR, (100, 106, 97, 100, 30), (94, 95, 93, 94, 1000)]
    played = play(bars, {0: lambda now: now.oca(4, 95, 105)}, participation=10_000_000)
    assert played.fills == [(1, 3, 105), (2, 1, 94)]
    assert played.cancels == [(2, 2, -1, events.BY_SIBLING)]


def test_cancelling_everything() -> None:
    def act(now: Any) -> None:
        now.bracket_limit(5, 80, 105, 95)
        now.limit(1, 70)
        assert now.cancel_all() == 4
        assert now.cancel_all() == 0
        assert not now.cancel(1)

    assert len(play([BAR, BAR], {0: act}).cancels) == 4


# --- time in force


def test_a_days_order_expires_at_the_end_of_its_session() -> None:
    bars = [BAR, BAR, BAR, (100, 110, 70, 100)]
    played = play(bars, {0: lambda now: now.limit(1, 80, DAY)}, last=[2])
    assert played.fills == []
    assert [(row[0], row[2], row[3], row[5]) for row in played.rows(events.CANCEL)] == [
        (200 + LASTING, 1, 1, events.BY_TIME)
    ]
    assert play(bars, {0: lambda now: now.limit(1, 80)}, last=[2]).fills == [(3, 1, 80)]


def test_a_days_order_decided_at_the_close_is_the_next_days() -> None:
    bars = [BAR, (100, 110, 85, 100), (100, 110, 80, 100)]
    assert play(bars, {0: lambda now: now.limit(1, 80, DAY)}, last=[0]).fills == [(2, 1, 80)]


def test_a_days_order_expires_before_the_next_day_where_no_slice_ended_the_day() -> None:
    bars = [BAR, BAR, (100, 110, 70, 100), (100, 110, 70, 100)]  # trades, or a last minute without any
    played = play(bars, {0: lambda now: now.limit(1, 80, DAY)}, first=[0, 2])
    assert played.fills == []
    assert played.cancels == [(2, 1, 1, events.BY_TIME)]
    assert play(bars, {2: lambda now: now.limit(1, 80, DAY)}, first=[0, 2]).fills == [(3, 1, 80)]


def test_an_order_good_at_once_takes_one_slice() -> None:
    bars = [BAR, (100, 110, 85, 100), (100, 110, 70, 100)]
    played = play(bars, {0: lambda now: now.limit(1, 80, IOC)})
    assert played.fills == []
    assert played.cancels == [(1, 1, 1, events.NOT_AT_ONCE)]
    played = play([BAR, (100, 110, 80, 100, 40)], {0: lambda now: now.limit(9, 80, IOC)}, participation=10_000_000)
    assert played.fills == [(1, 4, 80)]
    assert played.cancels == [(1, 1, 5, events.NOT_AT_ONCE)]


# --- volume and latency


def test_participation_fills_over_several_bars() -> None:
    bars = [BAR, (100, 110, 90, 100, 39), (101, 110, 90, 100, 9), (102, 110, 90, 100, 50), (103, 110, 90, 100, 50)]
    played = play(bars, {0: lambda now: now.buy(10)}, participation=10_000_000)
    assert played.fills == [(1, 3, 100), (3, 5, 102), (4, 2, 103)]


def test_what_one_order_takes_the_next_cannot() -> None:
    def act(now: Any) -> None:
        now.buy(3)
        now.limit(4, 100)

    bars = [BAR, (100, 110, 90, 100, 50), (100, 110, 90, 100, 50)]
    assert play(bars, {0: act}, participation=10_000_000).fills == [(1, 3, 100), (1, 2, 100), (2, 2, 100)]


def test_a_stop_that_finds_no_volume_stays_triggered() -> None:
    bars = [BAR, (100, 110, 90, 100, 0), (99, 99, 98, 98, 100)]
    played = play(bars, {0: lambda now: now.stop(5, 105)}, participation=10_000_000)
    assert played.fills == [(2, 5, 99)]
    assert len(played.rows(events.TRIGGER)) == 1


@pytest.mark.parametrize(("latency", "slice_"), [(0, 1), (40, 1), (41, 2), (140, 2), (141, 3)])
def test_latency_makes_an_order_active_later(latency: int, slice_: int) -> None:
    assert play([BAR] * 5, {0: lambda now: now.buy(1)}, latency=latency).fills == [(slice_, 1, 100)]


@pytest.mark.parametrize("latency", [141, 150])
def test_an_order_on_its_way_does_not_expire(latency: int) -> None:
    played = play([BAR] * 5, {0: lambda now: now.limit(1, 95, IOC)}, latency=latency)
    assert played.fills == [(3, 1, 95)]
    played = play([BAR] * 5, {0: lambda now: now.limit(1, 95, DAY)}, latency=latency, last=[1])
    assert played.fills == [(3, 1, 95)]


def test_an_order_on_its_way_misses_the_close() -> None:
    assert play([BAR] * 4, {0: lambda now: now.buy(1)}, latency=50, fill=SAME_CLOSE).fills == [(1, 1, 100)]


# --- at the close, and on quotes


def test_same_close_fills_market_orders_at_the_close_of_their_decision() -> None:
    played = play([(100, 110, 90, 107), BAR], {0: lambda now: now.buy(2)}, fill=SAME_CLOSE)
    assert played.fills == [(0, 2, 107)]
    assert [row[0] for row in played.rows(events.FILL)] == [LASTING]


def test_same_close_fills_market_orders_that_cancel_each_other_out() -> None:
    def act(now: Any) -> None:
        now.buy(5)
        now.sell(5)

    assert play([(100, 110, 90, 107), BAR], {0: act}, fill=SAME_CLOSE).fills == [(0, 5, 107), (0, -5, 107)]


def test_same_close_leaves_other_orders_for_the_next_slice() -> None:
    def act(now: Any) -> None:
        now.limit(1, 120)
        now.stop(1, 90)
        now.buy(2)

    played = play([(100, 110, 90, 107), (101, 110, 90, 100)], {0: act}, fill=SAME_CLOSE)
    assert played.fills == [(0, 2, 107), (1, 1, 101), (1, 1, 101)]


def test_what_working_orders_take_of_a_slice_is_gone_at_its_close() -> None:
    bars = [BAR, (100, 110, 90, 107, 50), BAR]
    script = {0: lambda now: now.limit(4, 95), 1: lambda now: now.buy(3)}
    played = play(bars, script, fill=SAME_CLOSE, participation=10_000_000)
    assert played.fills == [(1, 4, 95), (1, 1, 107), (2, 2, 100)]
    script = {0: lambda now: now.limit(4, 80), 1: lambda now: now.buy(3)}
    assert play(bars, script, fill=SAME_CLOSE, participation=10_000_000).fills == [(1, 3, 107)]


def test_same_close_protects_a_bracket_from_the_next_slice_on() -> None:
    played = play([(100, 110, 90, 107), BAR], {0: lambda now: now.bracket(2, 106, 95)}, fill=SAME_CLOSE)
    assert played.fills == [(0, 2, 107), (1, -2, 95)]


def test_a_position_bought_at_the_close_is_marked_at_the_close() -> None:
    slipped = Slippage(model=TICKS, size=3)
    played = play([(100, 110, 90, 107), BAR], {0: lambda now: now.buy(2)}, fill=SAME_CLOSE, slippage=slipped)
    assert played.fills == [(0, 2, 110)]
    assert played.equity[0] == 1_000_000 - 2 * 3


QUOTE = (100, 102, 98, 100)  # bid 98, ask 102


def test_takers_cross_the_quote() -> None:
    played = play([QUOTE] * 3, {0: lambda now: now.buy(2), 1: lambda now: now.sell(2)}, fill=TOUCH)
    assert played.fills == [(1, 2, 102), (2, -2, 98)]


@pytest.mark.parametrize(
    ("quantity", "limit", "price"), [(1, 102, 102), (1, 103, 102), (1, 101, None), (-1, 98, 98), (-1, 99, None)]
)
def test_limits_fill_when_the_quote_reaches_them(quantity: int, limit: int, price: int | None) -> None:
    played = play([QUOTE, QUOTE], {0: lambda now: now.limit(quantity, limit)}, fill=TOUCH)
    assert played.fills == ([] if price is None else [(1, quantity, price)])


@pytest.mark.parametrize(("quantity", "stop", "price"), [(1, 102, 102), (1, 103, None), (-1, 98, 98), (-1, 97, None)])
def test_stops_are_triggered_by_the_side_they_trade_on(quantity: int, stop: int, price: int | None) -> None:
    played = play([QUOTE, QUOTE], {0: lambda now: now.stop(quantity, stop)}, fill=TOUCH)
    assert played.fills == ([] if price is None else [(1, quantity, price)])


def test_a_stop_limit_on_quotes_waits_for_its_limit() -> None:
    bars = [QUOTE, (106, 108, 104, 106), (102, 103, 101, 102)]
    assert play(bars, {0: lambda now: now.stop_limit(1, 105, 103)}, fill=TOUCH).fills == [(2, 1, 103)]


def test_a_trailing_stop_on_quotes_trails_the_side_it_trades_on() -> None:
    rising = [QUOTE, (110, 112, 108, 110), (106, 108, 104, 106), (105, 107, 103, 105)]
    assert play(rising, {0: lambda now: now.trail(-1, 5)}, fill=TOUCH).fills == [(3, -1, 103)]
    falling = [QUOTE, (90, 92, 88, 90), (94, 96, 92, 94), (95, 97, 93, 95)]
    assert play(falling, {0: lambda now: now.trail(1, 5)}, fill=TOUCH).fills == [(3, 1, 97)]


def test_a_crossed_quote_fills_nothing() -> None:
    crossed = (100, 98, 102, 100)
    assert play([QUOTE, crossed, QUOTE], {0: lambda now: now.buy(2)}, fill=TOUCH, quotes=True).fills == [(2, 2, 102)]
