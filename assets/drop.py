"""The drop folder as an asset, and the sensor that runs it when files have arrived."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from assets.house import OWNERS, House
from assets.loading import RETRY, Loaded, failures
from assets.raw import DROP_SOURCE
from assets.sources import GROUP, source_key
from collectors.drop_folder import pending, read_file, settle
from warehouse.loader import Loader
from zeno.errors import ContractError, SourceRejected
from zeno.settings import Settings

JOB = "load_drop_folder"


@dg.asset(
    key=source_key(DROP_SOURCE),
    group_name=GROUP,
    owners=OWNERS,
    description="**Files that people drop.** CSV and Parquet in the drop folder, each in the folder of its table; done "
    "files move to `done/`, refused ones to `rejected/` with the reason beside them.",
    kinds={"python", "file"},
    tags={"online": "no"},
    retry_policy=RETRY,
)
def drop_folder(house: dg.ResourceParam[House]) -> dg.MaterializeResult:
    """Load every complete file, then move it out of the way."""
    total, rejected = Loaded(), []
    with failures():
        for path in pending(house.settings.drop):
            reason = load_file(path, house.loader, total)
            if reason:
                rejected.append(f"{path.parent.name}/{path.name}: {reason}")
    files = dg.MetadataValue.md("\n".join(f"- {line}" for line in rejected) or "none")
    return dg.MaterializeResult(metadata={**total.metadata(), "rejected files": files})


def load_file(path: Path, loader: Loader, total: Loaded) -> str:
    """Load and settle one file; return why it was rejected, or "".

    A file that could be read but whose every row was refused is rejected too: nothing of it is in the table.
    """
    stored, refused = total.rows_stored, total.rows_quarantined
    try:
        for batch in read_file(path):
            total.add(loader.load(batch))
    except (SourceRejected, ContractError) as error:
        settle(path, "rejected", str(error))
        return str(error)
    if total.rows_stored == stored and total.rows_quarantined > refused:
        reason = "Every row was refused: see raw.quarantine."
        settle(path, "rejected", reason)
        return reason
    settle(path, "done")
    return ""


def drop_sensor(job: dg.JobDefinition | object, settings: Settings | None = None) -> dg.SensorDefinition:
    """Return the sensor; its cursor is the listing that it last asked a run for."""

    @dg.sensor(
        name="drop_folder",
        job=job,  # pyright: ignore[reportArgumentType]
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads files that were put into the drop folder.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        folder = (settings or Settings.from_env()).drop
        listing = _listing(pending(folder))
        if not listing:
            return dg.SkipReason(f"No complete file in {folder}.")
        if listing == context.cursor:
            return dg.SkipReason("A run for these files was already asked for.")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=listing)], cursor=listing)

    return watch


def _listing(files: Sequence[Path]) -> str:
    return ";".join(f"{path.parent.name}/{path.name}@{path.stat().st_mtime_ns}" for path in files)
