"""Markov switching on the momentum composite: two states, each with its own mean, one variance (Hamilton 1989).

statsmodels fits it; it has no prediction out of sample, so the filter over later months is our own (``filtering``),
with the same parameters, and a test holds it equal to statsmodels' on extended data. A variance for each state was
tried and is worse calibrated: the recession's wide density claims every outlier.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from mrie.models.filtering import filtered, gaussian_log_density, stationary
from mrie.panel.store import Floats

_EM_STEPS = 10
_ITERATIONS = 100
_STARTS = ((0.90, 0.03, -1.75, 0.35, 0.4), (0.95, 0.01, -2.25, 0.2, 0.5), (0.85, 0.05, -1.25, 0.5, 0.3))
"""P(stay in recession), P(into recession), the two means and the variance, of a standardised composite."""


@dataclass(frozen=True)
class SwitchingParameters:
    """State 0 is the recession. ``transition`` (2, 2) by row, ``means`` (2,), ``variance`` of both states."""

    transition: Floats
    means: Floats
    variance: float

    def filter(self, values: Floats) -> tuple[Floats, Floats]:
        """Return filtered probabilities (months, 2) and predictive log densities (months,) of values (months,)."""
        density = gaussian_log_density(values[:, None], self.means[:, None], np.full((2, 1), self.variance))
        return filtered(density, stationary(self.transition), self.transition)

    def vector(self) -> Floats:
        """Return the parameters in statsmodels' order."""
        return np.array([self.transition[0, 0], self.transition[1, 0], *self.means, self.variance])


@dataclass(frozen=True)
class SwitchingFit:
    """The best start, the log-likelihood of every start (NaN if it failed), and whether the best one converged."""

    parameters: SwitchingParameters
    likelihoods: tuple[float, ...]
    converged: bool


def fit_switching(values: Floats, warm: SwitchingParameters | None = None) -> SwitchingFit:
    """Fit the model on a composite, shape (months,), without NaN."""
    model = MarkovRegression(values, k_regimes=2, trend="c", switching_variance=False)
    starts = [*_STARTS, *([tuple(warm.vector())] if warm is not None else [])]
    ended = [_fit_one(model, np.array(start)) for start in starts]
    likelihoods = tuple(one[1] for one in ended)
    best, _, converged = ended[int(np.nanargmax(likelihoods))] if np.isfinite(likelihoods).any() else ended[0]
    return SwitchingFit(best, likelihoods, converged)


def _fit_one(model: MarkovRegression, start: Floats) -> tuple[SwitchingParameters, float, bool]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is recorded, not printed
        try:
            result: Any = model.fit(start_params=start, em_iter=_EM_STEPS, maxiter=_ITERATIONS, disp=False)
        except (np.linalg.LinAlgError, ValueError):
            return _ordered(start), np.nan, False
    found = _ordered(np.asarray(result.params, dtype=np.float64))
    good = bool(np.isfinite(found.vector()).all()) and found.variance > 0
    likelihood = float(result.llf) if good else np.nan
    return (found if good else _ordered(start)), likelihood, bool(result.mle_retvals.get("converged", False))


def _ordered(vector: Floats) -> SwitchingParameters:
    stay, enter, first, second, variance = (float(each) for each in vector)
    transition, means = np.array([[stay, 1 - stay], [enter, 1 - enter]]), np.array([first, second])
    if means[0] > means[1]:
        transition, means = transition[::-1, ::-1].copy(), means[::-1].copy()
    return SwitchingParameters(transition, means, variance)
