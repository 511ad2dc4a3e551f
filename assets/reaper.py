"""The reaper: fails runs that are recorded as running while the process that ran them is gone.

Dagster's own monitor fails a run whose worker dies under a living daemon. When everything is killed at once, the run
stays STARTED after the restart until its maximum runtime. So every run signs in with the identity of its process, and
the reaper asks, at boot and every minute, whether that process is still there.
"""

import time
from pathlib import Path

import dagster as dg
import psutil

PROCESS_TAG = "zeno/process"

_RUNNING = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Longer than any worker needs from its launch to its first step, where it signs in.
_SIGN_IN_SECONDS = 300.0
# Creation times are whole clock ticks, read from two clocks.
_CLOCK_SLACK_SECONDS = 2.0


def process_tags() -> dict[str, str]:
    """Return the tag by which a run says which process runs it: pid, creation time, boot."""
    process = psutil.Process()
    return {PROCESS_TAG: f"{process.pid} {process.create_time():.2f} {boot_id()}"}


def boot_id() -> str:
    """Return what identifies this boot of the machine."""
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text().strip()
    return str(round(psutil.boot_time() / 60))


def reap(instance: dg.DagsterInstance, *, now: float | None = None) -> list[str]:
    """Fail every run whose process is gone, and return their ids."""
    moment = time.time() if now is None else now
    reaped: list[str] = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_RUNNING)):
        run = record.dagster_run
        reason = _why_dead(run, moment - record.create_timestamp.timestamp())
        if reason:
            instance.report_run_failed(run, f"Reaped: {reason} Run it again; what it had loaded is not loaded twice.")
            reaped.append(run.run_id)
    return reaped


def _why_dead(run: dg.DagsterRun, age: float) -> str:
    if PROCESS_TAG in run.tags:
        tag = run.tags[PROCESS_TAG]
        return "" if process_lives(tag) else f"its process {tag.split()[0]} is gone."
    queued = run.status is dg.DagsterRunStatus.NOT_STARTED
    return "" if queued or age < _SIGN_IN_SECONDS else f"no process signed in for it within {_SIGN_IN_SECONDS:g} s."


def process_lives(tag: str) -> bool:
    """Whether the process that wrote this tag is alive: the same boot, the same pid, born at the same moment."""
    pid, created, boot = tag.split()
    if boot != boot_id():
        return False
    try:
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(created)) < _CLOCK_SLACK_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dg.sensor(
    name="reaper",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs left running by a process that is gone.",
)
def reaper_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Reap once a minute while the daemon runs."""
    reaped = reap(context.instance)
    return dg.SkipReason(f"Failed {', '.join(reaped)}." if reaped else "Every running run has its process.")
