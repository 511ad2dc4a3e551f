"""Conditional paths: the model finds what is planted, conditions are met, and soft ones are met softly."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import truncnorm

from mrie.scenarios import Observed, Within, observed
from mrie.scenarios.conditional import condition
from mrie.scenarios.conditions import Set, check, written
from mrie.scenarios.var import complete_months, fit_var, forecast, path_covariance
from zeno.errors import ConfigError

NAMES = ("x", "y")
A = np.array([[0.5, 0.0], [0.4, 0.3]])
SIGMA = np.array([[1.0, 0.3], [0.3, 0.5]])


def simulate(months: int = 3_000, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((months, 2)) @ np.linalg.cholesky(SIGMA).T
    values = np.zeros((months, 2))
    for at in range(1, months):
        values[at] = 1.0 + A @ values[at - 1] + noise[at]
    return values


VALUES = simulate()
MODEL = fit_var(VALUES, NAMES)
MEAN, COVARIANCE = forecast(MODEL, VALUES, 6), path_covariance(MODEL, 6)


def test_the_model_finds_what_was_planted():
    np.testing.assert_allclose(MODEL.coefficients[0], A, atol=0.06)
    np.testing.assert_allclose(MODEL.coefficients[1:], 0.0, atol=0.06)
    np.testing.assert_allclose(MODEL.sigma, SIGMA, atol=0.05)


def test_a_tight_prior_shrinks_growth_rates_to_nothing_and_levels_to_themselves():
    walk = np.cumsum(np.random.default_rng(1).standard_normal((400, 1)), axis=0)
    both = np.hstack([walk, np.random.default_rng(2).standard_normal((400, 1))])
    np.testing.assert_allclose(fit_var(both, NAMES, tightness=1e-4).coefficients[0], [[1, 0], [0, 0]], atol=1e-3)


def test_a_forecast_is_the_model_iterated():
    state, path = VALUES[-6:][::-1], []
    for _ in range(6):
        path.append(MODEL.intercept + sum(MODEL.coefficients[k] @ state[k] for k in range(6)))
        state = np.vstack([path[-1], state])
    np.testing.assert_allclose(MEAN, path, rtol=1e-12)


def test_the_covariance_of_a_path_is_that_of_simulated_paths():
    draws = np.random.default_rng(4).standard_normal((20_000, 6, 2)) @ np.linalg.cholesky(MODEL.sigma).T
    paths = np.zeros((20_000, 12, 2))
    for step in range(6):
        past = paths[:, step : step + 6][:, ::-1]
        paths[:, step + 6] = np.einsum("kij,dkj->di", MODEL.coefficients, past) + draws[:, step]
    found = np.cov(paths[:, 6:].reshape(20_000, 12).T)
    np.testing.assert_allclose(found, COVARIANCE, atol=0.06)


def test_a_hard_condition_is_met_and_moves_what_it_is_correlated_with():
    path = condition(MEAN, COVARIANCE, NAMES, observed("y", [5.0, 5.0]))
    np.testing.assert_allclose(path[:2, 1], 5.0, atol=1e-6)
    assert path[0, 0] > MEAN[0, 0] + 0.5  # what happens at the same time is revised too


def test_conditioning_is_regression_on_the_joint_normal():
    at, rest = [1, 3], [0, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    values = np.array([4.0, 2.0])
    expected = MEAN.ravel().copy()
    expected[at] = values
    weights = COVARIANCE[np.ix_(rest, at)] @ np.linalg.inv(COVARIANCE[np.ix_(at, at)])
    expected[rest] += weights @ (values - MEAN.ravel()[at])
    np.testing.assert_allclose(condition(MEAN, COVARIANCE, NAMES, observed("y", values)).ravel(), expected, atol=1e-7)


def test_a_condition_seen_with_noise_is_met_in_part():
    hard = condition(MEAN, COVARIANCE, NAMES, [Observed("y", 1, 5.0)])
    soft = condition(MEAN, COVARIANCE, NAMES, [Observed("y", 1, 5.0, sd=1.0)])
    share = COVARIANCE[1, 1] / (COVARIANCE[1, 1] + 1.0)
    assert soft[0, 1] == pytest.approx(MEAN[0, 1] + share * (5.0 - MEAN[0, 1]), rel=1e-6)
    assert MEAN[0, 0] < soft[0, 0] < hard[0, 0]


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.5, 2.0), (4.0, 5.0), (-9.0, -8.0)])
def test_a_range_gives_the_mean_of_the_truncated_normal(low, high):
    mean, sd = MEAN[0, 1], np.sqrt(COVARIANCE[1, 1])
    path = condition(MEAN, COVARIANCE, NAMES, [Within("y", 1, mean + sd * low, mean + sd * high)])
    assert path[0, 1] == pytest.approx(mean + sd * truncnorm.mean(low, high), abs=0.02 * sd)


def test_a_range_that_says_nothing_changes_nothing():
    path = condition(MEAN, COVARIANCE, NAMES, [Within("y", 1, -1e6, 1e6), Within("y", 2, -1e6, 1e6)])
    np.testing.assert_allclose(path, MEAN, atol=0.06)


def test_ranges_over_months_are_met_together_with_values():
    ranges = [Within("y", step, 4.0, 5.0) for step in (1, 2, 3)]
    path = condition(MEAN, COVARIANCE, NAMES, [*ranges, Observed("x", 1, 2.0)])
    assert np.all((path[:3, 1] > 4.0) & (path[:3, 1] < 5.0))
    assert path[0, 0] == pytest.approx(2.0, abs=1e-6)
    again = condition(MEAN, COVARIANCE, NAMES, [*ranges, Observed("x", 1, 2.0)])
    np.testing.assert_array_equal(path, again)


@pytest.mark.parametrize(("assumptions", "problem"), [
    ([], "assumes nothing"),
    ([Observed("z", 1, 0.0)], "no variable z"),
    ([Observed("x", 7, 0.0)], "month 7 is outside the 6 months"),
    ([Observed("x", 0, 0.0)], "month 0 is outside"),
    ([Observed("x", 1, 0.0), Within("x", 1, 0.0, 1.0)], "assumed twice"),
    ([Within("x", 1, 1.0, 1.0)], "is empty"),
])  # fmt: skip
def test_what_means_nothing_is_refused(assumptions, problem):
    with pytest.raises(ConfigError, match=problem):
        check(assumptions, NAMES, 6)


def test_assumptions_are_written_with_their_kind():
    assert written([Set("x", 1, 2.0)]) == '[{"kind":"set","node":"x","step":1,"value":2.0}]'


def test_a_gap_in_the_data_is_named_and_a_ragged_end_left_out():
    months = pd.date_range("2000-01-01", periods=6, freq="MS")
    frame = pd.DataFrame({"x": [np.nan, 1, 2, 3, 4, 5], "y": [0, 1, 2, 3, 4, np.nan]}, index=months)
    assert len(complete_months(frame)) == 4
    frame.loc["2000-03-01", "x"] = np.nan
    with pytest.raises(ConfigError, match="2000-03 is incomplete"):
        complete_months(frame)


def test_too_little_data_is_refused():
    with pytest.raises(ConfigError, match="too few"):
        fit_var(VALUES[:100], NAMES)
