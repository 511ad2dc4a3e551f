"""Each indicator against an independent reference on twenty years of real bars.

TA-Lib where it has the indicator; else the published definition, written out here in numpy, pandas or fractions. Prices
are whole numbers (hundredths of a point, about 10^5), as the engine feeds them.

The tolerance is the greatest distance allowed, as a share of ``1 + |reference|``, and each has a reason:

EXACT    maxima, and sums, differences and single divisions of whole numbers: every step is exact or rounded alike.
ROUNDED  the same formula with its sums in another order, or with TA-Lib's multiply-adds fused, as its compiler pleases:
         units in the last place (2^-53 = 1.1e-16).
SMOOTHED recursions and differences of averages, where such units add up over an average's memory, or are left over
         when values near 10^5 cancel to a few.
ROLLING  TA-Lib keeps running totals of fractions over the whole run, and drifts; ours sums anew.
VARIANCE TA-Lib takes the mean of squares (10^10) less the square of the mean, and loses up to 6 of 16 digits; ours is
         the exact fraction (``test_properties``).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib
from indicator_contract import interpreted, rows_for
from numpy.lib.stride_tricks import sliding_window_view
from real_bars import real_bars

from backtest.core.flat import copy_of
from backtest.core.indicator import Indicator
from backtest.indicators import (
    ADX,
    ATR,
    CCI,
    DEMA,
    EMA,
    HMA,
    INDICATORS,
    KAMA,
    MACD,
    MFI,
    OBV,
    ROC,
    RSI,
    SMA,
    TEMA,
    TRIX,
    VWAP,
    WMA,
    Aroon,
    Bollinger,
    Donchian,
    EfficiencyRatio,
    EwmaVolatility,
    Highest,
    Keltner,
    Lag,
    LinearRegressionSlope,
    Lowest,
    Momentum,
    ParabolicSAR,
    RealisedVolatility,
    RollingStd,
    Stochastic,
    TrueRange,
    WilliamsR,
    ZScore,
)  # fmt: skip

Bars = dict[str, np.ndarray]
Answer = np.ndarray | tuple[np.ndarray, ...]

EXACT = 0.0
ROUNDED = 1e-14
SMOOTHED = 1e-12
ROLLING = 1e-11
VARIANCE = 1e-10


def windows(x: np.ndarray, n: int, then: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a function to every full window of ``n``; NaN before the first."""
    return np.concatenate([np.full(n - 1, math.nan), then(sliding_window_view(x, n))])


def typical(b: Bars) -> np.ndarray:
    return (b["high"] + b["low"] + b["close"]) / 3


def weighted(x: np.ndarray, n: int) -> np.ndarray:
    return windows(x, n, lambda w: (w * np.arange(1, n + 1)).sum(axis=1) / np.arange(1, n + 1).sum())


def hull(x: np.ndarray, n: int) -> np.ndarray:
    return weighted(2 * weighted(x, n // 2) - weighted(x, n), int(math.sqrt(n)))


def keltner(b: Bars, n: int, m: int, width: float) -> Answer:
    middle, reach = talib.EMA(b["close"], n), talib.ATR(b["high"], b["low"], b["close"], m)
    both = np.where(np.isnan(middle + reach), math.nan, middle)
    return both + width * reach, both, both - width * reach


def volume_weighted(b: Bars, n: int) -> np.ndarray:
    money, traded = (windows(one, n, lambda w: w.sum(axis=1)) for one in (typical(b) * b["volume"], b["volume"]))
    return money / traded


def efficiency(x: np.ndarray, n: int) -> np.ndarray:
    path = windows(np.abs(np.diff(x)), n, lambda w: w.sum(axis=1))
    return np.concatenate([[math.nan], np.abs(x[1:] - np.concatenate([[math.nan] * (n - 1), x[:-n]])) / path])


def donchian(b: Bars, n: int) -> Answer:
    top, bottom = windows(b["high"], n, lambda w: w.max(axis=1)), windows(b["low"], n, lambda w: w.min(axis=1))
    return top, (top + bottom) / 2, bottom


def risk_metrics(x: np.ndarray, decay: float, n: int) -> np.ndarray:
    """Return the closed form: a weighted sum over all returns since the seed, by pandas' own recursion."""
    squares = np.log(x[1:] / x[:-1]) ** 2
    seeded = pd.Series(np.concatenate([[squares[:n].mean()], squares[n:]]))
    return np.concatenate([[math.nan] * n, np.sqrt(seeded.ewm(alpha=1 - decay, adjust=False).mean())])


def realised(x: np.ndarray, n: int, periods: float) -> np.ndarray:
    squares = np.diff(np.log(x)) ** 2
    return np.concatenate([[math.nan], np.sqrt(windows(squares, n, lambda w: w.mean(axis=1)) * periods)])


def z_scores(x: np.ndarray, n: int) -> np.ndarray:
    return windows(x, n, lambda w: (w[:, -1] - w.mean(axis=1)) / w.std(axis=1, ddof=1))


def hlc(b: Bars) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return b["high"], b["low"], b["close"]


def hlcv(b: Bars) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return b["high"], b["low"], b["close"], b["volume"]


def stochastic(b: Bars, n: int, smooth: int, signal: int) -> Answer:
    return talib.STOCH(*hlc(b), fastk_period=n, slowk_period=smooth, slowd_period=signal)


def directional(b: Bars, n: int) -> Answer:
    adx = talib.ADX(*hlc(b), n)
    shown = np.where(np.isnan(adx), math.nan, 1.0)  # ours begin together
    return adx, talib.PLUS_DI(*hlc(b), n) * shown, talib.MINUS_DI(*hlc(b), n) * shown


REFERENCES: list[tuple[Indicator, Callable[[Bars], Any], float]] = [
    (SMA(20), lambda b: talib.SMA(b["x"], 20), EXACT),
    (EMA(20), lambda b: talib.EMA(b["x"], 20), ROUNDED),
    (EMA(1), lambda b: b["x"], EXACT),
    (WMA(20), lambda b: talib.WMA(b["x"], 20), EXACT),
    (DEMA(20), lambda b: talib.DEMA(b["x"], 20), ROUNDED),
    (TEMA(20), lambda b: talib.TEMA(b["x"], 20), ROUNDED),
    (KAMA(10), lambda b: talib.KAMA(b["x"], 10), SMOOTHED),
    (HMA(16), lambda b: hull(b["x"], 16), ROUNDED),
    (HMA(21), lambda b: hull(b["x"], 21), ROUNDED),
    (RSI(14), lambda b: talib.RSI(b["x"], 14), SMOOTHED),
    (RSI(2), lambda b: talib.RSI(b["x"], 2), SMOOTHED),
    (MACD(12, 26, 9), lambda b: talib.MACD(b["x"], 12, 26, 9), SMOOTHED),
    (Stochastic(14, 3, 3), lambda b: stochastic(b, 14, 3, 3), ROLLING),
    (Stochastic(5, 1, 4), lambda b: stochastic(b, 5, 1, 4), ROLLING),
    (CCI(20), lambda b: talib.CCI(*hlc(b), 20), ROLLING),
    (ROC(10), lambda b: talib.ROC(b["x"], 10), EXACT),
    (Momentum(10), lambda b: talib.MOM(b["x"], 10), EXACT),
    (WilliamsR(14), lambda b: talib.WILLR(*hlc(b), 14), ROUNDED),
    (ADX(14), lambda b: directional(b, 14), SMOOTHED),
    (ADX(2), lambda b: directional(b, 2), SMOOTHED),
    (ATR(14), lambda b: talib.ATR(*hlc(b), 14), ROUNDED),
    (TrueRange(), lambda b: talib.TRANGE(*hlc(b)), EXACT),
    (Bollinger(20, 2.0), lambda b: talib.BBANDS(b["x"], 20, 2.0, 2.0), VARIANCE),
    (Keltner(20, 10, 2.0), lambda b: keltner(b, 20, 10, 2.0), ROUNDED),
    (Donchian(20), lambda b: donchian(b, 20), EXACT),
    (OBV(), lambda b: talib.OBV(b["close"], b["volume"]), EXACT),
    (VWAP(20), lambda b: volume_weighted(b, 20), ROUNDED),
    (MFI(14), lambda b: talib.MFI(*hlcv(b), 14), ROLLING),
    (EfficiencyRatio(10), lambda b: efficiency(b["x"], 10), EXACT),
    (EwmaVolatility(0.94, 20), lambda b: risk_metrics(b["x"], 0.94, 20), SMOOTHED),
    (RollingStd(20, 0), lambda b: talib.STDDEV(b["x"], 20), VARIANCE),
    (RollingStd(20, 1), lambda b: windows(b["x"], 20, lambda w: w.std(axis=1, ddof=1)), ROUNDED),
    (ZScore(20), lambda b: z_scores(b["x"], 20), SMOOTHED),
    (Aroon(25), lambda b: talib.AROON(b["high"], b["low"], 25)[::-1], ROUNDED),
    (TRIX(15), lambda b: talib.TRIX(b["x"], 15), SMOOTHED),
    (ParabolicSAR(), lambda b: talib.SAR(b["high"], b["low"], 0.02, 0.2), ROUNDED),
    (ParabolicSAR(0.3, 0.2), lambda b: talib.SAR(b["high"], b["low"], 0.3, 0.2), ROUNDED),
    (LinearRegressionSlope(14), lambda b: talib.LINEARREG_SLOPE(b["x"], 14), ROUNDED),
    (Highest(20), lambda b: talib.MAX(b["x"], 20), EXACT),
    (Lowest(20), lambda b: talib.MIN(b["x"], 20), EXACT),
    (RealisedVolatility(20, 252.0), lambda b: realised(b["x"], 20, 252.0), ROUNDED),
    (Lag(5), lambda b: np.concatenate([[math.nan] * 5, b["x"][:-5]]), EXACT),
]


def test_every_indicator_has_a_reference() -> None:
    assert {type(one) for one, _, _ in REFERENCES} == set(INDICATORS.values())


@pytest.mark.parametrize(("indicator", "reference", "tolerance"), REFERENCES, ids=[repr(one[0]) for one in REFERENCES])
def test_equals_its_reference(indicator: Indicator, reference: Callable[[Bars], Answer], tolerance: float) -> None:
    bars = real_bars()
    ours = interpreted(copy_of(indicator), rows_for(indicator, bars))
    answer = reference(bars)
    theirs = np.column_stack(answer if isinstance(answer, tuple | list) else [answer])
    assert np.array_equal(np.isnan(ours), np.isnan(theirs)), "they do not begin together"
    there = ~np.isnan(ours)
    worst = (np.abs(ours - theirs) / (1 + np.abs(theirs)))[there].max()
    assert worst <= tolerance, worst


def walk(seed: int) -> Bars:
    """Return made-up bars of small whole numbers: full of ties and standstills, which real ones hardly have."""
    draw = np.random.default_rng(seed)
    moving = np.repeat(draw.integers(0, 2, 200), 10)
    close = np.abs(np.cumsum(draw.integers(-2, 3, 2_000) * moving)) + 20.0
    high, low = close + draw.integers(0, 3, 2_000), close - draw.integers(0, 3, 2_000)
    return {"x": close, "close": close, "high": high, "low": low, "volume": draw.integers(0, 9, 2_000).astype(float)}


TIED = [
    (KAMA(5), lambda b: talib.KAMA(b["x"], 5)),
    (ParabolicSAR(0.5, 0.5), lambda b: talib.SAR(b["high"], b["low"], 0.5, 0.5)),
    (ParabolicSAR(0.0, 0.0), lambda b: talib.SAR(b["high"], b["low"], 0.0, 0.0)),
    (Aroon(5), lambda b: talib.AROON(b["high"], b["low"], 5)[::-1]),
    (ADX(3), lambda b: directional(b, 3)),
    (OBV(), lambda b: talib.OBV(b["close"], b["volume"])),
    (CCI(5), lambda b: talib.CCI(*hlc(b), 5)),
    (ROC(5), lambda b: talib.ROC(b["x"], 5)),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("indicator", "reference"), TIED, ids=[repr(one[0]) for one in TIED])
def test_equals_talib_on_ties(indicator: Indicator, reference: Callable[[Bars], Answer], seed: int) -> None:
    bars = walk(seed)
    ours, answer = interpreted(copy_of(indicator), rows_for(indicator, bars)), reference(bars)
    theirs = np.column_stack(answer if isinstance(answer, tuple | list) else [answer])
    assert np.allclose(ours, theirs, rtol=SMOOTHED, atol=SMOOTHED, equal_nan=True)
