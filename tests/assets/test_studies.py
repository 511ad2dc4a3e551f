"""Studies from Dagster: a queued study is found, driven in a run, and shows its figures; it is done once."""

import dagster as dg
import pytest
import study_kinds
from study_kinds import counts, probe

from assets import studies as assets_studies
from assets.house import house_resource
from assets.studies import drive_study, study_sensor, waiting
from research import kinds
from research.store import StudyStore
from research.study import Studies


@pytest.fixture
def studies(warehouse, monkeypatch):
    known = {**kinds.kinds(), "probe": study_kinds.Probe()}
    monkeypatch.setattr(kinds, "kinds", lambda: known)
    return Studies(StudyStore(warehouse), warehouse.settings)


def run(studies, study: str, instance) -> dg.ExecuteInProcessResult:
    return drive_study.execute_in_process(
        run_config={"ops": {"drive": {"config": {"study": study}}}},
        resources={"house": house_resource({}, studies.settings)},
        instance=instance,
        raise_on_error=False,
    )


def test_only_queued_studies_wait(studies):
    idle, queued = studies.create(probe(tasks=2, note="idle"), {}), studies.create(probe(tasks=3, note="queued"), {})
    studies.queue(queued, "local", 0)
    (one,) = waiting(studies.settings)
    assert (one.study, one.executor, one.workers) == (queued, "local", 0)
    assert studies.state(idle).state == "created"


def test_a_study_queued_again_after_a_stop_is_asked_for_again_and_where_it_was_queued_last(studies):
    """Dagster starts no second run under a key that it has seen."""
    study = studies.create(probe(tasks=2), {})
    studies.queue(study, "local", 0)
    (first,) = waiting(studies.settings)
    studies.cancel(study)
    assert waiting(studies.settings) == []
    studies.queue(study, "dask", 3)
    (again,) = waiting(studies.settings)
    assert (again.executor, again.workers) == ("dask", 3)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        (request,) = study_sensor(studies.settings).evaluate_tick(context).run_requests
    assert request.run_key == f"{study} {again.since.isoformat()}" != f"{study} {first.since.isoformat()}"


def test_a_run_drives_a_queued_study_once(studies):
    study = studies.create(probe(tasks=4), {})
    studies.queue(study, "local", 0)
    with dg.DagsterInstance.ephemeral() as instance:
        first, second = run(studies, study, instance), run(studies, study, instance)
        assert first.success
        assert second.success
        assert instance.get_run_by_id(first.run_id).tags["zeno/study"] == study
    assert studies.state(study).state == "finished"
    assert set(counts(studies, study).values()) == {1}
    assert waiting(studies.settings) == []


def test_a_study_that_is_stuck_fails_its_run_and_says_so(studies):
    study = studies.create(probe(tasks=2, what="raise", to=[1]), {})
    with dg.DagsterInstance.ephemeral() as instance:
        done = run(studies, study, instance)
    (failed,) = [one.step_failure_data for one in done.all_events if one.is_step_failure]
    assert failed.user_failure_data.description == f"Study {study} is stuck."


def test_the_sensor_asks_for_a_run_of_each(studies):
    study = studies.create(probe(tasks=2), {})
    sensor = study_sensor(studies.settings)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        assert sensor.evaluate_tick(context).run_requests == []
        studies.queue(study, "local", 0)
        (request,) = sensor.evaluate_tick(context).run_requests
    assert request.run_config["ops"]["drive"]["config"] == {"study": study, "executor": "local", "workers": 0}


def test_figures_for_the_plot_leave_out_what_is_not_known():
    summary = {"out_of_sample": {"sharpe": 1.5, "cagr": 0.1}, "overfitting": {"reason": "too few"}}
    assert assets_studies._figures(summary) == {"Sharpe": 1.5, "CAGR": 0.1}
