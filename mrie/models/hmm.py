"""The Gaussian hidden Markov model: diagonal, estimated towards fixed anchors so that its states keep their meaning.

hmmlearn has no restarts, and without a prior most starts end elsewhere. Here the prior's mean of each state is its
anchor (MAP, ``means_prior`` and ``means_weight``); beside the anchored start there are jittered ones; a fit whose
states, matched to the anchors (Hungarian), do not keep their order, or that leaves a state nearly empty, is refused.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from hmmlearn.hmm import GaussianHMM
from scipy.optimize import linear_sum_assignment

from mrie.models.filtering import filtered, gaussian_log_density
from mrie.models.spec import ModelSpec
from mrie.panel.store import Floats

_STAY = 0.9
_JITTER = 0.3
_ITERATIONS = 100
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class HmmParameters:
    """``initial`` (states,), ``transition`` (states, states), ``means`` and ``variances`` (states, dims)."""

    initial: Floats
    transition: Floats
    means: Floats
    variances: Floats

    def filter(self, values: Floats) -> tuple[Floats, Floats]:
        """Return filtered probabilities (months, states) and predictive log densities (months,) of (months, dims)."""
        return filtered(gaussian_log_density(values, self.means, self.variances), self.initial, self.transition)


@dataclass(frozen=True)
class HmmStart:
    """How one start ended: the penalised log-likelihood, whether it converged, and why it was refused, if it was."""

    objective: float
    converged: bool
    refused: str


@dataclass(frozen=True)
class HmmFit:
    """The best accepted start, all starts, and whether it came to that (``accepted``)."""

    parameters: HmmParameters
    starts: tuple[HmmStart, ...]
    accepted: bool
    occupancy: Floats


def fit_hmm(values: Floats, spec: ModelSpec, seed: int, warm: HmmParameters | None = None) -> HmmFit:
    """Fit the model on composites, shape (months, dims), NaN unknown.

    Parameters
    ----------
    seed
        Seed of the jittered starts.
    warm
        Parameters to start from as well, such as last year's.
    """
    anchors = np.array([state.anchor for state in spec.states])[:, : values.shape[1]]
    data = np.nan_to_num(values)
    jitter = np.random.default_rng(seed)
    places = [anchors] + [anchors + jitter.normal(0, _JITTER, anchors.shape) for _ in range(spec.restarts)]
    if warm is not None:
        places.append(warm.means)
    ended = [_fit_one(data, anchors, means, spec) for means in places]
    order = sorted(range(len(ended)), key=lambda at: (bool(ended[at][1].refused), -ended[at][1].objective))
    best, start, share = ended[order[0]]
    return HmmFit(best, tuple(one[1] for one in ended), not start.refused, share)


def _fit_one(data: Floats, anchors: Floats, means: Floats, spec: ModelSpec) -> tuple[HmmParameters, HmmStart, Floats]:
    states, dims = anchors.shape
    prior: dict[str, Any] = {  # hmmlearn's hints take the priors' defaults for their types
        "means_prior": anchors,
        "means_weight": spec.anchor_months,
        "covars_prior": spec.variance * spec.variance_months,
        "covars_weight": spec.variance_months,
    }
    model = GaussianHMM(
        states, covariance_type="diag", n_iter=_ITERATIONS, tol=_TOLERANCE, init_params="", random_state=0, **prior
    )
    model.startprob_ = np.full(states, 1 / states)
    model.transmat_ = np.full((states, states), (1 - _STAY) / (states - 1)) + np.eye(states) * (
        _STAY - (1 - _STAY) / (states - 1)
    )
    model.means_, model.covars_ = means.copy(), np.full((states, dims), spec.variance)
    with _Quiet():
        model.fit(data)
    found = HmmParameters(
        model.startprob_, model.transmat_, model.means_, np.array([np.diag(c) for c in model.covars_])
    )
    probabilities, evidence = found.filter(data)
    share = np.bincount(probabilities.argmax(axis=1), minlength=states) / len(data)
    penalty = 0.5 * spec.anchor_months * ((found.means - anchors) ** 2 / found.variances).sum()
    objective = float(evidence.sum() - penalty)
    return found, HmmStart(objective, bool(model.monitor_.converged), _refusal(found, anchors, share, spec)), share


def _refusal(found: HmmParameters, anchors: Floats, share: Floats, spec: ModelSpec) -> str:
    if not all(np.isfinite(part).all() for part in (found.means, found.variances, found.transition)):
        return "not finite"
    distance = ((found.means[:, None, :] - anchors[None, :, :]) ** 2).sum(axis=2)
    matched = linear_sum_assignment(distance)[1]
    if (matched != np.arange(len(anchors))).any():
        return "a state left its meaning"
    if share.min() < spec.floor:
        return f"{spec.names[int(share.argmin())]} holds {share.min():.3f} of the months"
    return ""


class _Quiet:
    """Hold hmmlearn's log back: that likelihood falls a little is what a prior does."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("hmmlearn.base")
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)

    def __exit__(self, *unused: object) -> None:
        self._logger.setLevel(self._level)
