"""The evaluation: every model on the same months, one row each.

The truth of a reading is the NBER state of its ``data_month``; of the readings ahead, of the month ``horizon`` later,
and only as far as that month is past. Months whose state nobody could know yet are not scored: a recession under way is
no false call. Every figure is of real-time readings; none is in-sample or smoothed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mrie.models.readings import BASELINES, MEMBERS, Mapper, Readings, read_months
from mrie.models.spec import DEFAULT, ModelSpec
from mrie.panel.cycle import Turn, default_turns, recessions, settled, truth
from mrie.panel.months import Months, month_text
from mrie.panel.panel import Panel
from mrie.panel.store import Floats
from mrie.validation.auc import auc, cycle_bootstrap, delong
from mrie.validation.calls import NO_CALLS, Calls, call_turns
from mrie.validation.scores import (
    Truth,
    brier,
    calibration_bins,
    expected_calibration_error,
    log_loss,
)

COMBINED = "p_combined"
MODELS = (COMBINED, *MEMBERS, *BASELINES)
AHEAD = ("p_ahead", "term_spread_ahead")


@dataclass(frozen=True)
class Score:
    """One model's figures; None where the span has none (no recession) or the model no reading.

    ``auc_low`` and ``auc_high`` bound 90%; ``delong_p`` is of the difference of AUC from ``p_combined``'s. Lags in
    months: to publication, and (``data_*``) to the data's own month. ``false_calls`` and ``missed`` are counts.
    """

    model: str
    months: int = 0
    recessions: int = 0
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    interval: str | None = None
    brier: float | None = None
    log_loss: float | None = None
    ece: float | None = None
    peak_lags: list[int] = field(default_factory=list)
    trough_lags: list[int] = field(default_factory=list)
    data_peak_lags: list[int] = field(default_factory=list)
    data_trough_lags: list[int] = field(default_factory=list)
    false_calls: int = 0
    missed: int = 0
    delong_p: float | None = None

    def figures(self) -> dict[str, object]:
        """Return the figures without the model's name, JSON-safe."""
        return {name: value for name, value in vars(self).items() if name != "model"}


@dataclass(frozen=True)
class Validation:
    """Readings and their scores: ``scores`` of the present month, ``ahead`` of ``horizon`` months later.

    ``calls_of`` holds the calls of every model with a reading; ``bins`` is the reliability of ``p_combined`` (see
    ``calibration_bins``).
    """

    readings: Readings
    scores: tuple[Score, ...]
    ahead: tuple[Score, ...]
    calls_of: Mapping[str, Calls]
    bins: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def calls(self) -> Calls:
        """The calls of ``p_combined``."""
        return self.calls_of.get(COMBINED, NO_CALLS)

    def summary(self) -> dict[str, object]:
        """Return everything that ``zeno mrie validate --json`` prints, JSON-safe."""
        table = self.readings.table
        agreement = self.readings.agreement
        return {
            "from": month_text(int(table["month"].iloc[0])),
            "to": month_text(int(table["month"].iloc[-1])),
            **self.scores[0].figures(),
            "label_agreement": float(np.mean(agreement)) if agreement else None,
            "label_agreement_low": min(agreement) if agreement else None,
            "refits": len(self.readings.fits),
            "vintaged": float(table["vintaged"].mean()),
            "turning_points": [vars(turn) for turn in self.calls.turns],
            "false_call_spells": [list(spell) for spell in self.calls.false_calls],
            "baselines": {score.model: score.figures() for score in self.scores[1:]},
            "ahead": {score.model: score.figures() for score in self.ahead},
            "bins": self.bins.to_dict("records"),
            "warnings": list(self.warnings),
        }

    def table(self) -> pd.DataFrame:
        """Return the scores, one row a model: the fields of ``Score``."""
        return pd.DataFrame([vars(score) for score in (*self.scores, *self.ahead)])


def validate(
    panel: Panel,
    first: int,
    last: int,
    *,
    spec: ModelSpec = DEFAULT,
    turns: Sequence[Turn] | None = None,
    vintages_only: bool = False,
    mapper: Mapper = map,
) -> Validation:
    """Read every month from ``first`` to ``last`` in real time and score the readings; see ``read_months``."""
    known = tuple(turns) if turns is not None else default_turns()
    readings = read_months(panel, first, last, spec=spec, turns=known, vintages_only=vintages_only, mapper=mapper)
    notes = [f"no series measures {name}" for name in panel.missing]
    if readings.skipped:
        count = len(readings.skipped)
        notes.append(f"{count} months without enough data, {readings.skipped[0]} to {readings.skipped[-1]}")
    refused = [result.record.month for result in readings.fits if not result.record.hmm_accepted]
    notes += [f"the refit of {month} kept a state that lost its meaning or its months" for month in refused]
    return score_readings(readings, known, spec.horizon, tuple(notes))


def score_readings(
    readings: Readings,
    turns: Sequence[Turn],
    horizon: int = DEFAULT.horizon,
    notes: tuple[str, ...] = (),
    *,
    now: int | None = None,
) -> Validation:
    """Score readings against turning points, as far as these tell what state a month was in (``cycle.settled``).

    Parameters
    ----------
    turns
        Those known by a moment.
    now
        The month of that moment; by default the readings' newest month of data.
    """
    months = readings.table["data_month"].to_numpy(np.int64)
    end = settled(turns, int(months[-1]) if now is None else now)
    table = readings.table.loc[months <= end]
    state = truth(months[months <= end], turns)
    calls = {model: _calls(table, model, turns, end) for model in MODELS if np.isfinite(table[model]).any()}
    scores = tuple(_score(table, model, state, calls.get(model, NO_CALLS)) for model in MODELS)
    past = months + horizon <= min(int(months[-1]), end)
    later = truth(months + horizon, turns)
    ahead = tuple(_score_ahead(readings.table.loc[past], model, later[past]) for model in AHEAD)
    told = (*notes, *_unsettled(months, end))
    bins = calibration_bins(state, table[COMBINED].to_numpy(np.float64))
    return Validation(readings, scores, ahead, calls, bins, told)


def _unsettled(months: Months, end: int) -> Iterable[str]:
    count = int((months > end).sum())
    if count:
        yield f"{count} months after {month_text(end)} are not scored: a turn in them may not be announced yet."


def _calls(table: pd.DataFrame, model: str, turns: Sequence[Turn], end: int) -> Calls:
    known = table.loc[np.isfinite(table[model].to_numpy(np.float64))]
    months, data_months = (known[name].to_numpy(np.int64) for name in ("month", "data_month"))
    return call_turns(months, data_months, known[model].to_numpy(np.float64), recessions(turns, until=end))


def _score(table: pd.DataFrame, model: str, now: Truth, calls: Calls) -> Score:
    score = table[model].to_numpy(np.float64)
    known = np.isfinite(score)
    if not known.any():
        return Score(model)
    return _figures(model, now[known], score[known], table.loc[known, COMBINED].to_numpy(np.float64), calls)


def _score_ahead(table: pd.DataFrame, model: str, later: Truth) -> Score:
    score = table[model].to_numpy(np.float64)
    known = np.isfinite(score)
    if not known.any():
        return Score(model)
    leading = table.loc[known, AHEAD[0]].to_numpy(np.float64)
    return _figures(model, later[known], score[known], leading, NO_CALLS)


def _figures(model: str, now: Truth, score: Floats, against: Floats, calls: Calls) -> Score:
    interval = cycle_bootstrap(now, score)
    comparison = None if score is against or np.isnan(against).any() else delong(now, against, score)
    return Score(
        model=model,
        months=len(now),
        recessions=_recessions(now),
        auc=auc(now, score),
        auc_low=None if interval is None else interval.low,
        auc_high=None if interval is None else interval.high,
        interval=None if interval is None else interval.method,
        brier=brier(now, score),
        log_loss=log_loss(now, score),
        ece=expected_calibration_error(now, score),
        peak_lags=calls.lags("peak"),
        trough_lags=calls.lags("trough"),
        data_peak_lags=calls.data_lags("peak"),
        data_trough_lags=calls.data_lags("trough"),
        false_calls=len(calls.false_calls),
        missed=len(calls.missed),
        delong_p=None if comparison is None else comparison.p_value,
    )


def _recessions(now: Truth) -> int:
    return int(now[0]) + int(((now[:-1] == 0) & (now[1:] == 1)).sum())
