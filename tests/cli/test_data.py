"""``zeno data``: files kept, listed and got back, by commands of their own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def zeno(tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        own = {"ZENO_HOME": str(tmp_path / "home"), "ZENO_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
        command = [sys.executable, "-m", "cli.main", "data", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | own, cwd=ROOT, check=False)

    return run


@pytest.fixture
def bars(tmp_path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text("ts,close\n2026-01-02,10\n")
    return path


def test_a_file_is_kept_listed_and_restored_after_it_vanished(zeno, bars, tmp_path):
    (kept,) = json.loads(zeno("track", str(bars), "--json").stdout)
    content = bars.read_text()
    bars.unlink()
    assert json.loads(zeno("list", "--json").stdout) == [kept]
    assert kept.keys() == {"name", "md5", "sha256", "size"}
    done = zeno("restore", "bars.csv", "-o", str(tmp_path / "again.csv"))
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_text() == content
    assert (tmp_path / "again.csv").stat().st_mode & 0o200  # theirs to write, unlike the kept one
    inside = json.loads(zeno("restore", kept["md5"][:8], "--json").stdout)
    assert Path(inside["path"]).read_text() == content


def test_without_a_path_it_keeps_the_archives_and_the_samples(zeno, tmp_path):
    archives = tmp_path / "cache" / "archives"
    (archives / ".fetch-x").mkdir(parents=True)
    (archives / ".fetch-x" / "half.whl").write_bytes(b"half")
    (archives / "data-1.0-py3-none-any.whl").write_bytes(b"PK")
    names = {entry["name"] for entry in json.loads(zeno("track", "--json").stdout)}
    assert names == {"data-1.0-py3-none-any.whl", "instruments.csv", "nber_turning_points.csv", "symbols.csv",
                     "us_macro_monthly.csv.gz", "us_macro_series.csv"}  # fmt: skip


def test_a_folder_is_tracked_by_its_files_and_shown_as_a_table(zeno, bars):
    (bars.parent / "in" / "deep").mkdir(parents=True)
    bars.rename(bars.parent / "in" / "deep" / "bars.csv")
    done = zeno("track", str(bars.parent / "in"))
    assert "bars.csv" in done.stdout
    assert "1 file, " in done.stdout
    assert done.stderr == ""


def test_a_name_of_two_contents_asks_which(zeno, bars):
    (first,) = json.loads(zeno("track", str(bars), "--json").stdout)
    bars.write_text("other")
    zeno("track", str(bars))
    done = zeno("restore", "bars.csv")
    assert done.returncode == 2
    assert first["md5"] in done.stderr
    assert zeno("restore", first["md5"]).returncode == 0


def test_what_cannot_be_done_says_so_and_exits_with_2(zeno, bars, tmp_path):
    for arguments, reason in (
        (("track", str(tmp_path / "gone.csv")), "There is no file"),
        (("restore", "gone.csv"), "No kept file"),
    ):
        done = zeno(*arguments)
        assert (done.returncode, reason in done.stderr) == (2, True)
    zeno("track", str(bars))
    done = zeno("restore", "bars.csv", "-o", str(bars))
    assert (done.returncode, "exists" in done.stderr) == (2, True)
    assert zeno("list").stdout.count("bars.csv") == 1
