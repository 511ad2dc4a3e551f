"""The life of a study: what is done is done once, what fails is tried thrice, what stops goes on."""

import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from study_kinds import counts, probe

from research import runner
from research.executors import executor
from research.executors.local import LocalExecutor
from research.runner import Progress
from research.study import Studies
from research.worker import Outcome
from warehouse.client import Client
from zeno.errors import ConfigError, StudyError, WarehouseDown


def ran(trace: Path) -> Counter[int]:
    return Counter(int(line) for line in trace.read_text().splitlines()) if trace.exists() else Counter()


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


def test_a_task_that_wants_to_exit_is_a_task_that_failed(studies):
    """And does not take the executor's thread with it, which would leave the driver waiting for ever."""
    ended: list[str] = []
    study = start(studies, tasks=4, what="exit", to=[1])
    thread = threading.Thread(target=lambda: ended.append(studies.drive(study, LocalExecutor).state), daemon=True)
    thread.start()
    thread.join(20)
    assert ended == ["stuck"]
    assert "SystemExit: 3" in studies.store.failures(study)[-1].detail


def test_what_was_given_up_is_tried_again_only_when_asked(studies, tmp_path):
    study = start(studies, tasks=4, what="until", to=[1], cure=str(tmp_path / "cure"), trace=str(tmp_path / "trace"))
    assert studies.drive(study, LocalExecutor).state == "stuck"
    (tmp_path / "cure").touch()
    assert studies.drive(study, LocalExecutor).state == "stuck"
    assert ran(tmp_path / "trace")[1] == 3
    state = studies.drive(study, LocalExecutor, again=True)
    assert (state.state, state.dead) == ("finished", 0)
    assert ran(tmp_path / "trace") == Counter([0, 1, 1, 1, 1, 2, 3])


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
    kept = counts(studies, study)
    assert set(kept.values()) == {1}


def test_a_cancelled_study_goes_on_where_it_was(studies, tmp_path):
    study = start(studies, tasks=5, trace=str(tmp_path / "trace"))
    studies.cancel(study)
    assert studies.state(study).state == "cancelled"
    assert studies.drive(study, LocalExecutor).state == "finished"
    with pytest.raises(StudyError, match="has finished"):
        studies.cancel(study)


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
    from research.lock import driving

    study = start(studies)
    with driving(study, studies.settings), pytest.raises(StudyError, match="is being driven by process"):
        studies.drive(study, LocalExecutor)
    assert studies.drive(study, LocalExecutor).state == "finished"


def test_a_driver_on_another_machine_is_respected_while_it_lives(studies, monkeypatch):
    study = start(studies)
    monkeypatch.setattr("research.store.socket.gethostname", lambda: "elsewhere")
    studies.store.record(study, "probe", "driving", {"executor": "dask"})
    monkeypatch.undo()
    monkeypatch.setattr("research.kinds.kinds", lambda: {"probe": __import__("study_kinds").Probe()})
    assert studies.state(study).state == "driving"
    with pytest.raises(StudyError, match="is being driven on elsewhere"):
        studies.drive(study, LocalExecutor)


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
