"""Trend and momentum strategies on a tent: flat, a straight rise, a straight fall.

    bar     0 ... 9 | 10 ... 29 | 30 ... 59
    close   1000    | +10 each  | -10 each        the last of the rise, bar 29, closes at 1200

Every bar opens at the close before it, so that a decision at the close of bar n fills in bar n + 1, at the close of n.
"""

import numpy as np
import pytest
from strategy_bench import days, fills

from backtest.strategies.buy_and_hold import BuyAndHold
from backtest.strategies.chandelier_exit import ChandelierExit
from backtest.strategies.ema_crossover import EmaCrossover
from backtest.strategies.kama_trend import KamaTrend
from backtest.strategies.macd_signal import MacdSignal
from backtest.strategies.parabolic_sar import ParabolicReversal
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.time_series_momentum import TimeSeriesMomentum
from backtest.strategies.volatility_target import VolatilityTarget

TENT = days(np.concatenate([np.full(10, 1000), np.arange(1010, 1201, 10), np.arange(1190, 890, -10)]))
NEW_YEAR = 10_592  # 1 January 1999, in days since 1970


def test_buy_and_hold_buys_once() -> None:
    assert fills(BuyAndHold(), TENT) == [(1, 10, 1000)]


def test_sma_crossover_is_long_above_and_flat_below() -> None:
    # Closes 1180 1190 1200 1190 1180: at bar 31 the mean of two, 1185, is below that of four, 1190.
    assert fills(SmaCrossover(fast=2, slow=4), TENT) == [(11, 10, 1010), (32, -10, 1180)]


def test_ema_crossover_turns_where_the_market_trends() -> None:
    assert fills(EmaCrossover(fast=2, slow=4, period=2), TENT) == [(11, 10, 1010), (32, -20, 1180)]


def test_ema_crossover_only_leaves_where_it_does_not() -> None:
    # The index of a straight rise is 100; the fall turns the averages and brings it below 99, but not below 20.
    rise = np.arange(1000, 1500, 10)
    columns = days(np.concatenate([rise, [1300], np.full(9, 1300)]))
    strict = EmaCrossover(fast=2, slow=4, period=20, strength=99.0)
    assert fills(strict, columns) == [(40, 10, 1390), (51, -10, 1300)]
    assert fills(EmaCrossover(fast=2, slow=4, period=20), columns) == [(40, 10, 1390), (51, -20, 1300)]


def test_macd_follows_its_histogram() -> None:
    assert fills(MacdSignal(fast=2, slow=4, smooth=2), TENT) == [(11, 10, 1010), (31, -20, 1190)]


def test_kama_turns_once_it_has_moved_enough() -> None:
    # In a straight line the average gains 4/9 of its distance a bar: 4.4 at once, where half a range is 1.7.
    assert fills(KamaTrend(efficiency=3, turn=2, period=3), TENT) == [(11, 10, 1010), (33, -20, 1170)]
    assert fills(KamaTrend(efficiency=3, turn=2, period=3, filter=100.0), TENT) == []


def test_parabolic_stop_and_reverse() -> None:
    # By bar 32, with a low of 1170, the stop has come above it; the bar before did not meet it.
    assert fills(ParabolicReversal(), TENT) == [(11, 10, 1010), (33, -20, 1170)]


def test_chandelier_sells_inside_the_bar_three_ranges_below_the_top() -> None:
    # Bar 29 has the top, 1200; every range is 10: the stop at 1170 is met by bar 32, which falls from 1180 to 1170.
    assert fills(ChandelierExit(enter=5, period=3), TENT) == [(11, 10, 1010), (32, -10, 1170)]


def test_chandelier_sells_at_the_open_of_a_gap() -> None:
    closes = np.append(np.arange(1000, 1200, 10), [1100, 1100])
    opens = np.append(np.concatenate([closes[:1], closes[:19]]), [1120, 1100])
    # Without flat bars before, the fifth close is the first with five before it: bought in bar 6.
    assert fills(ChandelierExit(enter=5, period=3), days(closes, opens=opens)) == [(6, 10, 1050), (20, -10, 1120)]


def test_chandelier_stop_is_never_lowered() -> None:
    # At bar 10 the top is 1100 and the range 10: the stop is 1080. Bar 11 has a range of 20, the average becomes 13.3,
    # and 1101 less twice that is 1074: bar 12 is stopped at 1080 all the same.
    closes = np.append(np.arange(1000, 1110, 10), [1090, 1078, 1078])
    highs = np.append(np.arange(1000, 1110, 10), [1101, 1090, 1078])
    lows = np.append(np.concatenate([[1000], np.arange(1000, 1100, 10)]), [1081, 1077, 1078])
    columns = days(closes, highs=highs, lows=lows)
    assert fills(ChandelierExit(enter=5, period=3, width=2.0), columns) == [(6, 10, 1050), (12, -10, 1080)]


def test_chandelier_stop_rises_as_the_ranges_shrink() -> None:
    # Ranges of 2 bring the average from 10 to 7.3 and 5.6: 1100 less twice that is 1089, though the highs are falling.
    closes = np.append(np.arange(1000, 1110, 10), [1098, 1096, 1085, 1085])
    assert fills(ChandelierExit(enter=5, period=3, width=2.0), days(closes)) == [(6, 10, 1050), (13, -10, 1089)]


def test_time_series_momentum_follows_the_sign_at_the_end_of_a_month() -> None:
    # 5 January 1970 is bar 0: months end with bars 26 (rising) and 54 (falling).
    assert fills(TimeSeriesMomentum(lookback=5), TENT) == [(27, 10, 1170), (55, -20, 950)]
    assert fills(TimeSeriesMomentum(lookback=50), TENT) == [(55, -10, 950)]


def test_volatility_target_squares_the_ratio() -> None:
    # Returns of 1 % up and down: 15.8 % a year. (0.08 / 0.158)^2 of a million is 256,510, at 10,000 a piece 25 of them.
    closes = np.rint(1e6 * np.cumprod([1.0] + [1.01, 1 / 1.01] * 30)).astype(int)
    assert fills(VolatilityTarget(period=10, target=0.08), days(closes, start=NEW_YEAR)) == [(31, 25, 1_000_000)]


@pytest.mark.parametrize(("most", "pieces"), [(0.5, 50), (2.0, 200)])
def test_volatility_target_is_bounded(most: float, pieces: int) -> None:
    closes = np.rint(1e6 * np.cumprod([1.0] + [1.0001, 1 / 1.0001] * 15)).astype(int)
    assert fills(VolatilityTarget(period=10, most=most), days([*closes, 10**6], start=NEW_YEAR))[0][1] == pieces
