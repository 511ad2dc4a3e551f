"""Studies from beginning to end: start, resume, cancel, look at, wait for, reproduce.

The state of a study is a fold of its events and of whether a process drives it now:

    created, or queued for Dagster
       '-> driving -> finished
              |-----> stuck        what is left failed three times; resume with ``again`` tries once more
              |-----> cancelled    what was done is kept; resume goes on
              '-----> interrupted  its driver is gone; resume goes on
"""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from research.canonical import canonical, digest
from research.code import code_version
from research.executors import Executor
from research.kinds import Answer, Kind, kind
from research.lock import driving, is_driven
from research.reproduction import Comparison
from research.runner import Progress, Runner, given_up
from research.spec import Spec
from research.store import Event, StudyStore
from research.worker import Outcome
from zeno.clock import Clock, SystemClock
from zeno.errors import StudyError
from zeno.settings import Settings

_SILENCE = timedelta(seconds=30)  # three heartbeats: after it, a driver on another machine is taken for dead
Watch = Callable[[Progress], None]
Make = Callable[[], Executor]


@dataclass(frozen=True)
class State:
    """Where a study stands."""

    id: str
    kind: str
    state: str
    total: int
    done: int
    dead: int
    failed_tries: int
    created: datetime
    last: datetime
    executor: str
    task_seconds: float
    result: str | None
    summary: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen unless somebody asks for it."""
        return self.state in ("finished", "stuck", "cancelled", "interrupted")


class Studies:
    """The studies of a warehouse."""

    def __init__(self, store: StudyStore | None = None, settings: Settings | None = None, clock: Clock | None = None
                 ) -> None:  # fmt: skip
        self.store = store or StudyStore()
        self.settings = settings or self.store.warehouse.settings
        self._clock = clock or SystemClock()

    def create(self, spec: Spec, snapshot: Mapping[str, Any]) -> str:
        """Write a study down, once, with the number of its tasks; returns its id.

        Raises
        ------
        StudyError
            When there would be nothing to do.
        """
        total = kind(spec.kind).count(spec)
        if total == 0:
            raise StudyError("The study has no tasks.", remedy="Ask for more than an empty space.")
        self.store.create(spec, {**snapshot, "tasks": total})
        return spec.id

    def queue(self, study: str, executor: str, workers: int) -> None:
        """Leave a study to Dagster's daemon, which drives it on that executor.

        Raises
        ------
        StudyError
            When somebody drives it, or has finished it.
        """
        spec, _ = self.store.spec(study)
        now = self.state(study).state
        if now in ("driving", "finished"):
            raise StudyError(f"Study {study} is {now} already.", remedy=f"zeno study show {study}")
        self.store.record(study, spec.kind, "queued", {"executor": executor, "workers": workers})

    def drive(self, study: str, make: Make, watch: Watch = lambda _: None, *, again: bool = False) -> State:
        """Do what is missing of a study and put its answer together; what is there already is not done again.

        Parameters
        ----------
        again
            Also try the tasks that were given up.

        Raises
        ------
        StudyError
            When the code has changed since the study began, or another process drives it.
        """
        spec, _ = self.store.spec(study)
        made = kind(spec.kind)
        self._refuse_other_code(spec, made)
        with driving(study, self.settings):
            self._refuse_other_machine(study)
            if self.state(study).state == "finished":
                return self.state(study)
            if again:
                self._take_up_again(study)
            end = Runner(self.store, spec, made, make, watch, self._clock).drive()
            if end == "finished":
                self._conclude(spec, made)
            elif end == "stuck":
                self.store.record(study, spec.kind, "stuck")
        return self.state(study)

    def answer(self, study: str) -> Answer:
        """Put the results of a finished study together again, its pages included."""
        spec, _ = self.store.spec(study)
        folder = self.settings.studies / study
        folder.mkdir(parents=True, exist_ok=True)
        return kind(spec.kind).answer(spec, lambda: self.store.results(study), folder)

    def cancel(self, study: str) -> None:
        """Ask the driver of a study to stop; it does within seconds, and what is done is kept."""
        spec, _ = self.store.spec(study)
        now = self.state(study)
        if now.state == "finished":
            raise StudyError(f"Study {study} has finished.", remedy=f"zeno study show {study}")
        self.store.record(study, spec.kind, "cancel_asked")
        if now.state != "driving":
            self.store.record(study, spec.kind, "cancelled", {"done": now.done})

    def wait(self, study: str, watch: Callable[[State], None] = lambda _: None, seconds: float | None = None) -> State:
        """Return the state once nothing more will happen, or after some seconds."""
        end = None if seconds is None else self._clock.monotonic() + seconds
        while True:
            state = self.state(study)
            watch(state)
            if state.is_over or (end is not None and self._clock.monotonic() > end):
                return state
            self._clock.sleep(0.5)

    def states(self) -> list[State]:
        """Return all studies, the newest first."""
        return [self.state(study) for study in self.store.ids()]

    def state(self, study: str) -> State:
        """Return where a study stands."""
        spec, created = self.store.spec(study)
        events = self.store.events(study)
        failures = self.store.failures(study)
        dead, _ = given_up(failures)
        finished = next((one for one in reversed(events) if one.event == "finished"), None)
        beats = [one for one in events if one.event == "driving"]
        return State(
            id=study,
            kind=spec.kind,
            state=self._fold(study, events),
            total=created["tasks"],
            done=len(self.store.done(study)),
            dead=len(dead),
            failed_tries=sum(one.event == "failed" for one in failures),
            created=events[0].at,
            last=events[-1].at,
            executor=str(beats[-1].detail.get("executor", "")) if beats else "",
            task_seconds=self.store.seconds(study),
            result=finished.detail["result"] if finished else None,
            summary=finished.detail["summary"] if finished else {},
        )

    def track(self, study: str) -> str:
        """Record a finished study in MLflow, a child run for each of its parts; once, however often it is asked.

        Returns
        -------
        str
            The id of the study's run.

        Raises
        ------
        StudyError
            When the study has not finished.
        """
        from research.tracking import CODE_VERSION, DATA_SNAPSHOT, TrackedRun, track

        spec, _ = self.store.spec(study)
        events = self.store.events(study)
        if known := [one.detail["run"] for one in events if one.event == "tracked"]:
            return known[-1]
        if not any(one.event == "finished" for one in events):
            raise StudyError(f"Study {study} has not finished.", remedy=f"zeno study resume {study}")
        answer = self.answer(study)
        whole = TrackedRun(
            name=f"{spec.kind} {spec.question.get('strategy', '')} {study[:8]}",
            parameters={"kind": spec.kind, **_flat(spec.question), **_flat(spec.data)},
            metrics=_numbers(answer.summary),
            tags={DATA_SNAPSHOT: spec.snapshot, CODE_VERSION: spec.code, "zeno.result": self.state(study).result or ""},
        )
        children = [TrackedRun(name=one.name, parameters=one.parameters, metrics=one.metrics) for one in answer.parts]
        pages = {path.name: path for path in answer.pages.values()}
        run = track(whole, study, children, pages, self.settings, self._clock)
        self.store.record(study, spec.kind, "tracked", {"run": run})
        return run

    def reproduce(self, study: str, make: Make, watch: Watch = lambda _: None) -> Comparison:
        """Compute every task of a study anew from its recorded data snapshot, and compare bit for bit.

        Nothing is stored. The study's code may have changed since: the comparison says so.

        Raises
        ------
        StudyError
            When there are no results to compare with.
        """
        spec, _ = self.store.spec(study)
        made = kind(spec.kind)
        if not (recorded := self.store.hashes(study)):
            raise StudyError(f"Study {study} has no results, and nothing to compare with.",
                             remedy=f"zeno study resume {study}, or show {study} for why it has none.")  # fmt: skip
        comparison = Comparison(recorded, self._code(spec, made) == spec.code)
        Runner(comparison, spec, made, make, watch, self._clock).drive()
        return comparison

    def _fold(self, study: str, events: list[Event]) -> str:
        if any(one.event == "finished" for one in events):
            return "finished"
        if is_driven(study, self.settings) or self._elsewhere(events):
            return "driving"
        last = _turn(events).event
        return "interrupted" if last == "driving" else last

    def _elsewhere(self, events: list[Event]) -> str | None:
        """Return the other machine on which a driver is at work, by its last heartbeat."""
        last = _turn(events)
        lives = last.event == "driving" and self._clock.now() - last.at < _SILENCE
        return last.host if lives and last.host != socket.gethostname() else None

    def _conclude(self, spec: Spec, made: Kind) -> None:
        """Put the answer together and say what all results hash to."""
        hashes = self.store.hashes(spec.id)
        assert len(hashes) == made.count(spec)
        result = digest(canonical([[task, found] for task, found in sorted(hashes.items())]))
        answer = self.answer(spec.id)
        detail = {"result": result, "summary": answer.summary, "pages": {k: str(v) for k, v in answer.pages.items()}}
        self.store.record(spec.id, spec.kind, "finished", detail)

    def _take_up_again(self, study: str) -> None:
        dead, _ = given_up(self.store.failures(study))
        for task in sorted(dead):
            self.store.fail(study, Outcome(task, ""), "retried")

    def _refuse_other_code(self, spec: Spec, made: Kind) -> None:
        now = self._code(spec, made)
        if spec.code != now:
            raise StudyError(f"The code has changed since study {spec.id} began: it was {spec.code}, and is {now}.",
                             remedy="Start the study again: with the new code it is another one.")  # fmt: skip

    def _code(self, spec: Spec, made: Kind) -> str:
        return code_version(made.rooms, tuple(made.files(spec)))

    def _refuse_other_machine(self, study: str) -> None:
        if host := self._elsewhere(self.store.events(study)):
            raise StudyError(f"Study {study} is being driven on {host}.",
                             remedy=f"zeno study cancel {study}, or wait half a minute.")  # fmt: skip


def _turn(events: list[Event]) -> Event:
    """Return the last event that tells where an unfinished study stands; to be asked to stop is not to stop."""
    return [one for one in events if one.event != "cancel_asked"][-1]


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested mappings as one, names joined by dots; lists as text."""
    found: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, Mapping):
            found |= _flat(one, f"{before}{name}.")
        else:
            found[before + name] = one if isinstance(one, str | int | float) else canonical(one)
    return found


def _numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    flat = _flat(summary)
    return {name: float(one) for name, one in flat.items() if isinstance(one, int | float)}
