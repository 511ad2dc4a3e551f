"""The track record and the calibration as the page shows them, from a validation."""

import numpy as np

from mrie.models.readings import MEMBERS
from mrie.panel.months import parse_month
from mrie.report import CalibrationBin, Lag, TrackRecord
from mrie.run.inputs import month_day
from mrie.validation import Calls, Score, Validation

TITLES = {
    "p_combined": "Combined",
    "p_hmm": "Gaussian HMM",
    "p_ms": "Markov switching",
    "p_logit": "Logit on announced labels",
    "term_spread": "Term spread, probit",
    "sahm": "Sahm rule",
    "unemployment": "Unemployment, logit",
    "p_ahead": "Leading index, 12 months ahead",
    "term_spread_ahead": "Term spread, 12 months ahead",
}
_MODELS = (*MEMBERS, "p_ahead")


def track_records(validation: Validation) -> tuple[TrackRecord, ...]:
    """Return a record a model; those twelve months ahead call no turning points."""
    now = [_record(score, validation.calls_of.get(score.model), validation) for score in validation.scores]
    ahead = [_record(score, None, validation) for score in validation.ahead]
    return (*now, *ahead)


def calibration(validation: Validation) -> tuple[CalibrationBin, ...]:
    """Return the reliability of the combined reading."""
    bins = validation.bins
    columns = (bins[name].tolist() for name in ("forecast", "observed", "months"))
    return tuple(CalibrationBin(min(p, 1.0), float(share), int(months)) for p, share, months in zip(
        *columns, strict=True))  # fmt: skip


def _record(score: Score, calls: Calls | None, validation: Validation) -> TrackRecord:
    combined, agreement = score.model == "p_combined", validation.readings.agreement
    return TrackRecord(
        name=TITLES[score.model],
        kind="combined" if combined else "model" if score.model in _MODELS else "baseline",
        months=score.months,
        auc=score.auc,
        auc_low=score.auc_low,
        auc_high=score.auc_high,
        brier=score.brier,
        log_loss=score.log_loss,
        ece=score.ece,
        peak_lags=_lags(calls, "peak"),
        trough_lags=_lags(calls, "trough"),
        false_calls=None if calls is None else len(calls.false_calls),
        missed=None if calls is None else len(calls.missed),
        label_agreement=float(np.mean(agreement)) if score.model == "p_hmm" and agreement else None,
    )


def _lags(calls: Calls | None, kind: str) -> tuple[Lag, ...]:
    """Return the lags to publication by turn; a recession that was missed has no call of its peak."""
    if calls is None:
        return ()
    made = [Lag(month_day(parse_month(turn.month)), turn.lag) for turn in calls.turns if turn.kind == kind]
    missed = [Lag(month_day(parse_month(month)), None) for month in calls.missed] if kind == "peak" else []
    return tuple(sorted([*made, *missed], key=lambda lag: lag.turn))
