"""Breakout strategies on the tent of ``test_trend``, and on bars made for their orders."""

import numpy as np
import pytest
from strategy_bench import days, fills

from backtest.strategies.bollinger import BollingerBreakout
from backtest.strategies.bracketed_atr_breakout import BracketedAtrBreakout
from backtest.strategies.donchian_breakout import DonchianBreakout
from backtest.strategies.keltner_breakout import KeltnerBreakout
from backtest.strategies.volatility_breakout import VolatilityBreakout

TENT = days(np.concatenate([np.full(10, 1000), np.arange(1010, 1201, 10), np.arange(1190, 890, -10)]))


def test_donchian_leaves_at_the_short_channel_and_turns_at_the_long_one() -> None:
    # Bar 32 closes at 1170, below the lows of the three bars before it (1190 1190 1180); bar 33 below those of five.
    narrow = DonchianBreakout(enter=5, leave=3, period=3, stop=100.0)
    assert fills(narrow, TENT) == [(11, 10, 1010), (33, -10, 1170), (34, -10, 1160)]


@pytest.mark.parametrize(("calm", "traded"), [(5, True), (4, False)])
@pytest.mark.parametrize(("close", "side"), [(985, -10), (1015, 10)])
def test_donchian_looks_at_the_bars_before_this_one_and_no_further(
    calm: int, traded: bool, close: int, side: int
) -> None:
    # One wide bar, 980 to 1020, some calm ones of 990 to 1010, and a close outside of those: the channel is of five.
    bars = [(1000, 1010, 990, 1000)] * 4 + [(1000, 1020, 980, 1000)] + [(1000, 1010, 990, 1000)] * calm
    table = np.array([*bars, (1000, max(close, 1010), min(close, 990), close), (close, close, close, close)]).T
    columns = days(table[3], opens=table[0], highs=table[1], lows=table[2])
    wanted = [(len(bars) + 1, side, close)] if traded else []
    assert fills(DonchianBreakout(enter=5, leave=3, period=3, stop=100.0), columns) == wanted


def test_donchian_stop_closes_before_the_channel_does() -> None:
    # Bought at 1010. Bar 13 closes at 985: above the 900 of bar 5, but the average range is 16, so the stop is at 986.
    closes = [1000] * 10 + [1010, 1010, 1010, 985, 985]
    lows = [990] * 5 + [900] + [990] * 4 + [1000, 1000, 1000, 985, 985]
    highs = [1000] * 10 + [1010, 1010, 1010, 1010, 985]
    columns = days(closes, lows=lows, highs=highs)
    assert fills(DonchianBreakout(enter=10, leave=9, period=5, stop=1.5), columns) == [(11, 10, 1010), (14, -10, 985)]
    assert fills(DonchianBreakout(enter=10, leave=9, period=5, stop=100.0), columns) == [(11, 10, 1010)]


def test_bollinger_breakout_leaves_at_the_mean() -> None:
    # Closes 1000 x 4, 1010: mean 1002, deviation 4. At 1001 the close is below the mean, inside the bands.
    columns = days([1000] * 9 + [1010, 1010, 1001, 1001])
    assert fills(BollingerBreakout(period=5, width=1.5), columns) == [(10, 10, 1010), (12, -10, 1001)]


def test_bollinger_breakout_turns_at_the_other_band() -> None:
    assert fills(BollingerBreakout(period=5, width=1.0), TENT) == [(11, 10, 1010), (32, -20, 1180)]


def test_keltner_is_never_short() -> None:
    assert fills(KeltnerBreakout(period=5, range_period=3, width=1.0), TENT) == [(11, 10, 1010), (34, -10, 1160)]


def bracket(*last: tuple[int, int, int, int]) -> list[tuple[int, int, int]]:
    """Return the fills around a breakout at 1010, with a range of 10: between a stop at 995 and a target at 1040."""
    bars = np.array([(1000, 1005, 995, 1000)] * 10 + [(1000, 1010, 1000, 1010), *last]).T
    columns = days(bars[3], opens=bars[0], highs=bars[1], lows=bars[2])
    return fills(BracketedAtrBreakout(enter=5, period=3), columns)


def test_bracket_takes_its_target() -> None:
    assert bracket((1012, 1020, 1005, 1006), (1006, 1045, 1000, 1006)) == [(11, 10, 1012), (12, -10, 1040)]


def test_bracket_takes_its_stop_inside_the_bar_of_the_entry() -> None:
    assert bracket((1012, 1020, 990, 1000), (1000, 1005, 995, 1000)) == [(11, 10, 1012), (11, -10, 995)]


def test_bracket_takes_its_stop_at_the_open_of_a_gap() -> None:
    assert bracket((1012, 1020, 1005, 1006), (980, 985, 975, 982))[:2] == [(11, 10, 1012), (12, -10, 980)]


def test_bracket_takes_the_stop_first_where_a_bar_touches_both() -> None:
    assert bracket((1012, 1020, 1005, 1006), (1006, 1050, 990, 1000)) == [(11, 10, 1012), (12, -10, 995)]


def test_bracket_is_shorted_below() -> None:
    bars = np.array([(1000, 1005, 995, 1000)] * 10 + [(1000, 1000, 990, 990), (990, 992, 955, 960)]).T
    columns = days(bars[3], opens=bars[0], highs=bars[1], lows=bars[2])
    assert fills(BracketedAtrBreakout(enter=5, period=3), columns) == [(11, -10, 990), (11, 10, 960)]


def swing(*last: tuple[int, int, int, int], bars: int = 1) -> list[tuple[int, int, int]]:
    """Return the fills after a bar with a range of 100 around a close of 1000: stops at 1050 and 950."""
    table = np.array([(1000, 1050, 950, 1000), *last]).T
    columns = days(table[3], opens=table[0], highs=table[1], lows=table[2])
    return fills(VolatilityBreakout(share=0.5, bars=bars), columns)


def test_volatility_breakout_buys_its_stop_and_leaves_at_the_next_open() -> None:
    calm = (1060, 1060, 1060, 1060)
    assert swing((1000, 1060, 990, 1055), (1060, 1060, 1060, 1060), calm) == [(1, 10, 1050), (2, -10, 1060)]
    assert swing((1000, 1060, 990, 1055), calm, calm, bars=2) == [(1, 10, 1050), (3, -10, 1060)]


def test_volatility_breakout_sells_a_gap_at_the_open() -> None:
    assert swing((940, 945, 935, 940), (930, 930, 930, 930)) == [(1, -10, 940), (2, 10, 930)]


def test_volatility_breakout_stops_work_for_one_bar() -> None:
    assert swing((1000, 1000, 1000, 1000), (1100, 1100, 1100, 1100)) == []
