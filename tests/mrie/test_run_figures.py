"""The figures of a run: what its claims are judged by, what its tables hold, and the track record of its page."""

from datetime import UTC, date, datetime
from math import isnan

import numpy as np
import pandas as pd
import pytest

from mrie.models import Readings
from mrie.panel import default_turns
from mrie.panel.months import parse_month
from mrie.report import Lag
from mrie.run.claims import regime_evidence
from mrie.run.inputs import Inputs, Release
from mrie.run.rows import clipped, one_a_month, validation_rows
from mrie.run.track import track_records
from mrie.validation import Score, Validation, score_readings
from mrie.validation.report import AHEAD, MODELS

MONTHS = np.arange(parse_month("2000-01"), parse_month("2010-01"))
AUCS = {"p_hmm": 0.98, "p_ms": 0.96, "p_logit": 0.97, "term_spread": 0.70, "sahm": 0.95, "unemployment": 0.90}


def readings() -> Readings:
    """Readings a month after their data: the recession of 2001 is missed, that of 2008 called from February on."""
    data = MONTHS - 1
    risk = np.where((data >= parse_month("2008-02")) & (data <= parse_month("2009-07")), 0.9, 0.1)
    table = pd.DataFrame({"month": MONTHS, "data_month": data, **dict.fromkeys((*MODELS, *AHEAD), risk)})
    return Readings(table, (), (0.9, 1.0), ())


def validation(**aucs: float | None) -> Validation:
    combined = Score("p_combined", months=120, recessions=2, auc=0.99, auc_low=0.975, brier=0.02, ece=0.01,
                     peak_lags=[1, 2, 6], trough_lags=[4, 8], false_calls=5, missed=1)  # fmt: skip
    others = [Score(name, months=120, auc=auc, delong_p=auc and 0.001 / auc) for name, auc in (AUCS | aucs).items()]
    ahead = (Score("p_ahead", months=108, auc=0.89), Score("term_spread_ahead", months=108, auc=0.6))
    bins = pd.DataFrame({"forecast": [0.1], "observed": [0.2], "months": [3]})
    return Validation(readings(), (combined, *others), ahead, {}, bins, ())


def test_claims_are_judged_by_the_combined_reading_its_worst_member_and_the_best_baseline():
    found = regime_evidence(validation())
    assert found == pytest.approx({
        "auc": 0.99, "auc_low": 0.975, "auc_least_member": 0.96, "auc_over_best_baseline": 0.99 - 0.95,
        "delong_p_most": 0.001 / 0.70, "auc_ahead": 0.89, "brier": 0.02, "ece": 0.01, "missed": 1, "false_calls": 5,
        "peak_lag_median": 2, "peak_lag_most": 6, "trough_lag_median": 6, "label_agreement": 0.95, "months": 120,
        "recessions": 2,
    })  # fmt: skip


@pytest.mark.parametrize("name", AUCS)
def test_a_model_without_a_figure_leaves_what_hangs_on_it_without_one(name):
    found = regime_evidence(validation(**{name: None}))
    assert isnan(found["auc_least_member" if name.startswith("p_") else "auc_over_best_baseline"])
    assert isnan(found["delong_p_most"]) is not name.startswith("p_")


def test_the_track_record_has_the_lag_of_every_turn_and_none_for_a_recession_that_was_missed():
    records = {one.name: one for one in track_records(score_readings(readings(), default_turns()))}
    combined = records["Combined"]
    assert combined.peak_lags == (Lag(date(2001, 3, 1), None), Lag(date(2007, 12, 1), 3))
    assert combined.trough_lags == (Lag(date(2009, 6, 1), 3),)
    assert (combined.missed, combined.false_calls) == (1, 0)
    assert [name for name, one in records.items() if one.label_agreement is not None] == ["Gaussian HMM"]
    assert records["Leading index, 12 months ahead"].peak_lags == ()


def test_validations_are_a_row_a_model_and_metric_with_what_it_rests_on():
    rows = {(row["model"], row["metric"]): row for row in validation_rows(validation()).to_pylist()}
    figures = {key: (row["value"], row["low"], row["high"], row["observations"]) for key, row in rows.items()}
    assert figures["combined", "label_agreement"] == (0.95, 0.9, None, 2)
    assert figures["combined", "peak_lag_median"] == (2.0, 1.0, 6.0, 3)
    assert figures["combined", "missed"] == (1.0, None, None, 2)
    assert {row["window"] for row in rows.values()} == {"1999-12..2009-11"}
    assert {metric for model, metric in rows if model == "leading_12_months"} == {"auc"}


def test_a_month_without_new_data_adds_no_reading():
    table = readings().table.assign(data_month=MONTHS[0])
    assert [row["month"] for row in one_a_month(Readings(table, (), (), ()))] == [MONTHS[0]]


def test_a_probability_is_free_of_a_filters_last_bits():
    assert (clipped(1.0000000000000002), clipped(-1e-17), clipped(0.3), clipped(np.nan)) == (1.0, 0.0, 0.3, None)


def inputs(as_of: datetime, *newest: datetime) -> Inputs:
    """Inputs of some releases, without a day on which a turn was announced."""
    releases = tuple(Release("a", "X", date(2001, 4, 1), one, True, one) for one in newest)
    return Inputs(as_of, pd.DataFrame(), pd.DataFrame(), {}, releases, {})


@pytest.mark.parametrize(("newest", "known"), [
    ("2001-05-20", "2001-06-01T00:00"),
    ("2001-06-10", "2001-06-10T00:00"),
    ("2001-07-05", "2001-06-30T23:59:59.999999"),
])  # fmt: skip
def test_a_reading_is_known_with_its_newest_release_and_not_before_or_after_its_month(newest, known):
    at = datetime.fromisoformat(newest).replace(tzinfo=UTC)
    made = inputs(at, datetime(2001, 5, 1, tzinfo=UTC), at)
    assert made.known_at(parse_month("2001-06")) == datetime.fromisoformat(known).replace(tzinfo=UTC)


def test_a_turn_that_nobody_announced_is_known_when_the_month_that_stands_in_for_it_is_over():
    peak = parse_month("1973-11")
    days = [datetime(1974, 12, 31, 23, tzinfo=UTC), datetime(1975, 1, 1, tzinfo=UTC)]
    assert [peak in {turn.month for turn in inputs(day).turns} for day in days] == [False, True]
