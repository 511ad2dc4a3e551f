"""Mean-reversion strategies on bars of which every indicator is known."""

import numpy as np
from strategy_bench import days, fills

from backtest.strategies.bollinger import BollingerReversion
from backtest.strategies.ibs_reversion import IbsReversion
from backtest.strategies.rsi_mean_reversion import RsiMeanReversion
from backtest.strategies.stochastic_pullback import StochasticPullback
from backtest.strategies.zscore_reversion import ZscoreReversion


def test_rsi_buys_a_dip_in_a_rise_and_sells_above_the_short_mean() -> None:
    # Bar 6: gains and losses average 50 each, so RSI(2) is 50; the close of 1400 is above the mean of five, 1360.
    closes = [1000, 1100, 1200, 1300, 1400, 1500, 1400, 1500, 1600, 1600]
    given = {"period": 2, "trend": 5, "leave": 2}
    assert fills(RsiMeanReversion(low=60.0, **given), days(closes)) == [(7, 10, 1400), (8, -10, 1500)]
    assert fills(RsiMeanReversion(low=50.0, **given), days(closes)) == []


def test_rsi_buys_nothing_in_a_fall() -> None:
    closes = [1500, 1400, 1300, 1200, 1100, 1000, 900, 1000, 900, 800]
    assert fills(RsiMeanReversion(period=2, low=60.0, trend=5, leave=2), days(closes)) == []


def test_bollinger_reversion_enters_on_the_way_back_and_leaves_at_the_mean() -> None:
    # Bar 5, 900, is below the band 975 - 43; bar 6, 940, is back: the band is 960 - 42. At 1000 the mean is 960.
    dip = [1000] * 5 + [900, 940] + [1000] * 4
    rally = [1000] * 5 + [1100, 1060] + [1000] * 4
    assert fills(BollingerReversion(period=4, width=1.0), days(dip)) == [(7, 10, 940), (8, -10, 1000)]
    assert fills(BollingerReversion(period=4, width=1.0), days(rally)) == [(7, -10, 1060), (8, 10, 1000)]


def test_bollinger_reversion_gives_up_beyond_the_band() -> None:
    again = [1000] * 5 + [900, 940, 800, 700, 600, 500]
    assert fills(BollingerReversion(period=4, width=1.0), days(again)) == [(7, 10, 940), (8, -10, 800)]


def test_zscore_enters_far_away_and_leaves_near() -> None:
    # 900 after nine times 1000 scores -0.9 sqrt(10) = -2.85; then 990, mean 989, scores +0.03.
    assert fills(ZscoreReversion(period=10), days([1000] * 10 + [900, 990, 1000])) == [(11, 10, 900), (12, -10, 990)]
    assert fills(ZscoreReversion(period=10), days([1000] * 10 + [1100, 1010, 1000])) == [
        (11, -10, 1100),
        (12, 10, 1010),
    ]


def test_zscore_gives_up_much_too_far_away() -> None:
    assert fills(ZscoreReversion(period=10, give_up=2.8), days([1000] * 10 + [900, 990, 1000])) == []
    # In a noise of 990 and 1010, 970 scores -2.0; then 700 scores -2.8.
    closes = [990, 1010] * 5 + [970, 700, 700]
    given = {"period": 10, "enter": 1.9}
    assert fills(ZscoreReversion(give_up=2.7, **given), days(closes)) == [(11, 10, 970), (12, -10, 700)]
    assert fills(ZscoreReversion(give_up=2.9, **given), days(closes)) == [(11, 10, 970)]


def test_ibs_buys_a_weak_close_and_sells_a_strong_one() -> None:
    # Bars from 1000 to 1100 that open in the middle: strength is 0.10, 0.50, 0.95, 0.20.
    columns = days([1010, 1050, 1095, 1020], opens=[1050] * 4, highs=[1100] * 4, lows=[1000] * 4)
    assert fills(IbsReversion(), columns) == [(1, 10, 1050), (3, -10, 1050)]


def test_stochastic_buys_the_turn_of_a_pullback() -> None:
    # A rise to 1110, then 1100 1090 1080 (%K 0 of 1080 to 1110) and 1090 (%K 33, %D 17): above the mean of ten, 1087.
    closes = np.array([*range(1000, 1111, 10), 1100, 1090, 1080, 1090, 1110, 1130, 1150, 1150])
    given = {"period": 5, "smooth": 1, "signal": 2, "low": 25.0}
    assert fills(StochasticPullback(trend=10, **given), days(closes)) == [(16, 10, 1090), (17, -10, 1110)]
    # After a fall from 2000 the same turn is below the mean.
    fallen = np.concatenate([np.full(10, 2000), closes])
    assert fills(StochasticPullback(trend=20, **given), days(fallen)) == []


def test_stochastic_waits_for_the_turn() -> None:
    # Two bars at the bottom, where %K and %D are both 0, are no turn yet.
    closes = [*range(1000, 1111, 10), 1100, 1090, 1080, 1080, 1090, 1090]
    given = {"period": 5, "smooth": 1, "signal": 2, "low": 25.0, "trend": 14}
    assert fills(StochasticPullback(**given), days(closes)) == [(17, 10, 1090)]


def test_stochastic_leaves_where_the_rise_ends() -> None:
    closes = [*range(1000, 1111, 10), 1100, 1090, 1080, 1090, 1000, 1000]
    given = {"period": 5, "smooth": 1, "signal": 2, "low": 25.0, "trend": 10}
    assert fills(StochasticPullback(**given), days(closes)) == [(16, 10, 1090), (17, -10, 1000)]
