"""A run in MLflow: one run of its own, and a child run a fit."""

from collections.abc import Iterator
from dataclasses import asdict

from mrie.models.refit import FitRecord
from mrie.run.rows import NAMES
from mrie.run.whole import Run
from mrie.validation import Score
from research.code import code_version
from research.mlflow_terms import CODE_VERSION, DATA_SNAPSHOT
from research.tracking import TrackedRun, track
from zeno.clock import Clock
from zeno.settings import Settings

EXPERIMENT = "zeno-mrie"

_TOLD = ("first", "last", "months", "labelled", "seed", "hmm_starts", "ms_starts")


def track_run(found: Run, settings: Settings, clock: Clock) -> str:
    """Record a run and its fits, or whatever of them is not recorded yet, and return the id of MLflow's run.

    Raises
    ------
    SourceUnavailable
        If the store does not answer; call again.
    """
    children = (_fit(result.record) for result in found.readings.fits)
    return track(_whole(found), found.run_id, children, {"report.html": found.page}, settings, clock,
                 experiment=EXPERIMENT)  # fmt: skip


def _whole(found: Run) -> TrackedRun:
    summary = found.validation.summary()
    scores = (*found.validation.scores, *found.validation.ahead)
    metrics = {name: value for score in scores for name, value in _metrics(score)}
    statuses = [one.status for one in found.edges]
    metrics |= {f"edges/{status}": float(statuses.count(status)) for status in ("holds", "failed", "withdrawn")}
    return TrackedRun(
        name=f"mrie {found.report.reading.data_month:%Y-%m}",
        parameters={"from": str(summary["from"]), "to": str(summary["to"]), "refits": len(found.readings.fits)},
        metrics=metrics | {"p_combined": found.report.reading.p_combined},
        tags={CODE_VERSION: code_version(("mrie",)), DATA_SNAPSHOT: found.report.data_version,
              "zeno.regime": found.report.reading.regime},
    )  # fmt: skip


def _metrics(score: Score) -> Iterator[tuple[str, float | None]]:
    for name in ("auc", "auc_low", "auc_high", "brier", "log_loss", "ece", "false_calls", "missed"):
        yield f"{NAMES.get(score.model, score.model)}/{name}", getattr(score, name)


def _fit(record: FitRecord) -> TrackedRun:
    written = asdict(record)
    return TrackedRun(
        name=f"refit {record.month}",
        parameters={name: written[name] for name in _TOLD},
        metrics={name: float(value) for name, value in written.items()
                 if name.startswith(("hmm_", "ms_")) and name not in _TOLD},
        tags={"zeno.parameters_sha256": record.parameters},
    )  # fmt: skip
