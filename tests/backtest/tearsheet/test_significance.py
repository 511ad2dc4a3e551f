import math

import numpy as np
import pytest

from backtest.tearsheet import tear_sheet
from backtest.tearsheet.bootstrap import bootstrap, resampled_rows
from backtest.tearsheet.sessions import by_session
from backtest.tearsheet.significance import expected_best_sharpe, min_track_record, probabilistic_sharpe

DAILY = 2.5 / math.sqrt(250)
"""The example of Bailey & López de Prado (2014): 2.5 a year, five years of 250 days, variance of trials 0.5 a year."""


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "published"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_deflated_sharpe_of_the_paper(trials, skew, kurtosis, published):
    luck = expected_best_sharpe(trials, 0.5 / 250)
    assert probabilistic_sharpe(DAILY, luck, 1250, skew, kurtosis) == pytest.approx(published, abs=5e-5)


def test_expected_best_of_the_paper_and_of_a_simulation():
    assert expected_best_sharpe(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    best = np.random.default_rng(1).normal(0, 0.3, (20_000, 50)).max(axis=1).mean()
    assert expected_best_sharpe(50, 0.09) == pytest.approx(best, rel=0.02)  # the formula is asymptotic in the trials
    assert expected_best_sharpe(1, 0.5) == 0.0


@pytest.mark.parametrize(("skew", "kurtosis", "published"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_probabilistic_sharpe_of_the_2012_paper(skew, kurtosis, published):
    assert probabilistic_sharpe(0.458, 0.0, 24, skew, kurtosis) == pytest.approx(published, abs=5e-4)


def test_the_minimum_track_record_is_where_the_probability_is_reached():
    count = min_track_record(0.05, -0.4, 6.0)
    low, high = math.floor(count), math.ceil(count)
    assert probabilistic_sharpe(0.05, 0, low, -0.4, 6.0) < 0.95 <= probabilistic_sharpe(0.05, 0, high, -0.4, 6.0)


def test_more_trials_deflate_more(walk):
    values = {"title": "x", "settings": {}, "currency": "EUR", "initial_cash": walk.initial_cash, "marks": walk.marks}
    odds = [tear_sheet(type(walk)(**values, trials=trials)).significance for trials in (1, 10, 1000)]
    assert odds[0].dsr == odds[0].psr
    assert odds[0].dsr.value > odds[1].dsr.value > odds[2].dsr.value
    assert odds[1].variance_assumed
    annual = 252 / (odds[1].sessions - 1)
    assert odds[1].luck_sharpe.value == pytest.approx(expected_best_sharpe(10, annual))
    given = tear_sheet(type(walk)(**values, trials=10, trials_sharpe_variance=annual)).significance
    assert given.dsr.value == pytest.approx(odds[1].dsr.value)


def test_resampled_blocks_have_the_stated_mean_length_and_wrap():
    rows = resampled_rows(500, 8.0, 400, np.random.default_rng(2))
    assert rows.min() == 0
    assert rows.max() == 499
    follows = (np.diff(rows, axis=1) % 500) == 1
    assert follows.mean() == pytest.approx(1 - (1 / 8) * (1 - 1 / 500), abs=0.004)  # four standard errors
    assert ((rows[:, :-1] == 499) & (rows[:, 1:] == 0)).any()
    assert np.bincount(rows.ravel(), minlength=500).min() > 250  # of 400 expected: no row is neglected


def test_the_interval_of_independent_returns_is_the_textbook_one(make):
    returns = np.random.default_rng(4).normal(0.0005, 0.01, 2000)
    it = bootstrap(by_session(make(100 * np.cumprod(1 + returns))), seed=7)
    width = it.sharpe.high - it.sharpe.low
    assert width == pytest.approx(2 * 1.645 * math.sqrt(365 / 2000), rel=0.15)  # Lo (2002), for a small Sharpe ratio
    assert it.max_drawdown.low < it.max_drawdown.high < 0


def test_the_seed_decides_the_interval(walk):
    sessions = by_session(walk)
    assert bootstrap(sessions, seed=7) == bootstrap(sessions, seed=7)
    assert bootstrap(sessions, seed=7).sharpe != bootstrap(sessions, seed=8).sharpe


def test_nothing_is_judged_where_nothing_varies(make):
    sheet = tear_sheet(make([100] * 60))
    assert sheet.bootstrap.cagr.reason == sheet.significance.dsr.reason == "returns do not vary"
    short = tear_sheet(make([100, 101]))
    assert short.bootstrap.sharpe.reason == short.significance.psr.reason == "fewer than 20 sessions"
