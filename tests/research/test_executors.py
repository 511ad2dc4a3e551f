"""The same tasks on three executors: the same results bit for bit, and the same manners when a worker dies."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster
from java import NEEDS_JAVA, SPARK
from study_kinds import counts, probe

from research.executors import Executor, ExecutorLost, executor
from research.runner import TRIES
from research.study import Studies
from research.worker import Call, Outcome

pytestmark = pytest.mark.long

CLUSTERS = ["dask", SPARK]


@pytest.fixture(autouse=True)
def _visible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers import the tests' kinds, as a package's own are imported."""
    support = Path(__file__).parents[1] / "support"
    monkeypatch.setenv("PYTHONPATH", str(support))


def make(where: str) -> Callable[[], Executor]:
    return lambda: executor(where, 2)


@pytest.mark.parametrize("where", CLUSTERS)
def test_results_are_those_of_this_process_bit_for_bit(studies: Studies, where: str):
    here = studies.drive(studies.create(probe(tasks=60, note="here"), {}), make("local"))
    there = studies.drive(studies.create(probe(tasks=60, note="there"), {}), make(where))
    assert there.state == "finished"
    assert there.result == here.result
    assert counts(studies, there.id) == Counter(range(60))


@pytest.mark.parametrize("where", CLUSTERS)
def test_a_task_that_kills_its_worker_three_times_is_given_up_and_no_other(studies: Studies, where: str):
    study = studies.create(probe(tasks=20, what="die", to=[7]), {})
    state = studies.drive(study, make(where))
    assert (state.state, state.done, state.dead, state.failed_tries) == ("stuck", 19, 1, 3)
    assert {one.cause for one in studies.store.failures(study)} == {"crashed"}
    assert "died under the task" in studies.store.failures(study)[0].detail


def test_a_result_that_dies_with_its_worker_is_no_failed_try():
    """The worker has finished one task, and dies under the next before anybody has fetched the first one's result."""
    made = executor("dask", 1)
    try:
        made.submit([Call(0, "done", "study_kinds:answer", '{"number":0}')])
        made.submit([Call(1, "deadly", "study_kinds:answer", '{"number":1,"seconds":1,"to":[1],"what":"die"}')])
        time.sleep(6.0)  # long enough for Dask to have noticed
        found, deadline = list[Outcome](), time.monotonic() + 60.0
        while len(found) < 2 and time.monotonic() < deadline:
            found += [one for chunk in made.finished(0.5) for one in chunk]
    finally:
        made.close()
    assert [(one.task, one.cause) for one in sorted(found, key=lambda one: one.task)] == [(0, ""), (1, "crashed")]


@pytest.mark.parametrize("where", CLUSTERS)
def test_killed_workers_cost_nothing_but_time(studies: Studies, where: str):
    """One kill fewer than a task may fail: whichever they hit, none is given up."""
    study = studies.create(probe(tasks=60, seconds=0.1), {})
    underway = threading.Event()
    with _kills(lambda one: underway.is_set() and _is_worker(one), TRIES - 1, every=0.5) as killed:
        state = studies.drive(study, make(where), lambda now: underway.set() if now.done else None)
    assert killed
    assert state.state == "finished"
    assert counts(studies, study) == Counter(range(60))
    assert state.summary == {"sum": sum(n**2 for n in range(60))}


@NEEDS_JAVA
def test_a_worker_that_dies_before_it_has_begun_is_no_failed_try(studies: Studies):
    """Spark's daemon is hit as soon as it is there: it forks the workers, and has not said yet where it listens."""
    study = studies.create(probe(tasks=10), {})
    with _kills(_is_daemon, 3, every=0.01) as killed:
        state = studies.drive(study, make("spark"))
    assert killed
    assert (state.state, state.failed_tries) == ("finished", 0)


@contextmanager
def _kills(wanted: Callable[[psutil.Process], bool], times: int, every: float) -> Iterator[list[int]]:
    """Kill what is wanted among our descendants now and then; yields the pids."""
    over, killed = threading.Event(), list[int]()

    def kill() -> None:
        while len(killed) < times and not over.wait(every):
            found = [one.pid for one in psutil.Process().children(recursive=True) if _matches(wanted, one)]
            victim = found[len(killed) % len(found)] if found else 0
            if victim and victim not in killed:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def _matches(wanted: Callable[[psutil.Process], bool], process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return wanted(process)
    return False


def _is_worker(process: psutil.Process) -> bool:
    """Dask's are our grandchildren by spawn, Spark's are forked by its daemon."""
    command = " ".join(process.cmdline())
    return "spawn_main" in command or ("pyspark.daemon" in command and not _is_daemon(process))


def _is_daemon(process: psutil.Process) -> bool:
    parent = process.parent()
    return "pyspark.daemon" in process.cmdline() and parent is not None and parent.name() == "java"


@pytest.mark.parametrize("where", CLUSTERS)
def test_closing_ends_a_long_task_at_once(where: str):
    made = executor(where, 2)
    made.submit([Call(0, "long", "study_kinds:answer", '{"number":0,"seconds":60}')])
    assert made.finished(3.0) == []
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 5.0


def test_a_scheduler_elsewhere_is_used_and_left_as_it_was():
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with LocalCluster(**workers, protocol="tcp", dashboard_address=None) as cluster:
        made = executor(cluster.scheduler_address)
        assert (made.slots, made.name) == (4, f"dask at {cluster.scheduler_address}, 2 threads")
        for number in range(6):
            made.submit([Call(number, "some", "study_kinds:answer", f'{{"number":{number},"seconds":0.5}}')])
        assert made.finished(10.0)
        made.close()
        assert len(cluster.scheduler.workers) == 2


@NEEDS_JAVA
def test_a_dead_jvm_is_replaced(studies: Studies):
    study = studies.create(probe(tasks=40, seconds=0.1), {})
    killed = threading.Event()

    def watch(now) -> None:
        if now.done and not killed.is_set():
            killed.set()
            for one in psutil.Process().children(recursive=True):
                if one.name() == "java":
                    os.kill(one.pid, signal.SIGKILL)

    state = studies.drive(study, make("spark"), watch)
    assert killed.is_set()
    assert state.state == "finished"
    assert counts(studies, study) == Counter(range(40))


def test_an_executor_that_is_lost_again_and_again_is_an_error(studies: Studies, monkeypatch: pytest.MonkeyPatch):
    from research.executors.local import LocalExecutor

    class Lost(LocalExecutor):
        def finished(self, timeout: float):
            raise ExecutorLost("gone")

    study = studies.create(probe(tasks=3), {})
    with pytest.raises(ExecutorLost):
        studies.drive(study, Lost)
    assert studies.state(study).state == "interrupted"


def test_no_process_is_left_behind(studies: Studies):
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    studies.drive(studies.create(probe(tasks=4), {}), make("dask"))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        left = [one for one in psutil.Process().children(recursive=True) if one.pid not in before]
        left = [
            one for one in left if one.status() != psutil.STATUS_ZOMBIE and "tracker" not in " ".join(one.cmdline())
        ]
        if not left:
            return
        time.sleep(0.2)
    raise AssertionError([one.cmdline() for one in left])
