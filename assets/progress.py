"""What a run is doing, as plain events for a progress bar: read from Dagster's own event log while the run executes."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import dagster as dg

_POLL_SECONDS = 0.2
_PAGE = 500


@dataclass(frozen=True)
class Started:
    """A step began."""

    step: str


@dataclass(frozen=True)
class Materialized:
    """Something was written: ``rows`` is what it holds or delivered, ``paths`` are its files, where there are any."""

    asset: str
    rows: int | None
    paths: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a step logged of its progress."""

    step: str
    text: str


@dataclass(frozen=True)
class Finished:
    """A step ended well."""

    step: str
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A step ended with an error."""

    step: str
    error: str
    remedy: str = ""


@dataclass(frozen=True)
class Checked:
    """A check was evaluated. ``blocking`` says that a failure stops what is downstream."""

    asset: str
    check: str
    passed: bool
    blocking: bool
    detail: str


@dataclass(frozen=True)
class Skipped:
    """Something was not done, with the reason."""

    step: str
    reason: str


Event = Started | Said | Materialized | Finished | Failed | Checked | Skipped
OnEvent = Callable[[Event], None]


class Watch:
    """Calls ``on_event`` for what happens in a run, from a thread, until the block ends."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str, on_event: OnEvent) -> None:
        self._instance, self._run_id, self._on_event = instance, run_id, on_event
        self._cursor: str | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="run-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._done.set()
        self._thread.join()
        self._drain()

    def _follow(self) -> None:
        while not self._done.wait(_POLL_SECONDS):
            self._drain()

    def _drain(self) -> None:
        more = True
        while more:
            page = self._instance.get_records_for_run(self._run_id, cursor=self._cursor, limit=_PAGE)
            self._cursor, more = page.cursor, page.has_more
            for record in page.records:
                entry = record.event_log_entry
                event = translated(entry.dagster_event)
                if event is None and entry.step_key and entry.level == logging.INFO and not entry.is_dagster_event:
                    event = Said(entry.step_key, entry.user_message)
                if event is not None:
                    self._on_event(event)


def translated(event: dg.DagsterEvent | None) -> Event | None:
    """Return Dagster's event as one of ours, or None if it is not worth a line."""
    if event is None:
        return None
    kind, step = event.event_type, event.step_key or ""
    if kind is dg.DagsterEventType.STEP_START:
        return Started(step)
    if kind is dg.DagsterEventType.STEP_SUCCESS:
        return Finished(step, event.step_success_data.duration_ms / 1000)
    if kind is dg.DagsterEventType.STEP_FAILURE:
        return Failed(step, *_cause(event))
    if kind is dg.DagsterEventType.STEP_SKIPPED:
        return Skipped(step, "what it needs did not succeed")
    if kind is dg.DagsterEventType.ASSET_MATERIALIZATION:
        made = event.step_materialization_data.materialization
        rows = made.metadata.get("dagster/row_count")
        paths = {name: Path(one.path) for name, one in made.metadata.items()
                 if isinstance(one, dg.PathMetadataValue) and one.path}  # fmt: skip
        return Materialized(_name(made.asset_key), rows.value if isinstance(rows, dg.IntMetadataValue) else None, paths)
    if kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found = event.asset_check_evaluation_data
        detail = found.description or ""
        return Checked(_name(found.asset_key), found.check_name, found.passed, bool(found.blocking), detail)
    return None


def _cause(event: dg.DagsterEvent) -> tuple[str, str]:
    data = event.step_failure_data
    failure = data.user_failure_data
    if failure is not None:
        remedy = failure.metadata.get("remedy")
        return failure.description or "failed", str(remedy.value) if remedy else ""
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.message.strip() if error else "failed"), ""


def _name(key: dg.AssetKey) -> str:
    return ".".join(key.path)
