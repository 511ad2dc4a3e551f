"""The runner when things go wrong around it: no task is lost, done twice or blamed, no worker left."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from study_kinds import counts, probe, ran

from research import runner
from research.executors import ExecutorLost
from research.executors.local import LocalExecutor
from research.runner import Progress
from research.store import StudyStore
from research.study import Studies
from research.worker import Call, Outcome, crashed
from warehouse.client import Client
from zeno.clock import ManualClock, SystemClock
from zeno.errors import WarehouseError


class Killed(BaseException):
    """The driver ends here and now."""


class Watched(LocalExecutor):
    """Knows how many there were and whether it was closed."""

    made: "list[Watched]"

    def __init__(self) -> None:
        super().__init__()
        self.made.append(self)
        self.closed, self.sent = False, 0

    def submit(self, calls: Sequence[Call]) -> None:
        self.sent += 1
        super().submit(calls)

    def close(self) -> None:
        self.closed = True
        super().close()


class LostOnSubmit(Watched):
    """The first of them is gone when it is given its second chunk."""

    def submit(self, calls: Sequence[Call]) -> None:
        if self is self.made[0] and self.sent == 1:
            raise ExecutorLost("gone")
        super().submit(calls)


class LostUnderway(Watched):
    """The first of them is gone while it works on a chunk of several calls, the second at once."""

    def finished(self, timeout: float) -> list[list[Outcome]]:
        if (self is self.made[0] and self.sent == 2) or self in self.made[1:2]:
            raise ExecutorLost("gone")
        return super().finished(timeout)


class DiesUnderMany(LocalExecutor):
    """Its workers die under every chunk of several calls."""

    sizes: list[int]

    def submit(self, calls: Sequence[Call]) -> None:
        self.sizes.append(len(calls))
        if len(calls) > 1:
            self._done.put(crashed(calls, "The worker died."))
        else:
            super().submit(calls)


class Wide(LocalExecutor):
    """Has room for three chunks, and knows how many it had at most."""

    slots = 3

    def __init__(self) -> None:
        super().__init__()
        self.underway = self.most = 0

    def submit(self, calls: Sequence[Call]) -> None:
        self.underway += 1
        self.most = max(self.most, self.underway)
        super().submit(calls)

    def finished(self, timeout: float) -> list[list[Outcome]]:
        found = super().finished(timeout)
        self.underway -= len(found)
        return found


def test_every_slot_is_kept_busy_and_no_more_is_sent(studies: Studies):
    executor = Wide()
    study = studies.create(probe(tasks=20), {})
    assert studies.drive(study, lambda: executor).state == "finished"
    assert (executor.most, executor.underway) == (3, 0)


@pytest.mark.parametrize("kind", [LostOnSubmit, LostUnderway])
def test_a_lost_executor_is_closed_and_replaced_and_no_task_is_blamed(studies: Studies, monkeypatch, kind):
    monkeypatch.setattr(kind, "made", [], raising=False)
    study = studies.create(probe(tasks=5), {})
    state = studies.drive(study, kind)
    assert (state.state, state.failed_tries) == ("finished", 0)
    assert counts(studies, study) == Counter(range(5))
    assert len(kind.made) > 1
    assert all(one.closed for one in kind.made)


def test_a_start_that_is_lost_is_tried_again_but_not_for_ever(studies: Studies):
    tries: list[int] = []

    def make(losses: int) -> Callable[[], LocalExecutor]:
        def made() -> LocalExecutor:
            tries.append(1)
            if len(tries) <= losses:
                raise ExecutorLost("did not start")
            return LocalExecutor()

        return made

    study = studies.create(probe(tasks=2), {})
    with pytest.raises(ExecutorLost):
        studies.drive(study, make(1_000))
    assert len(tries) == 21
    tries.clear()
    assert studies.drive(study, make(20)).state == "finished"


def test_a_chunk_that_dies_is_tried_again_one_by_one_and_no_task_is_blamed(studies: Studies, monkeypatch):
    monkeypatch.setattr(DiesUnderMany, "sizes", [], raising=False)
    study = studies.create(probe(tasks=40), {})
    state = studies.drive(study, DiesUnderMany)
    assert max(DiesUnderMany.sizes) > 1
    assert (state.state, state.failed_tries) == ("finished", 0)
    assert counts(studies, study) == Counter(range(40))


def test_when_results_cannot_be_stored_the_executor_is_closed_all_the_same(studies: Studies, monkeypatch):
    monkeypatch.setattr(Watched, "made", [], raising=False)
    genuine = Client.insert

    def insert(self, name, data, settings=None):
        if name == "research.results":
            raise WarehouseError("refused")
        genuine(self, name, data, settings)

    monkeypatch.setattr(Client, "insert", insert)
    with pytest.raises(WarehouseError, match="refused"):
        studies.drive(studies.create(probe(tasks=3), {}), Watched)
    assert [one.closed for one in Watched.made] == [True]


class Scripted(LocalExecutor):
    """With each chunk that has ended so many seconds are over; for None the driver is interrupted instead."""

    def __init__(self, clock: ManualClock, *seconds: float | None) -> None:
        super().__init__()
        self.clock, self.script = clock, list(seconds)

    def finished(self, timeout: float) -> list[list[Outcome]]:
        seconds = self.script.pop(0)
        if seconds is None:
            raise Killed
        found: list[list[Outcome]] = []
        while not found:
            found = super().finished(timeout)
        self.clock.advance(seconds)
        return found


@pytest.fixture
def timed(studies: Studies, monkeypatch) -> tuple[Studies, ManualClock]:
    """Studies whose tasks go one by one to an executor, and the clock that says when results are landed."""
    monkeypatch.setattr(runner, "_LONGEST_CHUNK", 1)
    clock = ManualClock(SystemClock().now())
    return Studies(studies.store, studies.settings, clock), clock


def test_what_was_done_is_stored_when_the_driver_is_interrupted(timed):
    studies, clock = timed
    study = studies.create(probe(tasks=9), {})
    with pytest.raises(Killed):
        studies.drive(study, lambda: Scripted(clock, 0, 0, None))
    assert (studies.state(study).state, studies.state(study).done) == ("interrupted", 2)


def test_what_was_done_is_stored_before_a_study_is_said_to_be_cancelled(timed):
    """Results are landed at 0 and 0.6 seconds; at 1.05 it is seen that somebody has asked."""
    studies, clock = timed
    study = studies.create(probe(tasks=9), {})

    def watch(now: Progress) -> None:
        if now.done == 2:
            studies.cancel(study)

    assert studies.drive(study, lambda: Scripted(clock, 0, 0.6, 0.45), watch).done == 3
    assert studies.store.events(study)[-1].detail == {"done": 3}


def test_a_given_up_task_is_left_alone_while_others_are_done(studies: Studies, tmp_path):
    study = studies.create(probe(tasks=4, trace=str(tmp_path / "trace")), {})
    studies.store.fail(study, Outcome(1, "probe 1"), "failed", "failed", "failed", "dead")
    assert studies.drive(study, LocalExecutor).state == "stuck"
    assert ran(tmp_path / "trace") == Counter([0, 2, 3])
    assert studies.drive(study, lambda: pytest.fail("nothing is left to do")).state == "stuck"


def test_tries_are_counted_over_kills(studies: Studies, tmp_path):
    study = studies.create(probe(tasks=1, what="raise", to=[0], trace=str(tmp_path / "trace")), {})
    studies.store.fail(study, Outcome(0, "probe 0"), "failed", "failed")
    state = studies.drive(study, LocalExecutor)
    assert (state.state, state.failed_tries) == ("stuck", 3)
    assert ran(tmp_path / "trace") == Counter([0])


def test_a_driver_killed_as_it_gives_a_task_up_does_not_try_it_a_fourth_time(studies: Studies, monkeypatch, tmp_path):
    genuine, sent = Client.insert_repeatable, []

    def insert(self, name, data):
        genuine(self, name, data)
        sent.append(name)
        if sent.count("research.tasks") == 3 and name == "research.tasks":
            raise Killed

    study = studies.create(probe(tasks=1, what="raise", to=[0], trace=str(tmp_path / "trace")), {})
    monkeypatch.setattr(Client, "insert_repeatable", insert)
    with pytest.raises(Killed):
        studies.drive(study, LocalExecutor)
    assert studies.drive(study, LocalExecutor).state == "stuck"
    assert ran(tmp_path / "trace") == Counter([0, 0, 0])


def test_a_failed_try_that_was_sent_twice_is_one_try(studies: Studies, monkeypatch, tmp_path):
    """An acknowledgement was lost: the row, its time included, arrives again."""
    genuine = Client.insert_repeatable

    def twice(self, name, data):
        for _ in range(2 if name == "research.tasks" else 1):
            genuine(self, name, data)

    monkeypatch.setattr(Client, "insert_repeatable", twice)
    study = studies.create(probe(tasks=1, what="raise once", to=[0], trace=str(tmp_path / "trace")), {})
    studies.store.fail(study, Outcome(0, "probe 0"), "failed")
    assert studies.state(study).failed_tries == 1


def test_a_driver_says_at_once_what_it_works_on_and_then_only_now_and_then(studies: Studies):
    study = studies.create(probe(tasks=30, seconds=0.01), {})
    assert studies.drive(study, LocalExecutor).executor == "local"
    beats = "SELECT count() FROM research.studies WHERE study_id = {id:String} AND event = 'driving'"
    assert studies.store.warehouse.client().scalar(beats, {"id": study}) == 2


class Ageing(LocalExecutor):
    """Four seconds pass with every chunk."""

    clock: ManualClock

    def submit(self, calls: Sequence[Call]) -> None:
        self.clock.advance(4.0)
        super().submit(calls)


def test_a_driver_says_that_it_lives_twice_in_the_time_after_which_it_is_taken_for_dead(studies: Studies, monkeypatch):
    monkeypatch.setattr(runner, "_LONGEST_CHUNK", 1)
    monkeypatch.setattr(Ageing, "clock", ManualClock(SystemClock().now()), raising=False)
    store = StudyStore(studies.store.warehouse, Ageing.clock)
    study = Studies(store, studies.settings, Ageing.clock)
    number = study.create(probe(tasks=12), {})
    assert study.drive(number, Ageing).state == "finished"
    sql = "SELECT at FROM research.studies WHERE study_id = {id:String} AND event = 'driving' ORDER BY at"
    beats = [at for (at,) in store.warehouse.client().rows(sql, {"id": number})]
    assert len(beats) > 2
    assert max(after - before for before, after in pairwise(beats)) <= timedelta(seconds=15)
