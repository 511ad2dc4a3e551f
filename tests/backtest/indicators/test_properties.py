"""What follows from the definitions: exactness on whole numbers, no drift elsewhere, and the stated odd answers."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_contract import interpreted

from backtest.core.indicator import Indicator
from backtest.indicators import (
    ADX,
    ATR,
    CCI,
    MFI,
    ROC,
    RSI,
    SMA,
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
    RealisedVolatility,
    RollingStd,
    Stochastic,
    WilliamsR,
    ZScore,
)  # fmt: skip
from backtest.indicators.rolling import Moments

whole = st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=120)
few = st.lists(st.integers(-3, 3), min_size=1, max_size=120)  # many ties
length = st.integers(1, 30)


def run(indicator: Any, values: list[int]) -> list[float]:
    return [indicator.update(float(x)) for x in values]


def expect(answers: list[float], values: list[int], n: int, of: Any) -> None:
    for at, answer in enumerate(answers):
        if at + 1 < n:
            assert math.isnan(answer)
        else:
            assert answer == float(of([Fraction(x) for x in values[at + 1 - n : at + 1]]))


@given(few | whole, length)
def test_extremes_are_those_of_the_window(values: list[int], n: int) -> None:
    expect(run(Highest(n), values), values, n, max)
    expect(run(Lowest(n), values), values, n, min)


@given(few | whole, length)
def test_aroon_counts_from_the_latest_extreme(values: list[int], n: int) -> None:
    aroon = Aroon(n)
    ups = [aroon.update(float(x), float(x))[0] for x in values]
    expect(ups, values, n + 1, lambda w: Fraction(100 * (n - w[::-1].index(max(w))), n))


@given(whole, length)
def test_mean_is_the_exact_fraction(values: list[int], n: int) -> None:
    expect(run(SMA(n), values), values, n, lambda w: sum(w) / n)


@given(whole, length)
def test_weighted_mean_is_the_exact_fraction(values: list[int], n: int) -> None:
    expect(run(WMA(n), values), values, n, lambda w: sum(i * x for i, x in enumerate(w, 1)) / (n * (n + 1) // 2))


@given(whole, st.integers(2, 30))
def test_slope_is_the_exact_fraction(values: list[int], n: int) -> None:
    middle, spread = Fraction(n - 1, 2), Fraction(n * (n * n - 1), 12)
    expect(run(LinearRegressionSlope(n), values), values, n,
           lambda w: sum((i - middle) * x for i, x in enumerate(w)) / spread)  # fmt: skip


@given(few | whole, st.integers(2, 30), st.integers(0, 1))
def test_variance_is_the_exact_fraction(values: list[int], n: int, ddof: int) -> None:
    moments, deviation = Moments(n), RollingStd(n, ddof)
    for at, x in enumerate(values):
        moments.push(float(x))
        answer = deviation.update(float(x))
        if at + 1 >= n:
            window = [Fraction(one) for one in values[at + 1 - n : at + 1]]
            variance = float(sum((one - sum(window) / n) ** 2 for one in window) / (n - ddof))
            assert moments.variance(ddof) == variance
            assert answer == math.sqrt(variance)


@given(st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=60), st.integers(2, 10))
@settings(max_examples=50)
def test_ratios_keep_their_range(values: list[float], n: int) -> None:
    for indicator, low, high in ((RSI(n), 0.0, 100.0), (EfficiencyRatio(n), 0.0, 1.0)):
        answers = [one for one in run(indicator, values) if not math.isnan(one)]  # type: ignore[arg-type]
        assert all(low <= one <= high for one in answers)
    position, flow, williams = Stochastic(n), MFI(n), WilliamsR(n)
    for at, x in enumerate(values):
        bar = (x * 1.1, x / 1.1, values[at // 2] % (x * 1.1 - x / 1.1) + x / 1.1)
        for answer in (*position.update(*bar), flow.update(*bar, x)):
            assert math.isnan(answer) or 0.0 <= answer <= 100.0
        answer = williams.update(*bar)
        assert math.isnan(answer) or -100.0 <= answer <= 0.0


def test_fractions_do_not_drift() -> None:
    values = np.random.default_rng(7).normal(100.0, 1.0, 50_000).tolist()
    mean, deviation = SMA(20), RollingStd(20)
    last = [(mean.update(x), deviation.update(x)) for x in values][-1]
    assert last[0] == pytest.approx(math.fsum(values[-20:]) / 20, rel=1e-15)  # 20 roundings of half a unit at most
    assert last[1] == pytest.approx(np.std(values[-20:], ddof=1), rel=1e-13)


@pytest.mark.parametrize("cls", [SMA, WMA, LinearRegressionSlope, RollingStd, ZScore, Bollinger])
def test_a_spike_is_forgotten(cls: Any) -> None:
    quiet = [0.1, 0.2, 0.4, 0.3, 0.7] * 4
    expected = interpreted(cls(5), np.array(quiet)[:, None])[-1]
    spiked = interpreted(cls(5), np.array([*quiet, 1e15, *quiet])[:, None])[-1]
    assert spiked == pytest.approx(expected, rel=1e-14, abs=1e-15)  # sums in another order


@pytest.mark.parametrize("value", [0.1, 1e-9, 123456.789, -3.3])
def test_equal_values_have_no_deviation(value: float) -> None:
    for seed in range(20):
        before = np.random.default_rng(seed).normal(0.0, 1e3, 25 + seed)
        rows = np.array([*before, *[value] * 45])[:, None]
        full = len(before) + 19
        assert (interpreted(RollingStd(20), rows)[full:] == 0.0).all()
        assert (interpreted(ZScore(20), rows)[full:] == 0.0).all()
        assert (interpreted(Bollinger(20), rows)[full:] == value).all()


def test_money_at_an_unchanged_price_counts_on_neither_side() -> None:
    rows = np.array([(3.0, 3.0, 3.0, 9.0), (6.0, 6.0, 6.0, 1.0), (6.0, 6.0, 6.0, 5.0), (3.0, 3.0, 3.0, 6.0)])
    assert interpreted(MFI(3), rows)[-1] == 25.0


FLAT = [(5.0, 5.0, 5.0, 0.0)] * 60


@pytest.mark.parametrize(
    ("indicator", "answer"),
    [
        (RSI(), 50.0), (Stochastic(), (50.0, 50.0)), (WilliamsR(), -50.0), (MFI(), 50.0), (CCI(), 0.0),
        (ADX(), (0.0, 0.0, 0.0)), (EfficiencyRatio(), 0.0), (VWAP(), 5.0), (TRIX(), 0.0), (ROC(), 0.0), (ATR(), 0.0),
        (Keltner(), (5.0, 5.0, 5.0)), (EwmaVolatility(), 0.0), (RealisedVolatility(), 0.0), (ZScore(), 0.0),
        (RollingStd(), 0.0), (Donchian(), (5.0, 5.0, 5.0)),
    ],
    ids=repr,
)  # fmt: skip
def test_stated_answers_where_nothing_moves(indicator: Indicator, answer: Any) -> None:
    columns = {"high": 0, "low": 1, "close": 2, "x": 2, "volume": 3}
    rows = np.array(FLAT)[:, [columns[name] for name in indicator.inputs()]]
    assert np.array_equal(interpreted(indicator, rows)[-1], np.atleast_1d(answer))


@pytest.mark.parametrize("indicator", [EwmaVolatility(0.94, 2), RealisedVolatility(2)])
def test_volatility_passes_over_what_has_no_logarithm(indicator: Any) -> None:
    clean = run(type(indicator)(n=2), [100, 110, 99, 120])
    marred = run(indicator, [-4, 100, 0, 110, 99, -1, 0, 120])
    assert marred[4:] == [clean[2], clean[2], clean[2], clean[3]]
    assert all(math.isnan(one) for one in marred[:4])


def test_nothing_moves_after_much_did() -> None:
    noisy = np.random.default_rng(3).uniform(0.1, 1e9, (33, 4))
    noisy[:, 1], noisy[:, 0] = noisy[:, 2] / 3, noisy[:, 2] * 3
    for n in (7, 10):
        for quiet in range(n, 2 * n):
            rows = np.concatenate([noisy, np.tile([7.1, 7.1, 7.1, 0.0], (quiet + 1, 1))])
            assert interpreted(MFI(n), rows)[-1] == 50.0
            assert interpreted(VWAP(n), rows)[-1] == pytest.approx(7.1)
            assert interpreted(EfficiencyRatio(n), rows[:, 2:3])[-1] == 0.0
            assert interpreted(RealisedVolatility(n), rows[:, 2:3])[-1] == 0.0


def test_zero_in_the_past() -> None:
    assert run(ROC(1), [0, 5])[1] == 0.0
    assert run(Lag(1), [0, 5])[1] == 0.0
    assert run(TRIX(1), [0, 5])[1] == 0.0
