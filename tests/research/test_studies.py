"""The life of a study: what is done is done once, what fails is tried thrice, what stops goes on."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from study_kinds import counts, probe, ran

from research import runner
from research.executors import executor
from research.executors.local import LocalExecutor
from research.lock import driving
from research.runner import Progress
from research.store import StudyStore
from research.study import Studies
from research.worker import Outcome
from warehouse.client import Client
from warehouse.store import User
from zeno.clock import ManualClock, SystemClock
from zeno.errors import ConfigError, StudyError, WarehouseDown


def start(studies: Studies, **question) -> str:
    return studies.create(probe(**question), {})


def test_every_task_runs_once_and_lands_once(studies, tmp_path):
    study = start(studies, tasks=30, trace=str(tmp_path / "trace"))
    state = studies.drive(study, LocalExecutor)
    assert (state.state, state.done, state.total, state.dead) == ("finished", 30, 30, 0)
    assert state.summary == {"sum": sum(n**2 for n in range(30))}
    assert ran(tmp_path / "trace") == Counter(range(30)) == counts(studies, study)
    assert (studies.settings.studies / study / "page.html").read_text() == "<p>done</p>"


def test_the_same_spec_twice_is_one_study_and_is_not_done_again(studies, tmp_path):
    asked = {"tasks": 5, "trace": str(tmp_path / "trace")}
    first, second = start(studies, **asked), start(studies, **asked)
    assert first == second
    before = studies.drive(first, LocalExecutor)
    again = studies.drive(second, LocalExecutor)
    assert again.result == before.result
    assert ran(tmp_path / "trace") == Counter(range(5))
    assert len(studies.states()) == 1


def test_only_what_is_missing_is_done(studies, tmp_path):
    study = start(studies, tasks=6, trace=str(tmp_path / "trace"))
    whole = studies.drive(start(studies, tasks=6, trace=""), LocalExecutor)
    landed = [Outcome(n, f"probe {n}", text, sha, 0.0, "before") for n, text, sha in studies.store._rows(
        "SELECT task, result, sha256 FROM research.results WHERE study_id = {id:String} AND task IN (1, 4)",
        id=whole.id)]  # fmt: skip
    studies.store.land(study, landed)
    state = studies.drive(study, LocalExecutor)
    assert ran(tmp_path / "trace") == Counter([0, 2, 3, 5])
    assert state.result == whole.result


def test_results_do_not_depend_on_how_tasks_are_bundled(studies, monkeypatch):
    whole = studies.drive(start(studies, tasks=40), LocalExecutor)
    monkeypatch.setattr(runner, "_LONGEST_CHUNK", 1)
    single = studies.drive(start(studies, tasks=40, note="single"), LocalExecutor)
    assert single.result == whole.result


def test_a_task_that_fails_is_tried_three_times_and_given_up_with_its_traceback(studies, tmp_path):
    study = start(studies, tasks=8, what="raise", to=[2, 5], trace=str(tmp_path / "trace"))
    state = studies.drive(study, LocalExecutor)
    assert (state.state, state.done, state.dead, state.failed_tries) == ("stuck", 6, 2, 6)
    assert ran(tmp_path / "trace") == Counter({**dict.fromkeys(range(8), 1), 2: 3, 5: 3})
    dead = [one for one in studies.store.failures(study) if one.event == "dead"]
    assert {one.task for one in dead} == {2, 5}
    assert all("ValueError: task" in one.detail and one.cause == "raised" for one in dead)


@pytest.mark.parametrize("what", ["SystemExit", "CancelledError"])
def test_a_task_that_wants_to_end_its_worker_is_a_task_that_failed(studies, what):
    """And does not take the executor's thread with it, which would leave the driver waiting for ever."""
    ended: list[str] = []
    study = start(studies, tasks=4, what=what, to=[1])
    thread = threading.Thread(target=lambda: ended.append(studies.drive(study, LocalExecutor).state), daemon=True)
    thread.start()
    thread.join(20)
    assert ended == ["stuck"]
    assert what in studies.store.failures(study)[-1].detail


def test_what_was_given_up_is_tried_again_only_when_asked(studies, tmp_path):
    study = start(studies, tasks=4, what="until", to=[1], cure=str(tmp_path / "cure"), trace=str(tmp_path / "trace"))
    assert studies.drive(study, LocalExecutor).state == "stuck"
    (tmp_path / "cure").touch()
    assert studies.drive(study, LocalExecutor).state == "stuck"
    assert ran(tmp_path / "trace")[1] == 3
    state = studies.drive(study, LocalExecutor, again=True)
    assert (state.state, state.dead) == ("finished", 0)
    assert ran(tmp_path / "trace") == Counter([0, 1, 1, 1, 1, 2, 3])


def test_what_was_given_up_and_is_taken_up_again_has_three_tries_anew(studies, tmp_path):
    study = start(studies, tasks=1, what="raise", to=[0], trace=str(tmp_path / "trace"))
    for again in (False, True):
        assert studies.drive(study, LocalExecutor, again=again).state == "stuck"
    assert ran(tmp_path / "trace") == Counter({0: 6})


def test_a_task_that_recovers_is_not_given_up(studies, tmp_path):
    study = start(studies, tasks=1, what="raise once", to=[0], trace=str(tmp_path / "trace"))
    state = studies.drive(study, LocalExecutor)
    assert (state.state, state.failed_tries) == ("finished", 2)


@pytest.mark.parametrize("where", ["local", "dask"])
def test_a_cancel_takes_effect_within_five_seconds_and_keeps_what_is_done(studies, where):
    study = start(studies, tasks=400, seconds=0.4)
    ended: list[tuple[str, float]] = []
    seen = threading.Event()

    def watch(now: Progress) -> None:
        if now.done:
            seen.set()

    def drive() -> None:
        ended.append((studies.drive(study, lambda: executor(where, 2), watch).state, time.monotonic()))

    thread = threading.Thread(target=drive)
    thread.start()
    assert seen.wait(60)
    asked = time.monotonic()
    studies.cancel(study)
    thread.join(30)
    assert ended[0][0] == "cancelled"
    assert ended[0][1] - asked < 5.0
    state = studies.state(study)
    assert 0 < state.done < 400
    assert studies.store.events(study)[-1].detail == {"done": state.done}
    kept = counts(studies, study)
    assert set(kept.values()) == {1}


def test_a_cancelled_study_goes_on_where_it_was(studies, tmp_path):
    study = start(studies, tasks=5, trace=str(tmp_path / "trace"))
    studies.cancel(study)
    assert studies.state(study).state == "cancelled"
    assert studies.drive(study, LocalExecutor).state == "finished"
    with pytest.raises(StudyError, match="has finished"):
        studies.cancel(study)


def test_a_driver_that_died_before_it_heard_of_a_cancel_was_interrupted(studies):
    study = start(studies)
    for event in ("driving", "cancel_asked"):
        studies.store.record(study, "probe", event)
    assert studies.state(study).state == "interrupted"
    studies.cancel(study)
    assert studies.state(study).state == "cancelled"


def test_of_a_drivers_heartbeats_the_latest_counts_in_whatever_order_they_arrived(studies):
    study, now = start(studies), SystemClock().now()
    for seconds in (20, 10, 30, 0):
        store = StudyStore(studies.store.warehouse, ManualClock(now + timedelta(seconds=seconds)))
        store.record(study, "probe", "driving", {"executor": str(seconds)})
    studies.store.warehouse.nodes(User.ADMIN)[0].command("OPTIMIZE TABLE research.studies FINAL")  # by time now
    assert studies.state(study).executor == "30"


def test_a_study_is_queued_until_somebody_drives_it(studies):
    study = start(studies)
    studies.queue(study, "dask", 2)
    assert studies.state(study).state == "queued"
    assert studies.store.events(study)[-1].detail == {"executor": "dask", "workers": 2}
    with driving(study, studies.settings), pytest.raises(StudyError, match="is driving already"):
        studies.queue(study, "dask", 2)
    studies.drive(study, LocalExecutor)
    with pytest.raises(StudyError, match="is finished already"):
        studies.queue(study, "dask", 2)


def test_waiting_ends_when_nothing_more_will_happen_or_when_the_time_is_over(studies):
    clock = ManualClock(SystemClock().now())
    waiting, study, seen = Studies(studies.store, studies.settings, clock), start(studies), []
    assert waiting.wait(study, seen.append, seconds=2.0).state == "created"
    assert 4 <= len(seen) <= 6
    for event, ended in (("stuck", "stuck"), ("driving", "interrupted"), ("cancelled", "cancelled")):
        studies.store.record(study, "probe", event)
        seen.clear()
        assert waiting.wait(study, seen.append, seconds=9.0).state == ended
        assert len(seen) == 1


def test_a_study_keeps_what_its_data_were_read_from(studies):
    study = studies.create(probe(), {"loads": [1, 2]})
    spec, detail = studies.store.spec(study)
    assert (spec, detail) == (probe(), {"loads": [1, 2], "tasks": 10})


def test_studies_do_not_mix_and_the_newest_comes_first(studies):
    older, newer = start(studies, tasks=3), start(studies, tasks=4)
    studies.drive(older, LocalExecutor)
    assert [(one.id, one.state, one.done) for one in studies.states()] == [
        (newer, "created", 0),
        (older, "finished", 3),
    ]
    assert studies.store.hashes(newer) == {}
    assert list(studies.store.results(newer)) == []
    assert studies.store.seconds(newer) == 0.0


def test_results_come_page_by_page_in_order_each_once_whatever_landed_twice(studies, monkeypatch):
    monkeypatch.setattr("research.store._PAGE", 3)
    study = start(studies, tasks=10)  # the last is a page of its own
    landed = [Outcome(task, f"probe {task}", str(task), "sha", 0.5, "here") for task in (8, 0, 2, 3, 4, 6, 7, 1, 5, 9)]
    for outcomes in (landed[:6], landed[4:]):
        studies.store.land(study, outcomes)
    assert list(studies.store.results(study)) == [(task, task) for task in range(10)]
    assert studies.store.hashes(study) == {task: ["sha"] for task in range(10)}


def test_other_code_refuses_to_resume(studies, tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("a = 1")
    study = start(studies, files=[str(mine)])
    mine.write_text("a = 2")
    from research.code import code_version

    code_version.cache_clear()
    with pytest.raises(StudyError, match="The code has changed since study") as refused:
        studies.drive(study, LocalExecutor)
    assert "Start the study again" in refused.value.remedy
    assert studies.state(study).done == 0


def test_two_drivers_of_one_study_are_refused(studies):
    study = start(studies)
    with driving(study, studies.settings), pytest.raises(StudyError, match="is being driven by process"):
        studies.drive(study, LocalExecutor)
    assert studies.drive(study, LocalExecutor).state == "finished"


def test_a_driver_on_another_machine_is_respected_while_it_lives(studies, monkeypatch):
    study = start(studies)
    _elsewhere(studies, monkeypatch, study, "driving")
    assert studies.state(study).state == "driving"
    with pytest.raises(StudyError, match="is being driven on elsewhere"):
        studies.drive(study, LocalExecutor)
    _elsewhere(studies, monkeypatch, study, "cancelled")
    assert studies.drive(study, LocalExecutor).state == "finished"


def test_a_driver_on_another_machine_is_taken_for_dead_after_half_a_minute(studies, monkeypatch):
    study = start(studies)
    _elsewhere(studies, monkeypatch, study, "driving")
    for seconds, state in ((29, "driving"), (31, "interrupted")):
        later = ManualClock(SystemClock().now() + timedelta(seconds=seconds))
        assert Studies(studies.store, studies.settings, later).state(study).state == state


def _elsewhere(studies: Studies, monkeypatch: pytest.MonkeyPatch, study: str, event: str) -> None:
    """Record an event as another machine does."""
    with monkeypatch.context() as there:
        there.setattr("research.store.socket.gethostname", lambda: "elsewhere")
        studies.store.record(study, "probe", event, {"executor": "dask"})


def test_a_result_whose_acknowledgement_was_lost_lands_once(studies, monkeypatch):
    genuine, lost = Client.insert, []

    def insert(self, name, data, settings=None):
        genuine(self, name, data, settings)
        if name == "research.results" and not lost:
            lost.append(len(data))
            raise WarehouseDown("gone after it had landed")

    monkeypatch.setattr(Client, "insert", insert)
    study = start(studies, tasks=12)
    state = studies.drive(study, LocalExecutor)
    assert lost
    assert state.state == "finished"
    assert counts(studies, study) == Counter(range(12))


def test_a_result_that_never_arrived_is_sent_again(studies, monkeypatch):
    genuine, lost = Client.insert, []

    def insert(self, name, data, settings=None):
        if name == "research.results" and not lost:
            lost.append(len(data))
            raise WarehouseDown("gone before it landed")
        genuine(self, name, data, settings)

    monkeypatch.setattr(Client, "insert", insert)
    study = start(studies, tasks=12)
    assert studies.drive(study, LocalExecutor).state == "finished"
    assert lost
    assert counts(studies, study) == Counter(range(12))


def test_a_reproduction_compares_bit_for_bit_and_stores_nothing(studies):
    study = start(studies, tasks=6)
    studies.drive(study, LocalExecutor)
    before = counts(studies, study)
    found = studies.reproduce(study, LocalExecutor)
    assert (found.holds, found.equal, found.same_code) == (True, 6, True)
    assert counts(studies, study) == before


def test_a_reproduction_that_differs_says_where(studies, monkeypatch):
    study = start(studies, tasks=6)
    studies.drive(study, LocalExecutor)
    genuine = studies.store.hashes
    monkeypatch.setattr(studies.store, "hashes", lambda one: {**genuine(one), 3: ["0" * 64]})
    found = studies.reproduce(study, LocalExecutor)
    assert (found.holds, found.different) == (False, [3])


def test_a_reproduction_fails_only_where_a_recorded_result_cannot_be_computed_again(studies, tmp_path):
    trace, cure = tmp_path / "trace", tmp_path / "cure"
    shaky = start(studies, tasks=2, what="raise once", to=[0], trace=str(trace))
    assert studies.drive(shaky, LocalExecutor).failed_tries
    trace.unlink()
    found = studies.reproduce(shaky, LocalExecutor)
    assert (found.holds, found.equal, found.failed) == (True, 2, {})

    cure.touch()
    cured = start(studies, tasks=2, what="until", to=[1], cure=str(cure))
    studies.drive(cured, LocalExecutor)
    cure.unlink()
    found = studies.reproduce(cured, LocalExecutor)
    assert (found.holds, found.equal) == (False, 1)
    assert "no cure yet" in found.failed[1]

    stuck = start(studies, tasks=2, what="raise", to=[1])
    assert studies.drive(stuck, LocalExecutor).state == "stuck"
    found = studies.reproduce(stuck, LocalExecutor)
    assert (found.holds, found.equal, found.failed) == (True, 1, {})


def test_a_study_without_results_is_not_said_to_be_reproduced(studies, tmp_path):
    study = start(studies, tasks=3, trace=str(tmp_path / "trace"))
    with pytest.raises(StudyError, match="has no results") as caught:
        studies.reproduce(study, LocalExecutor)
    assert study in caught.value.remedy
    assert not (tmp_path / "trace").exists()


def test_studies_are_found_by_how_their_ids_begin(studies):
    study = start(studies)
    assert studies.store.find(study[:6]) == study
    with pytest.raises(ConfigError, match="No study has the id"):
        studies.store.find("zzzz")
    start(studies, tasks=11)
    with pytest.raises(ConfigError, match="Several studies"):
        studies.store.find("")


def test_a_study_without_tasks_is_refused(studies):
    with pytest.raises(StudyError, match="has no tasks"):
        start(studies, tasks=0)


def test_looking_at_a_study_reads_none_of_its_data(studies, monkeypatch):
    study = start(studies, tasks=3)
    monkeypatch.setattr("study_kinds.Probe.count", lambda self, spec: pytest.fail("asked the kind"))
    assert studies.state(study).total == 3
    assert [one.id for one in studies.states()] == [study]


def test_an_unknown_executor_says_which_there_are():
    with pytest.raises(ConfigError, match="no executor 'ray'"):
        executor("ray")
