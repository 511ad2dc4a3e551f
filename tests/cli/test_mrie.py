"""``zeno mrie`` as a user has it: one command a process, over the shipped macro sample."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mrie_bench import load_macro

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SPAN = ["--from", "2001-01", "--to", "2001-12", "--on", "local"]


@pytest.fixture(scope="module")
def zeno(running):
    load_macro(running)

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"ZENO_HOME": str(running.settings.home), "COLUMNS": "200"}
        command = [sys.executable, "-m", "cli.main", "mrie", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)

    return ran


@pytest.fixture(scope="module")
def before(zeno):
    return zeno("report")


@pytest.fixture(scope="module")
def told(zeno, before):
    done = zeno("run", *SPAN, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_before_the_first_run_there_is_no_page_and_a_remedy(before):
    assert before.returncode != 0
    assert "zeno mrie run" in before.stderr


def test_a_run_tells_its_figures_and_leaves_a_page(told):
    assert told["data_month"] == "2001-11"
    assert told["reading"]["low"] <= told["reading"]["p_combined"] <= told["reading"]["high"]
    assert sum(told["edges"].values()) == 30
    assert told["mlflow_run"]
    assert "<h1>" in Path(told["page"]).read_text("utf-8")


def test_the_same_run_again_is_told_for_a_person(zeno, told):
    done = zeno("run", *SPAN)
    assert told["run_id"] in done.stdout
    assert "Recession risk in 2001-11" in done.stdout
    assert "AUC on data as revised since, 2001-01" in done.stdout
    assert "dated vintages" in " ".join(done.stderr.split())


def test_the_page_is_written_where_it_is_asked_for(zeno, told, tmp_path):
    path = tmp_path / "risk.html"
    done = zeno("report", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert told["run_id"] in path.read_text("utf-8")
    assert json.loads(zeno("report", "--json").stdout)["run_id"] == told["run_id"]


def test_a_claim_is_listed_withdrawn_and_stays(zeno, told):
    name = f"readings/{told['run_id']}/1"
    status = {one["claim_id"]: one["status"] for one in json.loads(zeno("claims", "--json").stdout)}
    assert status[name] == "holds"
    done = zeno("withdraw", name, "--reason", "a series [/x] was loaded twice")
    assert "is withdrawn: a series [/x] was loaded twice" in done.stdout
    assert name in zeno("claims").stdout
    shown = json.loads(zeno("report", "--json").stdout)
    assert shown["reading"]["why"] == "These readings were withdrawn: a series [/x] was loaded twice"


@pytest.mark.parametrize(("arguments", "said"), [
    (["run", "--from", "2001"], "is not a month"),
    (["run", "--from", "2002-01", "--to", "2001-01", "--on", "local"], "before the first"),
    (["run", "--on", "nowhere", "--from", "2001-02", "--to", "2001-03"], "no executor"),
    (["report", "-o", "/nowhere/risk.html"], "no folder"),
    (["report", "--as-of", "2001-01-01"], "No run"),
    (["withdraw", "edge/none/1", "--reason", "x"], "no claim"),
])  # fmt: skip
def test_mistakes_are_told_with_a_remedy(zeno, told, arguments, said):
    done = zeno(*arguments)
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr
