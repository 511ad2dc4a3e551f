"""The claims on the readings: the targets that were set for them, as predicates committed before they are judged.

The thresholds are those of docs/mrie-validation.md; some are missed, and say so. They are of the whole span from
``FIRST``: a run over another span judges none of them. A changed model or threshold is a new version.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import nan
from statistics import median
from typing import Any

import numpy as np

from mrie.claims import Claim, Condition, Predicate
from mrie.models import DEFAULT
from mrie.models.readings import BASELINES, MEMBERS
from mrie.run.inputs import FIRST
from mrie.validation import Validation
from mrie.validation.calls import CALL

VERSION = 1

_TARGETS: Mapping[str, tuple[str, tuple[tuple[str, str, float], ...]]] = {
    "auc": (
        "The combined reading tells recession months from others with an AUC of at least 0.985, and its 90% interval "
        "begins at 0.97 or above.",
        (("auc", "at_least", 0.985), ("auc_low", "at_least", 0.97)),
    ),
    "members": ("Each model alone has an AUC of at least 0.965.", (("auc_least_member", "at_least", 0.965),)),
    "baselines": (
        "The combined reading has a higher AUC than the term spread, the Sahm rule and unemployment, each by DeLong's "
        "test at 5%.",
        (("auc_over_best_baseline", "above", 0.0), ("delong_p_most", "below", 0.05)),
    ),
    "calibration": (
        "The combined reading has a Brier score of at most 0.03 and an expected calibration error of at most 0.02.",
        (("brier", "at_most", 0.03), ("ece", "at_most", 0.02)),
    ),
    "recessions": ("The combined reading misses no recession.", (("missed", "at_most", 0.0),)),
    "false_calls": ("The combined reading calls no recession that was none.", (("false_calls", "at_most", 0.0),)),
    "peaks": (
        "Peaks are called within two months in the median and within four at most, counted to publication.",
        (("peak_lag_median", "at_most", 2.0), ("peak_lag_most", "at_most", 4.0)),
    ),
    "troughs": (
        "Troughs are called within one month in the median, counted to publication.",
        (("trough_lag_median", "at_most", 1.0),),
    ),
    "labels": (
        "Consecutive refits label at least 98% of their common months alike.",
        (("label_agreement", "at_least", 0.98),),
    ),
    "ahead": (
        "The leading reading has an AUC of at least 0.88 twelve months ahead.",
        (("auc_ahead", "at_least", 0.88),),
    ),
}


def regime_claims() -> list[Claim]:
    """Return the claims on the readings, in a fixed order."""
    return [
        Claim(f"regimes/{name}/{VERSION}", statement, Predicate(_conditions(limits), (), _procedure()))
        for name, (statement, limits) in _TARGETS.items()
    ]


def regime_evidence(validation: Validation) -> dict[str, float]:
    """Return what ``regime_claims`` are judged by; NaN where the span has no figure, which keeps no limit."""
    scores = {score.model: score for score in validation.scores}
    combined, agreement = validation.scores[0], validation.readings.agreement
    baselines = [scores[name] for name in BASELINES]
    best = np.max([_number(one.auc) for one in baselines])  # not max(): NaN among others would be passed over
    return {
        "auc": _number(combined.auc),
        "auc_low": _number(combined.auc_low),
        "auc_least_member": float(np.min([_number(scores[name].auc) for name in MEMBERS])),
        "auc_over_best_baseline": float(_number(combined.auc) - best),
        "delong_p_most": float(np.max([_number(one.delong_p) for one in baselines])),
        "auc_ahead": _number(validation.ahead[0].auc),
        "brier": _number(combined.brier),
        "ece": _number(combined.ece),
        "missed": float(combined.missed),
        "false_calls": float(combined.false_calls),
        "peak_lag_median": float(median(combined.peak_lags)) if combined.peak_lags else nan,
        "peak_lag_most": float(max(combined.peak_lags)) if combined.peak_lags else nan,
        "trough_lag_median": float(median(combined.trough_lags)) if combined.trough_lags else nan,
        "label_agreement": float(np.mean(agreement)) if agreement else nan,
        "months": float(combined.months),
        "recessions": float(combined.recessions),
    }


def honesty_claim(run_id: str) -> Claim:
    """Return the claim that a run's readings know nothing of later months; withdraw it if they turn out to."""
    procedure = {"run": run_id, "rebuilt": "three months, each from releases up to its own month alone, and where "
                 "a series has none yet, from its first one up to the usual release lag"}  # fmt: skip
    condition = Condition("readings_that_differ", "at_most", 0.0)
    statement = f"The readings of run {run_id} use nothing that comes out after their month."
    return Claim(f"readings/{run_id}/1", statement, Predicate((condition,), (), procedure))


def _conditions(limits: tuple[tuple[str, str, float], ...]) -> tuple[Condition, ...]:
    return tuple(Condition(metric, limit, threshold) for metric, limit, threshold in limits)


def _procedure() -> dict[str, Any]:
    """Return everything that changes a figure, as JSON reads it back."""
    spec = json.loads(json.dumps(asdict(DEFAULT)))
    return {
        "spec": spec,
        "first": FIRST,
        "last": "the newest month of data",
        "combined": list(MEMBERS),
        "baselines": list(BASELINES),
        "truth": "NBER state of the data month",
        "call": CALL,
    }


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
