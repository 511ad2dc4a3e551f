"""Jobs, the daily schedule, and what they select.

| job | does |
|---|---|
| ``load_default`` | every source that needs no service, the raw tables, their checks |
| ``load_online`` | the sources that need a service, and perhaps a key |
| ``build_marts`` | the dbt models, the reconcile; the raw tables' blocking checks first |
| ``elt`` | ``load_default``, then ``build_marts``; daily |
| ``load_drop_folder`` | the drop folder, and everything downstream |
| ``check_all`` | every check that does not need dbt, nothing else |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from assets import drop
from assets.raw import DATABASES, DROP_SOURCE
from assets.sources import source_key
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


def make_jobs(datasets: Mapping[str, Dataset], marts: dg.AssetSelection) -> Jobs:
    """Return the jobs over these data sets; ``marts`` selects the models and what follows them."""
    offline = [source_key(name) for name, entry in datasets.items() if not entry.online]
    online = [source_key(name) for name, entry in datasets.items() if entry.online]
    tables = dg.AssetSelection.groups(*DATABASES)
    load = dg.AssetSelection.assets(*offline) | tables
    guarded = marts | dg.AssetSelection.checks_for_assets(*_guards())
    dropped = dg.AssetSelection.assets(source_key(DROP_SOURCE)) | tables | marts
    elt = _job("elt", load | marts, "Load every source that needs no service, then build the marts. Runs daily.")
    into = _job(drop.JOB, dropped, "Load the files in the drop folder, then rebuild what they touch.")
    jobs = [
        _job("load_default", load, "Load every source that needs no service."),
        _job("build_marts", guarded, "Build the marts from what is loaded, if the loaded tables pass their checks."),
        _job("check_all", dg.AssetSelection.all_asset_checks(), "Evaluate every check; change nothing."),
        elt,
        into,
    ]
    if online:
        jobs.append(_job("load_online", dg.AssetSelection.assets(*online) | tables, "Load the online sources."))
    return Jobs(jobs, into, [_daily(elt)])


def _guards() -> list[dg.AssetKey]:
    from assets.raw import shown_tables, table_key

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


def _job(name: str, selection: dg.AssetSelection, description: str):  # noqa: ANN202
    return dg.define_asset_job(name, selection, description=description, executor_def=EXECUTOR)
