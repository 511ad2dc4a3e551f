"""The runner: submits what is missing, lands what comes back, tries again what failed, and stops when asked.

1. ``_missing``: tasks without a result and not given up, in order; nothing else is ever submitted.
2. ``_fill``: chunks of calls go to the executor, as many as keep every slot busy; short tasks share a chunk.
3. ``_take``: results are landed in batches; a failed try is written down. After three a task is given up, with its
   traceback. A chunk that died under several calls says nothing of each: they are tried again one by one, first.
4. Once a second it asks whether somebody wants to cancel; every ten seconds it says that it lives.

What is held here does not grow with results: only the numbers of tasks that are done.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from research.canonical import canonical
from research.executors import Executor, ExecutorLost
from research.kinds import Kind, Task
from research.spec import Spec
from research.store import Failure
from research.worker import Call, Outcome
from zeno.clock import Clock, SystemClock

TRIES = 3
"""How often a task may fail before it is given up."""
_CHUNK_SECONDS = 0.25  # of work a chunk: far above what sending it costs, far below what a cancel may take
_SHORTEST_SECONDS = 0.05  # towards the end, so that workers end together
_LONGEST_CHUNK = 256
_LAND_SECONDS = 0.5
_BEAT_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_WAIT_SECONDS = 0.1
_MOST_LOSSES = 20


@dataclass(frozen=True)
class Progress:
    """How far a study is."""

    total: int
    done: int
    failed_tries: int
    dead: int
    executor: str


@dataclass
class _Work:
    """What is left and what is underway."""

    left: Iterator[Task]
    done: int = 0
    dead: int = 0
    failed_tries: int = 0
    tries: Counter[int] = field(default_factory=Counter)
    again: deque[Call] = field(default_factory=deque)
    underway: dict[int, Call] = field(default_factory=dict)
    chunks: int = 0
    landing: list[Outcome] = field(default_factory=list)
    mean: float | None = None


class Sink(Protocol):
    """What the runner asks of a store."""

    def done(self, study: str, /) -> set[int]:
        """Return the tasks whose results are there."""
        ...

    def failures(self, study: str, /) -> Sequence[Failure]:
        """Return failed tries in order of time."""
        ...

    def record(self, study: str, kind: str, event: str, detail: Mapping[str, Any], /) -> datetime:
        """Add an event to the study; returns its time."""
        ...

    def cancel_asked(self, study: str, since: datetime, /) -> bool:
        """Tell whether somebody has asked to cancel since then."""
        ...

    def land(self, study: str, outcomes: Sequence[Outcome], /) -> None:
        """Take results."""
        ...

    def fail(self, study: str, outcome: Outcome, /, *events: str) -> None:
        """Take a failed try, and that a task is given up, as one."""
        ...


class Runner:
    """Drives one study.

    Parameters
    ----------
    make_executor
        Makes an executor, and another when one is lost.
    watch
        Called with the progress, often.
    """

    def __init__(self, store: Sink, spec: Spec, kind: Kind, make_executor: Callable[[], Executor],
                 watch: Callable[[Progress], None] = lambda _: None, clock: Clock | None = None) -> None:  # fmt: skip
        self._store, self._spec, self._kind, self._make = store, spec, kind, make_executor
        self._watch, self._clock = watch, clock or SystemClock()
        self._total, self._losses = kind.count(spec), 0
        self._next: dict[str, float] = {}

    def drive(self) -> str:
        """Work until the study is finished, stuck (all that is left was given up) or cancelled; returns which."""
        began = self._say("driving", {"executor": "starting"})
        work = self._missing()
        if work.done + work.dead < self._total:
            self._executor = self._started()
            with ExitStack() as last:
                last.callback(lambda: self._executor.close())  # whichever it is by then, and even if nothing lands
                last.callback(self._land, work)
                while self._advance(work):
                    if self._is_time("land", _LAND_SECONDS):
                        self._land(work)
                    if self._is_time("look", _LOOK_SECONDS) and self._store.cancel_asked(self._spec.id, began):
                        self._land(work)
                        self._say("cancelled", {"done": work.done})
                        return "cancelled"
                    if self._is_time("beat", _BEAT_SECONDS):
                        self._say("driving", {"executor": self._executor.name})
        return "finished" if work.done == self._total else "stuck"

    def _missing(self) -> _Work:
        """Ask what landed and what was given up; the rest is to be done."""
        done = self._store.done(self._spec.id)
        dead, tries = given_up(self._store.failures(self._spec.id))
        left = (task for task in self._kind.tasks(self._spec) if task.number not in done and task.number not in dead)
        return _Work(left, len(done), len(dead), sum(tries.values()), tries)

    def _advance(self, work: _Work) -> bool:
        """Submit and take; false when nothing is left. A lost executor is replaced, what was underway done again."""
        try:
            if not self._fill(work):
                return False
            self._take(work)
        except ExecutorLost:
            self._count_loss()
            self._executor.close()
            work.again.extend(work.underway.values())
            work.underway.clear()
            work.chunks, self._executor = 0, self._started()
        return True

    def _fill(self, work: _Work) -> bool:
        """Keep every slot busy; false when nothing is left or underway."""
        while work.chunks < self._executor.slots:
            calls = [work.again.popleft()] if work.again else self._chunk(work)
            if not calls:
                break
            work.underway.update((call.task, call) for call in calls)
            work.chunks += 1
            self._executor.submit(calls)
        return work.chunks > 0

    def _chunk(self, work: _Work) -> list[Call]:
        """Return the next calls: as many as make a quarter of a second, and few when few are left."""
        left = self._total - work.done - work.dead - len(work.underway) - len(work.landing)
        each = 1.0 if work.mean is None else max(work.mean, 1e-4)
        share = max(left // (2 * self._executor.slots), int(_SHORTEST_SECONDS / each))
        size = max(1, min(int(_CHUNK_SECONDS / each), _LONGEST_CHUNK, share))
        return [Call(task.number, task.name, self._kind.function, canonical(task.payload))
                for task in islice(work.left, size)]  # fmt: skip

    def _take(self, work: _Work) -> None:
        """Take what has ended."""
        for outcomes in self._executor.finished(_WAIT_SECONDS):
            work.chunks -= 1
            for outcome in outcomes:
                self._note(work, outcome, alone=len(outcomes) == 1)

    def _started(self) -> Executor:
        while True:
            try:
                return self._make()
            except ExecutorLost:
                self._count_loss()

    def _count_loss(self) -> None:
        """Call within the handling of a loss: the one too many is raised again."""
        self._losses += 1
        if self._losses > _MOST_LOSSES:
            raise

    def _note(self, work: _Work, outcome: Outcome, *, alone: bool) -> None:
        call = work.underway.pop(outcome.task)
        if not outcome.cause:
            work.landing.append(outcome)
            work.mean = outcome.seconds if work.mean is None else 0.9 * work.mean + 0.1 * outcome.seconds
            return
        if outcome.cause == "crashed" and not alone:
            work.again.append(call)
            return
        work.tries[outcome.task] += 1
        work.failed_tries += 1
        if work.tries[outcome.task] >= TRIES:
            self._store.fail(self._spec.id, outcome, "failed", "dead")
            work.dead += 1
        else:
            self._store.fail(self._spec.id, outcome, "failed")
            work.again.append(call)

    def _land(self, work: _Work) -> None:
        if work.landing:
            self._store.land(self._spec.id, work.landing)
            work.done += len(work.landing)
            work.landing.clear()
        self._watch(Progress(self._total, work.done, work.failed_tries, work.dead, self._executor.name))

    def _say(self, event: str, detail: Mapping[str, Any]) -> datetime:
        return self._store.record(self._spec.id, self._spec.kind, event, detail)

    def _is_time(self, what: str, every: float) -> bool:
        now = self._clock.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + every
        return True


def given_up(failures: Iterable[Failure]) -> tuple[set[int], Counter[int]]:
    """Return the tasks that were given up, and the tries of all others since they were last taken up."""
    dead: set[int] = set()
    tries: Counter[int] = Counter()
    for one in failures:
        if one.event == "failed":
            tries[one.task] += 1
        elif one.event == "dead":
            dead.add(one.task)
        else:
            dead.discard(one.task)
            del tries[one.task]
    return dead, tries
