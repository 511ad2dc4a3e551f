"""Phase 5: how good the readings were in real time, against the NBER's dates; with baselines in the same table.

    report = validate(panel, first, last)       # readings, then scores
    report.summary()                            # JSON-safe: the figures of `zeno mrie validate --json`
    report.table()                              # a row a model
    report.bins                                 # calibration

Belongs here: scoring. Not here: making readings (``mrie.models``), or judging claims on the scores.
"""

from mrie.validation.auc import auc, cycle_bootstrap, delong
from mrie.validation.calls import Calls, call_turns
from mrie.validation.report import Score, Validation, score_readings, validate
from mrie.validation.scores import brier, calibration_bins, expected_calibration_error, log_loss

__all__ = [
    "Calls",
    "Score",
    "Validation",
    "auc",
    "brier",
    "calibration_bins",
    "call_turns",
    "cycle_bootstrap",
    "delong",
    "expected_calibration_error",
    "log_loss",
    "score_readings",
    "validate",
]
