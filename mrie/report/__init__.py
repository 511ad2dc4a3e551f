"""The risk report: the current reading with its disagreement and its track record, as one page.

    report = RiskReport(as_of=..., reading=CurrentReading(...), history=..., track=..., ...)
    write_page(report, path)             # one HTML file without any external resource

``inputs`` is what it is made from, ``drift`` the alarms on model and inputs. It shows what others computed; it never
feeds a strategy.
"""

from mrie.report.inputs import (
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
from mrie.report.page import render_page, write_page

__all__ = [
    "CalibrationBin",
    "Claim",
    "CurrentReading",
    "DriftAlarm",
    "Edge",
    "Evaluation",
    "Graph",
    "Lag",
    "Node",
    "Reading",
    "Recession",
    "RiskReport",
    "Scenario",
    "ScenarioPath",
    "SeriesFreshness",
    "TrackRecord",
    "render_page",
    "write_page",
]
