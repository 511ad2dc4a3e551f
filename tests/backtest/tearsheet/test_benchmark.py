import numpy as np
import pyarrow as pa
import pytest

from backtest.tearsheet.benchmark import compare
from backtest.tearsheet.sessions import by_session


def test_regression_equals_numpy(walk):
    sessions = by_session(walk)
    it = compare(sessions, walk.benchmark)
    closes = walk.benchmark["close"].to_numpy()
    ours, theirs = sessions.returns[1:], closes[1:] / closes[:-1] - 1
    slope, intercept = np.polyfit(theirs, ours, 1)
    assert it.beta.value == pytest.approx(slope, rel=1e-9)
    assert it.alpha.value == pytest.approx(intercept * 252, rel=1e-6)
    assert it.correlation.value == pytest.approx(np.corrcoef(ours, theirs)[0, 1], rel=1e-9)
    active = ours - theirs
    assert it.information_ratio.value == pytest.approx(active.mean() / active.std(ddof=1) * np.sqrt(252), rel=1e-9)
    growth = sessions.closes[-1] / sessions.closes[0]
    assert it.relative.value == pytest.approx(growth / (closes[-1] / closes[0]) - 1, rel=1e-9)


def test_a_run_that_is_its_benchmark(make):
    equity = 100 * np.cumprod(1 + np.random.default_rng(5).normal(0, 0.01, 80))
    record = make(equity.round(8))
    it = compare(by_session(record), pa.table({"ts": record.marks["ts"], "close": equity.round(8)}))
    assert it.beta.value == pytest.approx(1)
    assert it.relative.value == pytest.approx(0, abs=1e-12)
    assert it.information_ratio.reason == "the run equals its benchmark"


def test_unusable_closes_are_left_out_and_few_sessions_say_so(make):
    record = make([100 + i for i in range(30)])
    closes = np.full(30, 50.0)
    closes[5:15] = np.nan
    closes[15] = 0.0
    it = compare(by_session(record), pa.table({"ts": record.marks["ts"], "close": closes}))
    assert it.sessions == 19
    assert it.beta.reason == "19 sessions in common are too few"


def test_a_flat_benchmark_has_no_beta(make):
    record = make([100 + i for i in range(30)])
    it = compare(by_session(record), pa.table({"ts": record.marks["ts"], "close": np.full(30, 50.0)}))
    assert it.beta.reason == "the benchmark does not vary"
    assert it.correlation.value is None
    assert it.total_return.value == 0


def test_a_ruined_run_is_not_compared(make):
    record = make([100 - 4 * i for i in range(40)])
    it = compare(by_session(record), pa.table({"ts": record.marks["ts"], "close": np.linspace(50, 60, 40)}))
    assert it.relative.value is None
    assert "fell to zero" in it.relative.reason


def test_without_a_benchmark_there_is_no_comparison(make):
    assert compare(by_session(make([100] * 40)), None) is None
