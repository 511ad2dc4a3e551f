"""What the page lists: marks on the gauge, turning points, and records in the order that a reader wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mrie.report.inputs import Claim, Edge, Lag, Recession, RiskReport, TrackRecord
from mrie.report.words import COMBINED, HMM, SWITCHING, chance, lag_words, months_between

_AUC_LOW = 0.5
_ORDER = {"withdrawn": 0, "failed": 1, "holds": 2, "open": 3}
_TURN_SHOWN = "combined"


@dataclass(frozen=True)
class Mark:
    """A model on the gauge: percent from the left, its name and value, its class in the style sheet."""

    left: float
    name: str
    value: str
    css: str


@dataclass(frozen=True)
class Whisker:
    """A model's AUC between one half and one: percent from the left, and the width of its interval."""

    record: TrackRecord
    dot: float | None
    left: float
    width: float


@dataclass(frozen=True)
class Turn:
    """A recession: what the NBER dated and when it said so, and when the combined reading called it."""

    recession: Recession
    peak_called: str
    trough_called: str
    peak_silence: int | None
    trough_silence: int | None


def gauge(report: RiskReport) -> list[Mark]:
    """Return the models' marks, those of the models before the one of both."""
    reading = report.reading
    given = ((HMM, reading.p_hmm, "hmm"), (SWITCHING, reading.p_ms, "ms"), (COMBINED, reading.p_combined, "combined"))
    return [Mark(round(100 * p, 2), name, chance(p), css) for name, p, css in given if p is not None]


def base_rate(report: RiskReport) -> float | None:
    """Return the share of the history's months that were in a recession; None without history or recessions.

    Months after the last dated turning point count as no recession.
    """
    months = [row.month for row in report.history]
    if not months or not report.known_recessions:
        return None
    return sum(_in_recession(month, report.known_recessions) for month in months) / len(months)


def _in_recession(month: date, recessions: Sequence[Recession]) -> bool:
    return any(one.peak < month and (one.trough is None or month <= one.trough) for one in recessions)


def auc_rows(track: Sequence[TrackRecord]) -> list[Whisker]:
    """Return AUC and interval of every record: the combination, then models, then baselines, each as given."""
    kinds = ("combined", "model", "baseline")
    return [_whisker(record) for record in sorted(track, key=lambda one: kinds.index(one.kind))]


def _whisker(record: TrackRecord) -> Whisker:
    if record.auc is None:
        return Whisker(record, None, 0.0, 0.0)
    low = record.auc if record.auc_low is None else record.auc_low
    high = record.auc if record.auc_high is None else record.auc_high
    return Whisker(record, _percent(record.auc), _percent(low), round(_percent(high) - _percent(low), 2))


def _percent(auc: float) -> float:
    return round(100 * (max(auc, _AUC_LOW) - _AUC_LOW) / (1 - _AUC_LOW), 2)


def turning_points(report: RiskReport) -> list[Turn]:
    """Return the recessions whose turning points the combined record was judged on, latest first."""
    judged = next((record for record in report.track if record.kind == _TURN_SHOWN), None)
    if judged is None:
        return []
    peaks, troughs = _by_month(judged.peak_lags), _by_month(judged.trough_lags)
    return [
        Turn(
            one,
            _called(one.peak, peaks),
            _called(one.trough, troughs),
            _silence(one.peak, one.peak_announced),
            _silence(one.trough, one.trough_announced),
        )
        for one in reversed(report.known_recessions)
        if one.peak in peaks or one.trough in troughs
    ]


def _by_month(lags: Sequence[Lag]) -> dict[date, int | None]:
    return {lag.turn: lag.months for lag in lags}


def _called(turn: date | None, lags: dict[date, int | None]) -> str:
    return lag_words(lags[turn]) if turn is not None and turn in lags else "not judged"


def _silence(turn: date | None, announced: date | None) -> int | None:
    """Return the months from a turning point to its announcement."""
    return None if turn is None or announced is None else months_between(turn, announced)


def edges_in_order(edges: Sequence[Edge]) -> list[Edge]:
    """Return edges that hold first, then the others, each as given."""
    order = ("holds", "open", "failed", "withdrawn")
    return sorted(edges, key=lambda one: order.index(one.status))


def claims_in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Return withdrawn claims first: what was wrong is not to be looked for."""
    return sorted(claims, key=lambda one: (_ORDER[one.status], one.claim_id))


def repeats_an_edge(claim: Claim) -> bool:
    """Whether the graph's list has told it already: a claim on an edge, unless it was withdrawn."""
    return claim.claim_id.startswith("edge/") and claim.status != "withdrawn"
