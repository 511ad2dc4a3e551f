"""A whole run, and the record of its page read again later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mrie.causal import EdgeReading
from mrie.claims import read_claims
from mrie.models import Readings
from mrie.report import RiskReport, write_page
from mrie.run import record
from mrie.run.inputs import Question, read_inputs, superseded
from mrie.run.ledger import shown_claims
from mrie.run.page import make_report
from mrie.run.phases import Mapper, Watch, Work, run_folder, span, unwatched, write_whole
from mrie.scenarios import ScenarioRun
from mrie.store import MrieStore
from mrie.validation import Validation
from warehouse.store import Warehouse
from zeno.clock import Clock
from zeno.errors import ConfigError
from zeno.settings import Settings

_RECORD, PAGE = "report.json", "report.html"


@dataclass(frozen=True)
class Run:
    """What a run found.

    Parameters
    ----------
    page
        Where its page is.
    """

    run_id: str
    readings: Readings
    edges: Sequence[EdgeReading]
    scenarios: ScenarioRun
    validation: Validation
    report: RiskReport
    page: Path

    def summary(self) -> dict[str, Any]:
        """Return what ``zeno mrie run --json`` prints, JSON-safe."""
        reading = self.report.reading
        claims = self.report.claims
        return {
            "run_id": self.run_id,
            "data_month": f"{reading.data_month:%Y-%m}",
            "reading": {name: getattr(reading, name) for name in ("p_combined", "p_hmm", "p_ms", "low", "high")},
            "regime": reading.regime,
            "track": self.validation.summary(),
            "edges": _counts(one.status for one in self.edges),
            "claims": _counts(one.status for one in claims),
            "refused": dict(self.scenarios.refused),
            "caveats": list(self.report.caveats),
            "page": str(self.page),
        }


def begin(
    warehouse: Warehouse,
    settings: Settings,
    *,
    clock: Clock,
    first: int | None = None,
    last: int | None = None,
    mapper: Mapper = map,
    watch: Watch = unwatched,
    as_of: datetime | None = None,
    placebos: int = 20,
) -> Work:
    """Read the data of a warehouse and name the run on them, whose phases ``run`` takes, or the caller one by one.

    The same data, question and code are the same run: it computes nothing again and writes nothing twice.

    Parameters
    ----------
    first, last
        Months' numbers, both included; by default from 1973-01 to the newest month of data.
    mapper
        Where refits and edges are computed: the built-in map, or ``research.mapping.fan_out``'s.
    watch
        Is told the phase, and how many of how many parts of it are done.
    as_of
        Use nothing that was released later; with a zone, by default now. A run on data that newer ones have superseded
        judges no claim but that on its own readings: the ledger tells what holds by all that is known.
    placebos
        Phase-randomised causes tried for each edge.

    Raises
    ------
    SourceRejected
        If the warehouse has no macro series.
    ConfigError
        If the span is empty, has no data, or the causal graph lacks a series.
    """
    inputs = read_inputs(warehouse, as_of or clock.now())
    start, end = span(inputs, first, last)
    if end < start:
        raise ConfigError("The last month lies before the first.", remedy="Swap --from and --to, or load newer data.")
    question = Question(start, end, placebos)
    current = as_of is None or not superseded(inputs, warehouse, clock.now())
    return Work(warehouse, settings, clock, inputs, question, mapper, watch, current=current)


def run(work: Work) -> Run:
    """Take all six phases, and keep what they find.

    Raises
    ------
    ClaimRefused
        If a claim was committed with another predicate.
    """
    work.panel()
    readings = work.regimes()
    edges = work.causal_graph()
    scenarios, _ = work.scenarios(edges)
    validation = work.validation(readings)
    return finish(work, readings, edges, scenarios, validation)


def finish(
    work: Work, readings: Readings, edges: Sequence[EdgeReading], scenarios: ScenarioRun, validation: Validation
) -> Run:
    """Phase 6: make the page's record, keep it, and write the page."""
    work.watch("report", 0, 1)
    path = work.folder / _RECORD
    if not path.exists():
        made = make_report(work, readings, edges, scenarios, validation)
        write_whole(path, record.written(made).encode())
    report = _current(record.read(RiskReport, path.read_text("utf-8")), work.store, work.inputs.as_of, work.store.now())
    page = write_page(report, work.folder / PAGE)
    work.watch("report", 1, 1)
    return Run(work.run_id, readings, edges, scenarios, validation, report, page)


def latest_run(store: MrieStore, as_of: datetime) -> str:
    """Return the name of the latest run recorded by a moment: of those with the newest data the last.

    Raises
    ------
    ConfigError
        If there is none.
    """
    found = store.readings(as_of=as_of)
    if not found.num_rows:
        raise ConfigError(f"No run of the macro regimes was recorded by {as_of:%Y-%m-%d %H:%M} UTC.",
                          remedy="Make one: zeno mrie run, and leave --as-of out; zeno mrie run --as-of reads what was "
                                 "known at a moment.")  # fmt: skip
    return str(found["run_id"][0].as_py())


def load_report(store: MrieStore, settings: Settings, *, as_of: datetime) -> RiskReport:
    """Return the record of the latest run as of a moment: how old its data were then, and what had become of claims.

    Raises
    ------
    ConfigError
        If there is no run, or its record is not in this data folder.
    """
    run_id = latest_run(store, as_of)
    path = run_folder(settings, run_id) / _RECORD
    if not path.exists():
        raise ConfigError(f"The record of run {run_id} is not in this data folder.",
                          remedy="Make it again with the same data: zeno mrie run")  # fmt: skip
    return _current(record.read(RiskReport, path.read_text("utf-8")), store, as_of, as_of)


def _current(report: RiskReport, store: MrieStore, as_of: datetime, recorded_by: datetime) -> RiskReport:
    claims = shown_claims(read_claims(store, as_of=recorded_by), report.run_id)
    aged = tuple(replace(one, age_days=(as_of.date() - one.known_at.date()).days) for one in report.freshness)
    found = replace(report, as_of=as_of, claims=claims, freshness=aged)
    own = next((one for one in claims if one.claim_id.startswith("readings/")), None)
    if own is None or own.status != "withdrawn":
        return found
    said = f"These readings were withdrawn: {own.reason}"
    return replace(found, caveats=(said, *found.caveats), reading=replace(found.reading, why=said))


def _counts(statuses: Any) -> dict[str, int]:
    listed = list(statuses)
    return {status: listed.count(status) for status in sorted(set(listed))}
