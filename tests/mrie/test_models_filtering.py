"""Filters know nothing after their month, and equal the libraries' own where those have one."""

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from mrie.models.filtering import filtered, gaussian_log_density, stationary
from mrie.models.hmm import HmmParameters, fit_hmm
from mrie.models.spec import DEFAULT, STATE_SETS
from mrie.models.switching import fit_switching


def two_regimes(months: int = 300, seed: int = 3, noise: float = 0.6) -> np.ndarray:
    """Composites, shape (months, 2), that fall in every tenth part."""
    random = np.random.default_rng(seed)
    falling = (np.arange(months) // 15) % 10 == 9
    return random.normal(0, noise, (months, 2)) + np.where(falling, -2.0, 0.3)[:, None]


def prefix_moves(probability, values: np.ndarray, cut: int) -> float:
    """Return how far readings up to ``cut`` move when later months are appended: the gate against looking ahead."""
    return float(np.abs(probability(values)[:cut] - probability(values[:cut])).max())


def parameters() -> HmmParameters:
    """A fit of the five states."""
    return fit_hmm(two_regimes(), DEFAULT, seed=1).parameters


def library(found: HmmParameters) -> GaussianHMM:
    """The same parameters in hmmlearn."""
    model = GaussianHMM(len(found.means), covariance_type="diag")
    model.startprob_, model.transmat_ = found.initial, found.transition
    model.means_, model.covars_ = found.means, found.variances
    return model


def test_appending_months_does_not_move_the_filter():
    values, found = two_regimes(), parameters()
    assert prefix_moves(lambda rows: found.filter(rows)[0], values, 200) == 0.0
    switching = fit_switching(values[:200, 1]).parameters
    assert prefix_moves(lambda rows: switching.filter(rows[:, 1])[0], values, 200) == 0.0


def test_the_gate_catches_a_planted_smoother():
    values, smoothed = two_regimes(noise=1.5), library(parameters()).predict_proba
    assert max(prefix_moves(smoothed, values, cut) for cut in range(130, 200)) > 0.1  # predict_proba runs backwards


def test_the_filter_equals_hmmlearn_at_each_months_end():
    values, found = two_regimes(120), parameters()
    model = library(found)
    ours, evidence = found.filter(values)
    for cut in (1, 40, 120):  # at a sample's last month smoothed and filtered are the same
        np.testing.assert_allclose(ours[cut - 1], model.predict_proba(values[:cut])[-1], atol=1e-10)
    assert evidence.sum() == pytest.approx(model.score(values), abs=1e-8)


def test_the_filter_equals_statsmodels_on_extended_data():
    values = two_regimes()[:, 1]
    found = fit_switching(values[:200]).parameters
    extended = MarkovRegression(values, k_regimes=2, trend="c", switching_variance=False)
    theirs = extended.filter(found.vector())
    ours, evidence = found.filter(values)
    np.testing.assert_allclose(ours, theirs.filtered_marginal_probabilities, atol=1e-9)
    assert evidence.sum() == pytest.approx(float(theirs.llf), abs=1e-8)


def test_unknown_values_leave_the_forecast_as_it_is():
    transition = np.array([[0.9, 0.1], [0.2, 0.8]])
    density = gaussian_log_density(np.array([[0.0], [np.nan]]), np.array([[0.0], [2.0]]), np.ones((2, 1)))
    probabilities, _ = filtered(density, np.array([0.5, 0.5]), transition)
    np.testing.assert_allclose(probabilities[1], probabilities[0] @ transition)


def test_long_run_probabilities_solve_their_equation():
    transition = np.array([[0.9, 0.1], [0.03, 0.97]])
    np.testing.assert_allclose(stationary(transition) @ transition, stationary(transition))


def test_the_states_keep_their_anchors_order():
    fit = fit_hmm(two_regimes(), DEFAULT, seed=1)
    anchors = np.array([state.anchor for state in DEFAULT.states])
    nearest = ((fit.parameters.means[:, None] - anchors) ** 2).sum(axis=2).argmin(axis=1)
    assert nearest.tolist() == list(range(len(anchors)))


def test_a_state_that_left_its_meaning_is_refused():
    from dataclasses import replace

    swapped = tuple(reversed(STATE_SETS[2]))
    free = replace(DEFAULT, states=STATE_SETS[2], anchor_months=1e-6, variance_months=1.0)
    found = fit_hmm(two_regimes(), free, seed=1).parameters
    from mrie.models.hmm import _refusal

    anchors = np.array([state.anchor for state in swapped])
    assert _refusal(found, anchors, np.array([0.5, 0.5]), replace(free, states=swapped)) == "a state left its meaning"


def test_a_state_below_the_floor_is_refused_and_the_fit_says_so():
    calm = np.random.default_rng(0).normal(0.5, 0.1, (200, 2))
    fit = fit_hmm(calm, DEFAULT, seed=1)
    assert not fit.accepted
    assert "holds" in fit.starts[0].refused


def test_restarts_are_seeded_and_a_warm_start_is_one_more():
    values = two_regimes()
    first, again = fit_hmm(values, DEFAULT, seed=5), fit_hmm(values, DEFAULT, seed=5)
    assert [start.objective for start in first.starts] == [start.objective for start in again.starts]
    warm = fit_hmm(values, DEFAULT, seed=5, warm=first.parameters)
    assert len(warm.starts) == len(first.starts) + 1
