"""What a study keeps of a run: equity at the ends of periods, and how good the returns between them are."""

from dataclasses import replace

import numpy as np
import pytest
from study_bench import bars_file, spec
from walks import DAY

from backtest.studies.measured import measured
from backtest.studies.source import cut, load
from backtest.studies.trial import History, drawdown, during, history, per_year, score, trial
from backtest.studies.walk_forward import KIND
from zeno.errors import ConfigError

HOUR = DAY // 24
RETURNS = np.array([0.1, -0.2, 0.05])


@pytest.fixture(scope="module")
def hourly(tmp_path_factory):
    path = bars_file(tmp_path_factory.mktemp("bars"), count=240, step=HOUR, per_day=24)
    asked = spec(KIND, path, fixed={"fast": 5, "slow": 20})
    return trial(asked.question, {}, load(asked.data, panel=False))


def test_a_day_ends_with_the_bar_that_ends_at_midnight(hourly):
    days, hours = history(hourly, "1d"), history(hourly, "1h")
    assert (days.moments % DAY == 0).all()
    assert len(days.moments) == 10
    assert days.equity.tolist() == hours.equity[23::24].tolist()
    assert np.prod(1.0 + days.returns) == pytest.approx(np.prod(1.0 + hours.returns))
    assert days.returns.any()


def test_a_window_has_the_periods_of_its_own_bars_whatever_hour_it_begins_at(hourly):
    times, hours = hourly.frame.columns.times, history(hourly, "slice")
    for first, last in ((0, 24), (30, 100), (48, 239)):
        kept = during(hourly, "1d", int(times[first]), int(times[last]))
        assert np.prod(1.0 + kept.returns) == pytest.approx(np.prod(1.0 + hours.returns[first:last]))
        assert kept.moments[-1] == times[last - 1] + HOUR
        assert kept.initial == (hours.equity[first - 1] if first else hours.initial)


def test_a_window_of_ticks_has_the_first_of_them_too(tmp_path):
    asked = spec(KIND, bars_file(tmp_path, count=60), fixed={"fast": 5, "slow": 20})
    frame = load(asked.data, panel=False)
    ticks = replace(frame, columns=replace(frame.columns, duration=0))
    kept = during(trial(asked.question, {}, ticks), "slice", *ticks.columns.times[[10, 40]].tolist())
    assert kept.moments.tolist() == ticks.columns.times[10:40].tolist()


def test_nothing_is_earned_from_nothing():
    ruined = History(np.arange(4), np.array([50, 0, 10, 20]), 100)
    assert ruined.returns.tolist() == [-0.5, -1.0, 0.0, 0.0]


def test_objectives_are_mean_over_deviation_gain_and_gain_over_drawdown():
    gain = 1.1 * 0.8 * 1.05 - 1.0
    assert score(RETURNS, "sharpe") == pytest.approx(RETURNS.mean() / np.std(RETURNS, ddof=1))
    assert score(RETURNS, "return") == pytest.approx(gain)
    assert score(RETURNS, "calmar") == pytest.approx(gain / 0.2)
    assert [score(np.zeros(0), one) for one in ("sharpe", "return", "calmar")] == [0.0, 0.0, 0.0]
    with pytest.raises(ConfigError, match="no objective 'luck'"):
        score(RETURNS, "luck")


def test_a_drawdown_counts_from_the_start_too():
    assert drawdown(np.array([0.9, 0.95])) == pytest.approx(0.1)


def test_periods_a_year_are_those_between_the_first_and_the_last():
    assert per_year(np.arange(11) * DAY) == pytest.approx(365.25)
    assert per_year(np.arange(2) * DAY) == 252.0


def test_time_that_was_not_asked_about_makes_no_year_longer():
    days = np.arange(1, 6) * DAY
    every, other = ((np.arange(26)[:, None] * step * DAY + days).reshape(-1) for step in (7, 14))
    assert per_year(other, idle=25 * 7 * DAY) == per_year(every) == pytest.approx(261, rel=0.01)


def test_turnover_and_fees_are_those_of_the_fills(hourly):
    found = measured(hourly, {"period": "1d", "objective": "return"})
    fills, days = hourly.session.record.fills(), history(hourly, "1d")
    traded = np.abs(fills[:, 3] * fills[:, 4]).sum() / 100
    assert found["turnover"] == pytest.approx(traded / (days.equity.mean() / 1e6) * per_year(days.moments) / 10)
    assert found["fees"] == pytest.approx(fills[:, 5].sum() / 1e6)
    assert found["score"] == pytest.approx(found["return"])


def test_a_point_of_the_space_overrides_what_is_fixed(tmp_path):
    asked = spec(KIND, bars_file(tmp_path, count=3), fixed={"fast": 5, "slow": 20})
    made = trial(asked.question, {"fast": 7}, cut(load(asked.data, panel=False), 0, 3)).request.strategy
    assert (made.fast, made.slow) == (7, 20)
