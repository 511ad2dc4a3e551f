"""S04: every Dagster process killed at once. The run left STARTED is failed; one that lives is left alone."""

import os
import subprocess
import sys
import textwrap

import dagster as dg
import psutil
import pytest
from builders import kill

from assets.house import House
from assets.reaper import PROCESS_TAG, boot_id, process_lives, process_tags, reap, reaper_sensor
from assets.run import Runner
from zeno.settings import PROJECT_ROOT

HANG = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    import dagster as dg
    from assets.instance import open_instance
    from assets.house import house_resource
    from zeno.settings import Settings

    home = Path(sys.argv[1])
    settings = Settings(home=home, cache=home, drop=home / "drop")

    @dg.op(required_resource_keys={"house"})
    def hang():
        print("running", flush=True)
        time.sleep(600)

    @dg.job(resource_defs={"house": house_resource({}, settings)})
    def hanging():
        hang()

    with open_instance(settings) as instance:
        hanging.execute_in_process(instance=instance)
""")


def hanging_run(settings) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HANG, str(settings.home)], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL, cwd=PROJECT_ROOT)  # fmt: skip
    assert process.stdout is not None
    while (line := process.stdout.readline()) and "running" not in line:
        pass
    return process


def status(instance: dg.DagsterInstance) -> list[dg.DagsterRunStatus]:
    return [run.status for run in instance.get_runs()]


def test_a_run_left_started_by_a_killed_process_is_failed_and_a_live_one_is_not(settings, instance):
    process = hanging_run(settings)
    try:
        assert reap(instance) == []
        assert status(instance) == [dg.DagsterRunStatus.STARTED]
        kill(process.pid)
        process.wait()
        assert status(instance) == [dg.DagsterRunStatus.STARTED], "nothing else has noticed"
        (run,) = instance.get_runs()
        assert reap(instance) == [run.run_id]
        assert status(instance) == [dg.DagsterRunStatus.FAILURE]
        assert reap(instance) == [], "once"
    finally:
        process.kill()
        process.wait()


def test_a_reused_pid_and_another_boot_are_not_the_process():
    pid, created, boot = process_tags()[PROCESS_TAG].split()
    assert process_lives(f"{pid} {created} {boot}")
    assert not process_lives(f"{pid} 12.00 {boot}")
    assert not process_lives(f"{pid} {created} another")
    assert not process_lives(f"999999999 {created} {boot}")


def test_a_process_that_ended_unawaited_is_gone():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        tag = f"{process.pid} {psutil.Process(process.pid).create_time():.2f} {boot_id()}"
        assert process_lives(tag)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not process_lives(tag)


@dg.job
def empty():
    pass


@pytest.mark.parametrize("event", ["PIPELINE_STARTING", "PIPELINE_START", "PIPELINE_CANCELING"])
def test_a_run_that_never_signed_in_is_given_time_from_its_start_on(settings, instance, event):
    run = instance.create_run_for_job(empty)
    created = instance.get_run_records()[0].create_timestamp.timestamp()
    assert reap(instance, now=created + 301) == [], "it waits for its turn"
    instance.report_dagster_event(dg.DagsterEvent(event, "empty"), run.run_id)
    assert reap(instance, now=created + 299) == []
    assert reap(instance, now=created + 301) == [run.run_id]


def test_the_command_line_reaps_before_it_runs_and_the_daemon_every_minute(settings, instance):
    def left_behind() -> str:
        run = instance.create_run_for_job(empty, tags={PROCESS_TAG: f"999999999 12.00 {boot_id()}"})
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "empty"), run.run_id)
        return run.run_id

    first = left_behind()
    assert Runner(instance, dg.Definitions(), print).result.reaped == [first]
    second = left_behind()
    said = reaper_sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).skip_message
    assert said == f"Failed {second}."


def test_a_house_closes_what_it_opened(settings):
    house = House(settings, {})
    house.close()
    assert house.warehouse.client().scalar("SELECT 1") == 1
    house.close()
