"""One refit of everything, as a pure function of picklable data, so that any executor may run it.

    result = refit(payload)

What it needs is in the payload: feature rows up to the month before, labels as announced by then, the spec. It reads
nothing else, draws from the payload's seed alone, and fixes the thread counts, so that a process here, a Dask worker
and a Spark task return the same bits. Not here: which months to refit (``readings``).
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from mrie.models.composites import LEAD, MOMENTUM, TREND, Composite, fit_composite
from mrie.models.hmm import HmmFit, fit_hmm
from mrie.models.spec import ModelSpec
from mrie.models.supervised import Curve, fit_logit, fit_probit
from mrie.models.switching import SwitchingFit, fit_switching
from mrie.panel.features import columns
from mrie.panel.months import month_text
from mrie.panel.store import Floats

UNEMPLOYMENT = ("unemployment_6", "unemployment_12")


@dataclass(frozen=True)
class RefitPayload:
    """What a refit is a function of.

    ``values`` are the feature rows of the training months, shape (months, features); ``labels`` and ``labels_ahead``,
    shape (months,), the states of their data months and of ``spec.horizon`` months later, as known in ``month``.
    ``warm`` is an earlier fit to start from as well.
    """

    month: int
    first: int
    values: Floats
    labels: Floats
    labels_ahead: Floats
    spec: ModelSpec
    warm: "Fit | None" = None


@dataclass(frozen=True)
class Fit:
    """The parameters that hold from ``month`` until the next refit."""

    month: int
    spec: ModelSpec
    trend: Composite
    momentum: Composite
    lead: Composite
    hmm: HmmFit
    switching: SwitchingFit
    logit: Curve
    ahead: Curve
    baselines: dict[str, Curve] = field(default_factory=dict)

    def composites(self, values: Floats) -> Floats:
        """Return trend and momentum of feature rows, shape (months, 2)."""
        return np.column_stack([self.trend.apply(values), self.momentum.apply(values)])

    def states(self, values: Floats) -> Floats:
        """Return the filtered probabilities of the states, shape (months, states), of rows from the first on."""
        return self.hmm.parameters.filter(self.composites(values))[0]


@dataclass(frozen=True)
class FitRecord:
    """The log of one refit, as published: one row of the fits' table.

    Months are YYYY-MM. ``hmm_*`` are of penalised log-likelihoods over the starts: the best, and best less worst.
    ``parameters`` is the SHA-256 of all fitted parameters.
    """

    month: str
    first: str
    last: str
    months: int
    labelled: int
    seed: int
    hmm_starts: int
    hmm_refused: int
    hmm_objective: float
    hmm_spread: float
    hmm_converged: bool
    hmm_accepted: bool
    hmm_occupancy: float
    ms_starts: int
    ms_likelihood: float
    ms_spread: float
    ms_converged: bool
    parameters: str


@dataclass(frozen=True)
class RefitResult:
    """A fit and its log."""

    fit: Fit
    record: FitRecord


def refit(payload: RefitPayload) -> RefitResult:
    """Fit the composites, both regime models, the supervised members and the baselines on one window."""
    with threadpool_limits(1):
        fit = _fit(payload)
    return RefitResult(fit, _record(payload, fit))


def parameters_hash(fit: Fit) -> str:
    """Return the SHA-256 of a fit's parameters, in a fixed order."""
    hmm, switching = fit.hmm.parameters, fit.switching.parameters
    parts: list[Floats] = [hmm.initial, hmm.transition, hmm.means, hmm.variances, switching.vector()]
    for curve in (fit.logit, fit.ahead, *(fit.baselines[name] for name in sorted(fit.baselines))):
        parts += [np.array([curve.intercept]), curve.weights, curve.center, curve.scale]
    for composite in (fit.trend, fit.momentum, fit.lead):
        for scaler in (composite.features, composite.groups, composite.whole):
            parts += [scaler.center, scaler.scale]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part, dtype="<f8").tobytes())
    return digest.hexdigest()


def _fit(payload: RefitPayload) -> Fit:
    spec, rows, warm = payload.spec, payload.values, payload.warm
    trend, momentum, lead = (fit_composite(rows, members, spec.clip) for members in (TREND, MOMENTUM, LEAD))
    inputs = np.column_stack([trend.apply(rows), momentum.apply(rows)])
    seed = spec.seed + payload.month
    return Fit(
        month=payload.month,
        spec=spec,
        trend=trend,
        momentum=momentum,
        lead=lead,
        hmm=fit_hmm(inputs, spec, seed, None if warm is None else warm.hmm.parameters),
        switching=fit_switching(np.nan_to_num(inputs[:, 1]), None if warm is None else warm.switching.parameters),
        logit=fit_logit(inputs, payload.labels, spec.penalty),
        ahead=fit_logit(lead.apply(rows)[:, None], payload.labels_ahead, spec.penalty),
        baselines={
            "term_spread": fit_probit(rows[:, columns(["spread_year_ago"])], payload.labels),
            "term_spread_ahead": fit_probit(rows[:, columns(["spread"])], payload.labels_ahead),
            "unemployment": fit_logit(rows[:, columns(UNEMPLOYMENT)], payload.labels, spec.penalty),
        },
    )


def _record(payload: RefitPayload, fit: Fit) -> FitRecord:
    objectives = np.array([start.objective for start in fit.hmm.starts])
    likelihoods = np.array(fit.switching.likelihoods)
    usable = likelihoods[np.isfinite(likelihoods)]
    return FitRecord(
        month=month_text(payload.month),
        first=month_text(payload.first),
        last=month_text(payload.month - 1),
        months=len(payload.values),
        labelled=int(np.isfinite(payload.labels).sum()),
        seed=payload.spec.seed + payload.month,
        hmm_starts=len(objectives),
        hmm_refused=sum(bool(start.refused) for start in fit.hmm.starts),
        hmm_objective=float(objectives.max()),
        hmm_spread=float(np.ptp(objectives)),
        hmm_converged=any(start.converged for start in fit.hmm.starts),
        hmm_accepted=fit.hmm.accepted,
        hmm_occupancy=float(fit.hmm.occupancy.min()),
        ms_starts=len(likelihoods),
        ms_likelihood=float(usable.max()) if len(usable) else float("nan"),
        ms_spread=float(np.ptp(usable)) if len(usable) else float("nan"),
        ms_converged=fit.switching.converged,
        parameters=parameters_hash(fit),
    )
