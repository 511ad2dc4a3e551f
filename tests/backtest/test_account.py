"""What trading costs and how much of it is done: slippage, fees, sizes, refusals, financing, and money's last unit.

How orders trade is in ``test_matching``; the bars are made by hand, as there.
"""

import math
from itertools import pairwise
from typing import Any

import pytest
from stage import play

from backtest.core import events
from backtest.core.arithmetic import NONE
from backtest.core.costs import (
    BASIS_POINTS,
    MAKER_TAKER,
    PER_SHARE,
    SPREAD,
    SQUARE_ROOT,
    TICKS,
    Costs,
    Slippage,
)
from backtest.core.sizing import EQUITY, KELLY, NOTIONAL, VOLATILITY, Sizer

BAR = (100, 110, 90, 100)
CENT = 10_000
DAYS = 86_400_000_000


# --- slippage


def test_slippage_by_ticks() -> None:
    script = {0: lambda now: now.buy(2), 1: lambda now: now.sell(2)}
    played = play([BAR] * 3, script, slippage=Slippage(model=TICKS, size=2))
    assert played.fills == [(1, 2, 102), (2, -2, 98)]
    assert [row[6] for row in played.rows(events.FILL)] == [100, 100]


def test_slippage_by_half_a_spread_is_rounded_half_to_even() -> None:
    bars = [(1_000,) * 4, (500,) * 4, (1_500,) * 4, (700,) * 4]
    played = play(bars, {k: lambda now: now.buy(1) for k in range(3)}, slippage=Slippage(model=SPREAD, size=200_000))
    assert played.fills == [(1, 1, 500), (2, 1, 1_502), (3, 1, 701)]  # 0.5, 1.5 and 0.7 ticks


def test_slippage_by_the_root_of_the_share_in_the_volume() -> None:
    bars = [(10_000,) * 4 + (0,), (10_000,) * 4 + (400,), (10_000,) * 4 + (0,)]
    script = {0: lambda now: now.buy(100), 1: lambda now: now.sell(100)}
    played = play(bars, script, slippage=Slippage(model=SQUARE_ROOT, size=1_000_000))
    assert played.fills == [(1, 100, 10_000 + 50), (2, -100, 10_000 - 100)]  # 1% x root of 1/4; of 1 without volume


def test_limits_do_not_slip_and_stops_do() -> None:
    slipped = Slippage(model=TICKS, size=2)
    assert play([BAR, BAR], {0: lambda now: now.limit(1, 95)}, slippage=slipped).fills == [(1, 1, 95)]
    assert play([BAR, (94, 96, 93, 95)], {0: lambda now: now.limit(1, 95)}, slippage=slipped).fills == [(1, 1, 94)]
    assert play([BAR, BAR], {0: lambda now: now.stop_limit(1, 105, 105)}, slippage=slipped).fills == [(1, 1, 105)]
    assert play([BAR, BAR], {0: lambda now: now.stop(-1, 95)}, slippage=slipped).fills == [(1, -1, 93)]
    assert play([BAR, BAR], {0: lambda now: now.trail(-1, 5)}, slippage=slipped).fills == [(1, -1, 93)]


# --- fees


def test_no_fee_by_default() -> None:
    assert play([BAR, BAR], {0: lambda now: now.buy(2)}).fees == [0]


def test_a_minimum_by_share_is_charged_once_over_partial_fills() -> None:
    bars = [BAR, *((100, 110, 90, 100, volume) for volume in (30, 30, 300))]
    costs = Costs(model=PER_SHARE, rate=10, least=50)
    assert play(bars, {0: lambda now: now.buy(20)}, participation=10_000_000, costs=costs).fees == [50, 10, 140]
    assert play(bars, {0: lambda now: now.buy(4)}, participation=10_000_000, costs=costs).fees == [50, 0]
    assert play(bars, {0: lambda now: now.buy(20)}, costs=costs).fees == [200]


def test_a_fee_by_share_of_a_fractional_quantity() -> None:
    costs = Costs(model=PER_SHARE, rate=5, per=10)  # five a unit of which there are ten in a share
    assert play(
        [BAR, BAR, BAR, BAR],
        {0: lambda now: now.buy(-3), 1: lambda now: now.buy(1), 2: lambda now: now.buy(7)},
        costs=costs,
    ).fees == [2, 0, 4]


def test_basis_points_are_rounded_half_to_even() -> None:
    costs = Costs(model=BASIS_POINTS, rate=500_000)  # half a percent of 100
    played = play(
        [BAR] * 4, {0: lambda now: now.buy(1), 1: lambda now: now.buy(-3), 2: lambda now: now.buy(5)}, costs=costs
    )
    assert played.fees == [0, 2, 2]


def test_tiers_go_by_what_has_been_traded_before() -> None:
    costs = Costs(model=BASIS_POINTS, rate=3_000_000)
    script = {k: (lambda now: now.buy(10)) for k in range(4)}
    played = play([BAR] * 5, script, costs=costs, tiers=((1_000, 2_000_000), (3_000, 1_000_000)))
    assert played.fees == [30, 20, 20, 10]
    script = {k: (lambda now, k=k: now.buy(10 if k % 2 else -10)) for k in range(4)}
    assert play([BAR] * 5, script, costs=costs, tiers=((1_000, 2_000_000), (3_000, 1_000_000))).fees == [30, 20, 20, 10]


def test_a_maker_is_paid_and_a_taker_pays() -> None:
    costs = Costs(model=MAKER_TAKER, rate=2_000_000, maker=-1_000_000)

    def act(now: Any) -> None:
        now.buy(10)
        now.limit(10, 90)
        now.stop(10, 110)

    played = play([BAR, BAR], {0: act}, costs=costs)
    assert played.fills == [(1, 10, 100), (1, 10, 110), (1, 10, 90)]
    assert played.fees == [20, 22, -9]
    assert played.equity[-1] == 1_000_000 - 33 - 10 * 10 + 10 * 10


# --- sizes


def test_a_fixed_size() -> None:
    assert play([BAR, BAR], {0: lambda now: now.hold(-1)}, sizer=Sizer(size=7)).fills == [(1, -7, 100)]


def test_a_size_by_notional_in_whole_lots() -> None:
    played = play(
        [BAR, BAR], {0: lambda now: now.hold(1)}, sizer=Sizer(model=NOTIONAL, size=999), instruments=({"lot": 2},)
    )
    assert played.fills == [(1, 8, 100)]


def test_a_size_by_equity() -> None:
    sizer = Sizer(model=EQUITY, share=0.5)
    assert play([BAR, BAR], {0: lambda now: now.hold(1)}, sizer=sizer, cash=(1_099,)).fills == [(1, 5, 100)]
    assert play([BAR, BAR], {0: lambda now: now.hold(1)}, sizer=sizer, cash=(-1,)).fills == []


CLOSES = [1_000, 1_010, 990, 1_030, 1_020, 1_050]


def moments(closes: list[int], memory: float) -> tuple[float, float]:
    """Return the weighted mean and variance of the returns, as the sizers' docstring says."""
    mean = variance = 0.0
    for before, after in pairwise(closes):
        change = after / before - 1.0
        mean += (1.0 - memory) * (change - mean)
        variance = memory * variance + (1.0 - memory) * change * change
    return mean, variance


def test_a_size_by_volatility() -> None:
    sizer = Sizer(model=VOLATILITY, share=0.1, memory=0.9, warmup=5, yearly=100.0, most=2.0)
    played = play([(one,) * 4 for one in [*CLOSES, 1_000]], {5: lambda now: now.hold(1)}, sizer=sizer)
    expected = math.floor(1_000_000 * 0.1 / math.sqrt(moments(CLOSES, 0.9)[1] * 100.0) / 1_050)
    assert 0 < expected < 1_900
    assert played.fills == [(6, expected, 1_000)]


def test_a_size_by_kelly() -> None:
    sizer = Sizer(model=KELLY, share=0.01, memory=0.9, warmup=5, most=2.0)
    played = play([(one,) * 4 for one in [*CLOSES, 1_000]], {5: lambda now: now.hold(1)}, sizer=sizer)
    mean, variance = moments(CLOSES, 0.9)
    expected = math.floor(1_000_000 * 0.01 * mean / variance / 1_050)
    assert 0 < expected < 1_900
    assert played.fills == [(6, expected, 1_000)]
    down = [(one,) * 4 for one in [*reversed(CLOSES), 1_000]]
    assert play(down, {5: lambda now: now.hold(1)}, sizer=sizer).fills == []


@pytest.mark.parametrize("model", [VOLATILITY, KELLY])
def test_estimated_sizes_are_capped_and_wait_for_their_warmup(model: int) -> None:
    sizer = Sizer(model=model, share=100.0, warmup=5, most=2.0)
    bars = [(one,) * 4 for one in [*CLOSES, 1_000]]
    assert play(bars, {5: lambda now: now.hold(1)}, sizer=sizer).fills == [(6, 2_000_000 // 1_050, 1_000)]
    assert play(bars, {4: lambda now: now.hold(1)}, sizer=sizer).fills == []


def test_estimates_are_of_closes_whatever_was_traded_in_between() -> None:
    sizer = Sizer(model=VOLATILITY, share=0.1, memory=0.9, warmup=5, yearly=100.0, most=2.0)
    bars = [(one + 90, one + 100, one - 100, one) for one in CLOSES]
    quiet, busy = (play(bars, script, sizer=sizer) for script in ({}, {k: lambda now: now.buy(1) for k in range(5)}))
    assert len(busy.fills) == 5
    estimates = [one.session.engine.account.ledger.instruments[0].variance for one in (quiet, busy)]
    assert estimates == [moments(CLOSES, 0.9)[1]] * 2


def test_a_weight_is_a_share_of_the_equity() -> None:
    assert play([BAR, BAR], {0: lambda now: now.weight(0.25)}, cash=(10_050,)).fills == [(1, 25, 100)]
    assert play([BAR, BAR], {0: lambda now: now.weight(-0.25)}, cash=(10_050,)).fills == [(1, -25, 100)]


# --- refusals


def refused(act: Any, **terms: Any) -> list[int]:
    """Return the reasons for which the orders of one moment were refused."""
    played = play([BAR, BAR], {0: act}, **terms)
    assert played.session.number(played.session.engine.account.orders, "rejected") == len(played.rejects)
    return [reason for _, _, reason in played.rejects]


def test_an_order_of_nothing_is_refused() -> None:
    assert refused(lambda now: (now.buy(0), now.limit(0, 90))) == [events.BAD_QUANTITY] * 2


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 1e30, float(NONE)])
def test_an_order_without_a_price_is_refused(price: float) -> None:
    def act(now: Any) -> None:
        for given in (
            now.limit(1, price),
            now.stop(1, price),
            now.stop_limit(1, 100, price),
            now.stop_limit(1, price, 100),
            now.trail(1, price),
        ):
            assert given == 0

    assert refused(act) == [events.BAD_PRICE] * 5


def test_a_trailing_stop_without_a_distance_is_refused() -> None:
    assert refused(lambda now: (now.trail(1, 0), now.trail(1, -3))) == [events.BAD_PRICE] * 2


def test_a_full_table_takes_no_more_orders() -> None:
    played = play([BAR, BAR], {0: lambda now: [now.limit(1, 50) for _ in range(70)]})
    room = played.session.engine.account.orders.room
    assert [reason for _, _, reason in played.rejects] == [events.NO_ROOM] * (70 - room)


def test_a_table_has_room_for_as_many_orders_as_have_ended() -> None:
    """Two limits wait at any time, and the older one goes: the table's end comes round several times."""

    def act(now: Any) -> None:
        placed = now.limit(1, 50)
        now.cancel(placed - 2)

    bars = 300
    played = play([BAR] * bars, dict.fromkeys(range(bars), act))
    assert played.session.engine.account.orders.room < bars / 2
    assert not played.rejects
    assert [(slice_, order) for slice_, order, *_ in played.cancels] == [(k, k - 1) for k in range(2, bars)]


def test_a_position_limit_counts_what_is_at_work() -> None:
    def act(now: Any) -> None:
        now.buy(6)
        now.buy(5)
        now.sell(16)
        now.sell(17)
        now.limit(4, 50)
        now.limit(5, 50)

    played = play([BAR, BAR], {0: act}, instruments=({"max_position": 10},))
    assert [(quantity, reason) for _, quantity, reason in played.rejects] == [
        (5, events.TOO_LARGE),
        (-17, events.TOO_LARGE),
    ]
    assert played.fills == [(1, 6, 100), (1, -16, 100)]


def test_a_position_limit_holds_whatever_fills() -> None:
    def act(now: Any) -> None:
        now.limit(6, 99)
        now.stop(5, 101)
        now.limit(4, 98)
        now.limit(-10, 120)
        now.stop(-1, 80)

    played = play([BAR, BAR], {0: act}, instruments=({"max_position": 10},))
    assert [(quantity, reason) for _, quantity, reason in played.rejects] == [
        (5, events.TOO_LARGE),
        (-1, events.TOO_LARGE),
    ]


def test_a_position_limit_counts_each_order_once_and_no_child() -> None:
    def act(now: Any) -> None:
        now.bracket_limit(-5, 120, 80, 130)
        now.buy(3)
        now.limit(3, 99)
        now.limit(4, 98)
        now.limit(1, 97)

    played = play([BAR, BAR], {0: act}, instruments=({"max_position": 10},))
    assert [(quantity, reason) for _, quantity, reason in played.rejects] == [(1, events.TOO_LARGE)]


def test_a_position_limit_counts_no_other_instrument() -> None:
    script = {0: lambda now: now.limit(10, 50), 1: lambda now: now.limit(10, 50), 2: lambda now: now.limit(1, 50)}
    played = play([BAR] * 3, script, members=(0, 1, 0), instruments=({"max_position": 10},) * 2)
    assert [(at, quantity) for at, quantity, _ in played.rejects] == [(2, 1)]


def test_a_position_beyond_its_margin_is_refused() -> None:
    terms = {"margined": True, "instruments": ({"margin": 50_000_000},), "cash": (1_000,)}
    assert refused(lambda now: now.buy(20), **terms) == []
    assert refused(lambda now: now.buy(21), **terms) == [events.NO_MARGIN]
    assert refused(lambda now: now.sell(21), **terms) == [events.NO_MARGIN]
    assert refused(lambda now: (now.buy(12), now.buy(8), now.buy(1)), **terms) == [events.NO_MARGIN]
    played = play(
        [BAR, BAR, BAR], {0: lambda now: now.buy(20), 1: lambda now: (now.buy(1), now.sell(5), now.sell(36))}, **terms
    )
    assert [(quantity, reason) for _, quantity, reason in played.rejects] == [
        (1, events.NO_MARGIN),
        (-36, events.NO_MARGIN),
    ]


def test_children_are_held_to_no_limit_for_they_reduce() -> None:
    script = {0: lambda now: now.sell(20), 1: lambda now: now.bracket_limit(5, 80, 130, 70)}
    assert play([BAR] * 3, script, instruments=({"max_position": 20},)).rejects == []
    played = play([BAR] * 3, script, margined=True, instruments=({"margin": 50_000_000},), cash=(1_000,))
    assert played.rejects == []
    assert played.session.number(played.session.engine.account.orders, "working") == 3


# --- financing


WEEK = {"first": [0, 1, 4, 5], "step": DAYS, "lasting": DAYS // 2}  # Thursday, Friday with two slices, Monday, Tuesday


def test_borrowed_stock_costs_by_the_night() -> None:
    dear = ({"borrow": 10_000_000},)
    played = play([BAR] * 6, {0: lambda now: now.sell(3_600), 3: lambda now: now.buy(3_600)}, instruments=dear, **WEEK)
    assert [row[0] for row in played.rows(events.CASH)] == [4 * DAYS]
    assert [row[4:6] for row in played.rows(events.CASH)] == [[-300, events.BORROW]]  # over the weekend, before Monday
    assert played.equity == [1_000_000] * 4 + [999_700] * 2
    played = play([BAR] * 6, {1: lambda now: now.sell(3_600), 2: lambda now: now.buy(3_600)}, instruments=dear, **WEEK)
    assert (len(played.fills), played.cash) == (2, [])  # within a day: no night


def test_borrowed_cash_costs_interest_by_the_night() -> None:
    played = play([BAR] * 6, {1: lambda now: now.buy(10_720)}, interest=50_000_000, **WEEK)
    assert [row[4:6] for row in played.rows(events.CASH)] == [[-300, events.INTEREST], [-100, events.INTEREST]]
    assert played.equity[-1] == 999_600


def test_each_night_is_paid_for_once_whenever_instruments_begin_their_days() -> None:
    first, members = range(12), [0, 1, 2] * 4  # three exchanges, eight hours apart
    played = play([BAR] * 12, {0: lambda now: now.sell(3_600)}, first=first, members=members, step=DAYS // 3,
                  lasting=DAYS // 4, instruments=({"borrow": 10_000_000},) * 3)  # fmt: skip
    assert [(row[0] // DAYS, row[4]) for row in played.rows(events.CASH)] == [(2, -100), (3, -100)]


# --- money


CHEAP = {"worth": 1, "per": 100_000_000}  # a lot of 1e-8 units at a price of 124,999 is worth 0.00125 money units


@pytest.mark.parametrize(("sizer", "units"), [
    (Sizer(model=NOTIONAL, size=1_000), 1_000 * 10**8 // 124_999),
    (Sizer(model=EQUITY, share=0.5), 500_000 * 10**8 // 124_999),
])  # fmt: skip
def test_a_lot_that_is_worth_less_than_a_money_unit_is_not_rounded(sizer: Sizer, units: int) -> None:
    played = play([(124_999,) * 4] * 2, {0: lambda now: now.hold(1)}, sizer=sizer, instruments=(CHEAP,))
    assert [row[3] for row in played.rows(events.FILL)] == [units]
    played = play([(124_999,) * 4] * 2, {0: lambda now: now.weight(0.5)}, instruments=(CHEAP,))
    assert [row[3] for row in played.rows(events.FILL)] == [500_000 * 10**8 // 124_999]


def test_prices_may_be_negative() -> None:
    bars = [(-5, 3, -10, -4), (-6, 3, -10, -8), (-2, 5, -9, 4), (4, 5, 3, 4)]
    costs = Costs(model=BASIS_POINTS, rate=50_000_000)
    played = play(
        bars, {0: lambda now: now.buy(2), 1: lambda now: now.limit(1, -9), 2: lambda now: now.sell(3)}, costs=costs
    )
    assert played.fills == [(1, 2, -6), (2, 1, -9), (3, -3, 4)]
    assert played.fees == [6, 4, 6]
    assert played.equity == [
        1_000_000,
        1_000_000 + 12 - 6 - 16,
        1_000_000 + 12 + 9 - 10 + 12,
        1_000_000 + 12 + 9 - 16 + 12,
    ]


def test_a_notional_between_two_millionths_is_rounded_half_to_even() -> None:
    bars = [(10, 10, 10, 10), (5, 5, 5, 5), (15, 15, 15, 15), (25, 25, 25, 25), (7, 7, 7, 7)]
    played = play(bars, {k: lambda now: now.buy(1) for k in range(3)}, instruments=({"worth": 1, "per": 10},))
    assert [row[7] for row in played.rows(events.FILL)] == [1_000_000, 1_000_000 - 2, 1_000_000 - 4]  # 0.5, 1.5 and 2.5
    assert played.equity == [1_000_000, 1_000_000, 999_998 + 3, 999_996 + 8, 999_996 + 2]  # 0.5, 3, 7.5, 2.1


def test_a_multiplier_is_part_of_the_worth() -> None:
    played = play(
        [BAR, BAR, (110,) * 4], {0: lambda now: now.buy(2)}, instruments=({"worth": 50 * CENT},), cash=(10**9,)
    )
    assert played.equity == [10**9, 10**9, 10**9 + 2 * 10 * 50 * CENT]


def test_the_entry_is_the_mean_price_paid() -> None:
    seen = []
    script = {
        0: lambda now: now.buy(1),
        1: lambda now: now.buy(3),
        2: lambda now: now.sell(2),
        3: lambda now: now.sell(5),
    }
    acts = {
        k: (lambda now, k=k: (seen.append((now.entry(), now.held())), script.get(k, lambda now: 0)(now)))
        for k in range(6)
    }
    play([BAR, (100,) * 4, (120,) * 4, (130,) * 4, (140,) * 4, (150,) * 4], acts)
    assert seen == [(0.0, 0), (100.0, 1), (115.0, 2), (115.0, 3), (140.0, 1), (140.0, 2)]
