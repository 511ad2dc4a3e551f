"""The drop folder as an asset, and the sensor that runs it when files have arrived."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from assets.house import OWNERS, House
from assets.loading import RETRY, Loaded, failures
from assets.raw import DROP_SOURCE
from assets.sources import GROUP, source_key
from collectors.drop_folder import pending, read_file, settle, version, whole_file_reason
from warehouse.loader import Loader
from zeno.errors import (
    ContractError,
    LoadError,
    MigrationError,
    SourceRejected,
    WarehouseBusy,
    WarehouseDown,
    WarehouseError,
    WarehouseFull,
    ZenoError,
)
from zeno.settings import Settings

JOB = "load_drop_folder"
LISTING_TAG = "zeno/drop_listing"

# No file can be loaded then: the run ends, and all that is left stays where it is.
_AWAY = (WarehouseDown, WarehouseBusy, WarehouseFull, MigrationError)
# Seconds from the end of one try at the same files to the next one, which is the last after the last of them.
_PAUSES = (60.0, 300.0)
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
# Not NOT_STARTED: a daemon that died before it launched a run does so when the same key is asked for again.
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


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
    total, rejected, left = Loaded(), [], []
    with failures():
        files, loader = pending(house.settings.drop), house.loader
        for path in files:
            try:
                reason = load_file(path, loader, total)
            except _AWAY:
                raise
            except (WarehouseError, OSError) as error:
                left.append(f"{_name(path)}: {error}")
            else:
                rejected.extend([f"{_name(path)}: {reason}"] if reason else [])
        if left:
            raise LoadError(f"These files could not be loaded and stay where they are: {'; '.join(left)}.",
                            remedy="Mend what the warehouse says, then run: zeno elt run drop")  # fmt: skip
    shown = dg.MetadataValue.md("\n".join(f"- {line}" for line in rejected) or "none")
    return dg.MaterializeResult(metadata={**total.metadata(), "rejected files": shown})


def load_file(path: Path, loader: Loader, total: Loaded) -> str:
    """Load and settle one file; return why it was rejected, or "".

    A file that could be read but whose every row was refused is rejected too: nothing of it is in the table. One that
    was replaced or taken away meanwhile is left alone: what is there now was not read.

    Raises
    ------
    WarehouseError, OSError
        If the fault is not the file's; it stays where it is.
    """
    before, stored, refused = version(path), total.rows_stored, total.rows_quarantined
    try:
        reason = _load_batches(path, loader, total)
    except FileNotFoundError:
        if path.exists():
            raise
        return ""
    rows = total.rows_stored - stored
    if not reason and not rows and total.rows_quarantined > refused:
        reason = "Every row was refused: see raw.quarantine."
    elif reason and rows:
        reason += f" The {rows:,} rows before that were loaded."
    if version(path) != before:
        return ""
    settle(path, "rejected" if reason else "done", reason)
    return reason


def _load_batches(path: Path, loader: Loader, total: Loaded) -> str:
    """Load a file's batches; return why the file as a whole was refused, or ""."""
    try:
        for batch in read_file(path):
            total.add(loader.load(batch))
            if reason := whole_file_reason(batch):
                return reason.removeprefix(f"{path.name}: ")
    except (SourceRejected, ContractError) as error:
        return str(error)
    except (ZenoError, OSError):
        raise
    except Exception as error:
        # Whatever a file can bring about that nobody thought of, the files behind it must not wait for it.
        return f"It cannot be read ({type(error).__name__}: {error}). Please report it with the file."
    return ""


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def next_attempt(instance: dg.DagsterInstance, listing: str, now: float) -> int | str:
    """Return the number, from 1, of the run to ask for to load the files of this listing, or why none is due.

    A run may die and leave its files where they are, so a listing is tried again, later each time, but not for ever.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    if busy := instance.get_run_records(dg.RunsFilter(job_name=JOB, statuses=_UNFINISHED), limit=1):
        return f"Run {busy[0].dagster_run.run_id} loads the drop folder, or waits to."
    filtered = dg.RunsFilter(job_name=JOB, tags={LISTING_TAG: listing}, statuses=_ENDED)
    ended = [record.end_time or record.update_timestamp.timestamp() for record in instance.get_run_records(filtered)]
    if len(ended) > len(_PAUSES):
        return (
            f"{len(ended)} runs left these files where they are. See why in the runs, then run: zeno elt run drop. "
            "A file that is added, replaced or touched is tried by itself."
        )
    if ended and now < max(ended) + _PAUSES[len(ended) - 1]:
        return f"Try {len(ended)} left files where they are; the next is {_PAUSES[len(ended) - 1]:g} s after it."
    return len(ended) + 1


def drop_sensor(job: dg.JobDefinition | object, settings: Settings | None = None) -> dg.SensorDefinition:
    """Return the sensor: it asks for a run as long as files are there, with their listing and the try in its key."""

    @dg.sensor(
        name="drop_folder",
        job=job,  # pyright: ignore[reportArgumentType]
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads files that were put into the drop folder.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        folder = (settings or Settings.from_env()).drop
        files = pending(folder)
        if not files:
            return dg.SkipReason(f"No complete file in {folder}.")
        listing = _listing(files)
        attempt = next_attempt(context.instance, listing, time.time())
        if isinstance(attempt, str):
            return dg.SkipReason(attempt)
        request = dg.RunRequest(run_key=f"{listing}-{attempt}", tags={LISTING_TAG: listing})
        return dg.SensorResult(run_requests=[request])

    return watch


def _listing(files: Sequence[Path]) -> str:
    """Return a short name for these files in these versions."""
    named = ";".join(f"{_name(path)}@{version(path)}" for path in files)
    return hashlib.sha256(named.encode()).hexdigest()[:32]
