"""``zeno study`` as a user has it: one command a process, over a file of real closes, in a data folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import make_settings
from real_stocks import real_closes
from study_kinds import counts, probe

from research.store import StudyStore
from research.study import Studies
from research.worker import Outcome
from warehouse.store import connect, embedded

pytestmark = pytest.mark.long

ASK = ["--strategy", "sma_crossover", "-g", "fast=5,10", "-g", "slow=30,60", "--train", "300", "--test", "100",
       "--purge", "5", "--sizer", "equity:0.05", "--cost", "bps:5"]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    """A data folder, and a file of bars beside it."""
    folder = tmp_path_factory.mktemp("study-cli")
    pq.write_table(real_closes(4, 900), folder / "stocks.parquet")
    yield folder
    embedded(make_settings(folder / "zeno")).down()


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "ZENO_HOME": str(home / "zeno"), "ZENO_EXECUTOR": "local"}


def zeno(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cli.main", "study", *arguments], capture_output=True, text=True,
                          env=environment(home), check=False)  # fmt: skip


def start(home: Path, *more: str) -> list[str]:
    return ["start", "walk-forward", *ASK, "--bars", str(home / "stocks.parquet"), *more]


@pytest.fixture(scope="module")
def finished(home: Path) -> dict:
    done = zeno(home, *start(home, "--json"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_study_runs_from_one_command_and_leaves_a_tear_sheet(home, finished):
    assert (finished["state"], finished["done"], finished["total"]) == ("finished", 6, 6)
    assert finished["summary"]["trials"] == 4
    assert (home / "zeno" / "studies" / finished["id"] / "tearsheet.html").stat().st_size > 10_000


def test_the_same_command_again_is_the_same_study_and_computes_nothing(home, finished):
    again = json.loads(zeno(home, *start(home, "--json")).stdout)
    assert (again["id"], again["result"]) == (finished["id"], finished["result"])
    assert again["task_seconds"] == finished["task_seconds"]


def test_it_is_listed_and_shown(home, finished):
    assert [one["id"] for one in json.loads(zeno(home, "list", "--json").stdout)] == [finished["id"]]
    shown = json.loads(zeno(home, "show", finished["id"][:6], "--json").stdout)
    assert shown["spec"]["question"]["space"]["axes"] == {"fast": [5, 10], "slow": [30, 60]}
    assert shown["snapshot"]["files"][0]["name"] == "stocks.parquet"
    text = zeno(home, "show", finished["id"]).stdout
    assert "finished" in text
    told = [line.split("│")[0].strip() for line in text.splitlines() if "│" in line]
    wanted = ["return, in all", "return, a year", "Sharpe ratio, a year", "deflated Sharpe ratio",
              "probability of overfitting", "history needed", "deepest drawdown"]  # fmt: skip
    at = told.index(wanted[0])
    assert told[at : at + len(wanted)] == wanted
    assert re.search(r"return, in all +│ +−?[\d,]+\.\d\s%", text)
    assert re.search(r"Sharpe ratio, a year +│ +\S+ \(95%: \S+ to \S+\)", text)
    assert "a Sharpe ratio of a period and not of a year" in text
    assert f"zeno study show {finished['id']} --json" in text


def test_it_is_reproduced_bit_for_bit_even_when_its_file_has_changed(home, finished):
    kept = (home / "stocks.parquet").read_bytes()
    try:
        pq.write_table(real_closes(4, 899), home / "stocks.parquet")
        done = zeno(home, "reproduce", finished["id"], "--json")
    finally:
        (home / "stocks.parquet").write_bytes(kept)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["holds"], told["equal"], told["same_code"]) == (True, 6, True)


def test_it_is_recorded_in_mlflow_with_a_child_a_fold(home, finished):
    from research.mlflow_store import opened

    with opened(make_settings(home / "zeno")) as store:
        runs = store.client.search_runs([store.experiment("zeno")])
        names = [one.data.tags.get("mlflow.runName", "") for one in runs]
        whole = next(one for one in runs if "zeno.child" not in one.data.tags)
        kept = {one.path for one in store.client.list_artifacts(whole.info.run_id)}
    assert len(names) == 7
    assert "tearsheet.html" in kept
    assert whole.data.tags["zeno.result"] == finished["result"]


def test_an_interrupted_study_says_how_to_go_on_and_goes_on(home, finished):
    command = [sys.executable, "-m", "cli.main", "study", *start(home)]
    command[command.index("--test") + 1] = "5"
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(home))
    studies = Studies(StudyStore(connect(make_settings(home / "zeno"))))
    while not (found := [one for one in studies.states() if one.total == 120 and one.done]):
        assert driver.poll() is None
        time.sleep(0.05)
    driver.send_signal(signal.SIGTERM)
    _, told = driver.communicate(timeout=30)
    state = studies.state(found[0].id)
    assert driver.returncode == 130
    assert f"zeno study resume {state.id}" in " ".join(told.split())
    assert "the same command again" not in told
    assert state.state == "interrupted"
    done = zeno(home, "resume", state.id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 120
    assert set(counts(studies, state.id).values()) == {1}


_READING_FOR_EVER = """
import io, sys
import pyarrow as pa
import pyarrow.parquet as pq
from cli import main
from research.executors.local import LocalExecutor
from research.worker import Call

def read(payload):
    file = io.BytesIO()
    pq.write_table(pa.table({"a": range(10)}), file)
    while True:
        file.seek(0)
        pq.read_table(file)

def app():
    executors = [LocalExecutor() for _ in range(8)]
    for one in executors:
        one.submit([Call(0, "endless", "__main__:read", "{}")])
    executors[0].close()
    print("told")
    sys.exit(130)

main.app = app
main.run()
"""


def test_a_task_that_is_still_at_work_does_not_abort_the_process(home):
    """The interpreter ends a daemon thread where it takes the lock again: within Arrow, that is an abort."""
    done = subprocess.run([sys.executable, "-c", _READING_FOR_EVER, "study"], capture_output=True, text=True,
                          env=environment(home), check=False, cwd=Path(__file__).parents[2])  # fmt: skip
    assert (done.returncode, done.stdout) == (130, "told\n"), done.stderr


@pytest.mark.parametrize(("arguments", "said"), [
    (["show", "ffff"], "No study has the id"),
    (["resume", "ffff", "--queue", "--again"], "tries nothing again"),
    (["start", "walk-forward", "--strategy", "nonesuch"], "nonesuch"),
    (["start", "walk-forward", "--strategy", "sma_crossover"], "There is nothing to study"),
    (["start", "walk-forward", *ASK, "--universe", "nowhere"], "No data set 'nowhere'"),
    (["start", "walk-forward", *ASK, "-g", "fast=9", "--universe", "nowhere"], "An axis is given twice"),
])  # fmt: skip
def test_mistakes_are_told_with_a_remedy(home, arguments, said):
    done = zeno(home, *arguments)
    assert done.returncode != 0
    assert said in done.stderr.replace("\n", " ")
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


_TYPO = """
from backtest.core.now import Now
from backtest.core.strategy import Strategy

class Typo(Strategy):
    def on_bar(self, now: Now) -> None:
        if now.seen() > 100:
            now.hodl(1)
"""


def test_a_strategy_that_does_not_run_leaves_no_study_behind(home, finished):
    (home / "mine.py").write_text(_TYPO)
    ask = ["start", "sweep", "-s", f"{home / 'mine.py'}:Typo", "--bars", str(home / "stocks.parquet"), "--json"]
    done = zeno(home, *ask)
    told = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, told["error"]) == (2, "ConfigError"), done.stderr
    assert f"now has no hodl ({home / 'mine.py'}:8)" in told["message"]
    assert "hold" in told["remedy"]
    assert "sweep" not in [one["kind"] for one in json.loads(zeno(home, "list", "--json").stdout)]


def test_why_a_task_was_given_up_is_shown_as_it_was_raised(home):
    store = StudyStore(connect(make_settings(home / "zeno")))
    store.create(probe(), {"tasks": 10})
    store.fail(probe().id, Outcome(1, "probe 1", detail="ValueError: [/x] of [red]"), "dead")
    assert "ValueError: [/x] of [red]" in zeno(home, "show", probe().id).stderr
