"""A study is one run in MLflow with a child a part, however often it is recorded and wherever recording it died."""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, kill, make_settings
from track_worker import study

from research import mlflow_terms
from research.mlflow_store import opened
from research.tracking import CODE_VERSION, DATA_SNAPSHOT, TrackedRun, track, ui_command
from zeno.clock import ManualClock
from zeno.errors import ConfigError, SourceUnavailable
from zeno.settings import Settings

CHILDREN = 12
KILLS = 6
SEED = 20_260_102
_ROOT = Path(__file__).parents[2]
_WORKER = _ROOT / "tests" / "support" / "track_worker.py"
_CONTENT = """
    SELECT coalesce(number.value, 'study') AS part, runs.name, runs.status, 'metric', m.key, m.value, m.step
    FROM runs JOIN metrics m USING (run_uuid)
    LEFT JOIN tags number ON number.run_uuid = runs.run_uuid AND number.key = 'zeno.child'
    UNION ALL
    SELECT coalesce(number.value, 'study'), runs.name, runs.status, 'parameter', p.key, p.value, 0
    FROM runs JOIN params p USING (run_uuid)
    LEFT JOIN tags number ON number.run_uuid = runs.run_uuid AND number.key = 'zeno.child'
    ORDER BY 1, 4, 5
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "tearsheet.html").write_text("<h1>Equity</h1>")
    return make_settings(tmp_path)


def record(settings: Settings, study: TrackedRun, children=(), artefacts=None, study_id="a1") -> str:
    return track(study, study_id, children, artefacts or {}, settings, ManualClock(NOW, tick=1))


def landed(settings: Settings, run_id: str):
    with opened(settings) as store:
        return store.client.get_run(run_id)


def artefacts(settings: Settings, run_id: str) -> dict[str, str]:
    with opened(settings) as store:
        folder = Path(store.client.download_artifacts(run_id, ""))
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def database(settings: Settings, sql: str) -> list[tuple]:
    with sqlite3.connect(settings.home / "mlflow" / "mlflow.db") as connection:
        return connection.execute(sql).fetchall()


def test_a_study_is_a_run_and_each_part_a_child_of_it(settings):
    run_id = study(settings.home, CHILDREN)
    with opened(settings) as store:
        runs = store.client.search_runs([store.experiment("zeno")], "tags.`zeno.child` != 'none'")
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {run_id}
    assert {(run.data.tags["zeno.child"], run.data.metrics["sharpe"]) for run in runs} == {
        (str(at), at / 8) for at in range(CHILDREN)
    }
    whole = landed(settings, run_id)
    assert whole.data.metrics == {"sharpe": 1.25, "drawdown": -0.125}
    assert whole.data.params == {"strategy": "sma_crossover"}
    assert whole.info.status == "FINISHED"
    assert artefacts(settings, run_id)["tearsheet.html"] == "<h1>Equity</h1>"


def test_recorded_twice_it_is_one_run_and_nothing_is_doubled(settings):
    first = study(settings.home, CHILDREN)
    before = database(settings, _CONTENT), database(settings, "SELECT * FROM runs ORDER BY run_uuid")
    assert study(settings.home, CHILDREN) == first
    assert (database(settings, _CONTENT), database(settings, "SELECT * FROM runs ORDER BY run_uuid")) == before
    assert len(before[1]) == 1 + CHILDREN
    assert len(before[0]) == 3 + 3 * CHILDREN


def test_where_it_came_from_and_when_are_kept(settings):
    began, ended = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    tags = {CODE_VERSION: "9c1e", DATA_SNAPSHOT: "ledger:77"}
    run = landed(settings, record(settings, TrackedRun(name="s", tags=tags, started_at=began, ended_at=ended)))
    assert run.data.tags.items() >= (tags | {"zeno.study_id": "a1"}).items()
    assert run.info.end_time - run.info.start_time == timedelta(minutes=30) // timedelta(milliseconds=1)


def test_metrics_without_a_value_are_left_out_and_named(settings):
    metrics = {"sharpe": float("nan"), "sortino": None, "gain": float("inf"), "trades": 0.0}
    run = landed(settings, record(settings, TrackedRun(name="s", metrics=metrics)))
    assert run.data.metrics == {"trades": 0.0}
    assert run.data.tags["zeno.metrics_left_out"] == "gain, sharpe, sortino"


def test_what_mlflow_cannot_hold_is_whole_in_the_spec(settings):
    long = "x" * 20_000
    child = TrackedRun(name="c", parameters={"universe": long, "cost (bp)": 2.5})
    run_id = record(settings, TrackedRun(name="s", parameters={"universe": long}, tags={"note": long}), [child])
    assert json.loads(artefacts(settings, run_id)["spec.json"])["parameters"] == {"universe": long}
    held = landed(settings, run_id).data
    assert held.params["universe"].endswith("x…")
    assert held.tags["note"].endswith("x…")
    (part,) = database(settings, "SELECT run_uuid FROM tags WHERE key = 'zeno.child'")
    assert landed(settings, part[0]).data.params["cost _bp_"] == "2.5"
    assert json.loads(artefacts(settings, part[0])["spec.json"])["parameters"]["cost (bp)"] == 2.5


def test_our_limits_are_mlflows():
    from mlflow.utils import validation

    assert mlflow_terms.PARAMETER_LIMIT <= validation.MAX_PARAM_VAL_LENGTH
    assert mlflow_terms.TAG_LIMIT <= validation.MAX_TAG_VAL_LENGTH
    assert mlflow_terms.NAME_LIMIT + len("zeno.artefact.") <= validation.MAX_ENTITY_KEY_LENGTH


@pytest.mark.parametrize("name", ["a", "sharpe (net)", "", ".", "..", "../up", "/root", "a//b", "a/", "fold/1", "é|ü"])
def test_every_name_becomes_one_that_mlflow_takes(name):
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(mlflow_terms.spelled(name))


def test_many_metrics_need_several_batches(settings):
    metrics = {f"m{at}": float(at) for at in range(2_500)}
    parameters = {f"p{at}": at for at in range(250)}
    held = landed(settings, record(settings, TrackedRun(name="s", metrics=metrics, parameters=parameters))).data
    assert held.metrics == metrics
    assert len(held.params) == 250


def test_another_value_under_the_same_id_is_named_and_the_first_stands(settings):
    record(settings, TrackedRun(name="s", parameters={"k": 4}, metrics={"auc": 0.5}))
    run = landed(settings, record(settings, TrackedRun(name="s", parameters={"k": 5}, metrics={"auc": 0.75})))
    assert (run.data.params, run.data.metrics) == ({"k": "4"}, {"auc": 0.5})
    assert run.data.tags["zeno.differs"] == "k: 4 stands, then 5; auc: 0.5 stands, then 0.75"
    assert len(database(settings, "SELECT * FROM metrics")) == 1


def test_a_part_and_a_file_that_come_later_are_added(settings):
    page = settings.home / "tearsheet.html"
    first = record(settings, TrackedRun(name="s"), [TrackedRun(name="0")])
    again = record(settings, TrackedRun(name="s"), [TrackedRun(name="0"), TrackedRun(name="1")], {"a/b.html": page})
    assert again == first
    assert [name for (name,) in database(settings, "SELECT name FROM runs ORDER BY name")] == ["0", "1", "s"]
    assert set(artefacts(settings, first)) == {"spec.json", "a/b.html"}


def test_a_file_that_was_half_written_is_written_again(settings):
    artefact = {"page.html": settings.home / "tearsheet.html"}
    run_id = record(settings, TrackedRun(name="s"), [], artefact)
    kept = next((settings.home / "mlflow" / "artifacts").rglob("page.html"))
    kept.write_text("<h1>Eq")
    with opened(settings) as store:
        store.client.delete_tag(run_id, "zeno.artefact.page.html")
    record(settings, TrackedRun(name="s"), [], artefact)
    assert kept.read_text() == "<h1>Equity</h1>"


@pytest.mark.parametrize("study_id", ["", "a'b", "a b", "x" * 201])
def test_an_id_that_could_not_be_found_again_is_refused(settings, study_id):
    with pytest.raises(ConfigError, match="cannot be the id"):
        record(settings, TrackedRun(name="s"), study_id=study_id)


@pytest.mark.parametrize("name", ["", "spec.json", "../up", "/root", "a(b)"])
def test_an_artefact_whose_name_leads_elsewhere_is_refused(settings, name):
    with pytest.raises(ConfigError, match="cannot be the name"):
        record(settings, TrackedRun(name="s"), [], {name: settings.home / "tearsheet.html"})


def test_two_names_that_are_one_for_mlflow_are_refused(settings):
    with pytest.raises(ConfigError, match="cannot tell"):
        record(settings, TrackedRun(name="s", metrics={"a(b": 1.0, "a)b": 2.0}))


def test_a_missing_artefact_is_refused_before_anything_is_written(settings):
    with pytest.raises(ConfigError, match="no artefact"):
        record(settings, TrackedRun(name="s"), [], {"gone.html": settings.home / "gone.html"})
    assert not (settings.home / "mlflow").exists()


def test_another_database_by_its_address(settings, tmp_path):
    other = make_settings(tmp_path, mlflow_url=f"sqlite:///{tmp_path}/other.db")
    run_id = record(other, TrackedRun(name="s"))
    assert landed(other, run_id).info.artifact_uri.startswith((tmp_path / "mlflow" / "artifacts").as_uri())
    assert not (tmp_path / "mlflow" / "mlflow.db").exists()


def test_a_server_that_does_not_answer_is_an_error_with_a_remedy_and_no_password(tmp_path):
    settings = make_settings(tmp_path, mlflow_url=f"http://me:secret@127.0.0.1:{free_port()}")
    with pytest.raises(SourceUnavailable) as error:
        record(settings, TrackedRun(name="s"))
    assert "secret" not in str(error.value)
    assert "ZENO_MLFLOW_URL" in error.value.remedy


def test_a_database_that_cannot_be_opened_is_an_error_with_a_remedy_and_no_password(tmp_path):
    (tmp_path / "file").write_text("")
    for url, advice in (("mssql+pymssql://me:secret@127.0.0.1/db", "driver"),
                        (f"sqlite:///{tmp_path}/file/mlflow.db", "ZENO_MLFLOW_URL"),
                        ("nowhere://me:secret@host", "ZENO_MLFLOW_URL")):  # fmt: skip
        with pytest.raises(SourceUnavailable) as error:
            record(make_settings(tmp_path, mlflow_url=url), TrackedRun(name="s"))
        assert advice in error.value.remedy
        assert "secret" not in str(error.value)


def test_a_store_of_another_schema_names_the_command_that_upgrades_it(settings):
    record(settings, TrackedRun(name="s"))
    database(settings, "UPDATE alembic_version SET version_num = 'cfd24bdc0731'")
    code = (
        "import sys; from pathlib import Path; import track_worker\ntry: track_worker.study(Path(sys.argv[1]), 0)\n"
        "except Exception as error: print(type(error).__name__, error.remedy)"
    )
    environment = os.environ | {"PYTHONPATH": f"{_ROOT}:{_WORKER.parent}"}
    done = subprocess.run([sys.executable, "-c", code, str(settings.home)], env=environment, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert done.stdout.startswith("SourceUnavailable Copy the database, then run: mlflow db upgrade sqlite:///")


def test_settings_reach_children():
    settings = Settings.from_env(
        {"ZENO_HOME": "/h", "ZENO_MLFLOW_URL": "http://host:5000", "ZENO_DVC_REMOTE": "~/keep"}
    )
    assert settings.mlflow_url == "http://host:5000"
    assert settings.dvc_remote == str(Path("~/keep").expanduser().resolve())
    assert Settings.from_env(settings.child_environment()) == settings
    assert Settings.from_env({"ZENO_DVC_REMOTE": "s3://bucket/zeno"}).dvc_remote == "s3://bucket/zeno"


def test_nothing_reaches_the_terminal_the_network_or_the_working_folder(settings, tmp_path):
    """MLflow's own logs, its telemetry, and an ./mlruns beside whatever runs."""
    code = (
        "import sys; sys.addaudithook(lambda name, args: name in ('socket.connect', 'socket.getaddrinfo')"
        " and print('NETWORK', args, flush=True))\n"
        "from pathlib import Path; import track_worker; track_worker.study(Path(sys.argv[1]), 2)\n"
        "from mlflow.telemetry import get_telemetry_client; assert get_telemetry_client() is None"
    )
    # MLflow is silent by itself in CI and under pytest: it must be silent everywhere.
    clean = {
        name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(("PYTEST", "GIT"))
    }
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = clean | {"PYTHONPATH": f"{_ROOT}:{_WORKER.parent}"}
    done = subprocess.run([sys.executable, "-c", code, str(settings.home)], cwd=elsewhere, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(elsewhere.iterdir()) == []
    own = (settings.home / "mlflow" / "artifacts").as_uri()
    assert all(place.startswith(own) for (place,) in database(settings, "SELECT artifact_location FROM experiments"))


def test_the_ui_shows_the_experiment(settings):
    study(settings.home, 1)
    port = free_port()
    server = subprocess.Popen(ui_command(settings, port=port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              cwd=settings.home, env=os.environ)  # fmt: skip
    try:
        assert b"<title>MLflow</title>" in fetched(f"http://127.0.0.1:{port}/", server)
        listed = fetched(f"http://127.0.0.1:{port}/ajax-api/2.0/mlflow/experiments/search?max_results=10", server)
        assert "zeno" in [entry["name"] for entry in json.loads(listed)["experiments"]]
        recorded_over_http(settings, f"http://127.0.0.1:{port}")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) is not None
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def recorded_over_http(settings: Settings, url: str) -> None:
    """The same server records, under the limits that it sets to a request."""
    remote = replace(settings, mlflow_url=url)
    metrics = {f"m{at}": float(at) for at in range(1_500)}
    study = TrackedRun(name="s", metrics=metrics, parameters={"universe": "x" * 20_000})
    first = record(remote, study, [TrackedRun(name="0")], {"page.html": settings.home / "tearsheet.html"}, "over-http")
    assert record(remote, study, [TrackedRun(name="0")], {}, "over-http") == first
    assert landed(remote, first).data.metrics == metrics
    assert set(artefacts(remote, first)) == {"page.html", "spec.json"}
    assert len(database(settings, "SELECT * FROM tags WHERE key = 'zeno.study_id' AND value = 'over-http'")) == 2


def test_a_server_has_a_ui_of_its_own(tmp_path):
    with pytest.raises(ConfigError, match=r"http://mlflow\.example"):
        ui_command(make_settings(tmp_path, mlflow_url="http://mlflow.example"))


@pytest.mark.kill
def test_killed_at_random_moments_it_is_recorded_once(settings, tmp_path_factory):
    calm = make_settings(tmp_path_factory.mktemp("calm"))
    (calm.home / "tearsheet.html").write_text("<h1>Equity</h1>")
    study(calm.home, CHILDREN)
    rng = random.Random(SEED)
    # While the schema is made, twice; then at a random moment after so many runs are there.
    for strike in (-1, -1, *sorted(rng.sample(range(CHILDREN + 1), KILLS - 2))):
        process = worker(settings.home)
        wait_for(lambda strike=strike: progress(settings) >= strike, process)
        time.sleep(rng.uniform(0.0, 1.0 if strike < 0 else 0.05))
        kill(process.pid)
        assert process.wait() == -signal.SIGKILL
    assert worker(settings.home).wait(120) == 0
    assert database(settings, _CONTENT) == database(calm, _CONTENT)
    assert len(database(settings, "SELECT * FROM runs")) == 1 + CHILDREN
    kept = next((settings.home / "mlflow" / "artifacts").rglob("tearsheet.html"))
    assert kept.read_text() == "<h1>Equity</h1>"


def test_processes_that_record_one_study_at_once_record_it_once(settings):
    workers = [worker(settings.home) for _ in range(3)]
    assert [process.wait(120) for process in workers] == [0, 0, 0]
    assert len(database(settings, "SELECT * FROM runs")) == 1 + CHILDREN
    assert len(database(settings, "SELECT * FROM metrics")) == 2 + 2 * CHILDREN


def progress(settings: Settings) -> int:
    """Count the runs that landed; -1 while the schema is made, -2 before."""
    if not (settings.home / "mlflow" / "mlflow.db").exists():
        return -1 if (settings.home / "mlflow" / "mlflow.db.new").exists() else -2
    return database(settings, "SELECT count(*) FROM runs")[0][0]


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, "it ended before it was struck"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def worker(home: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    return subprocess.Popen([sys.executable, str(_WORKER), "mlflow", str(home), str(CHILDREN)], env=environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetched(url: str, server: subprocess.Popen[bytes]) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read()
        except OSError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline
            time.sleep(0.2)
