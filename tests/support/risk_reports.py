"""Risk reports to test with: one that has everything, and changes to it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from mrie.report import (
    CalibrationBin,
    Claim,
    CurrentReading,
    DriftAlarm,
    Edge,
    Evaluation,
    Graph,
    Lag,
    Node,
    Reading,
    Recession,
    RiskReport,
    Scenario,
    ScenarioPath,
    SeriesFreshness,
    TrackRecord,
)

AS_OF = datetime(2009, 3, 10, 16, tzinfo=UTC)
COMMITTED = datetime(2008, 1, 5, tzinfo=UTC)


def month(number: int) -> date:
    """Return the month ``number`` months after January 2000."""
    return date(2000 + number // 12, number % 12 + 1, 1)


def reading(**changes: Any) -> CurrentReading:
    """Return the reading of February 2009, in which the models agree."""
    given = {"month": month(109), "data_month": month(108), "p_hmm": 0.88, "p_ms": 0.97, "p_combined": 0.93,
             "low": 0.88, "high": 0.97, "regime": "contraction", "why": "Payrolls fell by 651 thousand."}  # fmt: skip
    return CurrentReading(**given | changes)


def history() -> tuple[Reading, ...]:
    """Return nine years of readings."""
    risks = [0.9 if 14 <= n <= 23 or n >= 97 else 0.04 for n in range(109)]
    return tuple(
        Reading(month=month(n), p_hmm=p, p_ms=None if n < 3 else p + 0.05, p_combined=p + 0.02, low=p, high=p + 0.05,
                regime="contraction" if p > 0.5 else "expansion")
        for n, p in enumerate(risks)
    )  # fmt: skip


def report(**changes: Any) -> RiskReport:
    """Return a report with something in every section."""
    path = ScenarioPath(
        node="housing_starts",
        unit="thousand a year",
        months=(month(110), month(111), month(112)),
        median=(560.0, 550.0, 545.0),
        low=(520.0, 490.0, 470.0),
        high=(600.0, 615.0, 640.0),
        baseline=(565.0, 570.0, 575.0),
    )
    full = RiskReport(
        as_of=AS_OF,
        reading=reading(),
        history=history(),
        recessions=(
            Recession(
                peak=date(2001, 3, 1),
                trough=date(2001, 11, 1),
                peak_announced=date(2001, 11, 26),
                trough_announced=date(2003, 7, 17),
            ),
            Recession(
                peak=date(2007, 12, 1),
                trough=date(2009, 6, 1),
                peak_announced=date(2008, 12, 1),
                trough_announced=date(2010, 9, 20),
            ),
        ),
        track=(
            TrackRecord(name="Sahm rule", kind="baseline", months=109, auc=0.873),
            TrackRecord(
                name="Both models", kind="combined", months=109, auc=0.978, auc_low=0.95, auc_high=0.99, brier=0.036,
                log_loss=0.12, ece=0.023, peak_lags=(Lag(date(2001, 3, 1), 2), Lag(date(2007, 12, 1), 4)),
                trough_lags=(Lag(date(2001, 11, 1), None),), false_calls=0, missed=0, label_agreement=0.974,
            ),
        ),
        calibration=(CalibrationBin(0.9, 0.8, 20), CalibrationBin(0.05, 0.01, 89)),
        graph=Graph(
            nodes=(
                Node(name="policy_rate", title="Federal funds rate", place=(0, 0)),
                Node(name="housing_starts", title="Housing starts", place=(1, 0)),
                Node(name="payrolls", title="Nonfarm payrolls of all establishments", place=(1, 1)),
            ),
            edges=(
                Edge(cause="policy_rate", effect="housing_starts", sign=-1, lag_months=6, status="holds",
                     mechanism="Dearer mortgages."),
                Edge(cause="housing_starts", effect="payrolls", sign=1, lag_months=9, status="withdrawn",
                     mechanism="Building is labour.", reason="Its sign turned between eras."),
            ),
        ),
        scenarios=(
            Scenario(name="rates_high", sense="conditioning", assumption="The rate stays at 5 %.", paths=(path,)),
            Scenario(name="rates_zero", sense="do", assumption="The rate is set to 0.", refused="Outside the support."),
        ),
        claims=(
            Claim(claim_id="auc/1", statement="Both are better than each.", predicate="Fails if AUC is below 0.95.",
                  committed_at=COMMITTED, sha256="ab" * 32, status="holds",
                  evaluations=(Evaluation(at=AS_OF, verdict="holds", detail="0.978"),)),
            Claim(claim_id="peaks/1", statement="Peaks are called in two months.", predicate="Fails if one is later.",
                  committed_at=COMMITTED, sha256="cd" * 32, status="withdrawn", reason="2007-12 took four."),
        ),
        freshness=(
            SeriesFreshness(series="PAYEMS", title="Payrolls", source="fred_md", last_period=month(109),
                            known_at=AS_OF, real_vintages=True, age_days=4, stale_after_days=40),
            SeriesFreshness(series="GS10", title="10-year yield", source="us_macro_monthly", last_period=month(106),
                            known_at=AS_OF, real_vintages=False, age_days=90, stale_after_days=40),
        ),
        alarms=(
            DriftAlarm(name="Log score", value=18.0, threshold=15.0, since=month(105), meaning="Worse."),
            DriftAlarm(name="Payrolls", value=0.4, threshold=2.0, meaning="Elsewhere."),
            DriftAlarm(name="New series", value=None, threshold=0.0, meaning="Not running yet."),
        ),
        configurations_tried=48,
        caveats=("Two recessions only.",),
        run_id="3fa1c77e",
        data_version="demo@1",
    )  # fmt: skip
    return replace(full, **changes)


def bare() -> RiskReport:
    """Return a report of the current reading alone."""
    return RiskReport(as_of=AS_OF, reading=reading(why=""))
