"""What a run found as rows of ``mrie.readings``, ``mrie.fits`` and ``mrie.validations``."""

from collections.abc import Iterable, Iterator
from math import isfinite
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from mrie.models import Readings
from mrie.panel.features import FeatureRows
from mrie.panel.months import parse_month
from mrie.run.inputs import Inputs, month_day
from mrie.validation import Score, Validation
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema

NAMES = {
    "p_combined": "combined",
    "p_hmm": "hmm",
    "p_ms": "markov_switching",
    "p_logit": "logit",
    "p_ahead": "leading_12_months",
    "term_spread_ahead": "term_spread_12_months",
}
"""Names in the tables by column of the readings; those that are not here keep their own."""

_STAMPS = ("run_id", "recorded_at")
_PROBABILITIES = ("p_hmm", "p_ms", "p_combined", "low", "high")


def one_a_month(readings: Readings) -> list[dict[str, Any]]:
    """Return the first reading of every data month, in order: a month without new data adds none."""
    rows = readings.table.drop_duplicates("data_month", keep="first")
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def reading_rows(readings: Readings, inputs: Inputs) -> pa.Table:
    """Return the readings, one row a data month, which is the month that a reading is about."""
    return _table("mrie.readings", (
        {"month": month_day(row["data_month"]), "data_month": month_day(row["data_month"]), "model": "combined",
         "known_at": inputs.known_at(row["month"]), "regime": row["regime"],
         **{name: clipped(row[name]) for name in _PROBABILITIES}}
        for row in one_a_month(readings)
    ))  # fmt: skip


def fit_rows(readings: Readings, rows: FeatureRows) -> pa.Table:
    """Return the log of fits of both regime models; one without a usable start is left out."""
    return _table("mrie.fits", (entry for result in readings.fits for entry in _fits(result.record, rows)))


def _fits(record: Any, rows: FeatureRows) -> Iterator[dict[str, Any]]:
    at = int(np.searchsorted(rows.months, parse_month(record.last)))
    common = {"refit_month": month_day(int(rows.data_months[at])), "seed": record.seed,
              "parameters_sha256": record.parameters}  # fmt: skip
    for model, before, best in (("hmm", "hmm", "objective"), ("markov_switching", "ms", "likelihood")):
        found = {part: getattr(record, f"{before}_{part}") for part in ("starts", best, "spread", "converged")}
        if isfinite(found[best]):
            yield common | {"model": model, "restarts": found["starts"], "likelihood_best": found[best],
                            "likelihood_spread": _finite(found["spread"]), "converged": found["converged"]}  # fmt: skip


def validation_rows(validation: Validation) -> pa.Table:
    """Return the scores, one row a model and metric that has a value."""
    months = validation.readings.table["data_month"]
    window = f"{_text(months.iloc[0])}..{_text(months.iloc[-1])}"
    every = [row for score in (*validation.scores, *validation.ahead) for row in _metrics(score)]
    agreement = validation.readings.agreement
    if agreement:
        mean = float(np.mean(agreement))
        every.append(_metric("combined", "label_agreement", mean, len(agreement), "consecutive refits", min(agreement)))
    return _table("mrie.validations", (row | {"window": window} for row in every))


def _metrics(score: Score) -> Iterator[dict[str, Any]]:
    model = NAMES.get(score.model, score.model)
    if score.auc is not None:
        how = f"against NBER months, 90% interval by {score.interval}"
        yield _metric(model, "auc", score.auc, score.months, how, score.auc_low, score.auc_high)
    for name in ("brier", "log_loss", "ece", "delong_p"):
        if (value := getattr(score, name)) is not None:
            yield _metric(model, name, value, score.months, "in real time, against NBER months")
    for name, lags in (("peak_lag_median", score.peak_lags), ("trough_lag_median", score.trough_lags)):
        if lags:
            yield _metric(model, name, float(median(lags)), len(lags), "months to publication", min(lags), max(lags))
    if score.months and model not in ("leading_12_months", "term_spread_12_months"):
        yield _metric(model, "false_calls", score.false_calls, score.months, "spells of p >= 1/2 that are no recession")
        yield _metric(model, "missed", score.missed, score.recessions, "recessions never called")


def _metric(model: str, metric: str, value: float, observations: int, detail: str, low: float | None = None,
            high: float | None = None) -> dict[str, Any]:  # fmt: skip
    return {"model": model, "metric": metric, "value": float(value), "low": _finite(low), "high": _finite(high),
            "observations": observations, "detail": detail}  # fmt: skip


def clipped(value: float) -> float | None:
    """Return a probability within 0 and 1, free of a filter's last bits; None where there is none."""
    return min(max(float(value), 0.0), 1.0) if isfinite(value) else None


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)


def _text(month: int) -> str:
    return f"{month_day(int(month)):%Y-%m}"


def _table(name: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    wanted = pa.schema([field for field in arrow_schema(table(name)) if field.name not in _STAMPS])
    return pa.Table.from_pylist(list(rows), schema=wanted)
