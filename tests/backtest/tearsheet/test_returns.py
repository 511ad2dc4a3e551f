import math
import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from backtest.tearsheet import tear_sheet
from backtest.tearsheet.drawdowns import drawdowns
from backtest.tearsheet.returns import months, performance, rolling
from backtest.tearsheet.sessions import by_session, sessions_per_year


def measure(record):
    sessions = by_session(record)
    return performance(sessions, drawdowns(sessions).deepest)


def test_figures_equal_a_plain_computation(make):
    equity = [100 * 1.01 ** (i % 3) * 1.001**i for i in range(40)]
    it = measure(make(equity))
    closes = [100.0, *(round(value, 8) for value in equity)]
    returns = [b / a - 1 for a, b in pairwise(closes)]
    mean, spread = statistics.fmean(returns), statistics.stdev(returns)
    below = math.sqrt(statistics.fmean([min(r, 0) ** 2 for r in returns]))
    assert it.total_return.value == pytest.approx(closes[-1] / 100 - 1, rel=1e-12)
    assert it.cagr.value == pytest.approx((closes[-1] / 100) ** (365.25 / 40) - 1, rel=1e-12)
    assert it.volatility.value == pytest.approx(spread * math.sqrt(365), rel=1e-12)
    assert it.sharpe.value == pytest.approx(mean / spread * math.sqrt(365), rel=1e-12)
    assert it.sortino.value == pytest.approx(mean / below * math.sqrt(365), rel=1e-12)
    lowest = min(b / max(closes[: i + 2]) - 1 for i, b in enumerate(closes[1:]))
    assert it.calmar.value == pytest.approx(it.cagr.value / -lowest, rel=1e-12)


def test_skew_and_kurtosis_are_of_the_population(make):
    it = measure(make([110, 99, 108.9, 98.01] * 6))
    assert it.kurtosis.value == pytest.approx(np.mean((z := _standard([110, 99, 108.9, 98.01] * 6)) ** 4))
    assert it.skew.value == pytest.approx(np.mean(z**3))


def _standard(equity):
    closes = np.array([100.0, *equity])
    returns = closes[1:] / closes[:-1] - 1
    return (returns - returns.mean()) / returns.std()


def test_minutes_are_resampled_to_the_last_mark_of_each_utc_day(make):
    start = datetime(2024, 3, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=7 * i) for i in range(3000)]
    equity = 100 + np.sin(np.arange(3000) / 50)
    sessions = by_session(make(equity, moments=moments))
    expected = pd.Series(equity.round(8), index=pd.DatetimeIndex(moments)).resample("D").last()
    np.testing.assert_allclose(sessions.closes, expected.to_numpy(), rtol=1e-15)  # decimal to float is off by one ulp
    assert [str(day) for day in sessions.days[:2]] == ["2024-03-01", "2024-03-02"]
    assert np.prod(1 + sessions.returns) == pytest.approx(expected.iloc[-1] / 100, rel=1e-12)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (pd.bdate_range("2015-01-01", "2019-12-31"), 252.0),
        (pd.date_range("2015-01-01", "2019-12-31"), 365.0),
        (pd.date_range("2015-01-01", "2019-12-31", freq="W"), 52.0),
        (pd.date_range("2015-01-01", "2019-12-31", freq="MS"), 12.0),
        (pd.bdate_range("2015-01-01", "2015-01-09"), 252.0),
        (pd.date_range("2015-01-01", "2015-01-09"), 365.0),
        (pd.DatetimeIndex([]), 252.0),
    ],
)
def test_the_year_has_as_many_sessions_as_the_run_shows(days, expected):
    assert sessions_per_year(days.to_numpy().astype("datetime64[D]")) == expected


def test_six_sessions_a_week_keep_their_own_count():
    days = pd.date_range("2015-01-01", "2019-12-31")
    rate = sessions_per_year(days[days.dayofweek != 5].to_numpy().astype("datetime64[D]"))
    assert rate == pytest.approx(313, abs=1)


def test_a_year_has_none_of_the_time_that_a_run_was_idle(make):
    every = pd.bdate_range("2015-01-05", "2019-12-27")
    weeks = [day.to_pydatetime().replace(hour=21, tzinfo=UTC) for day in every if (day - every[0]).days // 7 % 2 == 0]
    idle = timedelta(days=7) * (len(weeks) // 5 - 1)
    assert by_session(make([100] * len(weeks), moments=weeks)).per_year == pytest.approx(126, rel=0.05)
    sessions = by_session(make([100] * len(weeks), moments=weeks, idle=idle))
    assert sessions.per_year == 252.0
    assert sessions.years == pytest.approx(len(weeks) / 252, rel=0.04)  # 261 working days, with holidays


def test_months_compound_and_years_total(make):
    moments = [datetime(2021, 11, 30, 21, tzinfo=UTC), datetime(2021, 12, 1, 21, tzinfo=UTC),
               datetime(2021, 12, 31, 21, tzinfo=UTC), datetime(2022, 1, 3, 21, tzinfo=UTC)]  # fmt: skip
    rows = months(by_session(make([110, 99, 118.8, 59.4], moments=moments)))
    assert [row.year for row in rows] == [2021, 2022]
    assert rows[0].months[:10] == (None,) * 10
    assert rows[0].months[10:] == pytest.approx((0.10, 0.08))
    assert rows[0].total == pytest.approx(0.188)
    assert rows[1].months[0] == rows[1].total == pytest.approx(-0.5)


def test_rolling_equals_pandas(walk):
    sessions = by_session(walk)
    it = rolling(sessions)
    series = pd.Series(sessions.returns).rolling(126)
    assert it.window == 126
    np.testing.assert_allclose(it.volatility, (series.std() * math.sqrt(252)).dropna(), rtol=1e-9)
    np.testing.assert_allclose(it.sharpe, (series.mean() / series.std() * math.sqrt(252)).dropna(), rtol=1e-9)
    assert it.days[0] == str(sessions.days[125])
    assert len(it.days) == len(it.sharpe)


def test_rolling_window_shrinks_and_then_gives_up(make):
    assert rolling(by_session(make(range(100, 160)))).window == 30
    assert rolling(by_session(make(range(100, 139)))).reason == "fewer than 40 sessions"


def test_constant_equity_has_no_sharpe(make):
    it = measure(make([100] * 60))
    assert (it.sharpe.value, it.sharpe.reason) == (None, "returns do not vary")
    assert (it.volatility.value, it.total_return.value) == (0.0, 0.0)
    assert rolling(by_session(make([100] * 60))).sharpe == (None,) * 31


def test_steady_growth_has_no_risk_to_divide_by(make):
    it = measure(make([200 * 2**i for i in range(40)]))
    assert it.sharpe.reason == it.sortino.reason == "returns do not vary"


def test_ruin_ends_the_returns_and_undefines_the_ratios(make):
    equity = [100 + i for i in range(50)]
    equity[30:] = [-5.0] * 20
    sessions = by_session(make(equity))
    it = performance(sessions, drawdowns(sessions).deepest)
    assert str(sessions.ruined_on) == "2020-01-31"
    assert len(sessions.returns) == 30
    assert it.total_return.value == pytest.approx(-1.05)
    assert it.sharpe.value is it.cagr.value is it.calmar.value is None
    assert "2020-01-31" in it.sharpe.reason


def test_ruin_within_a_day_counts_although_the_close_is_positive(make):
    moments = [datetime(2020, 1, day, hour, tzinfo=UTC) for day in range(1, 30) for hour in (9, 21)]
    equity = [100.0] * len(moments)
    equity[20] = 0.0
    assert str(by_session(make(equity, moments=moments)).ruined_on) == "2020-01-11"


def test_a_deposit_is_no_return(make):
    it = tear_sheet(make([100] * 10 + [200] * 20, flows=[(10, "100")], other=[(10, "deposit", "100")]))
    assert (it.performance.total_return.value, it.performance.cagr.value, it.drawdowns.deepest.value) == (0, 0, 0)
    assert it.performance.sharpe.reason == "returns do not vary"
    assert (it.account.result, it.account.paid_in, it.trades.unexplained) == (100, 100, 0)
    assert [row.total for row in it.months] == [0]


def test_a_withdrawal_is_no_drawdown(make):
    it = drawdowns(by_session(make([100, 120, 60, 66], flows=[(2, "-60")])))
    assert it.deepest.value == 0


def test_returns_are_linked_over_flows(make):
    # up 10 %, up 10 % beside a deposit of 79, down 25 %, up 20 % beside a withdrawal of 80
    sessions = by_session(make([110, 200, 150, 100], flows=[(1, "79"), (3, "-80")]))
    assert sessions.returns.tolist() == pytest.approx([0.1, 0.1, -0.25, 0.2])
    assert sessions.closes.tolist() == [110, 200, 150, 100]
    assert sessions.grown.tolist() == pytest.approx([110, 121, 90.75, 108.9])
    assert measure(make([110, 200, 150, 100], flows=[(1, "79"), (3, "-80")])).total_return.value == pytest.approx(0.089)
    assert drawdowns(sessions).deepest.value == pytest.approx(-0.25)


def test_two_flows_at_one_mark_count_together(make):
    assert by_session(make([100, 160], flows=[(1, "100"), (1, "-50")])).returns.tolist() == pytest.approx([0, 0.1])


def test_without_flows_the_wealth_is_the_equity(walk):
    sessions = by_session(walk)
    assert sessions.wealth.tobytes() == sessions.equity.tobytes()
    assert sessions.grown.tobytes() == sessions.closes.tobytes()


def test_money_paid_into_a_ruined_account_does_not_undo_the_ruin(make):
    sessions = by_session(make([100, 50, 40, 45], flows=[(2, "60")]))  # it would have stood at −20
    assert str(sessions.ruined_on) == "2020-01-03"
    assert sessions.returns.tolist() == [0, -0.5]


def test_an_account_that_is_emptied_ends(make):
    sessions = by_session(make([100, 0, 0, 50], flows=[(1, "-100"), (3, "50")]))
    assert (str(sessions.ruined_on), sessions.returns.tolist()) == ("2020-01-02", [0])
