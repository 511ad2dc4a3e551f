"""Puts the definitions together. Assembly only: what an asset does is in its module, what it calls in the rooms below.

Tests give keywords instead of the real parts: fewer data sets, settings of a temporary folder, no retries.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import drop
from assets.checks import quality_checks
from assets.dbt_project import read_manifest
from assets.house import house_resource
from assets.jobs import EXECUTOR, make_jobs
from assets.loading import RETRY
from assets.marts import marts
from assets.mrie import PHASE_ASSETS
from assets.raw import table_assets
from assets.reaper import reaper_sensor
from assets.sources import source_assets
from assets.studies import drive_study, study_sensor, walk_forward
from collectors.dataset import Dataset
from collectors.registry import DATASETS
from zeno.settings import Settings

# Dagster copies every sensor with a parameter of its own that it calls beta; nobody who runs the demo can do anything.
warnings.filterwarnings(
    "ignore", message="Parameter `owners` of initializer `SensorDefinition", category=dg.BetaWarning
)


def build(
    *,
    datasets: Mapping[str, Dataset] | None = None,
    settings: Settings | None = None,
    retry: dg.RetryPolicy = RETRY,
    manifest: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Return everything that Dagster is to know.

    Parameters
    ----------
    datasets
        By default the collectors' registry.
    settings
        By default the environment's, read when a run starts.
    retry
        What a source does about a service or a warehouse that is away.
    manifest
        dbt's; by default made from the project whenever that has changed.
    """
    chosen = DATASETS if datasets is None else datasets
    models = marts(manifest if manifest is not None else read_manifest(settings or Settings.from_env()))
    jobs = make_jobs(chosen, models)
    return dg.Definitions(
        assets=[
            *source_assets(chosen, retry),
            drop.drop_folder,
            *table_assets(chosen),
            *models.assets,
            walk_forward,
            *PHASE_ASSETS,
        ],
        asset_checks=[*quality_checks(chosen), *models.checks],
        jobs=[*jobs.jobs, drive_study],  # pyright: ignore[reportArgumentType]
        schedules=jobs.schedules,
        sensors=[drop.drop_sensor(jobs.drop_folder, settings), reaper_sensor, study_sensor(settings)],
        resources={"house": house_resource(chosen, settings)},
        executor=EXECUTOR,
    )
