"""Running the jobs from Python, in this process: what the command line does, and what the UI then shows.

    run_elt
      1. fail the runs that a dead process left behind                                  (assets.reaper)
      2. job load_default: sources, tables, checks
      3. a blocking check that failed, or a source that could not be loaded, ends it here
      4. nothing new, the same models as were last published, every day proven: prove again, build nothing
      5. job build_marts: dbt on the days that are not proven, reconcile, publish       (assets.marts)

    run_research
      jobs walk_forward and mrie: a study and the macro regimes, as the UI launches them

Every run has its process in its tags and is kept in the same store as the runs of the daemon.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from assets.build import build
from assets.instance import muted, open_instance
from assets.marts import fingerprint, published_fingerprint
from assets.partitions import years_of
from assets.progress import Checked, Event, Failed, Materialized, OnEvent, Skipped, Watch
from assets.raw import DROP_SOURCE, shown_tables, table_key
from assets.reaper import process_tags, reap
from assets.sources import source_key
from assets.studies import STEP
from collectors.registry import DATASETS
from warehouse.reconcile import dirty_days
from warehouse.store import connect
from zeno.errors import ConfigError
from zeno.settings import Settings

DROP = "drop"
"""The drop folder, among the names of data sets."""

# Dagster's console log would run through the progress bar; everything is in the event log.
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class EltResult:
    """What an ELT run did.

    Parameters
    ----------
    runs
        Ids of the Dagster runs, in order; ledger rows and logs carry them as correlation id.
    loads
        Rows that each source delivered and that are stored.
    checks, failures, skipped
        As they were reported.
    paths
        Files that each asset wrote, such as pages, by asset and name.
    reaped
        Runs of dead processes that were failed first.
    """

    runs: list[str] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    checks: list[Checked] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    paths: dict[str, Mapping[str, Path]] = field(default_factory=dict)
    reaped: list[str] = field(default_factory=list)
    success: bool = True

    @property
    def red(self) -> list[Checked]:
        """Blocking checks that failed."""
        return [check for check in self.checks if check.blocking and not check.passed]

    def take(self, event: Event) -> None:
        """Count one event."""
        if isinstance(event, Checked):
            self.checks.append(event)
        elif isinstance(event, Failed):
            self.failures.append(event)
        elif isinstance(event, Skipped):
            self.skipped.append(event)
        elif isinstance(event, Materialized):
            self._materialized(event)

    def _materialized(self, event: Materialized) -> None:
        if event.paths:
            self.paths[event.asset] = event.paths
        if event.rows is not None:
            kind, _, name = event.asset.partition(".")
            (self.loads if kind == "sources" else self.tables)[name if kind == "sources" else event.asset] = event.rows


class Runner:
    """Executes jobs in this process against the persistent instance, and adds up what they report."""

    def __init__(self, instance: dg.DagsterInstance, definitions: dg.Definitions, on_event: OnEvent) -> None:
        self._instance, self._definitions, self._on_event = instance, definitions, on_event
        self.result = EltResult(reaped=reap(instance))

    def job(
        self,
        name: str,
        *,
        only: Sequence[dg.AssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
        configured: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> bool:
        """Run one job to its end, its steps ``configured`` by name, and return whether it succeeded."""
        config = {"ops": {step: {"config": dict(values)} for step, values in (configured or {}).items()}}
        run_id = str(uuid.uuid4())
        self.result.runs.append(run_id)
        with Watch(self._instance, run_id, self.report), muted():
            done = self._definitions.resolve_job_def(name).execute_in_process(
                instance=self._instance,
                run_id=run_id,
                raise_on_error=False,
                run_config={**_SILENT, **config},
                asset_selection=only,
                tags={**process_tags(), "zeno/launched_by": "command line", **(tags or {})},
            )
        self.result.success = self.result.success and done.success
        return done.success

    def report(self, event: Event) -> None:
        """Count an event and pass it on."""
        self.result.take(event)
        self._on_event(event)


def run_elt(
    settings: Settings,
    *,
    datasets: Sequence[str] | None = None,
    on_event: OnEvent = lambda _event: None,
    definitions: dg.Definitions | None = None,
) -> EltResult:
    """Load, then build what that changed.

    Parameters
    ----------
    datasets
        Names of the data sets to load, online ones included, and ``drop`` for the drop folder; by default all that
        need no service.
    on_event
        Called, from another thread, for everything worth a line.
    definitions
        Other ones than the installed, for tests.

    Raises
    ------
    ConfigError
        If a data set is unknown.
    """
    chosen = _chosen(datasets) if datasets is not None else None
    with open_instance(settings) as instance:
        runner = Runner(instance, definitions or build(settings=settings), on_event)
        loaded = runner.job("load_default") if chosen is None else runner.job("load_any", only=chosen)
        if not loaded:
            runner.report(Skipped("build_marts", "a source could not be loaded, or a blocking check failed"))
        elif _is_current(settings, instance):
            runner.report(Skipped("build_marts", "nothing was inserted and no model changed since the last time"))
            runner.job("prove_bars")
        else:
            runner.job("build_marts")
        return runner.result


def run_research(
    settings: Settings, *, on_event: OnEvent = lambda _event: None, definitions: dg.Definitions | None = None
) -> EltResult:
    """Drive the standard study and run the macro regimes, on what is loaded; what was computed once is not again."""
    with open_instance(settings) as instance:
        runner = Runner(instance, definitions or build(settings=settings), on_event)
        where = {"executor": settings.executor, "workers": settings.workers or 0}
        runner.job("walk_forward", configured={STEP: where})
        runner.job("mrie")
        return runner.result


def backfill(
    settings: Settings,
    first: date,
    last: date,
    *,
    on_event: OnEvent = lambda _event: None,
    definitions: dg.Definitions | None = None,
) -> EltResult:
    """Rebuild the bars of every day with ticks in the years from ``first`` to ``last``, in one run.

    Raises
    ------
    ConfigError
        If ``first`` is after ``last``.
    """
    if first > last:
        raise ConfigError(f"{first} is after {last}.", remedy="Give the earlier day first.")
    with open_instance(settings) as instance:
        runner = Runner(instance, definitions or build(settings=settings), on_event)
        runner.job("rebuild_bars", tags=years_of(first, last))
        return runner.result


def _chosen(names: Sequence[str]) -> list[dg.AssetKey]:
    """Return the assets of these sources and of the tables that they feed."""
    unknown = [name for name in names if name not in DATASETS and name != DROP]
    if unknown:
        raise ConfigError(f"There is no data set {', '.join(unknown)}.", remedy="See: zeno elt sources")
    sources = [DROP_SOURCE if name == DROP else name for name in names]
    tables = {name for source in sources if source in DATASETS for name in DATASETS[source].tables}
    if DROP in names:
        tables |= {entry.name for entry in shown_tables()}
    tables |= {"raw.loads", "raw.quarantine"}
    return [source_key(name) for name in sources] + [table_key(name) for name in sorted(tables)]


def _is_current(settings: Settings, instance: dg.DagsterInstance) -> bool:
    """Whether the marts were published from just what is loaded now, and no day has been found wrong since."""
    warehouse = connect(settings)
    try:
        return published_fingerprint(instance) == fingerprint(warehouse) and not dirty_days(warehouse)
    finally:
        warehouse.close()
