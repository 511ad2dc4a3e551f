"""The risk report as one HTML file: the finding first, then the pictures, then everything that speaks against it.

No external resource, readable without JavaScript, from 320 pixels on, light and dark, on paper. Everything that comes
from the record is escaped by the template; a drawing of the graph made elsewhere is checked (``graph``).
"""

from pathlib import Path

from mrie.report import words
from mrie.report.charts import calibration_chart, history_chart, recent_chart, scenario_charts
from mrie.report.check import check_report
from mrie.report.graph import graph_picture
from mrie.report.inputs import RiskReport
from mrie.report.tables import (
    auc_rows,
    base_rate,
    claims_in_order,
    edges_in_order,
    gauge,
    repeats_an_edge,
    turning_points,
)
from zeno.drawing import numerals
from zeno.drawing.page import environment

SECTIONS = (
    ("history", "History"),
    ("track", "Track record"),
    ("calibration", "Calibration"),
    ("graph", "Causal graph"),
    ("scenarios", "Scenarios"),
    ("claims", "Claims"),
    ("data", "Data"),
    ("drift", "Drift"),
    ("reading", "How to read this"),
)


def render_page(report: RiskReport) -> str:
    """Return the page of a report as HTML text.

    Raises
    ------
    ContractError
        If the record cannot be true, or its drawing cannot be shown.
    """
    check_report(report)
    history, recent = history_chart(report), recent_chart(report)
    calibration, dots = calibration_chart(report.calibration)
    scenarios = [(one, scenario_charts(number, one)) for number, one in enumerate(report.scenarios)]
    claims = claims_in_order(report.claims)
    drawn = [history, recent, *(chart for _, charts in scenarios for chart in charts)]
    return (
        environment("mrie.report")
        .get_template("template.html.j2")
        .render(
            report=report,
            finding=words.finding(report.reading),
            sections=SECTIONS,
            tiles_shown=words.headline_tiles(report),
            gauge=gauge(report),
            base=base_rate(report),
            history=history,
            recent=recent,
            calibration=calibration,
            dots=dots,
            auc=auc_rows(report.track),
            turns=turning_points(report),
            picture=graph_picture(report.graph),
            edges=edges_in_order(report.graph.edges),
            scenarios=scenarios,
            claims=report.claims,
            main_claims=[one for one in claims if not repeats_an_edge(one)],
            edge_claims=[one for one in claims if repeats_an_edge(one)],
            probes={chart.key: chart.probes for chart in drawn if chart.probes},
            words=words,
            text=numerals,
        )
    )


def write_page(report: RiskReport, path: str | Path) -> Path:
    """Write the page of a report as UTF-8 and return where. Raises as ``render_page``."""
    page = render_page(report)
    target = Path(path)
    target.write_text(page, encoding="utf-8")
    return target
