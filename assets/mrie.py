"""The Macro Regime Intelligence Engine from the UI: an asset a phase, downstream of the macro tables.

Every phase names the run anew from data and code, so all six belong to one run while neither changes, and a phase that
was done is not done again. What a phase is, and what it may know, is the business of ``mrie``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from assets.house import OWNERS, House
from assets.loading import RETRY, failures
from assets.plots import preview
from assets.raw import table_key

if TYPE_CHECKING:
    from mrie.run import Work

GROUP = "mrie"
_RATE = ("AUC", "90% from", "to", "Brier", "ECE", "false", "missed")


class MrieConfig(dg.Config):
    """What ``zeno mrie run`` asks for; give every phase of a run the same months."""

    first: str = Field("", description="First month to read, YYYY-MM; 1973-01 unless given.")
    last: str = Field("", description="Last month, YYYY-MM; that of the newest data unless given.")
    executor: str = Field("local", description="local, dask, spark, or an address.")
    workers: int = Field(0, description="Processes of an own cluster; one a core for 0.")


Found = Mapping[str, dg.MetadataValue]
Phase = Callable[["Work"], Found]


def phase_key(phase: str) -> dg.AssetKey:
    """Return the asset key of a phase."""
    return dg.AssetKey([GROUP, phase])


def _asset(name: str, after: Sequence[str], description: str, phase: Phase, *kinds: str) -> dg.AssetsDefinition:
    tables = [table_key("raw.macro"), table_key("ref.turning_points")]
    upstream = [phase_key(one) for one in after] or tables

    @dg.asset(key=phase_key(name), deps=upstream, group_name=GROUP, owners=OWNERS, kinds={"python", *kinds},
              description=description, retry_policy=RETRY)  # fmt: skip
    def made(context: dg.AssetExecutionContext, config: MrieConfig, house: dg.ResourceParam[House]
             ) -> dg.MaterializeResult:  # fmt: skip
        with failures(), _working(context, config, house) as work:
            return dg.MaterializeResult(metadata={"run": dg.MetadataValue.text(work.run_id), **phase(work)})

    return made


@contextmanager
def _working(context: Any, config: MrieConfig, house: House) -> Iterator["Work"]:
    from mrie.panel.months import parse_month
    from mrie.run import begin
    from research.mapping import fan_out

    def watch(phase: str, done: int, total: int) -> None:
        if done in (0, total) or done % 50 == 0:
            context.log.info(f"{phase}: {done} of {total}")

    with fan_out(config.executor, config.workers or None) as mapper:
        first, last = (parse_month(text) if text else None for text in (config.first, config.last))
        yield begin(house.warehouse, house.settings, clock=house.clock, mapper=mapper, watch=watch, first=first,
                    last=last)  # fmt: skip


def _panel(work: "Work") -> Found:
    from mrie.panel.months import month_text

    panel, last = work.panel(), work.question.last
    sources = panel.provenance(last)
    shown = sources[["concept", "source", "series", "basis", "last_period"]]
    return {
        "last month read": dg.MetadataValue.text(month_text(last)),
        "concepts": dg.MetadataValue.int(len(sources)),
        "missing": dg.MetadataValue.text(", ".join(panel.missing) or "none"),
        "data": dg.MetadataValue.text(work.inputs.sha256[:16]),
        "sources": dg.MetadataValue.md(preview(list(shown.columns), shown.to_numpy().tolist())),
    }


def _regimes(work: "Work") -> Found:
    from mrie.panel.months import month_text

    found = work.regimes()
    last = found.table.iloc[-1]
    recent = [(month_text(row["data_month"]), f"{row['p_combined']:.3f}", f"{row['low']:.3f}", f"{row['high']:.3f}",
               row["regime"]) for row in found.table.tail(12).to_dict("records")]  # fmt: skip
    return {
        "recession risk": dg.MetadataValue.float(float(last["p_combined"])),
        "regime": dg.MetadataValue.text(str(last["regime"])),
        "months": dg.MetadataValue.int(len(found.table)),
        "refits": dg.MetadataValue.int(len(found.fits)),
        "dated vintages": dg.MetadataValue.float(float(found.table["vintaged"].mean())),
        "last year": dg.MetadataValue.md(preview(("month", "risk", "low", "high", "regime"), recent)),
    }


def _causal_graph(work: "Work") -> Found:
    found = work.causal_graph()
    statuses = [one.status for one in found]
    rows = [(one.result.edge.name, one.status, one.reason) for one in found]
    counts = {status: dg.MetadataValue.int(statuses.count(status)) for status in ("holds", "failed", "withdrawn")}
    return counts | {"edges": dg.MetadataValue.md(preview(("edge", "status", "why not"), rows))}


def _scenarios(work: "Work") -> Found:
    found, coverage = work.scenarios(work.causal_graph())
    rows = [(name, f"{row['conformal']:.3f}", f"{row['gaussian']:.3f}") for name, row in coverage.iterrows()]
    return {
        "paths": dg.MetadataValue.int(len(found.paths)),
        "refused": dg.MetadataValue.json(dict(found.refused)),
        "least coverage": dg.MetadataValue.float(float(coverage["conformal"].min())),
        "greatest coverage": dg.MetadataValue.float(float(coverage["conformal"].max())),
        "coverage at 90%": dg.MetadataValue.md(preview(("variable", "conformal", "Gaussian"), rows)),
    }


def _validation(work: "Work") -> Found:
    found = work.validation(work.regimes())
    combined = found.scores[0]
    claims = [(name, one.status, one.reason) for name, one in work.ledger.histories().items()
              if not name.startswith("edge/")]  # fmt: skip
    figures = {"AUC": combined.auc, "Brier": combined.brier, "ECE": combined.ece}
    return {name: dg.MetadataValue.float(value) for name, value in figures.items() if value is not None} | {
        "track record": dg.MetadataValue.md(_track(found)),
        "claims": dg.MetadataValue.md(preview(("claim", "status", "why not"), claims)),
    }


def _track(found: Any) -> str:
    rows = [(one.model, *(_figure(value) for value in (one.auc, one.auc_low, one.auc_high, one.brier, one.ece)),
             one.false_calls, one.missed) for one in (*found.scores, *found.ahead)]  # fmt: skip
    return preview(("model", *_RATE), rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _report(work: "Work") -> Found:
    from mrie.run import finish
    from mrie.run.tracking import track_run

    readings, edges = work.regimes(), work.causal_graph()
    scenarios, _ = work.scenarios(edges)
    found = finish(work, readings, edges, scenarios, work.validation(readings))
    return {
        "page": dg.MetadataValue.path(str(found.page)),
        "recession risk": dg.MetadataValue.float(found.report.reading.p_combined),
        "caveats": dg.MetadataValue.md("\n".join(f"- {one}" for one in found.report.caveats)),
        "MLflow run": dg.MetadataValue.text(track_run(found, work.settings, work.clock)),
    }


PHASE_ASSETS = [
    _asset("panel", (), "**The panel.** Macro series as they were known month by month, and the claims that are "
           "committed before anything is computed from them.", _panel, "table"),
    _asset("regimes", ("panel",), "**The readings.** The probability of a recession in each month since 1973, by "
           "models refitted every January on the past alone, filtered and never smoothed.", _regimes, "scikitlearn"),
    _asset("causal_graph", ("panel",), "**The causal graph.** Thirty declared edges, each tested by the predicate that "
           "was committed for it; those that fail stay in sight.", _causal_graph),
    _asset("scenarios", ("causal_graph",), "**Scenarios.** The same question as an observation and as an act, over the "
           "edges that hold, with bands whose coverage is measured.", _scenarios),
    _asset("validation", ("regimes",), "**The track record.** Readings and baselines against the NBER's dates, and the "
           "verdicts on the claims.", _validation),
    _asset("report", ("scenarios", "validation"), "**The risk report.** One page: the reading with its disagreement, "
           "its track record, the graph, scenarios, claims, and how old the data are. Never a trade signal.", _report,
           "html"),
]  # fmt: skip
"""The phases, in order."""
