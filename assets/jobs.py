"""Jobs, the daily schedule, and what they select.

| job | does |
|---|---|
| ``load_default`` | every source that needs no service, the raw tables, their checks |
| ``load_online`` | the sources that need a service, and perhaps a key |
| ``build_marts`` | the dbt models, the reconcile; the raw tables' blocking checks first |
| ``elt`` | ``load_default``, then ``build_marts``; daily |
| ``load_drop_folder`` | the drop folder, and everything downstream |
| ``load_any`` | any source, its tables; a base for runs of a part |
| ``rebuild_bars`` | the bars alone, of the chosen years |
| ``walk_forward`` | the standard study; launch it with another configuration for another |
| ``mrie`` | the macro regimes: readings, graph, scenarios, claims, the page; from what is loaded |
| ``prove_bars`` | the proof that bars equal their ticks, nothing else |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from assets import drop, mrie
from assets.marts import Marts, reconcile_checks
from assets.raw import DATABASES, DROP_SOURCE, shown_tables, table_key
from assets.sources import source_key
from assets.studies import STUDY
from collectors.dataset import Dataset

TIMEZONE = "America/New_York"
DAILY = "0 18 * * 1-5"  # two hours after the cash close
# One process for a whole run: the loader takes turns anyway, and a process for each of fifty small steps costs minutes.
EXECUTOR = dg.in_process_executor


@dataclass(frozen=True)
class Jobs:
    """The jobs by what they are for, and everything for ``Definitions``."""

    jobs: Sequence[object]
    drop_folder: object
    schedules: Sequence[dg.ScheduleDefinition]


def make_jobs(datasets: Mapping[str, Dataset], models: Marts) -> Jobs:
    """Return the jobs over these data sets and models."""
    offline = [source_key(name) for name, entry in datasets.items() if not entry.online]
    online = [source_key(name) for name, entry in datasets.items() if entry.online]
    every = dg.AssetSelection.assets(*offline, *online)
    tables = dg.AssetSelection.groups(*DATABASES)
    load = dg.AssetSelection.assets(*offline) | tables
    guarded = models.selection | dg.AssetSelection.checks_for_assets(*_guards())
    folder = dg.AssetSelection.assets(source_key(DROP_SOURCE))
    dropped = folder | tables | models.selection
    elt = _job(
        "elt", load | models.selection, "Load every source that needs no service, then build the marts. Runs daily."
    )
    into = _job(drop.JOB, dropped, "Load the files in the drop folder, then rebuild what they touch.")
    jobs = [
        _job("load_default", load, "Load every source that needs no service."),
        _job("build_marts", guarded, "Build the marts from what is loaded, if the loaded tables pass their checks."),
        _job("load_any", every | folder | tables, "Load any source: launch it with a selection."),
        _job("rebuild_bars", models.bars, "Rebuild the bars of the chosen years from their ticks."),
        _job("prove_bars", reconcile_checks(models), "Compare bars with their ticks; change nothing."),
        _job("walk_forward", dg.AssetSelection.assets(STUDY), "Drive a walk-forward study over stored bars."),
        _job("mrie", dg.AssetSelection.groups(mrie.GROUP), "Read the macro regimes and write the risk report."),
        elt,
        into,
    ]
    if online:
        jobs.append(_job("load_online", dg.AssetSelection.assets(*online) | tables, "Load the online sources."))
    return Jobs(jobs, into, [_daily(elt)])


def _guards() -> list[dg.AssetKey]:
    return [table_key(entry.name) for entry in shown_tables()]


def _daily(job: object) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="daily",
        job=job,  # pyright: ignore[reportArgumentType]
        cron_schedule=DAILY,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Load and build after every New York session.",
    )


def _job(name: str, selection: dg.AssetSelection, description: str):
    return dg.define_asset_job(name, selection, description=description, executor_def=EXECUTOR)
