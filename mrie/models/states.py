"""How many states: the evidence, and the rule that reads it.

In-sample criteria do not choose: BIC keeps falling. So each candidate is refitted every January and scored on the
twelve months after it, by the density it predicted for them. The rule takes the highest mean predictive log-likelihood
among the candidates that are stable: every fit accepted (meaning kept, no state nearly empty) and consecutive refits
labelling at least ``AGREEMENT`` of their common months alike. Recession labels take no part in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mrie.models.composites import MOMENTUM, TREND, fit_composite
from mrie.models.hmm import HmmFit, fit_hmm
from mrie.models.spec import DEFAULT, STATE_SETS, ModelSpec, State
from mrie.panel.features import feature_rows
from mrie.panel.months import parse_month
from mrie.panel.panel import Panel
from mrie.panel.store import Floats

AGREEMENT = 0.98

_YEAR = 12


@dataclass(frozen=True)
class StateChoice:
    """The number of states chosen, and the evidence.

    ``evidence`` has one row a candidate: ``states``, ``predictive`` (mean log density of the two composites a month,
    out of sample, in nats), ``agreement`` and ``agreement_low`` (mean and least share of common months that consecutive
    refits label alike), ``occupancy`` (least share of months that a state held in any refit), ``accepted`` (share of
    refits), ``spread`` (largest difference of objectives between starts), ``stable``, ``chosen``.
    """

    states: int
    evidence: pd.DataFrame


def choose_states(
    panel: Panel,
    first: int,
    last: int,
    *,
    spec: ModelSpec = DEFAULT,
    candidates: Mapping[int, tuple[State, ...]] = STATE_SETS,
) -> StateChoice:
    """Choose the number of states on refits in the Januaries of ``first`` to ``last``, months' numbers."""
    rows = feature_rows(panel, range(parse_month(spec.start), last + 1))
    windows = []
    for january in range(first + (-first) % _YEAR, last + 1, _YEAR):
        upto = int(np.searchsorted(rows.months, january))
        windows.append(_composites(rows.values, upto, spec))
    with threadpool_limits(1):
        table = pd.DataFrame([_evidence(windows, replace(spec, states=states)) for states in candidates.values()])
    stable = (table["agreement"].to_numpy() >= AGREEMENT) & (table["accepted"].to_numpy() == 1.0)
    eligible = table.loc[stable] if stable.any() else table
    best = int(eligible["states"].to_numpy()[eligible["predictive"].to_numpy().argmax()])
    return StateChoice(best, table.assign(stable=stable, chosen=table["states"] == best))


def _composites(values: Floats, upto: int, spec: ModelSpec) -> tuple[int, Floats]:
    seen = values[: upto + _YEAR]
    made = [fit_composite(values[:upto], members, spec.clip).apply(seen) for members in (TREND, MOMENTUM)]
    return upto, np.column_stack(made)


def _evidence(windows: list[tuple[int, Floats]], spec: ModelSpec) -> dict[str, float]:
    fits: list[HmmFit] = []
    labels: list[np.ndarray] = []
    predictive: list[Floats] = []
    for upto, inputs in windows:
        fit = fit_hmm(inputs[:upto], spec, spec.seed + upto)
        probabilities, evidence = fit.parameters.filter(inputs)
        fits.append(fit)
        labels.append(probabilities[:upto].argmax(axis=1))
        predictive.append(evidence[upto:])
    alike = [float(np.mean(a == b[: len(a)])) for a, b in pairwise(labels)]
    return {
        "states": len(spec.states),
        "predictive": float(np.concatenate(predictive).mean()),
        "agreement": float(np.mean(alike)),
        "agreement_low": min(alike),
        "occupancy": min(float(fit.occupancy.min()) for fit in fits),
        "accepted": float(np.mean([fit.accepted for fit in fits])),
        "spread": max(float(np.ptp([start.objective for start in fit.starts])) for fit in fits),
    }
