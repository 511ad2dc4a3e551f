"""S04: every Dagster process killed at once. The run left STARTED is failed; one that lives is left alone."""

import subprocess
import sys
import textwrap

import dagster as dg
from builders import kill

from assets.house import House
from assets.reaper import PROCESS_TAG, process_lives, process_tags, reap
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


def test_a_run_that_never_signed_in_is_given_time(settings, instance):
    @dg.job
    def untagged():
        pass

    run = instance.create_run_for_job(untagged)
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_STARTING", "untagged"), run.run_id)
    assert reap(instance) == []
    created = instance.get_run_records()[0].create_timestamp.timestamp()
    assert reap(instance, now=created + 301) == [run.run_id]


def test_a_house_closes_what_it_opened(settings):
    house = House(settings, {})
    house.close()
    assert house.warehouse.client().scalar("SELECT 1") == 1
    house.close()
