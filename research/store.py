"""Studies in the warehouse: events, failures and results as rows that are only ever added."""

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from research.canonical import canonical
from research.spec import Spec
from research.worker import Outcome
from warehouse.client import Client
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.store import User, Warehouse, connect
from zeno.clock import Clock, SystemClock
from zeno.errors import ConfigError, WarehouseDown

_PAGE = 500  # results a query; what a page holds is what the driver holds

# A driver that was killed between sending and hearing of it may have landed a result twice: the first counts.
_RESULTS = """
    SELECT task, any(result) AS result FROM research.results
    WHERE study_id = {id:String} AND task >= {start:UInt64} AND task < {stop:UInt64}
    GROUP BY task ORDER BY task
"""


@dataclass(frozen=True)
class Event:
    """Something in the life of a study."""

    at: datetime
    event: str
    detail: Mapping[str, Any]
    host: str
    process: int


@dataclass(frozen=True)
class Failure:
    """A failed try of a task: ``event`` is failed, dead or retried; ``cause`` raised or crashed."""

    task: int
    name: str
    at: datetime
    event: str
    cause: str
    detail: str
    worker: str


class StudyStore:
    """Reads and writes of ``research.*``."""

    def __init__(self, warehouse: Warehouse | None = None, clock: Clock | None = None) -> None:
        self.warehouse = warehouse or connect()
        self._clock = clock or SystemClock()
        self._last: datetime | None = None

    def create(self, spec: Spec, snapshot: Mapping[str, Any]) -> bool:
        """Write a study down; false when it is there already."""
        if self._rows("SELECT 1 FROM research.studies WHERE study_id = {id:String} LIMIT 1", id=spec.id):
            return False
        self.record(spec.id, spec.kind, "created", snapshot, text=spec.text)
        return True

    def find(self, prefix: str) -> str:
        """Return the id of the one study whose id begins so.

        Raises
        ------
        ConfigError
            When there is none, or several.
        """
        sql = "SELECT DISTINCT study_id FROM research.studies WHERE startsWith(study_id, {id:String})"
        found = [row[0] for row in self._rows(sql, id=prefix)]
        if len(found) != 1:
            what = "No study has the id" if not found else "Several studies have ids that begin with"
            raise ConfigError(f"{what} {prefix}.", remedy="zeno study list shows them.")
        return found[0]

    def ids(self) -> list[str]:
        """Return all studies, the newest first."""
        sql = "SELECT study_id, min(at) AS began FROM research.studies GROUP BY study_id ORDER BY began DESC"
        return [row[0] for row in self._rows(sql)]

    def spec(self, study: str) -> tuple[Spec, Mapping[str, Any]]:
        """Return the spec of a study and the detail of its data snapshot."""
        text, detail = self._rows("SELECT spec, detail FROM research.studies WHERE study_id = {id:String} "
                                  "AND event = 'created' ORDER BY at LIMIT 1", id=study)[0]  # fmt: skip
        return Spec.from_text(text), json.loads(detail)

    def record(self, study: str, kind: str, event: str, detail: Mapping[str, Any] | None = None, *, text: str = ""
               ) -> datetime:  # fmt: skip
        """Add an event; returns its time, which is later than that of any other this store has written."""
        at = self._now()
        row = {"study_id": study, "at": at, "event": event, "kind": kind, "spec": text,
               "detail": canonical(detail or {}), "host": socket.gethostname(),
               "process": os.getpid()}  # fmt: skip
        self._add("research.studies", [row])
        return at

    def events(self, study: str) -> list[Event]:
        """Return a study's events in order; of a driver's heartbeat the latest."""
        rows = self._rows(
            "SELECT at, toString(event), detail, toString(host), process FROM research.studies "
            "WHERE study_id = {id:String} AND event != 'driving' UNION ALL "
            "SELECT max(at), 'driving', argMax(detail, at), toString(argMax(host, at)), argMax(process, at) "
            "FROM research.studies WHERE study_id = {id:String} AND event = 'driving' HAVING count() > 0",
            id=study,
        )
        found = [Event(at, event, json.loads(detail), host, process) for at, event, detail, host, process in rows]
        return sorted(found, key=lambda one: one.at)

    def cancel_asked(self, study: str, since: datetime) -> bool:
        """Tell whether somebody has asked to cancel since then."""
        return bool(self._rows("SELECT 1 FROM research.studies WHERE study_id = {id:String} AND event = 'cancel_asked' "
                               "AND at >= {since:DateTime64(6, 'UTC')} LIMIT 1", id=study, since=since))  # fmt: skip

    def done(self, study: str) -> set[int]:
        """Return the tasks whose results have landed."""
        rows = self._client().arrow("SELECT DISTINCT task FROM research.results WHERE study_id = {id:String}",
                                    {"id": study})  # fmt: skip
        return set(rows["task"].to_pylist())

    def results(self, study: str) -> Iterator[tuple[int, Any]]:
        """Yield (task, result) in order of tasks, a page at a time."""
        last = self._rows("SELECT max(task) + 1, count() FROM research.results WHERE study_id = {id:String}", id=study)
        for start in range(0, int(last[0][0]) if last and last[0][1] else 0, _PAGE):
            page = self._client().arrow(_RESULTS, {"id": study, "start": start, "stop": start + _PAGE})
            for task, text in zip(page["task"].to_pylist(), page["result"].to_pylist(), strict=True):
                yield task, json.loads(text)

    def hashes(self, study: str) -> dict[int, list[str]]:
        """Return the hashes of the results of every task: one each, unless something is wrong."""
        sql = "SELECT task, groupUniqArray(sha256) AS found FROM research.results WHERE study_id = {id:String}"
        rows = self._client().arrow(f"{sql} GROUP BY task", {"id": study})
        return dict(zip(rows["task"].to_pylist(), rows["found"].to_pylist(), strict=True))

    def land(self, study: str, outcomes: Sequence[Outcome]) -> None:
        """Store results. After a lost connection it asks first which of them landed."""
        rows = [{"study_id": study, "task": one.task, "name": one.name, "sha256": one.sha256, "result": one.result,
                 "seconds": one.seconds, "worker": one.worker, "at": self._now()} for one in outcomes]  # fmt: skip
        while rows:
            try:
                self._client().insert("research.results", _arrow("research.results", rows))
                return
            except WarehouseDown:
                landed = self.done(study)  # waits until the warehouse is back, and starts it if it is ours
                rows = [row for row in rows if row["task"] not in landed]

    def fail(self, study: str, outcome: Outcome, *events: str) -> None:
        """Note a failed try, that a task is given up, or taken up again: all at once, or nothing."""
        rows = [{"study_id": study, "task": outcome.task, "at": self._now(), "event": event, "name": outcome.name,
                 "cause": outcome.cause or "raised", "detail": outcome.detail, "worker": outcome.worker}
                for event in events]  # fmt: skip
        self._add("research.tasks", rows)

    def failures(self, study: str) -> list[Failure]:
        """Return failed tries in order of time; a row that was sent twice (its time says so) is one try."""
        rows = self._rows("SELECT DISTINCT task, name, at, toString(event), toString(cause), detail, toString(worker) "
                          "FROM research.tasks WHERE study_id = {id:String} ORDER BY at, event", id=study)  # fmt: skip
        return [Failure(*row) for row in rows]

    def seconds(self, study: str) -> float:
        """Return how long all tasks together have worked."""
        rows = self._rows("SELECT sum(seconds) FROM research.results WHERE study_id = {id:String}", id=study)
        return float(rows[0][0] or 0.0)

    def _add(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._client().insert_repeatable(name, _arrow(name, rows))

    def _rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._client().rows(sql, parameters)

    def _client(self) -> Client:
        return self.warehouse.client(User.WRITER)

    def _now(self) -> datetime:
        """Return a time that no row of this store has: the order of rows is the order of events."""
        at = self._clock.now()
        if self._last is not None and at <= self._last:
            at = self._last + timedelta(microseconds=1)
        self._last = at
        return at


def _arrow(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(table(name)))
